"""To the microsecond: until when nothing is said of something young, and from when on it is there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from starlette.testclient import TestClient

from tests.conftest import Databases
from tests.embargo.conftest import Clock, serving
from tests.shapes import Feature, dot, fill, in_tile, layer, square, theatre
from tileserver.grid import TileAddress
from tileserver.times import TICK, format_instant

OLD = datetime(2024, 1, 1, 6, tzinfo=UTC)
NEW = datetime(2024, 1, 10, 6, tzinfo=UTC)
EMBARGO = timedelta(hours=48)
# The local day of 8 January in Kyiv: known only to the day, so public 48 h after its end.
DAY, DAY_END = datetime(2024, 1, 7, 22, tzinfo=UTC), datetime(2024, 1, 8, 22, tzinfo=UTC)
FIRST_DAY = datetime(2024, 1, 1, 22, tzinfo=UTC)
PLACE = TileAddress(2, 2, 1)
DECLARED = theatre(layer("control"), layer("events", "points"), embargo="48h", day_zone="Europe/Kyiv")

pytestmark = pytest.mark.db


@pytest.fixture
def clock() -> Clock:
    return Clock(OLD)


@pytest.fixture(scope="module")
def toy(databases: Databases) -> str:
    """A state that changes at OLD and NEW, and an event on two days."""
    dsn = databases.new()

    features = [
        Feature("control", in_tile(PLACE, square(100, 100, 500)), OLD, NEW, {"status": "older"}),
        Feature("control", in_tile(PLACE, square(100, 100, 900)), NEW, None, {"status": "newer"}),
        Feature(
            "events", in_tile(PLACE, dot(50, 50)), FIRST_DAY, FIRST_DAY + timedelta(days=1), {"text": "early"}
        ),
        Feature("events", in_tile(PLACE, dot(60, 60)), DAY, DAY_END, {"text": "secret"}),
    ]

    async def write(connection: asyncpg.Connection) -> None:
        await fill(connection, DECLARED, features)

    databases.run(dsn, write)
    return dsn


@pytest.fixture
def client(toy: str, clock: Clock) -> Iterator[TestClient]:
    with serving(toy, clock) as client:
        yield client


def test_a_snapshot_becomes_public_at_its_instant_and_48_hours(client: TestClient, clock: Clock) -> None:
    url = f"/tiles/toy.control/{PLACE}.mvt"
    clock.now = NEW + EMBARGO - TICK
    held = client.get(url)
    assert b"older" in held.content
    assert b"newer" not in held.content
    assert held.headers["ogcapi-datetime"] == f"{format_instant(OLD)}/.."
    clock.now = NEW + EMBARGO
    freed = client.get(url)
    assert b"newer" in freed.content
    assert freed.headers["ogcapi-datetime"] == f"{format_instant(NEW)}/.."
    assert freed.headers["etag"] != held.headers["etag"]


def test_an_event_known_to_the_day_becomes_public_48_hours_after_the_end_of_its_day(
    client: TestClient, clock: Clock
) -> None:
    url = f"/tiles/toy.events/{PLACE}.mvt?datetime=2024-01-08"
    clock.now = DAY + EMBARGO + timedelta(hours=1)
    assert client.get(url).status_code == 204
    clock.now = DAY_END + EMBARGO - TICK
    assert client.get(url).status_code == 204
    clock.now = DAY_END + EMBARGO
    assert b"secret" in client.get(url).content


def test_a_clock_that_goes_back_takes_back_what_it_gave(client: TestClient, clock: Clock) -> None:
    urls = [
        f"/tiles/toy{rest}" for rest in (f".control/{PLACE}.mvt", f".events/{PLACE}.mvt", f"/{PLACE}.mvt")
    ]
    clock.now = DAY_END + EMBARGO - TICK
    early = [client.get(url) for url in urls]
    clock.now = NEW + EMBARGO
    assert all(one.content != client.get(url).content for one, url in zip(early, urls, strict=True))
    clock.now = DAY_END + EMBARGO - TICK
    for one, url in zip(early, urls, strict=True):
        again = client.get(url)
        assert (again.content, again.headers["etag"]) == (one.content, one.headers["etag"])


@pytest.mark.parametrize("late", [-TICK, timedelta()], ids=["before", "at"])
def test_a_validity_names_no_instant_after_the_horizon(
    client: TestClient, clock: Clock, late: timedelta
) -> None:
    clock.now = DAY_END + EMBARGO + late
    day = client.get(f"/tiles/toy.events/{PLACE}.mvt?datetime=2024-01-08").headers["ogcapi-datetime"]
    assert day == f"{format_instant(DAY)}/{'..' if late else format_instant(DAY_END)}"
    clock.now = NEW + EMBARGO + late
    state = client.get(f"/tiles/toy.control/{PLACE}.mvt?datetime=2024-01-09").headers["ogcapi-datetime"]
    assert state == f"{format_instant(OLD)}/{'..' if late else format_instant(NEW)}"


@pytest.mark.parametrize(
    ("url", "instant", "moment"),
    [
        (f"/tiles/toy.control/{PLACE}.mvt", NEW, NEW),
        (f"/tiles/toy/{PLACE}.mvt?datetime=2024-01-11", NEW, NEW),
        (f"/tiles/toy.events/{PLACE}.mvt?datetime=2024-01-08", DAY, DAY_END),
    ],
)
def test_the_immutable_url_of_what_is_not_yet_public_is_not_found(
    client: TestClient, clock: Clock, url: str, instant: datetime, moment: datetime
) -> None:
    clock.now = moment + EMBARGO
    location = client.get(url).headers["content-location"]
    assert client.get(location).status_code == 200
    for early in (TICK, moment - instant + TICK):
        clock.now = moment + EMBARGO - early
        refused = client.get(location)  # although the tile is in memory
        assert refused.status_code == 404
        assert refused.headers["cache-control"] == "no-store"


def _extent(client: TestClient, url: str) -> object:
    return client.get(url).json()["time"]["extent"]


def test_documents_gain_a_snapshot_at_its_hour(client: TestClient, clock: Clock) -> None:
    def control() -> tuple[object, ...]:
        catalogue = client.get("/tilesets").json()["tilesets"]
        timeline = client.get("/tilesets/toy.control/timeline").json()
        return (
            _extent(client, "/tilesets/toy.control"),
            *(
                each["time"][which]
                for each in catalogue
                if each["id"] == "toy.control"
                for which in ("last_day", "newest")
            ),
            list(timeline["begins"].values()),
            [change["at"] for change in timeline["changes"]],
            [day["day"] for day in timeline["days"]],
        )

    old, new = format_instant(OLD), format_instant(NEW)
    clock.now = NEW + EMBARGO - TICK
    first, second = "2024-01-01", "2024-01-10"
    assert control() == ([old, old], first, {"control": first}, [old], [], [first])
    clock.now = NEW + EMBARGO
    assert control() == ([old, new], second, {"control": second}, [old], [new], [first, second])


def test_documents_gain_a_day_of_events_after_its_end(client: TestClient, clock: Clock) -> None:
    def events() -> tuple[object, ...]:
        days = client.get("/tilesets/toy.events/timeline").json()["days"]
        time = client.get("/tilesets/toy.events").json()["time"]
        return time["last_day"], {day["day"]: day["events"] for day in days}

    clock.now = DAY_END + EMBARGO - TICK
    assert events() == ("2024-01-02", {"2024-01-02": 1})
    clock.now = DAY_END + EMBARGO
    assert events() == ("2024-01-08", {"2024-01-02": 1, "2024-01-08": 1})


def test_before_anything_is_public_there_is_nothing(client: TestClient, clock: Clock) -> None:
    clock.now = OLD + EMBARGO - TICK
    assert client.get(f"/tiles/toy/{PLACE}.mvt").status_code == 204
    assert _extent(client, "/tilesets/toy") is None
    timeline = client.get("/tilesets/toy/timeline").json()
    assert (timeline["days"], timeline["changes"], timeline["begins"]) == ([], [], {})
    assert set(client.get("/tilesets/toy").json()["time"]["newest"].values()) == {None}
