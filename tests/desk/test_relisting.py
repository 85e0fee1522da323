"""Law: an event that has a key keeps its id over edits; an edit is a version, a re-listing is nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.desk.keyed import UNKEYED, event
from tileserver.desk.job import Outcome
from tileserver.desk.prepared import Prepared, pack, unpack
from tileserver.event_keys import event_id
from tileserver.ingest import ReadOptions
from tileserver.model import Feature

if TYPE_CHECKING:
    from tests.desk.conftest import Desk

pytestmark = pytest.mark.db


def known(desk: Desk, revision: int) -> list[tuple[int, str]]:
    rows = desk.fetch(
        "SELECT id, properties ->> 'text' AS text FROM feature_version WHERE known @> $1::bigint ORDER BY 2",
        revision,
    )
    return [(row["id"], row["text"]) for row in rows]


def test_an_edit_is_a_new_version_under_the_same_id_and_the_old_one_stays_answerable(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    one, two = event_id("events", "A1"), event_id("events", "7")
    assert listed(event("A1", "fire"), event(7, "smoke")).revision == 1
    edited = listed(event("A1", "fire at a depot", lon=37.6), event(7, "smoke"))
    assert (edited.revision, edited.added, edited.ended) == (2, 1, 1)
    assert known(desk, 1) == [(one, "fire"), (two, "smoke")]
    assert known(desk, 2) == [(one, "fire at a depot"), (two, "smoke")]


def test_a_moved_day_is_an_edit_too_so_an_event_is_never_twice_on_the_map(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "fire"))
    moved = listed(event("A1", "fire", day="2023-11-03"))
    assert (moved.added, moved.ended) == (1, 1)
    assert known(desk, 2) == [(event_id("events", "A1"), "fire")]


def test_a_revision_says_edits_apart_from_events_that_ended(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(*(event(name, "fire") for name in "ABCD"), complete=True)
    edited = [
        event("A", "fire at a depot"),
        event("B", "fire", lon=37.6),
        event("C", "fire"),
        event("E", "new"),
    ]
    found = listed(*edited, complete=True)
    assert (found.added, found.ended, found.edited) == (3, 3, 2)
    (row,) = desk.fetch("SELECT summary FROM revision WHERE id = 2")
    words = "3 features of ukraine.events from events.geojson, 2 of them edits of events that were known"
    assert row["summary"] == f"{words}, and 1 that it does not hold ended"


@pytest.mark.parametrize("complete", [False, True])
def test_a_listing_of_the_same_again_is_nothing(listed: Callable[..., Outcome], complete: bool) -> None:
    events = event("A1", "fire"), event("B2", "fire"), event(None, "fire")
    assert listed(*events).added == 3  # of which the same is said, and which are three events
    assert listed(*reversed(events), complete=complete).revision is None


def test_what_was_imported_before_its_source_had_keys_gets_one_and_is_not_doubled(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    assert listed(event("A1", "fire"), event("B2", "smoke"), options=UNKEYED).added == 2
    assert event_id("events", "A1") not in dict(known(desk, 1))
    assert (found := listed(event("A1", "fire"), event("B2", "smoke"))).revision == 2
    assert (found.added, found.ended) == (2, 2)
    assert known(desk, 2) == [(event_id("events", "A1"), "fire"), (event_id("events", "B2"), "smoke")]
    assert listed(event("A1", "fire"), event("B2", "smoke"), options=UNKEYED).revision is None


def test_footage_that_was_read_without_keys_gets_them_and_then_keeps_its_id_over_an_edited_text(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "footage.csv"

    def take(text: str, **options: str) -> Outcome:
        rows = (f"20231102,ru,37.5,48.5,{text} https://x.com/a/status/{n}" for n in (1, 2))
        path.write_text("\n".join(["date_key,side,lon,lat,d", *rows]))
        return desk.import_file("events", path, ReadOptions(**options), complete=False, accept="")  # type: ignore[arg-type]

    assert take("Tank hit", reader="uacontrolmap").added == 2
    assert (adopted := take("Tank hit")).revision == 2
    assert (adopted.added, adopted.ended) == (2, 2)
    ids = {id_ for id_, _ in known(desk, 2)}
    assert ids == {event_id("events", f"20231102 | 37.5 | 48.5 | {n}") for n in (1, 2)}
    assert take("Tank hit").revision is None
    assert take("Tank hit", reader="uacontrolmap").revision is None
    assert take("Tank hit by a drone").revision == 3
    assert sorted(known(desk, 3)) == [(each, "Tank hit by a drone") for each in sorted(ids)]


def test_a_row_without_its_key_does_not_bring_back_what_the_event_said_before(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "fire"))
    listed(event("A1", "smoke"), event(None, "fire"))
    assert [text for _, text in known(desk, 2)] == ["fire", "smoke"]
    assert len(dict(known(desk, 2))) == 2


def test_of_two_events_with_one_key_in_a_file_the_later_counts_and_the_other_is_counted(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    report = listed(event("A1", "first"), event("B2", "other"), event("A1", "second")).report
    assert [text for _, text in known(desk, 1)] == ["other", "second"]
    assert (report["read"], report["imported"], report["left_out"]) == (3, 2, 1)
    assert report["counts"]["replaced"] == 1
    assert report["examples"]["replaced"] == ["events.geojson#1"]


def test_a_complete_file_ends_what_it_leaves_out_and_versions_what_it_edits(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "fire"), event("B2", "smoke"), event("C3", "shots"))
    found = listed(event("A1", "fire"), event("B2", "much smoke"), complete=True)
    assert (found.added, found.ended) == (1, 2)
    assert known(desk, 2) == [(event_id("events", "A1"), "fire"), (event_id("events", "B2"), "much smoke")]


def test_features_of_a_state_have_no_keys(desk: Desk, tmp_path: Path) -> None:
    area = {"type": "Polygon", "coordinates": [[[36, 48], [36.1, 48], [36.1, 48.1], [36, 48]]]}
    said = {"status": "occupied", "from": "2023-11-02"}
    path = tmp_path / "areas.geojson"
    path.write_text(json.dumps({"type": "Feature", "id": 1, "properties": said, "geometry": area}))
    desk.import_file("control", path, ReadOptions(reader="geojson", key_columns=("id",)))
    (row,) = desk.fetch("SELECT id, content FROM feature_version")
    assert row["id"] == Feature(row["content"], {}, b"").id


def test_keys_are_kept_with_an_import_that_is_held_and_change_nothing_for_those_without() -> None:
    def held(**own: Any) -> Prepared:
        features = {b"x" * 16: Feature(b"x" * 16, {"side": "ru"}, b"wkb", **own)}
        return Prepared("a file", {"read": 1}, (), features)

    assert unpack(pack(held(keyed_id=7))[1]) == held(keyed_id=7)
    assert unpack(pack(held())[1]) == held()
    assert pack(held(keyed_id=7))[0] != pack(held())[0]
    # As it was before events had keys: what the desk accepted then is not asked about again.
    assert pack(held())[0].hex() == "1e277839de3408863718f6f50c6e3650"
