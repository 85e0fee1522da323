"""Law: the sentence of the day says the net of each side in every language, and nothing that is not known."""

from __future__ import annotations

import json
from datetime import date, timedelta
from string import Formatter
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.conftest import ROOT
from tests.shapes import layer, theatre
from tileserver.declared import Category, Direction
from tileserver.languages import LANGUAGES
from tileserver.publish.gains import Gains
from tileserver.publish.gains_document import balance, gains_document
from tileserver.publish.gains_text import _words, gains_text
from tileserver.publish.turns import Way
from tileserver.shape.holders import NOBODY, NOWHERE

FIRST = date(2023, 11, 1)
INVADER, DEFENDER = "invader", "defender"


def _tileset() -> Any:
    areas = layer(
        "control",
        category="status",
        fields={"status": "who"},
        categories=tuple(
            Category(code, {"en": code}, "#aa2211", "#aa2211", side=side)
            for code, side in (("taken", INVADER), ("freed", DEFENDER))
        ),
    )
    declared = theatre(
        areas,
        sides={
            INVADER: {"en": "Invader", "de": "Angreifer"},
            DEFENDER: {"en": "Defender", "de": "Verteidiger"},
        },
        directions=(Direction("east", {"en": "East", "de": "Osten"}, (36.0, 48.0)),),
    )
    served = SimpleNamespace(stored=SimpleNamespace(layer=areas))
    return SimpleNamespace(theatre=declared, layers=(served,), missing=(), name="toy")


TILESET = _tileset()


def gains(*days: dict[Way, int]) -> Gains:
    return Gains(tuple(FIRST + timedelta(n) for n in range(len(days))), days)


def moved(before: Any, after: Any, milli: int, kind: Any = "movement") -> dict[Way, int]:
    return {Way(kind, "east" if kind in ("movement", "marked") else None, before, after): milli}


WEEK = gains({}, moved(DEFENDER, INVADER, 23_400), moved(NOBODY, DEFENDER, 2_040), {}, {}, {}, {}, {})


def test_the_net_of_each_side_is_said_with_its_sign_and_rounded_as_readers_want_it() -> None:
    text = gains_text(TILESET, WEEK, FIRST + timedelta(7), "en")
    assert text.lead == "In 7 days: Invader +23\u00a0km², Defender −21\u00a0km²."
    assert text.windows[1] == "On this day: nothing changed hands."
    assert 30 not in text.windows  # it began before anything is known
    assert text.directions == "By direction: East: Invader +23\u00a0km²."


def test_a_language_has_its_own_signs_and_an_unknown_one_is_english() -> None:
    day = FIRST + timedelta(2)
    assert (
        gains_text(TILESET, WEEK, day, "de").lead
        == "An diesem Tag: Angreifer unverändert, Verteidiger +2,0\u00a0km²."
    )
    assert gains_text(TILESET, WEEK, day, "xx") == gains_text(TILESET, WEEK, day, "en")


def test_what_was_only_drawn_anew_is_nobodys_gain_or_loss() -> None:
    day = FIRST + timedelta(1)
    for kind, before, after in (("outline", NOWHERE, INVADER), ("sliver", DEFENDER, INVADER)):
        text = gains_text(TILESET, gains({}, moved(before, after, 50_000, kind)), day, "en")
        assert text.lead == "On this day: nothing changed hands."
    text = gains_text(TILESET, gains({}, moved(DEFENDER, NOBODY, 50_000, "marked")), day, "en")
    assert text.lead == (
        "On this day: Invader no net change, Defender no net change, marked as contested +50\u00a0km² net."
    )


@pytest.mark.parametrize("day", [FIRST, FIRST - timedelta(1), FIRST + timedelta(8)])
def test_of_the_first_day_and_of_days_that_are_not_known_nothing_is_said(day: date) -> None:
    assert gains_text(TILESET, WEEK, day, "en").lead == ""


def test_days_add_up_and_what_goes_to_and_fro_counts_in_both() -> None:
    there_and_back = gains({}, moved(DEFENDER, INVADER, 5_001), moved(INVADER, DEFENDER, 5_000))
    passed = there_and_back.between(FIRST, FIRST + timedelta(2))
    assert balance(passed, INVADER) == (5_001, 5_000)
    assert balance(passed, DEFENDER) == (5_000, 5_001)


def test_every_language_has_every_word_with_the_same_places() -> None:
    def places(language: str) -> dict[str, set[str | None]]:
        return {
            word: {each[1] for each in Formatter().parse(text)} - {None}
            for word, text in _words(language).items()
        }

    assert all(places(language) == places("en") for language in LANGUAGES)


SHARED = ROOT / "tileserver" / "web" / "frontend" / "test" / "gains.json"
MONTHS = gains(
    {},
    *(
        moved(DEFENDER, INVADER, 1_234 * n % 7_919)
        | moved(NOBODY, DEFENDER, 977 * n % 1_501)
        | (moved(DEFENDER, NOBODY, 250 * n, "marked") if n % 3 else moved(NOBODY, DEFENDER, 90 * n, "marked"))
        | moved(DEFENDER, INVADER, 61, "sliver")
        for n in range(1, 20)
    ),
    *({} for _ in range(9)),
    moved(INVADER, DEFENDER, 12_345_500),
    *({} for _ in range(12)),
    moved(INVADER, DEFENDER, 12_500),
)


def test_the_page_says_the_same_sentences_of_the_same_document() -> None:
    """The page's own test reads the file; delete it and run this one to write it anew."""
    days = [FIRST + timedelta(n) for n in range(0, len(MONTHS.days), 3)] + [MONTHS.days[-1]]
    said = [
        {"day": day.isoformat(), "language": language, "lead": text.lead, "where": text.directions}
        for day in days
        for language in LANGUAGES
        for text in (gains_text(TILESET, MONTHS, day, language),)
    ]
    document = gains_document(TILESET, 1, MONTHS)
    shared = json.loads(json.dumps({"document": document, "said": said}))
    if not SHARED.exists():
        SHARED.write_text(json.dumps(shared, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert json.loads(SHARED.read_text("utf-8")) == shared


def test_sides_are_told_in_the_order_of_the_legend_and_without_a_name_by_their_code() -> None:
    kept = msgspec.structs.replace(TILESET.theatre, sides=dict(sorted(TILESET.theatre.sides.items())))
    assert list(kept.told_sides) == [INVADER, DEFENDER]  # as the database gives it back, too
    assert msgspec.structs.replace(kept, sides={}).told_sides == {
        INVADER: {"en": "Invader"},
        DEFENDER: {"en": "Defender"},
    }
