"""Instants and periods that the desk says in words, where a date is a local day of a theatre."""

from __future__ import annotations

from datetime import datetime

from tileserver.errors import BadInstant, BadParameter
from tileserver.model import Theatre
from tileserver.times import Period, day_zone, format_instant, parse_datetime


def first_instant(text: str, theatre: Theatre) -> datetime | None:
    """Return the instant (UTC) that *text* says, of a date the first of its local day; ``None`` without."""
    if not text:
        return None
    try:
        return parse_datetime(text, day_zone(theatre.day_zone)).start
    except BadInstant as error:
        said = str(error).partition(" (write %2B")[0]  # that is for URLs
        raise BadInstant(said) from error


def publish_instant(text: str, theatre: Theatre, now: datetime) -> datetime | None:
    """Return the instant (UTC) from which on, inclusive, an import is public; ``None`` without a text.

    Raises
    ------
    BadInstant
        The words have no beginning, as ``../2027-01-01``: nothing is public at once by such words.
    BadParameter
        The instant is not after *now*.
    """
    at = first_instant(text, theatre)
    if at is None:
        if text:
            raise BadInstant(f"{text[:40]!r} has no beginning")
        return None
    if at <= now:
        raise BadParameter(
            f"{format_instant(at)} is over, so nothing can become public then; without it that is at once"
        )
    return at


def period_between(start: str, end: str, theatre: Theatre, names: tuple[str, str]) -> Period:
    """Return the half-open period from *start* to *end*; a date is the first instant of the local day.

    An end ``..`` is none. `BadInstant` for an interval as an end, and for an empty period; *names* are those
    under which both were said.
    """
    zone = day_zone(theatre.day_zone)
    for text in (start, end):
        if "/" in text:
            raise BadInstant(f"{text!r} is an interval; give its ends as {names[0]} and {names[1]}")
    first = parse_datetime(start, zone).start
    last = None if end == ".." else parse_datetime(end, zone).start
    if first is not None and last is not None and first >= last:
        said = f"{names[1]} is not itself part of it, from {start} to {end}"
        raise BadInstant(f"the period is empty: {said}")
    return Period(first, last)
