"""Law: periods are pieces of one calendar, without gaps, and what is past is never cut otherwise again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.history.calendar import HEAVY, Level, is_span, parts_of, plan, year_of

DAY = timedelta(days=1)
FIRST = date(2023, 2, 10)

days = st.dates(date(1066, 1, 1), date(3000, 1, 1))
# Bytes that come on some days, counted from FIRST; on the others next to nothing does.
loads = st.dictionaries(st.integers(0, 700), st.integers(0, HEAVY), max_size=30)


def scales(load: Mapping[int, int], upto: date) -> Callable[[date, date], float]:
    """Weigh what had come by *upto*, and 50 bytes a day."""

    def weigh(first: date, end: date) -> float:
        inside = range((first - FIRST).days, (min(end, upto + DAY) - FIRST).days)
        return sum(load.get(day, 0) + 50 for day in inside if day >= 0)

    return weigh


@given(days)
def test_every_span_is_the_sum_of_its_parts(day: date) -> None:
    span = year_of(day)
    while span.level < Level.DAY:
        parts = parts_of(span)
        assert (parts[0].first, parts[-1].end) == (span.first, span.end)
        assert all(one.end == other.first for one, other in pairwise(parts))
        assert all(is_span(part.first, part.end) for part in parts)
        span = next(part for part in parts if part.first <= day < part.end)
    assert (span.first, span.end) == (day, day + DAY)


@pytest.mark.parametrize(
    ("first", "end"),
    [
        (date(2023, 2, 1), date(2023, 4, 1)),
        (date(2023, 2, 8), date(2023, 2, 22)),
        (date(2022, 1, 1), date(2024, 1, 1)),
        (date(2023, 2, 3), date(2023, 2, 5)),
        (date(2023, 2, 5), date(2023, 2, 5)),
        (date(2023, 2, 5), date(2023, 2, 3)),
    ],
)
def test_other_days_are_no_span(first: date, end: date) -> None:
    assert not is_span(first, end)


@given(loads, st.integers(0, 700))
def test_periods_cover_all_days_once_and_are_light_unless_they_are_days(
    load: dict[int, int], age: int
) -> None:
    newest = FIRST + age * DAY
    weigh = scales(load, newest)
    periods = plan(weigh, FIRST, newest)
    assert periods[0][0] <= FIRST < periods[0][1]
    assert periods[-1][0] <= newest < periods[-1][1]
    assert all(one[1] == other[0] for one, other in pairwise(periods))
    for first, end in periods:
        assert is_span(first, end)
        assert weigh(first, end) <= HEAVY or end - first == DAY


@given(loads, st.integers(0, 600), st.integers(1, 100))
def test_what_is_past_stays_or_is_put_together(load: dict[int, int], age: int, later: int) -> None:
    newest, then = FIRST + age * DAY, FIRST + (age + later) * DAY
    before = plan(scales(load, newest), FIRST, newest)[:-1]
    after = plan(scales(load, then), FIRST, then)
    for first, end in before:
        assert any(own[0] <= first and end <= own[1] for own in after)


def test_months_are_put_together_once_the_quarter_is_over_and_quarters_once_the_year_is() -> None:
    def lengths(newest: date) -> list[int]:
        periods = plan(scales({}, newest), date(2023, 1, 5), newest)
        return [(end - first).days for first, end in periods]

    assert lengths(date(2023, 3, 31)) == [31, 28, 31]
    assert lengths(date(2023, 4, 1)) == [90, 30]
    assert lengths(date(2023, 12, 31)) == [90, 91, 92, 31, 30, 31]
    assert lengths(date(2024, 1, 1)) == [365, 31]


def test_a_heavy_month_is_cut_no_finer_than_it_has_to_be() -> None:
    newest = date(2023, 3, 3)
    periods = plan(scales({0: HEAVY - 5000, 10: HEAVY - 5000}, newest), FIRST, newest)
    assert [first.day for first, _ in periods] == [1, 16, 1]
    periods = plan(scales({0: HEAVY - 5000, 4: HEAVY - 5000}, newest), FIRST, newest)
    assert [first.day for first, _ in periods] == [*range(10, 16), 16, 1]
