"""A layer that cannot be read takes nothing else away: the others are served, and it says why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, Databases, settings_for
from tests.shapes import Feature, dot, fill, in_tile, layer, square, theatre
from tileserver.grid import TileAddress
from tileserver.store.connect import connect
from tileserver.web.app import create_app

pytestmark = pytest.mark.db

T0 = datetime(2024, 1, 1, tzinfo=UTC)
PLACE = TileAddress(2, 2, 1)
BEFORE_CHRIST = "tstzrange('0044-03-15 00:00+00 BC', '2024-01-01 00:00+00')"
ROW = "WHERE layer = (SELECT id FROM layer WHERE theatre = 'toy' AND name = '{layer}')"

# What no reader of ours can use, as an older version, another program or a bad disk may have left it.
BROKEN = {
    "a year before Christ": ("control", f"UPDATE feature_version SET valid = {BEFORE_CHRIST} {ROW}"),
    "a beginning at minus infinity": (
        "control",
        f"UPDATE feature_version SET valid = tstzrange('-infinity', '2024-02-01') {ROW}",
    ),
    "coordinates that are no numbers": (
        "control",
        "UPDATE feature_version SET geom = ST_SetSRID(ST_MakePoint('NaN', 'NaN'), 3857) " + ROW,
    ),
    "an empty geometry": (
        "control",
        f"UPDATE feature_version SET geom = ST_SetSRID('POLYGON EMPTY'::geometry, 3857) {ROW}",
    ),
    "no date, as some programs write it": (
        "events",
        f"UPDATE feature_version SET valid = tstzrange('0001-01-01 00:00+00', '2024-05-02') {ROW}",
    ),
    "the second day of the calendar": (
        "events",
        f"UPDATE feature_version SET valid = tstzrange('0001-01-02 00:00+00', '2024-05-02') {ROW}",
    ),
    "an event before Christ": ("events", f"UPDATE feature_version SET valid = {BEFORE_CHRIST} {ROW}"),
}


@pytest.fixture(scope="module")
def two(databases: Databases) -> str:
    """Two theatres, ``toy`` with areas and events, ``calm`` with areas."""
    dsn = databases.new()

    async def write() -> None:
        connection = await connect(dsn)
        shape = in_tile(PLACE, square(100, 100, 500))
        point = in_tile(PLACE, dot(300, 300))
        await fill(
            connection,
            theatre(layer("control"), layer("events", "points", embargo="0s"), embargo="24h"),
            [Feature("control", shape, T0), Feature("events", point, T0, datetime(2024, 1, 2, tzinfo=UTC))],
        )
        await fill(connection, theatre(layer("control"), id="calm"), [Feature("control", shape, T0)])
        await connection.close()

    asyncio.run(write())
    return dsn


def _execute(dsn: str, statement: str) -> None:
    async def run() -> None:
        connection = await connect(dsn)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


@contextmanager
def _served(dsn: str) -> Iterator[TestClient]:
    app = create_app(settings_for(dsn), lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("fault", BROKEN)
def test_a_row_that_cannot_be_read_takes_its_own_layer_away_and_no_other(
    databases: Databases, two: str, fault: str
) -> None:
    name, statement = BROKEN[fault]
    other = "events" if name == "control" else "control"
    dsn = databases.copy(two)
    _execute(dsn, statement.format(layer=name))
    with _served(dsn) as client:
        catalogue = client.get("/tilesets")
        assert catalogue.status_code == 200
        reason = catalogue.json()["unavailable"][f"toy.{name}"]
        assert not {"SELECT", "FROM", "/", "layer ="} & set(reason.split())
        assert {each["id"] for each in catalogue.json()["tilesets"]} == {
            "toy", f"toy.{other}", "calm", "calm.control"
        }  # fmt: skip

        gone = f"toy.{name}"
        for path in (f"/tiles/{gone}/{PLACE}.mvt", f"/tilesets/{gone}", f"/tilesets/{gone}/timeline"):
            answer = client.get(path)
            assert answer.status_code == 503, path
            assert answer.headers["content-type"] == "application/problem+json"
            assert int(answer.headers["retry-after"]) > 0
            assert gone in answer.json()["detail"]

        for path in (
            f"/tiles/toy/{PLACE}.mvt?datetime=2024-01-01",
            "/tilesets/toy",
            "/tilesets/toy/timeline",
        ):
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert answer.headers["missing-layers"] == name
            assert answer.headers["cache-control"] == "no-store"
        assert client.get("/tilesets/toy").json()["missing"] == {name: reason}
        assert client.get("/styles/toy.json").status_code == 200

        for path in (
            f"/tiles/toy.{other}/{PLACE}.mvt?datetime=2024-01-01",
            f"/tiles/calm/{PLACE}.mvt",
            "/tilesets/calm",
            "/tilesets/calm/timeline",
            "/styles/calm.json",
            "/",
        ):
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert "missing-layers" not in answer.headers


def test_without_a_layer_no_more_is_public_than_with_it(databases: Databases, two: str) -> None:
    dsn = databases.copy(two)
    with _served(dsn) as client:
        before = client.get("/tilesets/toy").json()["time"]["horizon"]
    _execute(dsn, BROKEN["a beginning at minus infinity"][1].format(layer="control"))
    with _served(dsn) as client:
        assert client.get("/tilesets/toy").json()["time"]["horizon"] == before
        assert client.get("/tilesets/toy.events").json()["time"]["horizon"] > before


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        ("'{}'::jsonb", "missing required field"),
        ('definition || \'{"day_zone": "Mars/Phobos"}\'', "no time zone"),
        ('definition || \'{"embargo": "soon"}\'', "no duration"),
        ("'[1, 2]'::jsonb", "Expected `object`"),
    ],
)
def test_a_definition_that_is_broken_takes_its_own_theatre_away(
    databases: Databases, two: str, definition: str, why: str
) -> None:
    dsn = databases.copy(two)
    _execute(dsn, f"UPDATE theatre SET definition = {definition} WHERE id = 'toy'")
    with _served(dsn) as client:
        assert why in client.get("/tilesets").json()["unavailable"]["toy"]
        for path in ("/tilesets/toy", f"/tiles/toy.control/{PLACE}.mvt", "/styles/toy.json"):
            assert client.get(path).status_code == 503
        assert client.get(f"/tiles/calm/{PLACE}.mvt").status_code == 200


def test_an_address_that_names_a_whole_tile_is_not_denied_while_a_part_is_missing(
    databases: Databases, two: str
) -> None:
    """A 404 would say that it never was; and what lacks a layer is never immutable."""
    dsn = databases.copy(two)
    dated = f"/tiles/toy/{PLACE}.mvt?datetime=2024-01-01"
    with _served(dsn) as client:
        whole = client.get(dated)
        named = whole.headers["content-location"]
        [period, *_] = client.get("/tilesets/toy").json()["time"]["history"]["periods"]
    _execute(dsn, BROKEN["a beginning at minus infinity"][1].format(layer="control"))
    with _served(dsn) as client:
        assert client.get(named).status_code == 503
        partial = client.get(dated)
        assert partial.content != whole.content
        assert "/tiles/toy.events/" in partial.headers["content-location"]
        assert "immutable" in client.get(partial.headers["content-location"]).headers["cache-control"]
        past = client.get(f"/history/toy/{period['id']}/{PLACE}.mvt")
        assert past.status_code == 503 or past.headers["cache-control"] == "no-store"
