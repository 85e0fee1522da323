"""Law: what the desk says of an event stands above its source until it is released, and imports say so."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tests.desk.keyed import KEYED, ONE, TWO, UNKEYED, event
from tests.desk.test_coarsened import MAPPING, row
from tileserver.desk.amend import Amended, find_event
from tileserver.desk.corrections import rollback
from tileserver.desk.events import EventDraft, PartChange, edit_event, end_event, part_changes, release_event
from tileserver.desk.held import accept
from tileserver.desk.job import Job, Outcome
from tileserver.errors import BadParameter
from tileserver.event_keys import event_id
from tileserver.ingest import ReadOptions
from tileserver.store.amendments import UNTOLD
from tileserver.store.catalogue import load_layers

if TYPE_CHECKING:
    from tests.desk.conftest import Desk

pytestmark = pytest.mark.db

WORDS = EventDraft(texts={"": "As the desk says."})
Act = Callable[..., Coroutine[Any, Any, Amended]]


def do(desk: Desk, act: Act, number: int, *said: Any, layer: str = "events") -> Amended:
    async def work(connection: asyncpg.Connection) -> Amended:
        return await act(Job(connection, await desk.layers(connection), layer), number, *said)

    return desk.run(work)


def texts(desk: Desk, revision: int | None = None) -> dict[int, str]:
    """The texts that are known, now or in *revision*, by id."""
    rows = desk.fetch(
        "SELECT id, properties ->> 'text' AS text FROM feature_version"
        " WHERE known @> coalesce($1, (SELECT max(id) FROM revision))::bigint",
        revision,
    )
    assert len({each["id"] for each in rows}) == len(rows)
    return {each["id"]: each["text"] for each in rows}


def counts(outcome: Outcome) -> dict[str, int]:
    return {name: n for name, n in outcome.report["counts"].items() if name.startswith("amended")}


def only(desk: Desk) -> int:
    (number,) = texts(desk)
    return number


@pytest.mark.parametrize("options", [KEYED, UNKEYED])
def test_an_amended_event_keeps_its_id_and_the_same_file_again_changes_nothing(
    desk: Desk, listed: Callable[..., Outcome], options: ReadOptions
) -> None:
    listed(event("A1", "Shelling."), options=options)
    number = only(desk)
    assert do(desk, edit_event, number, WORDS).outcome is not None
    assert (texts(desk), texts(desk, 1)) == ({number: "As the desk says."}, {number: "Shelling."})
    again = listed(event("A1", "Shelling."), options=options)
    assert (again.revision, counts(again)) == (None, {"amended": 1})
    assert texts(desk) == {number: "As the desk says."}


def test_a_source_that_says_something_else_now_is_told_and_all_else_is_imported(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "Shelling."))
    do(desk, edit_event, ONE, WORDS)
    done = listed(event("A1", "Shelling, two dead."), event("B2", "A landing."))
    assert counts(done) == {"amended_anew": 1}
    assert "Shelling, two dead." in done.report["examples"]["amended_anew"][0]
    assert texts(desk) == {ONE: "As the desk says.", TWO: "A landing."}


def test_an_event_that_was_amended_before_its_source_had_keys_is_known_again(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "Shelling."), options=UNKEYED)
    number = only(desk)
    do(desk, edit_event, number, WORDS)
    assert counts(listed(event("A1", "Shelling."), options=KEYED)) == {"amended": 1}
    assert texts(desk) == {number: "As the desk says."}


def test_a_complete_file_lists_an_amended_event_and_changes_nothing(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "Shelling."), event("B2", "A landing."))
    do(desk, edit_event, ONE, WORDS)
    done = listed(event("A1", "Shelling."), event("B2", "A landing."), complete=True)
    assert (done.revision, done.held) == (None, None)
    assert texts(desk)[ONE] == "As the desk says."


def test_a_complete_file_without_an_amended_event_waits_for_the_desk(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "Shelling."), event("B2", "A landing."))
    do(desk, edit_event, ONE, WORDS)
    done = listed(event("B2", "A landing."), complete=True)
    assert [each.rule for each in done.rulings] == ["amended"]
    assert str(ONE) in done.rulings[0].words
    assert texts(desk)[ONE] == "As the desk says."

    async def agree(connection: asyncpg.Connection) -> None:
        assert done.held is not None
        await accept(connection, await load_layers(connection), done.held, "it was a mistake")

    desk.run(agree)
    assert texts(desk) == {TWO: "A landing."}
    assert listed(event("A1", "Shelling."), event("B2", "A landing.")).added == 1  # its source has it again


def test_an_ended_event_does_not_come_back_with_its_source_but_when_it_is_released(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "Shelling."), event("B2", "A landing."))
    do(desk, end_event, ONE)
    assert (texts(desk), texts(desk, 1)[ONE]) == ({TWO: "A landing."}, "Shelling.")
    again = listed(event("A1", "Shelling."), event("B2", "A landing."))
    assert (again.revision, counts(again)) == (None, {"amended": 1})
    do(desk, release_event, ONE)
    assert texts(desk)[ONE] == "Shelling."


@pytest.mark.parametrize("options", [KEYED, UNKEYED])
def test_a_released_event_says_at_once_what_its_source_said(
    desk: Desk, listed: Callable[..., Outcome], options: ReadOptions
) -> None:
    listed(event("A1", "Shelling."), options=options)
    number = only(desk)
    do(desk, edit_event, number, WORDS)
    do(desk, edit_event, number, EventDraft(texts={"": "And again."}))
    do(desk, release_event, number)
    assert texts(desk) == {number: "Shelling."}
    assert listed(event("A1", "Shelling."), options=options).revision is None
    with pytest.raises(BadParameter, match="amended nothing"):
        do(desk, release_event, number)


def test_a_released_event_follows_its_source_again(desk: Desk, listed: Callable[..., Outcome]) -> None:
    listed(event("A1", "Shelling."))
    do(desk, edit_event, ONE, WORDS)
    do(desk, release_event, ONE)
    listed(event("A1", "Shelling, two dead."))
    assert texts(desk) == {ONE: "Shelling, two dead."}


def test_after_a_rollback_to_before_the_amendment_the_source_is_followed(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "Shelling."))
    do(desk, edit_event, ONE, WORDS)

    async def back(connection: asyncpg.Connection) -> None:
        for revision in (1, 2, 1):
            await rollback(connection, await desk.layers(connection), "events", revision, "")

    desk.run(back)
    listed(event("A1", "Shelling, two dead."))
    assert texts(desk) == {ONE: "Shelling, two dead."}


def test_place_day_kind_and_source_are_amended_together_and_told_part_by_part(
    desk: Desk, listed: Callable[..., Outcome]
) -> None:
    listed(event("A1", "Shelling."))
    draft = EventDraft(
        kind="ua", place=(37.6, 48.6), first=date(2023, 11, 3), sources=("https://example.org/1",)
    )
    done = do(desk, edit_event, ONE, draft)
    assert set(part_changes(done.changed[0], desk.theatre)) == {
        PartChange("side", "ru", "ua"),
        PartChange("date", "2023-11-02", "2023-11-03"),
        PartChange("url", "", "https://example.org/1"),
        PartChange("place", "37.50000,48.50000", "37.60000,48.60000"),
        PartChange("days", "2023-11-02/2023-11-02", "2023-11-03/2023-11-03"),
    }


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (EventDraft(kind="uk"), "'uk' is no side; there are ru, ua"),
        (EventDraft(fields={"txt": "x"}), "no field 'txt'.*text"),
        (EventDraft(sources=("javascript:alert(1)",)), "no address"),
        (EventDraft(sources=("https://example.org/1", "https://example.org/2")), "one address"),
        (EventDraft(place=(48.5, 37.5)), "longitude comes first"),
    ],
)
def test_what_the_layer_does_not_allow_is_refused(
    desk: Desk, listed: Callable[..., Outcome], draft: EventDraft, words: str
) -> None:
    listed(event("A1", "Shelling."))
    with pytest.raises(BadParameter, match=words):
        do(desk, edit_event, ONE, draft)
    assert texts(desk) == {ONE: "Shelling."}


def test_areas_have_no_events_to_amend(desk: Desk) -> None:
    with pytest.raises(BadParameter, match="importing its day again"):
        do(desk, end_event, 1, layer="control")


@pytest.fixture
def classes(desk: Desk, tmp_path: Path) -> Callable[..., Outcome]:
    """A function that imports rows into a layer with classes of exactness."""

    def run(*rows: Mapping[str, Any]) -> Outcome:
        path = tmp_path / "rows.json"
        path.write_text(json.dumps(rows))
        return desk.import_file("damage", path, ReadOptions(mapping=MAPPING), accept="")

    return run


def exactness(desk: Desk) -> list[str]:
    rows = desk.fetch("SELECT properties ->> 'exactness' AS said FROM feature_version ORDER BY lower(known)")
    return [each["said"] for each in rows]


def test_a_place_that_the_desk_tells_less_exactly_leaves_no_exact_one_in_any_revision(
    desk: Desk, classes: Callable[..., Outcome]
) -> None:
    classes(row("A1", "exact"))
    number = event_id("damage", "A1")
    do(desk, edit_event, number, EventDraft(fields={"exactness": "region"}), layer="damage")
    assert exactness(desk) == ["region"]
    (kept,) = desk.fetch("SELECT source FROM amendment")
    assert kept["source"] == UNTOLD  # no hash by which somebody who tries places finds the exact one
    assert counts(classes(row("A1", "exact"))) == {"amended": 1}
    assert exactness(desk) == ["region"]
    with pytest.raises(BadParameter, match="say the place"):
        do(desk, edit_event, number, EventDraft(fields={"exactness": "near"}), layer="damage")


def test_a_source_that_tells_a_place_less_exactly_goes_before_the_desk(
    desk: Desk, classes: Callable[..., Outcome]
) -> None:
    classes(row("A1", "exact"))
    do(desk, edit_event, event_id("damage", "A1"), WORDS, layer="damage")
    done = classes(row("A1", "region"))
    assert (done.coarsened, counts(done)) == (1, {})
    assert exactness(desk) == ["region"]


def test_all_that_is_known_of_an_event_is_found_by_its_id(desk: Desk, listed: Callable[..., Outcome]) -> None:
    listed(event("A1", "Shelling."))
    do(desk, edit_event, ONE, WORDS)

    async def past(connection: asyncpg.Connection) -> None:
        stored = (await desk.layers(connection))["events"]
        found = await find_event(connection, stored, ONE)
        assert [(each.known_from, each.known_to) for each in found.rows] == [(2, None), (1, 2)]
        assert (found.is_amended, found.wrote) == (True, False)
        with pytest.raises(BadParameter, match="in any revision"):
            await find_event(connection, stored, TWO)

    desk.run(past)
