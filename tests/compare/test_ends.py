"""Law: the name of a state leads back to that state and no other, and to nothing that is not public."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tiles.test_index import DAYS, World, rows_of, state, worlds
from tileserver.compare.ends import NOTHING, BandView, End, names_state, sides
from tileserver.errors import UnknownState
from tileserver.tiles.index import Spot
from tileserver.times import Micros, Period, from_micros

SIDE = sides(["held"])
FAR = Micros(1000)
days = st.sampled_from([*map(Micros, DAYS)])


def view(world: World, side: str = SIDE) -> BandView:
    return BandView([rows_of(world)], side)


def upto(day: Micros) -> Period:
    """Which asks for the state on that day: the last microsecond counts."""
    return Period(None, from_micros(Micros(day + 1)))


@given(worlds, days, days)
def test_two_ends_have_one_key_exactly_if_they_hold_the_same(
    world: World, one: Micros, other: Micros
) -> None:
    band = view(world)
    for revision in range(1, len(world) + 1):
        for later in range(revision, len(world) + 1):
            ends = band.at(upto(one), revision, FAR), band.at(upto(other), later, FAR)
            same = state(world, one, revision) == state(world, other, later)
            assert (ends[0].key == ends[1].key) == same


@given(worlds, days)
def test_a_name_leads_to_a_moment_at_which_its_state_held(world: World, day: Micros) -> None:
    band = view(world)
    for revision in range(1, len(world) + 1):
        end = band.at(upto(day), revision, FAR)
        there = state(world, end.spot.at, end.spot.revision) if end.spot != NOTHING else frozenset()
        assert there == state(world, day, revision)
        assert end.spot.at <= day
        assert end.spot.revision <= revision
        assert names_state(str(end))
        found = view(world).named(str(end), FAR)
        assert (found.spot, found.sides) == (end.spot, end.sides)


@given(worlds, days, days)
def test_nothing_after_the_horizon_is_told_or_found(world: World, day: Micros, horizon: Micros) -> None:
    band, newest = view(world), len(world)
    end = band.at(upto(day), newest, horizon)
    assert end == band.at(upto(min(day, horizon)), newest, FAR)
    later = band.at(upto(day), newest, FAR)
    if later.spot.at > horizon:
        with pytest.raises(UnknownState):
            band.named(str(later), horizon)


@given(worlds, worlds, days)
def test_a_revision_that_leaves_a_day_alone_leaves_its_name_alone(
    world: World, more: World, day: Micros
) -> None:
    kept = frozenset(run for run in world[-1] if run[1] <= day < run[2])
    added = frozenset(run for run in more[0] if run[1] > day)
    # What goes on may end otherwise; that is no change of this day.
    grown = [*world, kept | added]
    before = view(world).at(upto(day), len(world), FAR)
    after = view(grown).at(upto(day), len(grown), FAR)
    assert after.key == before.key


def test_an_import_of_a_later_day_does_not_rename_an_earlier_one() -> None:
    first = frozenset({(1, 0, 5), (2, 0, 7)})
    before, after = (
        view(world).at(upto(Micros(3)), 2, FAR) for world in ([first], [first, first | {(3, 4, 9)}])
    )
    assert str(after) == str(before)


@pytest.mark.parametrize("text", ["2023-11-09", "2023-11-09T12:00:00Z", "latest", "", "3-1-1-1", "3-1-1-1-0"])
def test_dates_name_no_state(text: str) -> None:
    assert not names_state(text)


def test_a_name_that_was_never_given_out_is_not_found() -> None:
    band = view([frozenset({(1, 2, 5)})])
    end = band.at(upto(Micros(3)), 1, FAR)
    assert band.named(str(end), FAR).key == end.key
    name, at, revision = end.spot
    forged = [
        End(Spot(name + 1, at, revision), None, SIDE),
        End(Spot(name, Micros(at + 1), revision), None, SIDE),
        End(Spot(name, at, revision + 1), None, SIDE),
        End(end.spot, None, sides(["others"])),
    ]
    for text in (*map(str, forged), str(end).replace("-1-", "-01-", 1), "2023-11-09", "1-" + str(end)[2:]):
        with pytest.raises(UnknownState):
            band.named(text, FAR)


def test_the_side_that_gains_is_part_of_the_name() -> None:
    world = [frozenset({(1, 2, 5)})]
    one, other = (view(world, sides(held)).at(upto(Micros(3)), 1, FAR) for held in (["a", "b"], ["a"]))
    assert one.key != other.key
    assert sides(["b", "a"]) == sides(["a", "b"])
