"""The tables of a file, an archive or a folder, whatever its containers are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from tileserver.errors import UnreadableSource
from tileserver.ingest.containers.apart.process import ReaderProcesses, request_of
from tileserver.ingest.containers.csv_tables import read_csv
from tileserver.ingest.containers.json_tables import read_json
from tileserver.ingest.containers.kml_tables import read_kml
from tileserver.ingest.containers.recognise import recognise
from tileserver.ingest.containers.sources import (
    Opening,
    Order,
    PlainFile,
    Wanted,
    is_no_data,
    open_sources,
)
from tileserver.ingest.containers.table import Dialect, Row, Table
from tileserver.ingest.limits import LIMITS, Limits

_SUFFIXES = {"gpkg": ".gpkg", "fgb": ".fgb", "topojson": ".json", "parquet": ".parquet", "xlsx": ".xlsx"}


def open_tables(
    path: Path,
    dialect: Dialect,
    limits: Limits = LIMITS,
    wanted: Wanted = lambda member: True,
    order: Order | None = None,
) -> Iterator[Table]:
    """Yield the tables of *path*, in the *order* of its members; each is open until the next is asked for.

    *wanted* is asked with the path of each member of a folder or archive (``a/b.zip/c.csv`` of one within),
    not for a single file. A member that cannot be read, or is a picture, is a table with one row, of
    number 0, that says why.

    Raises
    ------
    UnreadableSource
        Missing, broken, cut off, nothing wanted in it, or in a format that is not read: says which is seen
        and what would do.
    HostileSource
        Over a limit, or made to do something else than to be read; raised while rows are read, too.
    """
    with closing(ReaderProcesses(limits)) as processes:
        is_empty = True
        for source in open_sources(path, Opening(limits, wanted, order)):
            if source.member and is_no_data(source.member):
                yield _troubled(source, "it is a picture, or words about its neighbours")
                continue
            try:
                yield from _tables(source, dialect, limits, processes)
            except UnreadableSource as error:
                if not source.member:
                    raise UnreadableSource(f"{path.name} cannot be read: {error}") from error
                yield _troubled(source, str(error))
            is_empty = False
        if is_empty:
            raise UnreadableSource(f"{path.name} holds no file that is to be read")


def _tables(
    source: PlainFile, dialect: Dialect, limits: Limits, processes: ReaderProcesses
) -> Iterator[Table]:
    if source.trouble:
        raise UnreadableSource(source.trouble)
    container = recognise(source, dialect)
    if container == "csv":
        yield from read_csv(source, dialect, limits)
    elif container == "kml":
        yield from read_kml(source, limits)
    else:
        tables = read_json(source, dialect, limits) if container == "json" else None
        if tables is None:
            tables = _apart(
                source, "topojson" if container == "json" else container, dialect, limits, processes
            )
        yield from tables


def _apart(
    source: PlainFile, container: str, dialect: Dialect, limits: Limits, processes: ReaderProcesses
) -> Iterator[Table]:
    """Yield the tables of a binary container, in a folder of its own, with nothing beside but its parts."""
    if container == "shapefile" and ".shx" not in source.parts:
        raise UnreadableSource(
            "it is the .shp of a shapefile without its .shx; give the whole set, as in a zip"
        )
    if (
        container == "shapefile"
        and 2 * int.from_bytes(source.head[24:28], "big") > source.path.stat().st_size
    ):
        raise UnreadableSource(
            "it is the .shp of a shapefile, and cut off; see that it was written to its end"
        )
    with TemporaryDirectory(prefix="tileserver-") as name:
        room = Path(name)
        own = room / f"data{_SUFFIXES.get(container, '.shp')}"
        own.symlink_to(source.path.resolve())
        for suffix, part in source.parts.items():
            (room / f"data{suffix}").symlink_to(part.resolve())
        yield from processes.list_tables(
            request_of(own, container, dialect.encoding, int(dialect.header), limits), source.member
        )


def _troubled(source: PlainFile, why: str) -> Table:
    return Table(source.member, "", "", (), None, lambda: iter([Row(0, {}, None, why)]))
