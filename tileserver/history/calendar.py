"""A calendar of fixed boundaries, and the periods that history is cut into along its lines.

Years, quarters, months, halves of months, weeks that begin on the 1st, 8th, 16th and 23rd, days. Months are
where it starts. One that is too heavy is cut; months of which nothing more can come are put together to a
quarter where that is light enough, and quarters to a year. What is past stays as it is when a day comes
after it, but for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

DAY = timedelta(days=1)


class Level(IntEnum):
    """How long a span of the calendar is."""

    YEAR = 0
    QUARTER = 1
    MONTH = 2
    HALF = 3
    WEEK = 4
    DAY = 5


# Compressed bytes, estimated, of the heaviest tile; the target is 150 kB. A whole year only where it is so
# light that who wants a week of it does not wait for the rest.
HEAVY = 110_000
_MOST = {Level.YEAR: 25_000, Level.QUARTER: HEAVY, Level.MONTH: HEAVY, Level.HALF: HEAVY, Level.WEEK: HEAVY}


class Span(NamedTuple):
    """A piece of the calendar: whole local days, half-open ``[first, end)``."""

    level: Level
    first: date
    end: date


def year_of(day: date) -> Span:
    """Return the year that *day* is in."""
    return Span(Level.YEAR, date(day.year, 1, 1), date(day.year + 1, 1, 1))


def parts_of(span: Span) -> list[Span]:
    """Return the spans of the next level that *span* consists of."""
    first, end = span.first, span.end
    match span.level:
        case Level.YEAR:
            inner = [date(first.year, month, 1) for month in (4, 7, 10)]
        case Level.QUARTER:
            inner = [date(first.year, first.month + later, 1) for later in (1, 2)]
        case Level.MONTH:
            inner = [first.replace(day=16)]
        case Level.HALF:
            inner = [first + 7 * DAY]
        case _:
            inner = [first + number * DAY for number in range(1, (end - first).days)]
    edges = [first, *inner, end]
    return [Span(Level(span.level + 1), *pair) for pair in pairwise(edges)]


def is_span(first: date, end: date) -> bool:
    """Whether the local days ``[first, end)`` are a piece of the calendar."""
    spans = [year_of(first)]
    while spans:
        around = next(span for span in spans if span.first <= first < span.end)
        if (around.first, around.end) == (first, end):
            return True
        spans = parts_of(around) if around.level < Level.DAY else []
    return False


def plan(weigh: Callable[[date, date], float], oldest: date, newest: date) -> list[tuple[date, date]]:
    """Return half-open periods of local days from *oldest* to *newest*, ascending, without gaps.

    *weigh* gives the bytes of the days from one to before another. Of what lies before *newest* nothing more
    comes, so it is put together; the day itself and its month are not.
    """
    found: list[tuple[date, date]] = []
    year = year_of(oldest)
    while year.first <= newest:
        found += [(span.first, span.end) for span in _chosen(year, weigh, oldest, newest)]
        year = year_of(year.end)
    return found


def _chosen(span: Span, weigh: Callable[[date, date], float], oldest: date, newest: date) -> Iterator[Span]:
    if span.end <= oldest or span.first > newest:
        return
    may_be_whole = span.level >= Level.MONTH or span.end <= newest
    if span.level == Level.DAY or (may_be_whole and weigh(span.first, span.end) <= _MOST[span.level]):
        yield span
    else:
        for part in parts_of(span):
            yield from _chosen(part, weigh, oldest, newest)
