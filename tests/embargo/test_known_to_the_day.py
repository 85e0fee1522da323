"""A state known to the day is public when that day is old enough, whatever the length of the day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import asyncpg
import pytest
from starlette.testclient import TestClient

from tests.conftest import Databases
from tests.embargo.conftest import Clock, serving
from tests.embargo.world import DECLARED, layers_of
from tileserver.desk.importer import import_file
from tileserver.desk.job import Job
from tileserver.grid import address_at
from tileserver.ingest import ReadOptions
from tileserver.store.catalogue import add_theatre
from tileserver.times import TICK, day_period, day_zone

EMBARGO = timedelta(hours=48)
PLACE = address_at(36.05, 48.05, 6)
ZONE = day_zone("Europe/Kyiv")
DAYS = {  # each with its hours: clocks go forward and back
    date(2024, 1, 9): 24,
    date(2024, 3, 31): 23,
    date(2024, 10, 27): 25,
}

pytestmark = pytest.mark.db


@dataclass(frozen=True)
class Day:
    """A server over a state that began long ago and changed on *day*."""

    day: date
    end: datetime
    client: TestClient
    clock: Clock


def _collection(**said: str) -> str:
    ring = [[36.0, 48.0], [36.1, 48.0], [36.1, 48.1], [36.0, 48.1], [36.0, 48.0]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "geometry": geometry, "properties": {"status": "occupied", **said}}
    return json.dumps({"type": "FeatureCollection", "features": [feature]})


@pytest.fixture(scope="module", params=DAYS, ids=str)
def told(
    request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Day]:
    """Areas whose file says days: one from 2023 to the day before, another from the day on."""
    day: date = request.param
    dsn = databases.new()
    path = tmp_path_factory.mktemp("told") / "told.geojson"

    async def work(connection: asyncpg.Connection) -> None:
        await add_theatre(connection, DECLARED)
        before = {"from": "2023-05-01", "to": f"{day - timedelta(days=1)}"}
        for said in (before, {"from": f"{day}", "status": "mutiny"}):
            path.write_text(_collection(**said))
            layers = await layers_of(connection)
            await import_file(Job(connection, layers, "control", accept="a test"), path, ReadOptions())

    databases.run(dsn, work)
    end = day_period(day, ZONE).end
    assert end is not None
    clock = Clock(end)
    with serving(dsn, clock) as client:
        yield Day(day, end, client, clock)


def tile(told: Day, query: str = "", tileset: str = "toy.control") -> bytes:
    answer = told.client.get(f"/tiles/{tileset}/{PLACE}.mvt{query}")
    assert answer.status_code in (200, 204)
    return answer.content


def test_the_days_have_their_hours(told: Day) -> None:
    start = day_period(told.day, ZONE).start
    assert start is not None
    assert (told.end - start) == timedelta(hours=DAYS[told.day])


def test_nothing_of_it_is_there_until_48_hours_after_its_end(told: Day) -> None:
    for late in (timedelta(hours=-40), timedelta(hours=-1), -TICK):
        told.clock.now = told.end + EMBARGO + late
        for query in ("", f"?datetime={told.day}", "?datetime=2099-01-01", "?datetime=latest"):
            assert b"mutiny" not in tile(told, query)
            assert b"occupied" in tile(told, query)
        document = told.client.get("/tilesets/toy.control").json()["time"]
        assert document["last_day"] == "2023-05-01"
        changes = told.client.get("/tilesets/toy.control/timeline").json()
        assert [each["day"] for each in changes["days"]] == ["2023-05-01"]
        assert told.client.get("/tilesets/toy.control/km2.json").json()["days"] == ["2023-05-01"]


def test_all_of_it_is_there_from_then_on(told: Day) -> None:
    told.clock.now = told.end + EMBARGO
    for query in ("", f"?datetime={told.day}"):
        assert b"mutiny" in tile(told, query)
    assert b"occupied" in tile(told, f"?datetime={told.day - timedelta(days=1)}")
    assert told.client.get("/tilesets/toy.control").json()["time"]["last_day"] == f"{told.day}"
    days = told.client.get("/tilesets/toy.control/km2.json").json()["days"]
    assert days[-1] == f"{told.day}"


def test_its_immutable_address_and_its_period_are_not_found_before(told: Day) -> None:
    told.clock.now = told.end + EMBARGO
    answer = told.client.get(f"/tiles/toy.control/{PLACE}.mvt")
    location, history = answer.headers["content-location"], told.client.get("/tilesets/toy.control").json()
    newest = history["time"]["history"]["periods"][-1]["id"]
    path = f"/history/toy.control/{newest}/{PLACE}.mvt"
    assert told.client.get(location).status_code == told.client.get(path).status_code == 200
    told.clock.now -= TICK
    refused = told.client.get(location)
    assert (refused.status_code, refused.headers["cache-control"]) == (404, "no-store")
    assert b"mutiny" not in told.client.get(path).content
    change = f"/changes/toy.control/2023-05-01/{told.day}/{PLACE}.mvt"
    assert told.client.get(change).status_code == 204
    assert told.client.get(f"/tiles/toy.control/{PLACE}.mvt").headers["cache-control"] == "public, max-age=60"
