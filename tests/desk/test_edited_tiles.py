"""Law: after an edit its tiles say the new words, earlier knowledge the old, and no other tile changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import mapbox_vector_tile
import pytest

from tests.desk.keyed import event
from tests.desk.test_amended import do
from tests.desk.test_notes import Notes
from tests.desk.test_public_corrections import commit_at, serving, told
from tileserver.desk.events import EventDraft, edit_event
from tileserver.desk.notes import NoteDraft, add_note, edit_note, end_note

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.desk.conftest import Desk
    from tileserver.desk.job import Outcome

pytestmark = pytest.mark.db

NOW = datetime(2023, 12, 1, 12, tzinfo=UTC)
EAST, WEST = (37.66, 49.75), (33.05, 46.72)
DAY = "2023-11-07"
# Of zoom 6, the ones that hold Kupiansk and Kherson.
EAST_TILE, WEST_TILE = "6/38/21", "6/37/22"


def words(desk: Desk, tile: str, query: str, name: str = "text_en") -> tuple[set[str], str]:
    """The texts in a tile, and its version, which is in the address of its immutable form."""
    with serving(desk, NOW) as client:
        answer = client.get(f"/tiles/ukraine.notes/{tile}.mvt?{query}")
    assert answer.status_code in (200, 204), answer.text
    layers: dict[str, Any] = mapbox_vector_tile.decode(answer.content) if answer.content else {}
    features = layers.get("notes", {}).get("features", [])
    return {each["properties"][name] for each in features}, answer.headers["Content-Location"]


@pytest.fixture
def notes(desk: Desk) -> Notes:
    """Two notes of the same days, published when old enough: the second corrects the days of the first."""
    notes = Notes(desk)
    for place, text, direction in ((EAST, "East.", "kupiansk"), (WEST, "West.", "kherson")):
        notes.do(
            add_note,
            NoteDraft({"en": text}, {"": direction}, place, date(2023, 11, 6), date(2023, 11, 8)),
        )
    commit_at(desk, {n: datetime(2023, 11, 12, 12, tzinfo=UTC) for n in (1, 2)})
    return notes


def number_of(notes: Notes, text: str) -> int:
    return next(each.number for each in notes.all() if each.texts["en"] == text)


def test_an_edit_changes_the_tiles_that_it_touches_and_no_other(notes: Notes) -> None:
    desk = notes.desk
    east, west = (words(desk, tile, f"datetime={DAY}") for tile in (EAST_TILE, WEST_TILE))
    assert (east[0], west[0]) == ({"East."}, {"West."})
    notes.do(edit_note, number_of(notes, "East."), NoteDraft(texts={"en": "East, corrected."}))
    again, other = (words(desk, tile, f"datetime={DAY}") for tile in (EAST_TILE, WEST_TILE))
    assert again[0] == {"East, corrected."}
    assert again[1] != east[1]
    assert other == west
    known = words(desk, EAST_TILE, f"datetime={DAY}&revision=2")
    assert known[0] == {"East."}


def test_a_note_that_is_shortened_is_on_its_earlier_days_alone_and_an_ended_one_on_none(notes: Notes) -> None:
    desk, number = notes.desk, number_of(notes, "East.")
    notes.do(end_note, number, date(2023, 11, 6))
    assert words(desk, EAST_TILE, "datetime=2023-11-06")[0] == {"East."}
    assert words(desk, EAST_TILE, f"datetime={DAY}")[0] == set()
    assert words(desk, EAST_TILE, f"datetime={DAY}&revision=2")[0] == {"East."}
    notes.do(end_note, number, None)
    assert words(desk, EAST_TILE, "datetime=2023-11-06")[0] == set()
    assert words(desk, EAST_TILE, "datetime=2023-11-06&revision=3")[0] == {"East."}


def test_a_note_that_is_not_old_enough_is_in_no_tile_and_its_edit_in_no_list(notes: Notes) -> None:
    desk = notes.desk
    notes.do(add_note, NoteDraft({"en": "Too young."}, {"": "lyman"}, first=date(2023, 11, 30)))
    notes.do(edit_note, number_of(notes, "Too young."), NoteDraft(texts={"en": "Still too young."}))
    assert words(desk, "0/0/0", "datetime=2023-11-01/..")[0] == {"East.", "West."}
    assert [each["revision"] for each in told(desk, NOW)] == [2]


def test_the_list_of_corrections_says_which_days_an_edit_changed(notes: Notes) -> None:
    desk = notes.desk
    notes.do(edit_note, number_of(notes, "East."), NoteDraft(texts={"en": "East, corrected."}))
    commit_at(desk, {3: datetime(2023, 11, 20, 12, tzinfo=UTC)})
    found, _ = told(desk, NOW)
    assert (found["revision"], found["from"], found["to"]) == (3, "2023-11-06", "2023-11-08")
    (layer,) = found["layers"]
    assert (layer["layer"], layer["edited"], layer["added"], layer["removed"]) == ("notes", 1, 0, 0)


def test_an_event_that_is_corrected_is_one_edit_of_its_days_and_keeps_its_id(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "Shelling."), event("B2", "A landing.", day="2023-11-05"))
    commit_at(desk, {1: datetime(2023, 11, 12, 12, tzinfo=UTC)})
    (number,) = desk.fetch("SELECT id FROM feature_version WHERE properties ->> 'text' = 'Shelling.'")[0]
    do(desk, edit_event, number, EventDraft(first=date(2023, 11, 3)))
    commit_at(desk, {2: datetime(2023, 11, 20, 12, tzinfo=UTC)})
    (found,) = told(desk, NOW)
    assert (found["revision"], found["from"], found["to"]) == (2, "2023-11-02", "2023-11-03")
    assert found["layers"][0]["edited"] == 1
    with serving(desk, NOW) as client:
        answer = client.get("/tiles/ukraine.events/0/0/0.mvt?datetime=2023-11-03")
    (feature,) = mapbox_vector_tile.decode(answer.content)["events"]["features"]
    assert (feature["id"], feature["properties"]["date"]) == (number, "2023-11-03")
