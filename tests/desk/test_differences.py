"""Law: the periods of difference cover exactly the time in which anything differs, and never meet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.desk.differences import Balance, DifferencePeriod, difference_periods
from tileserver.grid import WORLD
from tileserver.store.revision_log import Difference

DAYS = [datetime(1969, 12, 28, tzinfo=UTC) + timedelta(days=day) for day in range(9)]


def difference(
    first: int, last: int | None, status: str = "held", km2: float | None = 1.0, *, added: bool = True
) -> Difference:
    end = None if last is None else DAYS[last]
    return Difference(added, DAYS[first], end, status, km2, 0.0, 0.0, WORLD / 180, WORLD / 90)


@st.composite
def drawn(draw: st.DrawFn) -> Difference:
    first = draw(st.integers(0, 7))
    last = draw(st.integers(first + 1, 8) | st.none())
    km2 = draw(st.integers(0, 5))
    return difference(first, last, draw(st.sampled_from("ab")), float(km2), added=draw(st.booleans()))


def covers(each: Difference | DifferencePeriod, at: datetime) -> bool:
    return each.start <= at and (each.end is None or at < each.end)


@given(st.lists(drawn(), max_size=8))
def test_a_period_has_a_difference_at_each_instant_and_is_maximal(found: list[Difference]) -> None:
    grouped = difference_periods(found)
    for at in DAYS:
        assert sum(covers(each, at) for each in grouped) == any(covers(each, at) for each in found)
    assert all(one.end is not None and one.end < other.start for one, other in pairwise(grouped))
    assert sum(each.added + each.gone for each in grouped) == len(found)


@given(st.lists(drawn(), min_size=1, max_size=8))
def test_the_largest_balance_is_that_of_the_first_instant_at_which_most_changed(
    found: list[Difference],
) -> None:
    def changed(at: datetime) -> float:
        signed = [
            (each.status, each.km2 if each.added else -(each.km2 or 0)) for each in found if covers(each, at)
        ]
        return sum(abs(sum(km2 or 0 for own, km2 in signed if own == status)) for status in "ab")

    for period in difference_periods(found):
        assert period.first is not None
        assert period.largest is not None
        assert period.first.at == period.start
        instants = [at for at in DAYS if covers(period, at)]
        assert period.largest.at == max(instants, key=lambda at: (changed(at), -DAYS.index(at)))
        for balance in (period.first, period.largest):
            assert sum(map(abs, balance.change.values())) == changed(balance.at)


def test_a_balance_is_of_both_sides_by_status() -> None:
    (period,) = difference_periods(
        [
            difference(0, 2, "held", 5.0, added=False),
            difference(0, 1, "held", 3.0),
            difference(0, 2, "lost", 2.0),
            difference(1, 2, "held", 1.0),
        ]
    )
    assert (period.start, period.end, period.added, period.gone) == (DAYS[0], DAYS[2], 3, 1)
    assert period.first is not None
    assert period.largest is not None
    assert (period.first.old, period.first.new) == ({"held": 5.0}, {"held": 3.0, "lost": 2.0})
    assert (period.largest.at, period.largest.change) == (DAYS[1], {"held": -4.0, "lost": 2.0})


def test_what_nobody_measures_has_no_balance_and_a_place_all_the_same() -> None:
    (period,) = difference_periods([difference(0, None, "", None)])
    assert (period.end, period.first, period.largest) == (None, None, None)
    box = period.bounds
    assert (box.west, box.south, box.east) == (0.0, 0.0, 1.0)
    assert box.north == pytest.approx(2.0, abs=0.001)


def test_without_differences_there_is_no_period() -> None:
    assert difference_periods([]) == []


def test_a_change_that_is_nothing_to_a_tenth_is_not_told_and_nothing_is_less_than_none() -> None:
    balance = Balance(DAYS[0], {"held": 10.04, "lost": 7.0}, {"held": 10.0, "lost": 5.0, "new": 1234.56})
    assert balance.words == "lost -2.0, new +1,234.6"
