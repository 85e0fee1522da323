"""Small tiles drawn by hand, each for one reason, stay as they are; ``--bless`` rewrites their texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon, box

from tests.conftest import NOW, Databases
from tests.shapes import Feature, dot, fill, in_tile, layer, square, theatre
from tileserver.grid import WORLD, TileAddress
from tileserver.store.connect import Pool
from tileserver.store.windows import POINT_LIMIT
from tileserver.tiles.current import Current
from tileserver.tiles.events import POINTS_BY
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.tiles.text import decode_tile, dump_tile
from tileserver.times import TICK, format_instant, parse_datetime

GOLDEN = Path(__file__).parent / "golden"
HERE = TileAddress(8, 154, 88)
T0 = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WHOLE = theatre(layer("control"), layer("frontline", "lines"), layer("events", "points"))

pytestmark = pytest.mark.db


@dataclass(frozen=True, slots=True)
class Case:
    """A drawing, and the question put to it."""

    features: Sequence[Feature]
    tileset: str = "toy"
    address: TileAddress = HERE
    datetime: str = "2024-06-01"


def _area(geometry: shapely.Geometry, *, at: TileAddress | None = HERE, **properties: Any) -> Feature:
    """An area of *control*, in units of the tile *at*, or in metres; from T0 on."""
    drawn = geometry if at is None else in_tile(at, geometry)
    return Feature("control", drawn, T0, None, properties or {"status": "occupied"})


def _event(x: float, day: int, days: int = 1) -> Feature:
    where = in_tile(HERE, dot(x, x))
    return Feature("events", where, T0 + day * DAY, T0 + (day + days) * DAY, {"text": f"day {day}"})


_HOLE = [(500, 500), (500, 1500), (1500, 1500), (1500, 500)]
_TOUCHING = [(0, 1000), (1000, 500), (1000, 1500)]  # its first corner lies on the outer ring
_DATE_LINE = MultiPolygon([box(-WORLD, 0, -WORLD * 0.9, WORLD / 4), box(WORLD * 0.9, 0, WORLD, WORLD / 4)])
_CHANGE = [
    Feature("control", in_tile(HERE, square(0, 0, 999)), T0, T0 + DAY, {"status": "before"}),
    Feature("control", in_tile(HERE, square(0, 0, 999)), T0 + DAY, None, {"status": "after"}),
]
_GAP = [
    Feature("control", in_tile(HERE, square(0, 0, 999)), T0, T0 + DAY, {"status": "before"}),
    Feature("control", in_tile(HERE, square(5, 5, 999)), T0 + 9 * DAY, None, {"status": "after"}),
]
_NEIGHBOURS = [
    _area(box(3000, 100, 4500, 900), status="west"),
    _area(box(4500, 100, 6000, 900), status="east"),
    _area(box(3000, 900, 6000, 1000.4), status="south"),
]

CASES = {
    "hole": Case([_area(Polygon(square(0, 0, 2000).exterior.coords, [_HOLE]))]),  # type: ignore[attr-defined]
    "hole-touching-edge": Case([_area(Polygon([(0, 0), (2000, 0), (2000, 2000), (0, 2000)], [_TOUCHING]))]),
    "covers-the-tile": Case([_area(square(-9000, -9000, 30_000))]),
    "cut-at-the-buffer": Case([_area(square(-500, 4000, 1000))]),
    "sliver": Case(
        [_area(box(0, 10.1, 4000, 10.3), status="thin"), _area(box(0, 20, 4000, 22), status="thick")]
    ),
    "shared-edge-west": Case(_NEIGHBOURS),
    "shared-edge-east": Case(_NEIGHBOURS, address=TileAddress(8, 155, 88)),
    "antimeridian-x-first": Case([_area(_DATE_LINE, at=None)], address=TileAddress(3, 0, 3)),
    "antimeridian-x-last": Case([_area(_DATE_LINE, at=None)], address=TileAddress(3, 7, 3)),
    "north-edge-85-05": Case([_area(box(0, WORLD * 0.9, 1e6, WORLD), at=None)], address=TileAddress(2, 2, 0)),
    "south-edge-85-05": Case(
        [_area(box(0, -WORLD, 1e6, -WORLD * 0.9), at=None)], address=TileAddress(2, 2, 3)
    ),
    "line-leaves-and-returns": Case(
        [Feature("frontline", in_tile(HERE, LineString([(100, 100), (6000, 200), (100, 300)])), T0)]
    ),
    "points-in-and-beyond-the-buffer": Case(
        [_event(-63, 0), _event(-66, 0), _event(4159, 0), _event(4162, 0)], datetime="2024-01-01"
    ),
    "tick-before-a-change": Case(_CHANGE, datetime=format_instant(T0 + DAY - TICK)),
    "on-the-instant-of-a-change": Case(_CHANGE, datetime=format_instant(T0 + DAY)),
    "gap-between-two-areas": Case(_GAP, datetime="2024-01-05"),
    "before-the-first": Case(_CHANGE, datetime="2023-12-31"),
    "window-of-one-day": Case([_event(10 * day + 10, day) for day in range(5)], datetime="2024-01-03"),
    "window-of-three-days": Case(
        [_event(10 * day + 10, day) for day in range(5)], datetime="2024-01-02/2024-01-04"
    ),
    "window-with-a-note-of-a-week": Case(
        [_event(10, 0, days=7), _event(20, 2), _event(30, 9)], datetime="2024-01-03/2024-01-10"
    ),
    "composed": Case(
        [
            _area(square(0, 0, 2000), status="occupied"),
            Feature("frontline", in_tile(HERE, LineString([(2000, 0), (2000, 2000), (0, 2000)])), T0),
            _event(300, 3),
        ],
        tileset="toy.events,toy.control,toy.frontline",
        datetime="2024-01-04",
    ),
}


def _cut(databases: Databases, dsn: str, case: Case) -> bytes:
    async def work(_: asyncpg.Connection) -> bytes:
        pool = Pool(dsn, 1, 5, 15)
        service = TileService(Current(pool, lambda: NOW), 1)
        try:
            tileset = (await service.current.catalogue()).tileset(case.tileset)
            asked = parse_datetime(case.datetime, tileset.zone)
            located = await service.locate(Question(tileset, case.address, asked))
            return (await service.answer(Question(tileset, case.address), located)).body.data
        finally:
            await pool.close()

    return databases.run(dsn, work)


def _drawn(databases: Databases, drawings: Mapping[str, Sequence[Feature]]) -> str:
    """A database with one theatre for each drawing."""
    dsn = databases.new()

    async def write(connection: asyncpg.Connection) -> None:
        for name, features in drawings.items():
            await fill(connection, msgspec.structs.replace(WHOLE, id=name), features)

    databases.run(dsn, write)
    return dsn


@pytest.fixture(scope="module")
def gallery(databases: Databases) -> str:
    return _drawn(databases, {name: case.features for name, case in CASES.items()})


@pytest.mark.parametrize("name", CASES)
def test_a_tile_is_as_it_was_drawn(
    name: str, gallery: str, databases: Databases, pytestconfig: pytest.Config
) -> None:
    case = CASES[name]
    tileset = case.tileset.replace("toy", name)
    data = _cut(databases, gallery, replace(case, tileset=tileset))
    text = f"{tileset} {case.address} {case.datetime}\n{dump_tile(data)}"
    path = GOLDEN / f"{name}.txt"
    if pytestconfig.getoption("--bless"):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text


def test_every_golden_text_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(CASES)


def test_a_crowded_tile_goes_without_texts_and_says_how_many_points_are_left_out(
    databases: Databases,
) -> None:
    more, near = 37, TileAddress(POINTS_BY, 2464, 1408)
    said = {"text": "x" * 40, "status": "s"}
    points = [
        Feature("events", in_tile(near, dot(n % 4000, n // 4000)), T0, T0 + DAY, said)
        for n in range(POINT_LIMIT + more)
    ]
    dsn = _drawn(databases, {"toy": points})
    case = Case(points, address=near, datetime="2024-01-01")
    one, again = _cut(databases, dsn, case), _cut(databases, dsn, case)
    drawn = decode_tile(one)["events"]
    assert one == again
    assert len(drawn) == POINT_LIMIT
    assert all(each["properties"] == {"status": "s", "left_out": more} for each in drawn)
    assert len(one) < 500_000


def test_a_tile_is_the_same_in_whichever_order_its_features_came(databases: Databases) -> None:
    features = [replace(_area(square(10 * n, 0, 9), status=f"s{n}"), id=n + 1) for n in range(30)]
    dsn = _drawn(databases, {"toy": features, "turned": features[::-1]})
    one, other = (_cut(databases, dsn, Case(features, tileset=name)) for name in ("toy", "turned"))
    assert one == other != b""
