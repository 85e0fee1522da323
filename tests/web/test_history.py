"""Law: the picture of any day, put together from history tiles, is the snapshot tile of that day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.codings import OPENED
from tests.conftest import NOW, settings_for
from tests.desk.conftest import Cells, Desk
from tests.web.histories import OPEN_DAY, Reader
from tileserver.grid import address_at
from tileserver.tiles.compress import CODINGS, Coding
from tileserver.times import day_zone, local_day
from tileserver.web.app import create_app

if TYPE_CHECKING:
    from tests.conftest import Databases

DAY = timedelta(days=1)
START = datetime(2023, 10, 3, 20, tzinfo=UTC)  # 23:00 in Kyiv: an hour later is the next local day
ZONE = day_zone("Europe/Kyiv")
TILESET = "ukraine.control,ukraine.frontline"
PLACES = [address_at(36.25, 48.15, zoom) for zoom in (0, 4, 7, 10)]
IMMUTABLE = "public, max-age=31536000, immutable"

pytestmark = pytest.mark.db

cells: st.SearchStrategy[Cells] = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 2)),
    st.sampled_from(["occupied", "liberated", "unknown"]),
    min_size=1,
    max_size=5,
)
# Several states within a local day, and over more than three months.
hours = st.integers(0, 40).map(lambda n: n * 6) | st.integers(0, 100).map(lambda n: n * 24)
histories: st.SearchStrategy[dict[datetime, Cells]] = st.dictionaries(
    hours.map(lambda n: START + n * timedelta(hours=1)), cells, min_size=4, max_size=12
)


@pytest.fixture
def desk(databases: Databases) -> Desk:
    return Desk(databases)


@contextmanager
def serving(desk: Desk, now: datetime = NOW) -> Iterator[TestClient]:
    with TestClient(create_app(settings_for(desk.dsn), lambda: now), raise_server_exceptions=False) as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client


@given(histories, st.integers(1, 12))
@settings(max_examples=3, phases=[Phase.generate])  # a history costs a second: what fails is seen as it is
def test_every_day_is_the_snapshot_of_that_day(
    databases: Databases, states: dict[datetime, Cells], parts: int
) -> None:
    desk = Desk(databases)
    instants = sorted(states)
    for some in filter(None, (instants[:parts], instants[parts:])):
        desk.import_states({at: states[at] for at in some})
    with serving(desk) as client:
        reader = Reader(client, TILESET)
        first, last = (local_day(at, ZONE) for at in (instants[0], instants[-1]))
        changed = {local_day(at, ZONE) for at in instants}
        around = {day + off * DAY for day in changed for off in (-1, 0, 1)} | {first, last + 40 * DAY}
        for day in sorted(day for day in around if day >= first):
            for address in PLACES:
                assert reader.shown(day, address) == reader.snapshot(day, address), (day, address)


def autumn(**changes: Cells) -> dict[datetime, Cells]:
    """One state in the middle of each month from October on; months are named in *changes*."""
    states: dict[str, Cells] = {
        "october": {(0, 0): "occupied", (2, 2): "unknown"},
        "november": {(0, 0): "occupied", (1, 0): "occupied", (2, 2): "unknown"},
        "december": {(1, 0): "occupied", (2, 2): "unknown"},
        "january": {(0, 0): "occupied", (1, 0): "occupied", (2, 2): "unknown"},
    }
    middles = [datetime(2023, 10, 15, 12, tzinfo=UTC) + number * 31 * DAY for number in range(4)]
    return dict(zip(middles, {**states, **changes}.values(), strict=False))


def first_months(number: int, **changes: Cells) -> dict[datetime, Cells]:
    return dict(list(autumn(**changes).items())[:number])


def contents(reader: Reader) -> dict[str, list[bytes]]:
    """The bytes of all that past periods have, by id."""
    urls = {
        each["id"]: [reader.url(each["id"], address) for address in PLACES]
        + [f"/history/{TILESET}/{each['id']}/faces/{band}.json" for band in reader.block["bands"]]
        for each in reader.periods
        if not each["open"]
    }
    found = {}
    for name, paths in urls.items():
        answers = [reader.client.get(path) for path in paths]
        assert {answer.headers["cache-control"] for answer in answers} == {IMMUTABLE}
        found[name] = [answer.content for answer in answers]
    return found


def test_past_periods_stay_as_they_are_when_a_day_comes(desk: Desk) -> None:
    desk.import_states(first_months(2))
    with serving(desk) as client:
        before = contents(Reader(client, TILESET))
    desk.import_states(first_months(3))
    with serving(desk) as client:
        after = contents(Reader(client, TILESET))
    assert list(before) == ["20231001-20231031-1-1"]
    assert list(after) == ["20231001-20231031-1-1", "20231101-20231130-1-1"]
    assert before.items() <= after.items()


def test_periods_that_were_put_together_are_answered_all_the_same(desk: Desk) -> None:
    desk.import_states(first_months(3))
    with serving(desk) as client:
        before = contents(Reader(client, TILESET))
    desk.import_states(autumn())
    with serving(desk) as client:
        reader = Reader(client, TILESET)
        assert [each["id"] for each in reader.periods] == ["20230101-20231231-1-1", "20240101-open-1-2"]
        for name, held in before.items():
            assert [client.get(reader.url(name, address)).content for address in PLACES] == held[
                : len(PLACES)
            ]
        old_open = client.get(reader.url("20231201-open-1-1", PLACES[1]))
        assert (old_open.status_code, old_open.headers["cache-control"]) == (200, "public, max-age=60")


def test_a_correction_renames_its_own_period_and_leaves_the_old_name_its_bytes(desk: Desk) -> None:
    states = first_months(3)
    first = next(iter(states))
    desk.import_states({**states, first + 5 * DAY: {(0, 0): "liberated"}, first + 6 * DAY: states[first]})
    with serving(desk) as client:
        before = contents(Reader(client, TILESET))
    desk.import_states({first + 5 * DAY: {(0, 1): "liberated"}})
    with serving(desk) as client:
        reader = Reader(client, TILESET)
        after = contents(reader)
        october, november = before
        assert list(after) == ["20231001-20231031-1-2", november]
        assert after[november] == before[november]
        assert after["20231001-20231031-1-2"] != before[october]
        assert [client.get(reader.url(october, a)).content for a in PLACES] == before[october][: len(PLACES)]


def test_an_id_is_one_thing_of_one_period_and_the_same_in_every_tile(desk: Desk) -> None:
    desk.import_states(autumn())  # a square is taken, lost and taken again
    with serving(desk) as client:
        reader = Reader(client, TILESET)
        quarter = reader.periods[0]["id"]
        for name in ("control", "frontline"):
            told: dict[int, tuple[int, int]] = {}
            for x in range(2):
                address = address_at(36.1 + x * 0.2, 48.05, 10)
                for each in reader.layers(quarter, address).get(name, []):
                    days = (each["properties"]["from"], each["properties"]["to"])
                    assert told.setdefault(each["id"], days) == days
            assert told


def test_the_side_file_tells_what_begins_or_ends_and_nothing_else(desk: Desk) -> None:
    desk.import_states(autumn())
    with serving(desk) as client:
        reader = Reader(client, TILESET)
        period = reader.periods[0]
        for zoom in (4, 5):  # each tile has all that there is, and nothing is too small for it
            address = address_at(36.25, 48.15, zoom)
            band = max(band for band in reader.block["bands"] if band <= zoom)
            answer = client.get(f"/history/{TILESET}/{period['id']}/faces/{band}.json")
            assert answer.headers["content-type"] == "application/json"
            document = answer.json()
            assert (document["period"], document["band"]) == (period["id"], band)
            for name, columns in document["layers"].items():
                listed = list(zip(columns["from"], columns["to"], columns["id"], strict=True))
                assert listed == sorted(listed)
                drawn = {
                    (each["properties"]["from"], each["properties"]["to"], each["id"])
                    for each in reader.layers(period["id"], address)[name]
                }
                assert set(listed) == {
                    each for each in drawn if each[0] > period["first"] or each[1] < OPEN_DAY
                }
                assert listed


@pytest.fixture(scope="module")
def told(databases: Databases) -> Iterator[TestClient]:
    desk = Desk(databases)
    desk.import_states(autumn())
    with serving(desk) as client:
        yield client


TILE = f"/history/{TILESET}/20231001-20231231-1-1/{PLACES[1]}.mvt"
EMPTY = f"/history/{TILESET}/20231001-20231231-1-1/4/0/0.mvt"
FACES = f"/history/{TILESET}/20231001-20231231-1-1/faces/5.json"


@pytest.mark.parametrize(
    ("path", "status", "kept"),
    [
        (TILE, 200, IMMUTABLE),
        (EMPTY, 204, IMMUTABLE),
        (FACES, 200, IMMUTABLE),
        (TILE.replace("20231001-20231231", "20240101-open"), 200, "public, max-age=60"),
        (FACES.replace("20231001-20231231", "20240101-open"), 200, "public, max-age=60"),
        (TILE.replace("20231001", "20231002"), 404, "no-store"),  # no piece of the calendar
        (TILE.replace("20231001-20231231", "20231231-20231001"), 404, "no-store"),
        (TILE.replace("20231231", "20231131"), 404, "no-store"),
        (TILE.replace("-1-1/", "-2-1/"), 404, "no-store"),  # another edition
        (TILE.replace("-1-1/", "-1-2/"), 404, "no-store"),  # a revision that there is none of
        (TILE.replace("-1-1/", "-1-0/"), 404, "no-store"),
        (TILE.replace("-1-1/", "-1-01/"), 404, "no-store"),
        (TILE.replace("-1-1/", "-1-1-1704060000000000/"), 404, "no-store"),  # nothing went on so long
        (TILE.replace("20231001-20231231", "20221001-open"), 404, "no-store"),
        (TILE.replace("20231001-20231231", "20990101-20990131"), 404, "no-store"),
        (TILE.replace("20231001-20231231-1-1", "latest"), 404, "no-store"),
        (TILE.replace("ukraine.control", "ukraine.nothing"), 404, "no-store"),
        (TILE.replace(f"/{PLACES[1]}.", "/15/0/0."), 404, "no-store"),
        (TILE + "?datetime=2023-11-09", 400, "no-store"),
        (FACES.replace("/5.", "/6."), 404, "no-store"),
        (FACES.replace("/5.", "/05."), 404, "no-store"),
    ],
)
def test_history_has_its_status_and_says_how_long_it_may_be_kept(
    told: TestClient, path: str, status: int, kept: str
) -> None:
    answer = told.get(path)
    assert (answer.status_code, answer.headers["cache-control"]) == (status, kept)
    assert bool(answer.content) == (status != 204)


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("path", [TILE, EMPTY, FACES])
def test_each_coding_has_its_tag_and_is_not_sent_again(told: TestClient, path: str, coding: Coding) -> None:
    plain = told.get(path)
    with told.stream("GET", path, headers={"Accept-Encoding": coding}) as coded:
        raw = b"".join(coded.iter_raw())
    assert OPENED[coding](raw) == plain.content if raw else path == EMPTY
    assert coded.headers["vary"] == "Accept-Encoding"
    assert coded.headers["etag"] == plain.headers["etag"].replace("identity", coding)
    condition = {"Accept-Encoding": coding, "If-None-Match": coded.headers["etag"]}
    again = told.get(path, headers=condition)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == IMMUTABLE
    assert "hit" in again.headers["cache-status"]


def test_what_the_public_may_not_know_is_neither_there_nor_in_any_end(desk: Desk) -> None:
    desk.import_states(autumn())
    changed = list(autumn())[2]  # in December, when the square of October is lost
    lost = (changed.date() - date(1970, 1, 1)).days
    december = f"/history/{TILESET}/20231201-open-1-1/{PLACES[0]}.mvt"
    with serving(desk, changed + 2 * DAY - timedelta(seconds=1)) as client:
        assert client.get(december).status_code == 404
        assert client.get(TILE).status_code == 404  # the quarter is not over
        reader = Reader(client, TILESET)
        assert [each["id"] for each in reader.periods] == ["20231001-20231031-1-1", "20231101-open-1-1"]
        assert reader.periods[-1]["end"] == lost + 1
        ends = {
            each["properties"]["to"] for each in reader.layers(reader.periods[-1]["id"], PLACES[0])["control"]
        }
        assert lost not in ends
    with serving(desk, changed + 2 * DAY) as client:
        reader = Reader(client, TILESET)
        assert reader.periods[-1]["id"] == "20231201-open-1-1"
        features = reader.layers(reader.periods[-1]["id"], PLACES[0])["control"]
        assert lost in {each["properties"]["to"] for each in features}
