"""Which imports are held: each rule alone, and that a smaller change breaks none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shapes import layer
from tileserver.declared import Category, Hold
from tileserver.desk.judge import (
    Ruling,
    Sizes,
    Tally,
    Yardstick,
    judge_empty,
    judge_ended,
    judge_states,
    judge_tally,
)
from tileserver.desk.periods import State
from tileserver.model import Layer

NOON = datetime(2024, 8, 1, 12, tzinfo=UTC)
DAYS = [NOON + timedelta(days=day) for day in range(60)]
STATUSES = ("occupied", "liberated", "unknown", "mutiny", "outside")
CONTROL = layer(
    "control",
    category="status",
    categories=tuple(
        Category(
            code, {"en": code}, "#aa2211", "#aa2211", scope="anywhere" if code == "outside" else "theatre"
        )
        for code in STATUSES
    ),
)
USUAL: Sizes = {"occupied": 65_000, "liberated": 43_000, "unknown": 700}


class Land:
    """States that are made of sizes, and what measures them; a state is named by what it was made of."""

    def __init__(self) -> None:
        self._sizes: dict[State, Sizes] = {frozenset(): {}}

    def state(self, sizes: Sizes) -> State:
        name = frozenset({repr(sorted(sizes.items())).encode()}) if sizes else frozenset()
        self._sizes[name] = sizes
        return name

    def rulings(
        self, old: Mapping[datetime, Sizes], new: Mapping[datetime, Sizes], declared: Layer = CONTROL
    ) -> list[Ruling]:
        before, after = ({at: self.state(sizes) for at, sizes in each.items()} for each in (old, new))
        measure = self._sizes.__getitem__
        yardstick = Yardstick(measure, measure, lambda state: frozenset(measure(state)))
        return judge_states(declared, before, {**before, **after}, yardstick)


def broken(
    old: Mapping[datetime, Sizes], new: Mapping[datetime, Sizes], declared: Layer = CONTROL
) -> list[tuple[str, str]]:
    return [(each.rule, each.status) for each in Land().rulings(old, new, declared)]


def test_a_status_that_falls_by_more_than_its_share_is_said_with_its_figures() -> None:
    (ruling,) = Land().rulings({DAYS[0]: USUAL}, {DAYS[1]: {**USUAL, "occupied": 0}})
    assert ruling.words == (
        "status occupied would fall from 65,000 to 0 km2 on 2024-08-02T12:00:00Z, more than the 25 % allowed"
    )
    assert (ruling.rule, ruling.status, ruling.at) == ("fall", "occupied", DAYS[1])


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"occupied": 49_000}, []),  # 24.6 %
        ({"occupied": 48_000}, [("fall", "occupied")]),  # 26.2 %
        ({"liberated": 85_000}, []),  # 98 %
        ({"liberated": 87_000}, [("growth", "liberated")]),  # 102 %
        ({"unknown": 5_000}, []),  # seven times as much, but only 4 % of all land
        ({"unknown": 0}, []),  # it has been there for a day
        ({"mutiny": 5_000}, []),
        ({"outside": 99_000}, []),  # not the map's subject
    ],
)
def test_what_changes_less_than_is_allowed_passes(now: Sizes, expected: list[tuple[str, str]]) -> None:
    assert broken({DAYS[0]: USUAL}, {DAYS[1]: {**USUAL, **now}}) == expected


def test_land_outside_the_maps_subject_may_only_not_fall() -> None:
    outside = {**USUAL, "outside": 140_000}
    assert broken({DAYS[0]: USUAL}, {DAYS[1]: outside}) == []
    assert broken({DAYS[0]: outside}, {DAYS[1]: USUAL}) == [("fall", "outside")]


def test_a_status_vanishes_while_it_is_new_or_small_but_not_after_a_month() -> None:
    with_mutiny = {**USUAL, "mutiny": 4_800}
    assert broken({}, {DAYS[0]: USUAL, DAYS[1]: with_mutiny, DAYS[2]: USUAL}) == []
    month = dict.fromkeys(DAYS[:31], with_mutiny)
    assert broken(month, {DAYS[31]: USUAL}) == [("vanish", "mutiny")]
    broken_off = {**month, DAYS[20]: USUAL}
    assert broken(broken_off, {DAYS[31]: USUAL}) == []
    decided = {**USUAL, "liberated": 43_000 + 4_800}
    assert broken(month, {DAYS[31]: decided}) == []  # its land is somebody else's now
    small = {at: {**USUAL, "mutiny": 100} for at in DAYS[:31]}
    assert broken(small, {DAYS[31]: USUAL}) == []


def test_the_first_state_is_compared_with_nothing_and_the_next_ones_with_it() -> None:
    half = {"occupied": 30_000, "liberated": 43_000}
    assert broken({}, {DAYS[0]: half}) == []
    assert broken({}, {DAYS[0]: USUAL, DAYS[1]: half}) == [("fall", "occupied")]
    assert broken({DAYS[1]: USUAL}, {DAYS[0]: half}) == []  # before the first
    assert broken({DAYS[0]: USUAL}, {DAYS[0]: half}) == [("fall", "occupied")]  # the first, again


def test_a_correction_is_well_if_it_is_near_to_the_state_before_or_to_what_it_corrects() -> None:
    wrong = {"occupied": 30_000, "liberated": 43_000}
    accepted = {DAYS[0]: USUAL, DAYS[1]: wrong}
    assert broken(accepted, {DAYS[1]: USUAL}) == []  # back to what is right
    assert broken(accepted, {DAYS[1]: {**wrong, "occupied": 31_000}}) == []  # a little more of the same
    assert broken(accepted, {DAYS[1]: {**wrong, "occupied": 15_000}}) == [("fall", "occupied")]


def test_the_shares_are_the_layers() -> None:
    strict = layer(
        "control", category="status", categories=CONTROL.categories, hold=Hold(fall=0.1, small=0.0)
    )
    assert broken({DAYS[0]: USUAL}, {DAYS[1]: {**USUAL, "unknown": 600}}, strict) == [("fall", "unknown")]
    assert broken({DAYS[0]: USUAL}, {DAYS[1]: {**USUAL, "unknown": 640}}, strict) == []


@given(st.dictionaries(st.sampled_from(STATUSES), st.floats(1, 100_000)), st.floats(0.76, 1.99))
def test_a_change_within_the_shares_is_never_held(sizes: dict[str, float], factor: float) -> None:
    moved = {status: km2 * factor for status, km2 in sizes.items()}
    assert broken({DAYS[0]: sizes}, {DAYS[1]: moved}) == []


@given(st.dictionaries(st.sampled_from(STATUSES[:4]), st.floats(1, 100_000), min_size=1))
def test_whatever_lost_all_its_land_but_little_is_held(sizes: dict[str, float]) -> None:
    largest = max(sizes, key=lambda status: sizes[status])
    assert ("fall", largest) in broken({DAYS[0]: sizes}, {DAYS[1]: {**sizes, largest: 0.0}})


STATE, EVENTS = layer("roads", "lines"), layer("events", "points")
DATE, PLACE = {"has no date": 1}, {"lies elsewhere": 6}


@pytest.mark.parametrize(
    ("before", "ended", "share", "words"),
    [
        (240, 61, 0.25, "61 of 240 features would end"),
        (240, 60, 0.25, ""),
        (240, 6, 0.0, "more than the 0 % allowed"),
        (8, 5, 0.0, ""),
        (0, 0, 0.25, ""),
    ],
)
def test_a_complete_file_that_ends_much_of_a_layer_is_said_with_its_figures(
    before: int, ended: int, share: float, words: str
) -> None:
    found = judge_ended(layer("events", "points", hold=Hold(ended=share)), before, ended)
    assert [each.rule for each in found] == (["ended"] if words else [])
    assert words in "".join(each.words for each in found)


@pytest.mark.parametrize(
    ("declared", "tally", "expected"),
    [
        (STATE, Tally(100, 100, {}), []),
        (STATE, Tally(100, 99, DATE), ["quarantined"]),
        (STATE, Tally(1, 0, DATE), ["nothing_left", "quarantined"]),
        (STATE, Tally(0, 0, {}), ["nothing_left"]),
        (EVENTS, Tally(100, 99, DATE), []),
        (EVENTS, Tally(100, 94, PLACE), ["quarantined"]),
        (EVENTS, Tally(6, 0, PLACE), ["nothing_left", "quarantined"]),
        (EVENTS, Tally(0, 0, {}), []),  # a day on which nothing happened
        (EVENTS, Tally(100, 99, DATE, complete=True), ["quarantined"]),
        (EVENTS, Tally(0, 0, {}, complete=True), ["nothing_left"]),
    ],
)
def test_what_is_put_aside_holds_a_state_at_once_and_events_beyond_a_share(
    declared: Layer, tally: Tally, expected: list[str]
) -> None:
    assert [each.rule for each in judge_tally(declared, tally)] == expected


def test_the_account_is_said_in_words() -> None:
    assert [each.words for each in judge_tally(EVENTS, Tally(100, 93, PLACE | DATE))] == [
        "7 of 100 read were quarantined (lies elsewhere: 6, has no date: 1), more than the 5 % allowed"
    ]
    (empty,) = judge_empty({DAYS[0]: frozenset(), DAYS[1]: frozenset({b"x"})})
    assert empty.words == "nothing would hold on 2024-08-01T12:00:00Z"
