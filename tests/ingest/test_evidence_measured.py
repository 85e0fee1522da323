"""Law: what five layers of evidence and a dissolved area measure is what pyproj measures on their files.

The files are made of two real days of control: the land assessed as occupied, claims that lie over it and
beyond, what was gained and lost from one day to the other, and scattered strips. Their areas are taken in
degrees, by `pyproj.Geod` on the ellipsoid, before anything of the server has seen them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import asyncpg
import msgspec
import pytest
import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from tests.conftest import NOW, TWO_MONTHS, Databases
from tests.shapes import layer, theatre
from tileserver.declared import Category
from tileserver.desk.importer import import_file
from tileserver.desk.job import Job
from tileserver.ingest import ReadOptions, Report, read_snapshots
from tileserver.ingest.mapping.load import load_mapping
from tileserver.model import Layer, Theatre
from tileserver.publish.measures import load_series
from tileserver.shape.project import to_lonlat
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.theatres import load_theatre
from tileserver.tiles.catalogue import load_catalogue

pytestmark = [pytest.mark.db, pytest.mark.data]

DAYS = {"20231001": "2023-10-01T181527Z_1696184127", "20231130": "2023-11-30T210531Z_1701378331"}
EVIDENCE = ("assessed", "claimed", "advances", "counter_offensives", "infiltration")
ELLIPSOID = Geod(ellps="WGS84")
KYIV_BOUNDS = (20.0, 43.0, 45.0, 54.0)


def km2(shape: BaseGeometry) -> float:
    """Area on the ellipsoid of what is in longitude and latitude; edges are straight on the map."""
    fine = shapely.segmentize(shapely.orient_polygons(shape), 0.02)
    return abs(ELLIPSOID.geometry_area_perimeter(fine)[0]) / 1e6


def control(day: str) -> BaseGeometry:
    """What was occupied on a real day, as its publisher drew it."""
    ukraine = load_theatre("ukraine")
    path = TWO_MONTHS / f"{DAYS[day]}.geojson.gz"
    (state,) = read_snapshots(path, ukraine, ukraine.layer("control"), ReadOptions(), Report())
    held = ("occupied", "occupied_before_2022")
    shapes = [
        shapely.make_valid(shapely.force_2d(shapely.from_geojson(each.geometry)))
        for each in state.features
        if each.properties["status"] in held
    ]
    return shapely.union_all(shapes)


@dataclass(frozen=True)
class Evidence:
    """A folder of files, an archive of dissolved areas, and the areas that are in the files."""

    folder: Path
    dissolved: Path
    areas: Mapping[tuple[str, str], BaseGeometry]


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    folder = tmp_path_factory.mktemp("evidence")
    dissolved = tmp_path_factory.mktemp("dissolved") / "days.zip"
    first, last = (control(day) for day in DAYS)
    areas: dict[tuple[str, str], BaseGeometry] = {}
    for day, held, gone in (("20231001", first, last), ("20231130", last, first)):
        near = shapely.simplify(shapely.buffer(held, 0.03), 0.001)
        areas["assessed", day] = held
        areas["claimed", day] = shapely.intersection(near, shapely.box(36, 46.5, 39, 50))
        areas["advances", day] = _areas(shapely.difference(held, gone))
        areas["counter_offensives", day] = _areas(shapely.difference(gone, held))
        strips = [shapely.box(37 + n / 9, 48 + n / 30, 37.03 + n / 9, 48.01 + n / 30) for n in range(8)]
        areas["infiltration", day] = shapely.union_all(strips)
    for (name, day), shape in areas.items():
        (folder / f"{day}_{name}.geojson").write_text(_collection(shape), "utf-8")
    with ZipFile(dissolved, "w") as archive:
        for day in DAYS:
            archive.writestr(f"deepstatemap_data_{day}.geojson", _collection(areas["assessed", day], []))
    return Evidence(folder, dissolved, areas)


def _areas(shape: BaseGeometry) -> BaseGeometry:
    return shapely.union_all([each for each in shapely.get_parts(shape) if each.geom_type == "Polygon"])


NULL = {"type": "Feature", "properties": {"FID": 0}, "geometry": None}  # as some files of evidence have


def _collection(shape: BaseGeometry, others: Sequence[dict[str, Any]] = (NULL,)) -> str:
    one = {"type": "Feature", "properties": {"FID": 1}, "geometry": shapely.geometry.mapping(shape)}
    return json.dumps({"type": "FeatureCollection", "features": [*others, one]})


async def _import(connection: asyncpg.Connection, declared: Theatre, name: str, path: Path) -> None:
    mapping = "dissolved-areas" if name == "dissolved" else "evidence-layers"
    layers = {
        each.layer.name: each for each in await load_layers(connection) if each.ref.theatre == declared.id
    }
    outcome = await import_file(
        Job(connection, layers, name, accept="a trial"), path, ReadOptions(mapping=load_mapping(mapping))
    )
    assert outcome.snapshots == len(DAYS)
    assert outcome.report["quarantined"] == 0


def _declared() -> Theatre:
    occupied = (Category("occupied", {"en": "Occupied"}, "#d6553f", "#e8705a"),)
    layers: list[Layer] = [layer(name, fields={}) for name in EVIDENCE]
    layers.append(layer("dissolved", fields={"status": "who"}, category="status", categories=occupied))
    made = theatre(*layers, day_zone="Europe/Kyiv")
    return msgspec.structs.replace(made, bounds=KYIV_BOUNDS)


@pytest.fixture(scope="module")
def imported(databases: Databases, evidence: Evidence) -> str:
    dsn, declared = databases.new(), _declared()

    async def work(connection: asyncpg.Connection) -> None:
        await add_theatre(connection, declared)
        for name in EVIDENCE:
            await _import(connection, declared, name, evidence.folder)
        await _import(connection, declared, "dissolved", evidence.dissolved)

    databases.run(dsn, work)
    return dsn


STORED = """
    SELECT ST_AsBinary(geom) FROM feature_version JOIN layer ON layer.id = layer
    WHERE name = $1 AND valid @> $2::timestamptz AND upper_inf(known)
"""


def test_each_layer_of_evidence_measures_what_its_file_does(
    databases: Databases, imported: str, evidence: Evidence
) -> None:
    async def work(connection: asyncpg.Connection) -> dict[tuple[str, str], float]:
        found = {}
        for name, day in evidence.areas:
            noon = datetime.strptime(f"{day} 12", "%Y%m%d %H").replace(tzinfo=UTC)
            rows = await connection.fetch(STORED, name, noon)
            stored = shapely.union_all([shapely.from_wkb(each[0]) for each in rows])
            found[name, day] = km2(shapely.transform(stored, to_lonlat))
        return found

    measured = databases.run(imported, work)
    expected = {each: km2(shape) for each, shape in evidence.areas.items()}
    assert measured == pytest.approx(expected, rel=5e-4)
    overlap = shapely.intersection(
        evidence.areas["claimed", "20231001"], evidence.areas["assessed", "20231001"]
    )
    assert km2(overlap) > 1000  # claims lie over what is assessed, and take nothing from it


def test_the_published_series_of_the_dissolved_area_is_what_the_file_measures(
    databases: Databases, imported: str, evidence: Evidence
) -> None:
    async def work(connection: asyncpg.Connection) -> dict[date, float]:
        tileset = (await load_catalogue(connection)).tileset("toy.dissolved")
        series = await load_series(connection, tileset, tileset.layers[0].stored.revisions[-1], NOW)
        return dict(zip(series.days, series.km2["occupied"], strict=True))

    published = databases.run(imported, work)
    expected = {
        date(int(day[:4]), int(day[4:6]), int(day[6:])): km2(evidence.areas["assessed", day]) for day in DAYS
    }
    assert {day: published[day] for day in expected} == pytest.approx(expected, rel=5e-4)
    assert published[date(2023, 11, 29)] == published[date(2023, 10, 1)]  # the last one known holds
    assert len(published) == 61
