"""Tables of rows as every container gives, and the dialect in which a container is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a container, each value in the type that the file gives.

    *number* counts the records of the table from 1, as a person would (a header is no record). *values* are
    by column: text, int, float, bool, ``None``, date, datetime (with a zone only where the file has one),
    list or dict; those of CSV are always texts. *geometry* is the UTF-8 text of a GeoJSON geometry in the
    file's own coordinates and axes, ``None`` where there is none, or where the container has only columns.
    A row with a *trouble* could not be decoded: the text says why, values are empty or incomplete, and the
    row is to be put aside. Number 0 is no record: the trouble is of the whole table or file.
    """

    number: int
    values: Mapping[str, Any]
    geometry: bytes | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One layer, sheet, KML folder or list of records in one file.

    *rows* streams the rows anew at each call, and only until the next table is asked for. *crs* is what the
    file says of its coordinates: the decoded ``crs`` member of GeoJSON, a name as ``EPSG:32637``, WKT (as of
    a .prj), or ``None``. *seen* is what was found out rather than declared, as ``delimiter`` and ``encoding``
    of a CSV, for people to read.
    """

    member: str  # its path in the archive or folder; empty for a single file
    name: str  # of the layer or sheet, of KML folders as "A/B", the JSON path; empty where there is none
    container: str  # "csv", "geojson", "kml", ...
    columns: tuple[str, ...]  # as the file declares them, else as its first rows have them
    crs: Any
    rows: Callable[[], Iterator[Row]]
    seen: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialect:
    """Declared ways to read a container; a way left empty is found out, and said in the table's *seen*.

    *records* are paths to the records of a JSON document, names joined by dots (``value.features``); each
    is a table of its name. *header* is the line of a CSV, or the row of a sheet, from 1, that names the
    columns; what stands above is passed over. With 0 there is none, and columns are called "1", "2", ...
    """

    container: str = ""
    records: tuple[str, ...] = ()
    delimiter: str = ""
    encoding: str = ""
    header: int = 1
