"""Law: a correction leaves every earlier revision as it was, a withdrawal leaves none with what it took."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, settings_for
from tests.desk.conftest import square
from tileserver.desk.corrections import (
    Rollback,
    Withdrawal,
    rollback,
    withdraw_features,
    withdraw_period,
)
from tileserver.errors import BadParameter
from tileserver.grid import address_at
from tileserver.ingest import ReadOptions
from tileserver.web.app import create_app

if TYPE_CHECKING:
    import asyncpg

    from tests.desk.conftest import Cell, Cells, Desk

pytestmark = pytest.mark.db

NOON = datetime(2023, 11, 1, 12, tzinfo=UTC)
DAYS = [NOON + timedelta(days=day) for day in range(40)]
ONE: Cells = {(0, 0): "occupied"}
TWO: Cells = {(0, 0): "occupied", (1, 0): "occupied"}
MISTAKE: Cells = {(0, 0): "liberated", (2, 2): "occupied"}
PLACES = [(36.05, 48.05), (36.199, 48.099)]  # in the first square; and beside the second one, at its corner
OF_AREAS = ReadOptions(reader="geojson", date_column="date", category_column="status")
ADDRESSES = [address_at(*place, zoom) for place in PLACES for zoom in range(15)]


@contextmanager
def serving(desk: Desk) -> Iterator[TestClient]:
    """A client of an application that knows what the database holds now."""
    with TestClient(create_app(settings_for(desk.dsn), lambda: NOW), raise_server_exceptions=False) as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client


def tiles(client: TestClient, revision: int, days: list[datetime]) -> dict[str, tuple[int, bytes]]:
    """Every tile of a few places at all zooms, as known in *revision*, by what was asked."""
    found = {}
    for at in days:
        for address in ADDRESSES:
            when = f"datetime={at.isoformat().replace('+00:00', 'Z')}"
            answer = client.get(f"/tiles/ukraine/{address}.mvt?{when}&revision={revision}")
            assert answer.status_code in {200, 204}
            found[f"{address} {when}"] = (answer.status_code, answer.content)
    return found


def roll_back(desk: Desk, then: int, name: str | None = "control") -> Rollback:
    async def work(connection: asyncpg.Connection) -> Rollback:
        return await rollback(connection, await desk.layers(connection), name, then, "as it was")

    return desk.run(work)


def take_period(
    desk: Desk,
    name: str,
    start: datetime,
    end: datetime | None,
    *,
    agreed: bool = True,
    why: str = "a mistake",
) -> Withdrawal | None:
    async def work(connection: asyncpg.Connection) -> Withdrawal | None:
        layers = await desk.layers(connection)
        return await withdraw_period(connection, layers, name, start, end, why, lambda _: agreed)

    return desk.run(work)


def take_features(desk: Desk, name: str, *ids: int) -> Withdrawal | None:
    async def work(connection: asyncpg.Connection) -> Withdrawal | None:
        layers = await desk.layers(connection)
        return await withdraw_features(connection, layers, name, ids, "a mistake", lambda _: True)

    return desk.run(work)


def history(days: list[datetime]) -> dict[datetime, Cells]:
    return {
        at: ({**ONE, (0, 1): "occupied"}, TWO, {(0, 0): "liberated"})[n // 4 % 3] for n, at in enumerate(days)
    }


def test_after_a_correction_of_30_days_old_tiles_are_what_they_were_and_a_rollback_serves_them_again(
    desk: Desk,
) -> None:
    served = DAYS[::6]
    desk.import_states(history(DAYS))
    with serving(desk) as client:
        before = tiles(client, 1, served)
    corrected = {at: {**cells, (1, 1): "unknown"} for at, cells in history(DAYS[5:35]).items()}
    assert desk.import_states(corrected).snapshots == 30
    with serving(desk) as client:
        assert tiles(client, 1, served) == before
        assert tiles(client, 2, served) != before
    held = desk.faces(1)
    assert roll_back(desk, 1).revision == 3
    with serving(desk) as client:
        assert tiles(client, 1, served) == before
        assert tiles(client, 3, served) == before
    assert desk.faces(3) == held == desk.faces(1)
    assert desk.import_states(history(DAYS)).revision is None  # the snapshots came back with it


def test_a_rollback_to_what_holds_changes_nothing_and_of_a_theatre_takes_all_its_layers(
    desk: Desk, tmp_path: Path
) -> None:
    desk.import_states({DAYS[0]: ONE})
    desk.import_file("events", events(tmp_path, "A bridge"))
    before = desk.dump()
    assert roll_back(desk, 1) == roll_back(desk, 2) == roll_back(desk, 2, None) == Rollback(None, 0)
    assert desk.dump() == before
    desk.import_states({DAYS[0]: TWO})
    assert roll_back(desk, 1, None).revision == 4
    assert desk.rows(4) == desk.rows(1)
    assert texts(desk, 4) == set()
    assert texts(desk, 3) == {"A bridge"}
    (row,) = desk.fetch("SELECT summary FROM revision WHERE id = 4")
    assert row["summary"] == "ukraine as known in revision 1: as it was"


def test_a_revision_that_never_was_and_a_layer_that_follows_another_are_refused(desk: Desk) -> None:
    desk.import_states({DAYS[0]: ONE})
    before = desk.dump()
    with pytest.raises(BadParameter, match="revision 7 does not exist; the newest is 1"):
        roll_back(desk, 7)
    with pytest.raises(BadParameter, match=r"frontline derives from ukraine\.control: roll back that one"):
        roll_back(desk, 1, "frontline")
    with pytest.raises(BadParameter, match=r"frontline derives from ukraine\.control: withdraw that one"):
        take_period(desk, "frontline", DAYS[0], None)
    with pytest.raises(BadParameter, match="withdraw a period of it"):
        take_features(desk, "control", 1)
    assert desk.dump() == before


def test_a_late_snapshot_of_the_past_is_in_the_new_revision_alone(desk: Desk) -> None:
    desk.import_states({DAYS[0]: ONE, DAYS[4]: TWO})
    with serving(desk) as client:
        before = tiles(client, 1, DAYS[:5])
    assert desk.import_states({DAYS[2]: MISTAKE}).revision == 2
    with serving(desk) as client:
        assert tiles(client, 1, DAYS[:5]) == before
        late = tiles(client, 2, DAYS[:5])
    days = [at for at in DAYS[:5] if tiles_of(late, at) != tiles_of(before, at)]
    assert days == [DAYS[2], DAYS[3]]


def tiles_of(found: Mapping[str, tuple[int, bytes]], at: datetime) -> dict[str, tuple[int, bytes]]:
    return {asked: tile for asked, tile in found.items() if f"{at:%Y-%m-%dT%H}" in asked}


def test_a_withdrawn_snapshot_is_in_no_revision_as_if_it_had_never_come(
    desk: Desk, open_desk: Callable[[], Desk]
) -> None:
    innocent = open_desk()
    for batch in ({DAYS[0]: ONE, DAYS[4]: TWO}, {DAYS[6]: ONE}):
        innocent.import_states(batch)
    for batch in ({DAYS[0]: ONE, DAYS[2]: MISTAKE, DAYS[4]: TWO}, {DAYS[6]: ONE}):
        desk.import_states(batch)
    done = take_period(desk, "control", DAYS[2], DAYS[4])
    assert done is not None
    assert (done.revision, done.taken.snapshots, done.goes_on) == (3, [DAYS[2]], False)
    for revision in (1, 2):
        assert desk.faces(revision) == innocent.faces(revision)
        assert sorted(desk.rows(revision)) == sorted(innocent.rows(revision))
    assert desk.faces(3) == innocent.faces(2)
    with serving(desk) as client, serving(innocent) as other:
        for revision in (1, 2):
            assert tiles(client, revision, DAYS[:8]) == tiles(other, revision, DAYS[:8])
    (row,) = desk.fetch("SELECT w.* FROM withdrawal w JOIN layer l ON l.id = w.layer WHERE name = 'control'")
    assert (row["revision"], row["reason"]) == (3, "a mistake")
    assert row["what"] == {
        "from": "2023-11-03T12:00:00Z",
        "to": "2023-11-05T12:00:00Z",
        "snapshots": ["2023-11-03T12:00:00Z"],
    }


def test_old_immutable_urls_of_what_was_withdrawn_are_not_found_and_others_stay_true(desk: Desk) -> None:
    desk.import_states({DAYS[0]: ONE, DAYS[2]: MISTAKE, DAYS[4]: TWO})
    asked = {
        f"/tiles/{name}/{ADDRESSES[8]}.mvt?datetime={at:%Y-%m-%d}": at
        for name in ("ukraine", "ukraine.control", "ukraine.frontline")
        for at in DAYS[:6]
    }
    with serving(desk) as client:
        pinned = {client.get(url).headers["content-location"]: at for url, at in asked.items()}
        before = {url: client.get(url) for url in pinned}
        assert {answer.status_code for answer in before.values()} == {200}
        assert take_period(desk, "control", DAYS[2], DAYS[4]) is not None
        until(lambda: client.get("/tilesets/ukraine").json().get("time", {}).get("revision") == 2)
        for url, at in pinned.items():
            answer = client.get(url)
            if answer.status_code != 404:  # a name may stay where what it names does
                assert at not in DAYS[2:4]
                assert answer.content == before[url].content
        assert b"liberated" not in b"".join(client.get(f"{url}&revision=1").content for url in asked)
        for revision in (1, 2):
            timeline = client.get(f"/tilesets/ukraine/timeline?revision={revision}").json()
            assert set(timeline["begins"].values()) == {"2023-11-01T12:00:00Z"}
            assert {each["at"] for each in timeline["changes"]} == {"2023-11-05T12:00:00Z"}


def until(holds: Callable[[], bool]) -> None:
    """Wait for the server to have heard of a revision."""
    deadline = datetime.now(UTC) + timedelta(seconds=30)
    while not holds():
        assert datetime.now(UTC) < deadline


def test_all_since_an_instant_can_be_withdrawn_and_a_short_period_says_that_it_goes_on(desk: Desk) -> None:
    desk.import_states({DAYS[0]: ONE, DAYS[2]: MISTAKE})
    before = desk.dump()
    assert take_period(desk, "control", DAYS[2], DAYS[3], agreed=False) is None
    assert take_period(desk, "control", DAYS[3], None) is None
    assert desk.dump() == before
    short = take_period(desk, "control", DAYS[2], DAYS[3])
    assert short is not None
    assert short.goes_on
    assert sorted(desk.rows(1)) == [
        ((0, 0), "liberated", DAYS[3], None),
        ((0, 0), "occupied", DAYS[0], DAYS[3]),
        ((2, 2), "occupied", DAYS[3], None),
    ]
    assert take_period(desk, "control", DAYS[3], None) is not None
    assert desk.rows(1) == desk.rows(3) == [((0, 0), "occupied", DAYS[0], None)]


def events(folder: Path, *said: str, day: str = "20231109") -> Path:
    """Write a file of events by their texts."""
    path = folder / "events.csv.gz"
    lines = [
        "date_key,side,lon,lat,d",
        *(f"{day},ru,37.6,49.{n},{text} https://x.org/{n}" for n, text in enumerate(said)),
    ]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def texts(desk: Desk, revision: int) -> set[str]:
    rows = desk.fetch(
        "SELECT properties ->> 'text' AS said FROM feature_version f JOIN layer l ON l.id = f.layer"
        " WHERE l.name = 'events' AND known @> $1::bigint",
        revision,
    )
    return {row["said"] for row in rows}


def import_complete(desk: Desk, layer: str, path: Path, options: ReadOptions | None = None) -> Any:
    return desk.import_file(layer, path, options, complete=True)


def test_a_complete_file_edits_adds_and_ends_events_in_a_new_revision(desk: Desk, tmp_path: Path) -> None:
    desk.import_file("events", events(tmp_path, "A bridge", "A road", "A dam"))
    outcome = import_complete(desk, "events", events(tmp_path, "A bridge", "A railway"))
    assert (outcome.revision, outcome.added, outcome.ended) == (2, 1, 2)
    assert texts(desk, 1) == {"A bridge", "A road", "A dam"}
    assert texts(desk, 2) == {"A bridge", "A railway"}
    before = desk.dump()
    assert import_complete(desk, "events", events(tmp_path, "A bridge", "A railway")).revision is None
    assert desk.dump() == before
    assert (
        desk.import_file("events", events(tmp_path, "A bridge")).revision is None
    )  # not complete: ends none
    assert import_complete(desk, "events", events(tmp_path, "A bridge")).ended == 1  # only ends


def areas(folder: Path, *cells: Cell) -> Path:
    """Write a file of areas that are occupied from one day on."""
    path = folder / "areas.geojson"
    properties = {"status": "occupied", "date": "2023-11-01"}
    features = [{"type": "Feature", "properties": properties, "geometry": square(cell)} for cell in cells]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_a_complete_file_of_areas_redraws_what_it_ends(
    desk: Desk, open_desk: Callable[[], Desk], tmp_path: Path
) -> None:
    desk.import_file("control", areas(tmp_path, (0, 0), (1, 0)), OF_AREAS)
    outcome = import_complete(desk, "control", areas(tmp_path, (0, 0)), OF_AREAS)
    assert (outcome.revision, outcome.ended) == (2, 1)
    innocent = open_desk()
    innocent.import_file("control", areas(tmp_path, (0, 0)), OF_AREAS)
    assert desk.faces(2) == innocent.faces(1) != desk.faces(1)


def test_a_complete_file_of_nothing_is_held_and_one_of_snapshots_refused(desk: Desk, tmp_path: Path) -> None:
    desk.import_file("events", events(tmp_path, "A bridge"))
    desk.import_states({DAYS[0]: ONE})
    before = desk.dump()
    empty = desk.import_file("events", events(tmp_path), complete=True, accept="")
    assert [each.words for each in empty.rulings] == [
        "the file holds no feature; as the complete file it would end all there are"
    ]
    (tmp_path / "1698840000.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    for file, options in ((tmp_path, ReadOptions()), (areas(tmp_path, (0, 0)), OF_AREAS)):
        with pytest.raises(BadParameter, match=r"ukraine\.control holds snapshots"):
            import_complete(desk, "control", file, options)
    assert desk.dump() == before


def test_a_withdrawn_event_is_in_no_revision_and_at_no_address(desk: Desk, tmp_path: Path) -> None:
    desk.import_file("events", events(tmp_path, "A bridge", "A house"))
    import_complete(desk, "events", events(tmp_path, "A bridge"))
    (row,) = desk.fetch("SELECT id FROM feature_version WHERE properties ->> 'text' = 'A house'")
    url = f"/tiles/ukraine.events/{address_at(37.6, 49.05, 9)}.mvt?datetime=2023-11-09"
    with serving(desk) as client:
        first = client.get(f"{url}&revision=1")
        assert b"A house" in first.content
        with pytest.raises(BadParameter, match="has no feature 5 in any revision"):
            take_features(desk, "events", row["id"], 5)
        assert take_features(desk, "events", row["id"]) is not None
        until(lambda: client.get("/tilesets/ukraine.events").json().get("time", {}).get("revision") == 3)
        assert client.get(first.headers["content-location"]).status_code == 404
        for revision in (1, 2, 3):
            answer = client.get(f"{url}&revision={revision}")
            assert b"A house" not in answer.content
            assert b"A bridge" in answer.content
    assert [texts(desk, revision) for revision in (1, 2, 3)] == [{"A bridge"}] * 3


def test_a_blank_reason_withdraws_nothing(desk: Desk) -> None:
    desk.import_states({DAYS[0]: ONE})
    before = desk.dump()
    with pytest.raises(BadParameter, match="say why it is withdrawn"):
        take_period(desk, "control", DAYS[0], None, why="  ")
    assert desk.dump() == before


def test_a_withdrawn_period_takes_the_events_that_have_a_part_in_it(desk: Desk, tmp_path: Path) -> None:
    desk.import_file("events", events(tmp_path, "A bridge"))
    desk.import_file("events", events(tmp_path, "A road", day="20231110"))
    midnight = datetime(2023, 11, 9, 22, tzinfo=UTC)  # in Kyiv
    done = take_period(desk, "events", midnight, None)
    assert done is not None
    assert (done.taken.features, done.taken.snapshots, done.goes_on) == (1, [], False)
    assert texts(desk, 2) == texts(desk, 3) == {"A bridge"}
