"""Notes: written, amended and ended by id in new revisions, and refused where the layer does not allow it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import date
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tileserver.desk.amend import Amended, find_event
from tileserver.desk.corrections import rollback, withdraw_features
from tileserver.desk.job import Job
from tileserver.desk.notes import (
    Note,
    NoteDraft,
    add_note,
    edit_note,
    end_note,
    list_notes,
    note_of,
    notes_layer,
)
from tileserver.errors import BadParameter

if TYPE_CHECKING:
    from tests.desk.conftest import Desk

pytestmark = pytest.mark.db

KUPIANSK = NoteDraft(
    texts={"en": "Attacks go on.", "uk": "Атаки тривають."},
    directions={"": "kupiansk"},
    first=date(2023, 11, 6),
    last=date(2023, 11, 8),
    arrows=("russia 37.98,49.90 37.70,49.76",),
)


class Notes:
    """The notes of a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def do(self, act: Callable[..., Coroutine[Any, Any, Amended]], *said: Any, **more: Any) -> Amended:
        async def work(connection: asyncpg.Connection) -> Amended:
            layers = await self.desk.layers(connection)
            return await act(Job(connection, layers, notes_layer(layers)), *said, **more)

        return self.desk.run(work)

    def add(self, draft: NoteDraft = KUPIANSK) -> int:
        done = self.do(add_note, draft)
        assert done.outcome is not None
        assert done.outcome.revision is not None
        return done.drafted[0].number

    def all(self, **chosen: Any) -> list[Note]:
        async def work(connection: asyncpg.Connection) -> list[Note]:
            return await list_notes(connection, (await self.desk.layers(connection))["notes"], **chosen)

        return self.desk.run(work)

    def past(self, number: int) -> list[Note]:
        async def work(connection: asyncpg.Connection) -> list[Note]:
            stored = (await self.desk.layers(connection))["notes"]
            return [note_of(row, stored) for row in (await find_event(connection, stored, number)).rows]

        return self.desk.run(work)


@pytest.fixture
def notes(desk: Desk) -> Notes:
    return Notes(desk)


def test_a_note_says_its_direction_in_all_languages_that_the_theatre_declares(notes: Notes) -> None:
    number = notes.add()
    (note,) = notes.all()
    assert note.number == number
    assert note.directions == {"": "Kupiansk", "uk": "Куп’янськ", "ru": "Купянск"}
    assert note.texts == {"en": "Attacks go on.", "uk": "Атаки тривають."}
    assert (round(note.lon, 5), round(note.lat, 5)) == (37.66, 49.75)
    assert note.arrows == "russia 49.9,37.98 49.76,37.7"
    assert (note.first, note.last) == (date(2023, 11, 6), date(2023, 11, 8))


def test_an_edit_keeps_the_id_and_what_it_does_not_say_and_the_past_knowledge(notes: Notes) -> None:
    number = notes.add()
    notes.do(edit_note, number, NoteDraft(texts={"en": "Attacks have ended."}))
    now, before = notes.past(number)
    assert (now.texts["en"], before.texts["en"]) == ("Attacks have ended.", "Attacks go on.")
    assert (now.texts["uk"], now.arrows, now.lon) == (before.texts["uk"], before.arrows, before.lon)
    assert before.known_to == now.known_from
    assert now.known_to is None
    assert [each.number for each in notes.all()] == [number]


def test_an_edit_that_says_what_is_said_makes_no_revision(notes: Notes) -> None:
    number = notes.add()
    assert notes.do(edit_note, number, KUPIANSK).outcome is None
    assert notes.do(add_note, KUPIANSK).outcome is None
    assert notes.do(add_note, KUPIANSK).drafted[0].number == number
    assert len(notes.past(number)) == 1


def test_an_empty_text_takes_one_language_away_and_the_last_one_cannot_go(notes: Notes) -> None:
    number = notes.add()
    notes.do(edit_note, number, NoteDraft(texts={"uk": ""}))
    assert notes.all()[0].texts == {"en": "Attacks go on."}
    with pytest.raises(BadParameter, match="language at least"):
        notes.do(edit_note, number, NoteDraft(texts={"en": " "}))


def test_days_move_with_the_fields_that_say_them(notes: Notes) -> None:
    number = notes.add()
    notes.do(edit_note, number, NoteDraft(last=date(2023, 11, 12)))
    (row,) = notes.desk.fetch("SELECT properties FROM feature_version WHERE upper_inf(known)")
    assert (row["properties"]["from"], row["properties"]["to"]) == ("2023-11-06", "2023-11-12")
    assert notes.all()[0].last == date(2023, 11, 12)
    notes.do(edit_note, number, NoteDraft(first=date(2023, 12, 1)))
    assert (notes.all()[0].first, notes.all()[0].last) == (date(2023, 12, 1), date(2023, 12, 1))


def test_notes_are_found_by_day_and_by_direction_in_any_language(notes: Notes) -> None:
    number = notes.add()
    on = date(2023, 11, 8)
    for direction in ("", "kupiansk", "Куп’янськ", "KUPIANSK"):
        assert [each.number for each in notes.all(first=on, last=on, direction=direction)] == [number]
    assert not notes.all(first=date(2023, 11, 9))
    assert not notes.all(direction="lyman")


def test_a_note_ends_on_a_day_or_altogether_and_its_past_stays(notes: Notes) -> None:
    number = notes.add()
    with pytest.raises(BadParameter, match="to make it longer edit it"):
        notes.do(end_note, number, date(2023, 11, 9))
    notes.do(end_note, number, date(2023, 11, 7))
    assert notes.all()[0].last == date(2023, 11, 7)
    notes.do(end_note, number, None)
    assert not notes.all()
    assert len(notes.past(number)) == 2
    with pytest.raises(BadParameter, match="has ended"):
        notes.do(edit_note, number, NoteDraft(texts={"en": "Again."}))


def test_a_rollback_brings_the_earlier_words_of_a_note_back(notes: Notes) -> None:
    number = notes.add()
    notes.do(edit_note, number, NoteDraft(texts={"en": "Wrong."}))

    async def work(connection: asyncpg.Connection) -> None:
        await rollback(connection, await notes.desk.layers(connection), "notes", 1, "it was wrong")

    notes.desk.run(work)
    assert notes.all()[0].texts["en"] == "Attacks go on."


def test_a_withdrawn_note_is_in_no_revision_and_cannot_be_edited(notes: Notes) -> None:
    number = notes.add()

    async def work(connection: asyncpg.Connection) -> None:
        layers = await notes.desk.layers(connection)
        await withdraw_features(connection, layers, "notes", [number], "named somebody", lambda _: True)

    notes.desk.run(work)
    assert not notes.desk.fetch("SELECT FROM feature_version UNION ALL SELECT FROM amendment")
    with pytest.raises(BadParameter, match="is none"):
        notes.do(edit_note, number, NoteDraft(texts={"en": "Back."}))


def test_what_was_changed_meanwhile_is_not_overwritten(notes: Notes) -> None:
    number = notes.add()
    base = notes.all()[0].known_from
    notes.do(edit_note, number, NoteDraft(texts={"en": "One."}, base=base))
    with pytest.raises(BadParameter, match="changed meanwhile, in revision 2"):
        notes.do(edit_note, number, NoteDraft(texts={"en": "Other."}, base=base))


def test_a_dry_run_says_what_would_be_and_writes_nothing(notes: Notes) -> None:
    done = notes.do(add_note, KUPIANSK, dry_run=True)
    assert done.outcome is None
    assert done.changed[0].feature.properties["text_en"] == "Attacks go on."
    assert not notes.desk.fetch("SELECT FROM revision")


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (NoteDraft(texts={"de": "Angriffe"}), "no field 'text_de'; it has text_en, text_ru, text_uk"),
        (NoteDraft(texts={"en": "<b>Attacks</b>"}), "markup"),
        (NoteDraft(texts={"en": "x" * 4001}), "longer than is kept"),
        (NoteDraft(place=(49.75, 37.66)), "37.66,49.75 inside: longitude comes first"),
        (NoteDraft(place=(2.35, 48.86)), "lies outside"),
        (NoteDraft(arrows=("russia 49.9,37.98 49.76,37.7",)), "longitude comes first"),
        (NoteDraft(arrows=("rusia 37.98,49.9 37.7,49.76",)), "no side of ukraine.* russia"),
        (NoteDraft(arrows=("russia 37.98,49.9",)), "2 to 8 places"),
        (NoteDraft(arrows=('{"type": "Point", "coordinates": [37.98, 49.9]}',)), "LineString"),
        (NoteDraft(arrows=("{",)), "no JSON"),
        (NoteDraft(last=date(2023, 11, 5)), "before its first"),
        (NoteDraft(sources=("javascript:alert(1)",)), "no address of http"),
        (NoteDraft(directions={"en": ""}), "its direction"),
    ],
)
def test_what_the_layer_does_not_allow_is_refused_in_words(
    notes: Notes, draft: NoteDraft, words: str
) -> None:
    number = notes.add()
    with pytest.raises(BadParameter, match=words):
        notes.do(edit_note, number, draft)
    assert len(notes.past(number)) == 1


def test_arrows_and_sectors_come_as_geojson_too(notes: Notes) -> None:
    line = '{"type": "LineString", "coordinates": [[37.98, 49.9], [37.7, 49.76]]}'
    number = notes.add()
    notes.do(
        edit_note,
        number,
        NoteDraft(
            arrows=(f'{{"type": "Feature", "properties": {{"side": "ukraine"}}, "geometry": {line}}}',)
        ),
    )
    assert notes.all()[0].arrows == "ukraine 49.9,37.98 49.76,37.7"
    notes.do(edit_note, number, NoteDraft(arrows=()))
    assert notes.all()[0].arrows == ""
