"""Law: an area gets a status that the table declares for its colour at that time, or none at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tileserver.findings import Finding
from tileserver.ingest.deepstate_status import COLOURS, status_of, tidied
from tileserver.model import Layer

SPRING_2022 = datetime(2022, 4, 20, tzinfo=UTC)
AUTUMN_2023 = datetime(2023, 10, 1, tzinfo=UTC)
AUTUMN_2024 = datetime(2024, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "fill", "at", "code"),
    [
        ("Окуповано", "#a52714", SPRING_2022, "occupied"),
        ("Окуповано /// Occupied", "#a52714", AUTUMN_2023, "occupied"),
        ("Окуповано /// Occupied /// geoJSON.status.occupied", "#A52714", AUTUMN_2024, "occupied"),
        ("Звільнено\u00a016.04", "#0288d1", SPRING_2022, "liberated"),
        ("Звільнено /// Liberated 30.05\n", "#0f9d58", AUTUMN_2023, "liberated"),
        (
            "Звільнено /// Liberated /// geoJSON.status.dismissed_at {{at:25.03}}",
            "#0f9d58",
            AUTUMN_2024,
            "liberated",
        ),
        ("Під питанням /// Contensed", "#bcaaa4", AUTUMN_2023, "unknown"),
        ("ОРДЛО /// CADR and CALR", "#880e4f", AUTUMN_2023, "occupied_before_2022"),
        ("Окупований Крим", "#000000", SPRING_2022, "occupied_before_2022"),
        ("x /// Dismissed /// geoJSON.status.dismissed", "#01579b", AUTUMN_2024, "held_in_russia"),
        ("x /// Under the control of rebels-militants wagner", "#ce93d8", AUTUMN_2023, "mutiny"),
        ("x /// Occupied Abkhazia. /// geoJSON.territories.abkhazia", "#ff5252", AUTUMN_2024, "outside"),
    ],
)
def test_every_spelling_of_a_status_is_that_status(name: str, fill: str, at: datetime, code: str) -> None:
    assert status_of(name, fill, at).code == code
    assert status_of(name, fill, at).note is None


def test_one_grey_is_contested_land_at_first_and_unknown_land_in_russia_later() -> None:
    name = "Невідомо /// Unknown status"
    assert status_of(name, "#bdbdbd", SPRING_2022).code == "unknown"
    assert status_of(name, "#bdbdbd", AUTUMN_2024).code == "unknown_in_russia"


def test_a_territory_outside_the_subject_is_outside_in_any_colour() -> None:
    verdict = status_of("Придністров'я", "#880e4f", SPRING_2022)
    assert (verdict.code, verdict.note) == ("outside", Finding.NAME_COLOUR_DISAGREE)


def test_black_is_only_a_default_where_the_name_says_otherwise() -> None:
    assert status_of("Під питанням", "#000000", SPRING_2022).code == "unknown"


def test_the_colour_decides_where_name_and_colour_disagree_and_it_is_noted() -> None:
    verdict = status_of("Під питанням", "#a52714", SPRING_2022)
    assert (verdict.code, verdict.note) == ("occupied", Finding.NAME_COLOUR_DISAGREE)


@pytest.mark.parametrize(
    ("name", "fill"),
    [
        ("Окуповано /// Occupied", "#0288d1"),
        ("ОРДЛО /// CADR and CALR", "#0f9d58"),
        ("Звільнено /// Liberated", "#880e4f"),
        ("x /// Dismissed /// geoJSON.status.dismissed", "#a52714"),
        ("Окуповано", "#01579b"),
    ],
)
def test_land_of_one_side_by_name_and_of_the_other_by_colour_has_no_status(name: str, fill: str) -> None:
    verdict = status_of(name, fill, AUTUMN_2024)
    assert (verdict.code, verdict.note) == ("", Finding.NAME_AGAINST_COLOUR)


def test_what_was_misnamed_once_and_looked_at_is_what_its_colour_says_until_it_was_mended() -> None:
    before, after = datetime(2022, 4, 4, 20, tzinfo=UTC), datetime(2022, 4, 5, tzinfo=UTC)
    assert status_of("Окуповано", "#0288d1", before).code == "liberated"
    assert status_of("Окуповано", "#0288d1", after).code == ""


def test_the_colour_decides_where_the_name_says_nothing_and_it_is_noted() -> None:
    verdict = status_of("Багатокутник 11", "#a52714", SPRING_2022)
    assert (verdict.code, verdict.note) == ("occupied", Finding.NAME_SAYS_NOTHING)


def test_the_name_decides_where_there_is_no_colour() -> None:
    assert status_of("x /// Liberated", "", AUTUMN_2023).code == "liberated"
    assert status_of("", "", AUTUMN_2023).code == ""


@pytest.mark.parametrize(
    ("name", "fill"),
    [("Багатокутник 54", "#fbc02d"), ("Окуповано /// Occupied", "#123456"), ("Вологі мрії", "#0288d1")],
)
def test_an_unknown_colour_or_a_joke_is_no_status(name: str, fill: str) -> None:
    assert status_of(name, fill, AUTUMN_2023).code == ""


@given(st.text(max_size=60), st.text(max_size=8), st.datetimes(timezones=st.just(UTC)))
@settings(deadline=None)
def test_a_status_is_one_of_the_table_or_none(name: str, fill: str, at: datetime) -> None:
    assert status_of(name, fill, at).code in {"", *(colour.code for colour in COLOURS)}


@given(st.text(max_size=60))
@settings(deadline=None)
def test_tidying_a_name_twice_changes_nothing(name: str) -> None:
    assert tidied(tidied(name)) == tidied(name)


def test_the_legend_declares_every_code_of_the_table(control: Layer) -> None:
    assert {colour.code for colour in COLOURS} == control.codes()
