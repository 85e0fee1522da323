"""Square kilometres go out by day: whole days alone, none before its hour, the same in every form."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import settings_for
from tests.desk.conftest import Cells, Desk
from tileserver.times import TICK
from tileserver.web.app import create_app

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

EMBARGO = timedelta(hours=48)
# Local days in Kyiv end at 22:00 UTC in winter.
FIRST = datetime(2024, 1, 1, 23, tzinfo=UTC)  # on the 2nd
SECOND = datetime(2024, 1, 3, 6, tzinfo=UTC)
THIRD = datetime(2024, 1, 5, 21, tzinfo=UTC)
FOURTH = datetime(2024, 1, 5, 21, 30, tzinfo=UTC)  # the same day
LAST_END = datetime(2024, 1, 5, 22, tzinfo=UTC)
URL = "/tilesets/ukraine.control/km2.json"
STATES: dict[datetime, Cells] = {
    FIRST: {(0, 0): "occupied"},
    SECOND: {(0, 0): "occupied", (1, 0): "occupied", (5, 5): "unknown"},
    THIRD: {(0, 0): "occupied", (5, 5): "unknown"},
    FOURTH: {(0, 0): "liberated", (1, 0): "occupied", (5, 5): "unknown"},
}


class Clock:
    """A clock that the test sets."""

    now = LAST_END + EMBARGO

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def desk(databases: Databases) -> Desk:
    """Squares that are occupied one after the other, and one that is freed within a day."""
    desk = Desk(databases)
    desk.import_states(STATES)
    return desk


@pytest.fixture
def client(desk: Desk, clock: Clock) -> Iterator[TestClient]:
    with TestClient(create_app(settings_for(desk.dsn), clock), raise_server_exceptions=False) as client:
        yield client


def days(client: TestClient, query: str = "") -> dict[str, dict[str, float]]:
    """What holds by day, statuses without any left out."""
    document = client.get(URL + query).json()
    return {
        day: {status: own[number] for status, own in document["km2"].items() if own[number]}
        for number, day in enumerate(document["days"])
    }


def test_each_day_has_the_state_at_its_end(client: TestClient) -> None:
    found = days(client)
    assert list(found) == ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]
    one = found["2024-01-02"]["occupied"]
    assert 82 < one < 84  # a tenth of a degree each way at 48 degrees north
    assert found["2024-01-03"] == {
        "occupied": pytest.approx(2 * one, abs=0.01),
        "unknown": pytest.approx(82, abs=1),
    }
    assert found["2024-01-04"] == found["2024-01-03"]
    assert found["2024-01-05"] == {
        "liberated": one,
        "occupied": pytest.approx(one, abs=0.01),
        "unknown": found["2024-01-04"]["unknown"],
    }


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("2024-01-03", ["03"]),
        ("2024-01-03/2024-01-04", ["03", "04"]),
        ("../2024-01-02", ["02"]),
        ("2024-01-05/..", ["05"]),
        ("2024-01-04T12:00:00Z", ["04"]),
        ("2023-01-01/2024-01-02", ["02"]),
        ("1700-01-01/2399-01-01", ["02", "03", "04", "05"]),
        ("2024-01-06/2024-02-01", []),
        ("2023-01-01", []),
        ("0002-01-01", []),
        ("9998-12-31/..", []),
    ],
)
def test_an_interval_is_of_the_days_that_it_touches(
    client: TestClient, asked: str, expected: list[str]
) -> None:
    found = days(client, f"?datetime={asked}")
    assert list(found) == [f"2024-01-{day}" for day in expected]
    whole = days(client)
    assert found == {day: whole[day] for day in found}


def test_the_table_says_what_the_document_says(client: TestClient) -> None:
    document, answer = client.get(URL).json(), client.get(URL.replace("json", "csv"))
    assert answer.headers["content-type"] == "text/csv; header=present; charset=utf-8"
    assert answer.text.endswith("\r\n")
    header, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert header == ["day", *document["km2"]]
    figures = list(zip(*document["km2"].values(), strict=True))
    assert [(row[0], tuple(map(float, row[1:]))) for row in rows] == list(
        zip(document["days"], figures, strict=True)
    )


QUERIES = ("", "?datetime=2024-01-05", "?datetime=2024-01-05/..", "?datetime=2024-01-05T21:15:00Z")


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_day_is_public_48_hours_after_its_end_and_nothing_of_it_before(
    client: TestClient, clock: Clock, form: str, query: str
) -> None:
    url = URL.replace("json", form)
    for early in (TICK, LAST_END - FOURTH, LAST_END - THIRD, timedelta(hours=20)):
        clock.now = LAST_END + EMBARGO - early
        assert "2024-01-05" not in client.get(url + query).text
    clock.now = LAST_END + EMBARGO
    assert "2024-01-05" in client.get(url + query).text


@pytest.fixture(scope="module")
def innocent(databases: Databases) -> Desk:
    """The same as `desk`, before the last day happened."""
    desk = Desk(databases)
    desk.import_states(dict(list(STATES.items())[:2]))
    return desk


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("form", ["json", "csv"])
def test_until_then_an_answer_is_what_it_would_be_without_the_secret(
    client: TestClient, innocent: Desk, clock: Clock, form: str, query: str
) -> None:
    url = URL.replace("json", form) + query
    with TestClient(create_app(settings_for(innocent.dsn), clock)) as other:
        for early in (TICK, timedelta(hours=1), timedelta(hours=20)):
            clock.now = THIRD + EMBARGO - early
            said, without = client.get(url), other.get(url)
            assert (said.content, said.headers["etag"]) == (without.content, without.headers["etag"])


def test_before_anything_is_public_there_is_no_day(client: TestClient, clock: Clock) -> None:
    clock.now = FIRST + EMBARGO - TICK
    answer = client.get(URL)
    assert answer.status_code == 200
    assert answer.json()["days"] == []
    assert not any(answer.json()["km2"].values())


def test_a_document_is_not_sent_twice_to_whoever_holds_it(client: TestClient, clock: Clock) -> None:
    for url in (URL, URL.replace("json", "csv")):
        first = client.get(url)
        assert first.headers["cache-control"] == "public, max-age=60"
        again = client.get(url, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["access-control-allow-origin"] == "*"
    held = client.get(URL).headers["etag"]
    clock.now = LAST_END + EMBARGO - TICK
    assert client.get(URL).headers["etag"] != held


def test_a_past_revision_is_measured_as_it_was_known(databases: Databases, clock: Clock) -> None:
    desk = Desk(databases)
    desk.import_states({FIRST: {(0, 0): "occupied"}})
    desk.import_states({FIRST: {(0, 0): "liberated"}})
    with TestClient(create_app(settings_for(desk.dsn), clock)) as client:
        assert list(days(client)["2024-01-02"]) == ["liberated"]
        assert list(days(client, "?revision=1")["2024-01-02"]) == ["occupied"]
        assert client.get(URL + "?revision=1").json()["revision"] == 1


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("/tilesets/ukraine.events/km2.json", 404, "ukraine.events is no layer of areas with statuses"),
        ("/tilesets/ukraine.frontline,ukraine.events/km2.csv", 404, "ask for ukraine.control"),
        ("/tilesets/atlantis/km2.json", 404, "there is no theatre 'atlantis'"),
        (f"{URL}?datetime=yesterday", 400, "'yesterday' is no instant"),
        (f"{URL}?datetime=2024-01-05/2024-01-02", 400, "ends before it starts"),
        (f"{URL}?revision=0", 400, "is no whole number from 1"),
        (f"{URL}?region=south", 400, "parameter 'region' is not known here"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_what_would_do(
    client: TestClient, url: str, status: int, said: str
) -> None:
    answer = client.get(url)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]


def test_a_theatre_with_one_such_layer_is_measured_as_the_layer_is(client: TestClient) -> None:
    whole, layer = (
        client.get(f"/tilesets/{name}/km2.json").json() for name in ("ukraine", "ukraine.control")
    )
    assert {**whole, "tileset": ""} == {**layer, "tileset": ""}


@pytest.mark.parametrize("name", ["ukraine-sample", "western-front"])
def test_days_follow_one_another_and_the_timeline_says_what_each_changed(
    sample_client: TestClient, name: str
) -> None:
    series = sample_client.get(f"/tilesets/{name}/km2.json").json()
    assert {len(own) for own in series["km2"].values()} == {len(series["days"])}
    every = [date.fromisoformat(day) for day in series["days"]]
    assert all(after - before == timedelta(days=1) for before, after in pairwise(every))
    timeline: dict[str, Any] = sample_client.get(f"/tilesets/{name}/timeline").json()
    changed = {day["day"]: day["km2"] for day in timeline["days"]}
    before = {status: own[0] for status, own in series["km2"].items()}  # nobody knows what held before it
    for number, day in enumerate(series["days"][1:], 1):
        now = {status: own[number] for status, own in series["km2"].items()}
        grown = {status: now[status] - before[status] for status in now}
        expected = {status: changed.get(day, {}).get(status, 0.0) for status in now}
        assert grown == pytest.approx(expected, abs=0.0021)
        before = now


def test_what_is_not_yet_public_changes_no_day_of_the_timeline(client: TestClient, clock: Clock) -> None:
    def changed() -> dict[str, float]:
        timeline = client.get("/tilesets/ukraine.control/timeline").json()
        km2: dict[str, float] = timeline["days"][-1]["km2"]
        return km2

    clock.now = THIRD + EMBARGO
    assert list(changed()) == ["occupied"]
    assert changed()["occupied"] < 0
    clock.now = FOURTH + EMBARGO
    assert set(changed()) == {"liberated", "occupied"}
