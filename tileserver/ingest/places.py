"""Tables of named places in any container, by columns ``lat``, ``lon``, ``name_uk``, ``kind``, ``rank``.

Nothing is dropped silently: each row is a place, or a finding with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import shapely

from tileserver.errors import UnreadableSource
from tileserver.findings import Finding
from tileserver.geometry import parse_geometry
from tileserver.grid import BoundsLonLat
from tileserver.ingest.axes import decide, tally
from tileserver.ingest.containers import Dialect, Row, open_tables
from tileserver.ingest.report import Report

WORLD: BoundsLonLat = BoundsLonLat(-180.0, -85.0511, 180.0, 85.0511)
ZOOMS = {"city": 6, "town": 8, "village": 9, "hamlet": 10}
MOST = 20_000
_LONGEST = 100  # characters of a name
_NAME = re.compile(r"name(?:[_:]([a-z]{2,3}))?\Z")
_LAT, _LON = ("lat", "latitude"), ("lon", "lng", "longitude")
_KNOWN = {*_LAT, *_LON, "kind", "rank"}


class ReadPlace(NamedTuple):
    """A row of a place: number, names by language (``""`` for local), a zoom, degrees."""

    number: int
    names: dict[str, str]
    zoom: int
    lon: float
    lat: float


class _Read(NamedTuple):
    row: Row
    values: dict[str, Any]  # by column in lower case
    point: shapely.Point | None


def read_places(path: Path, bounds: BoundsLonLat, report: Report) -> list[ReadPlace]:
    """Return the places in *path*, longitude and latitude in degrees; all other rows are in *report*.

    The order of axes is decided once, from the whole file, as for any import.

    Raises
    ------
    UnreadableSource
        No table, no columns of a name or of coordinates, too many rows, or axes that no one order explains.
    """
    rows: list[_Read] = []
    for table in open_tables(path, Dialect()):
        _check_columns(table.columns, path, report)
        rows += [_Read(row, _lowered(row.values), _point(row)) for row in table.rows()]
        if len(rows) > MOST:
            raise UnreadableSource(f"{path.name} has more than {MOST:,} rows; that many places are the most")
    swaps = decide(tally((each.point for each in rows), bounds), path.name) == "latlon"
    if swaps:
        report.note(Finding.SWAPPED, f"{path.name}: latitude came first", len(rows))
    return list(_places(rows, path.name, bounds, report, swaps=swaps))


def _check_columns(columns: tuple[str, ...], path: Path, report: Report) -> None:
    names = [name for name in columns if _NAME.match(name.strip().lower())]
    if not names:
        there = ", ".join(columns[:12]) or "none"
        raise UnreadableSource(
            f"{path.name} has no column name, name_uk or the like; its columns are: {there}"
        )
    others = [name for name in columns if name not in names and name.strip().lower() not in _KNOWN]
    if others:
        report.note(Finding.OTHER_FIELDS, f"{path.name}: {', '.join(others[:12])}")


def _lowered(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name.strip().lower(): value for name, value in values.items()}


def _point(row: Row) -> shapely.Point | None:
    """Return the point of *row*, as written: the middle of its geometry, or of its columns."""
    if row.geometry:
        shape = parse_geometry(row.geometry)
        return None if shape is None or shape.is_empty else shapely.centroid(shape)
    values = _lowered(row.values)
    found = [next((values[name] for name in names if name in values), None) for names in (_LON, _LAT)]
    lon, lat = map(_number, found)
    return None if lon is None or lat is None else shapely.Point(lon, lat)


def _number(value: Any) -> float | None:
    try:
        number = float(str(value).strip().replace(",", "."))
    except ValueError:
        return None
    return number if abs(number) <= 180 else None


def _places(
    rows: list[_Read], origin: str, bounds: BoundsLonLat, report: Report, *, swaps: bool
) -> Iterator[ReadPlace]:
    seen: set[tuple[object, ...]] = set()
    for row, values, point in rows:
        report.read += 1
        where, raw = f"{origin}#{row.number}", repr(dict(row.values))
        names = _names(values)
        zoom = _zoom(values)
        if row.trouble or zoom is None or not names:
            report.quarantine(Finding.UNREADABLE_ROW, where, row.trouble or _why(names, values))
            continue
        if point is None:
            report.quarantine(Finding.NULL_GEOMETRY, where, raw)
            continue
        lon, lat = (point.y, point.x) if swaps else (point.x, point.y)
        if not bounds.contains(lon, lat):
            report.quarantine(Finding.OUTSIDE, where, raw)
            continue
        key = (round(lon, 4), round(lat, 4), *sorted(names.items()))
        if key in seen:
            report.note(Finding.DUPLICATE, where)
            continue
        seen.add(key)
        report.imported += 1
        yield ReadPlace(row.number, names, zoom, lon, lat)


def _names(values: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for column, value in values.items():
        match = _NAME.match(column)
        text = " ".join(str(value).split()) if match and value is not None else ""
        if match and text:
            found[match[1] or ""] = text[:_LONGEST]
    return found


def _zoom(values: Mapping[str, Any]) -> int | None:
    """Return the first zoom of a place: its rank, else by its kind; ``None`` for a wrong word."""
    rank, kind = (str(values.get(name) or "").strip().lower() for name in ("rank", "kind"))
    if rank:
        return int(float(rank)) if re.fullmatch(r"(?:[2-9]|1[0-4])(?:\.0+)?", rank) else None
    return ZOOMS.get(kind or "village")


def _why(names: Mapping[str, str], values: Mapping[str, Any]) -> str:
    if not names:
        return f"no name: {dict(values)!r}"
    return f"rank has to be 2 to 14, kind one of {', '.join(ZOOMS)}: {dict(values)!r}"
