"""The samples, drawn: tables of places become areas day by day, events and notes become points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time

import msgspec
import numpy as np
import shapely

from tileserver.ingest import RawFeature, RawSnapshot
from tileserver.model import Layer, Role, Theatre
from tileserver.samples.lattice import Lattice, LatticeOptions, colour, lay
from tileserver.samples.tables import Table, sample_rows
from tileserver.shape.project import to_lonlat, to_mercator
from tileserver.theatres import load_lands
from tileserver.times import Period, day_period, day_zone, parse_day

# Who holds a place before its first row. A holder that the legend does not know is the rest of the
# land, and is not drawn.
INITIAL = {"western-front": "axis", "ukraine-sample": "ukraine"}
_DECIMALS = 5  # of a degree: the metre that the areas are drawn to


def sample_snapshots(theatre: Theatre) -> Iterator[RawSnapshot]:
    """Yield the state of the layer of areas for every local day on which a place changed hands.

    The areas of a snapshot share their edges exactly; one that did not change has the same bytes as
    the day before. About 25 ms a day. Raises `UnknownTheatre` where the theatre has no sample.
    """
    rows = sample_rows(theatre.id, "places")
    zone, drawn = day_zone(theatre.day_zone), _played(theatre, "areas").codes()
    lattice = sample_lattice(theatre)
    written: dict[bytes, bytes] = {}
    for day in change_days(rows):
        holders = holders_on(theatre.id, rows, day)
        features = tuple(
            RawFeature(_geojson(area.shape, written), {"status": area.status}, origin=f"places.csv, {day}")
            for area in colour(lattice, list(holders.values()))
            if area.status in drawn
        )
        midnight = datetime.combine(day, time(), zone).astimezone(UTC)
        yield RawSnapshot(midnight, features, f"{theatre.id}/places.csv, {day}")


def sample_days(theatre: Theatre) -> int:
    """Return the number of days on which a place of the sample changed hands."""
    return len(change_days(sample_rows(theatre.id, "places")))


def sample_features(theatre: Theatre, layer: str) -> Iterator[RawFeature]:
    """Yield the points of a *layer* of events or notes, each with its period of local days."""
    declared = theatre.layer(layer)
    table: Table = "events" if declared.role == "events" else "notes"
    zone = day_zone(theatre.day_zone)
    for number, row in enumerate(sample_rows(theatre.id, table), start=2):
        first, last = (row["date"], row["date"]) if table == "events" else (row["from"], row["to"])
        start, end = day_period(parse_day(first), zone).start, day_period(parse_day(last), zone).end
        yield RawFeature(
            _point(row), _properties(declared, row), Period(start, end), f"{theatre.id}/{table}.csv:{number}"
        )


def sample_lattice(theatre: Theatre) -> Lattice:
    """Lay the lattice for the places of the theatre's sample, over the land of its front line."""
    lands = load_lands(theatre, _played(theatre, "front"))
    land = shapely.union_all(shapely.from_geojson(list(lands.values())))
    return lay(
        place_points(sample_rows(theatre.id, "places")),
        shapely.transform(land, to_mercator),
        LatticeOptions(),
    )


def place_points(rows: list[dict[str, str]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the places in order of first mention, shape (p, 2), metres of EPSG:3857."""
    at = {row["place"]: (float(row["lon"]), float(row["lat"])) for row in rows}
    return to_mercator(np.array(list(at.values())))


def change_days(rows: list[dict[str, str]]) -> list[date]:
    """Return the days on which a place changed hands, ascending."""
    return sorted({parse_day(row["date"]) for row in rows if row["date"]})


def holders_on(theatre_id: str, rows: list[dict[str, str]], day: date) -> Mapping[str, str]:
    """Return who holds each place at the end of the local *day*, in order of first mention."""
    holders = {row["place"]: INITIAL[theatre_id] for row in rows}
    for row in rows:
        if not row["date"] or parse_day(row["date"]) <= day:
            holders[row["place"]] = row["holder"]
    return holders


def _played(theatre: Theatre, role: Role) -> Layer:
    layer = theatre.by_role(role)
    assert layer is not None  # the samples are ours
    return layer


def _geojson(shape: shapely.Polygon, written: dict[bytes, bytes]) -> bytes:
    key = shapely.to_wkb(shape)
    if key not in written:
        degrees = shapely.transform(shape, lambda metres: np.round(to_lonlat(metres), _DECIMALS))
        written[key] = shapely.to_geojson(degrees).encode()
    return written[key]


def _point(row: dict[str, str]) -> bytes:
    return msgspec.json.encode({"type": "Point", "coordinates": [float(row["lon"]), float(row["lat"])]})


def _properties(layer: Layer, row: dict[str, str]) -> dict[str, str]:
    """The columns that the layer has fields for, and its sources as one text; empty cells are left out."""
    said = {name: row[name] for name in layer.fields if row.get(name)}
    return {**said, layer.evidence.sources: _sources(row)} if layer.evidence else said


def _sources(row: dict[str, str]) -> str:
    """Return the references of a row, each with its address, as JSON text."""
    pairs = [(row[f"reference{n}"], row[f"url{n}"]) for n in ("", "2")]
    return msgspec.json.encode([{"publisher": name, "url": url} for name, url in pairs if name]).decode()
