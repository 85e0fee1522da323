"""Instants and half-open periods; all in UTC.

A period is ``[start, end)``. Internally the last instant of a period is ``end`` less one microsecond,
the resolution of both Python and PostgreSQL, so a closed interval of the OGC grammar and a half-open
period say the same thing without rounding.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal, NewType, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from tileserver.errors import BadInstant, BadParameter

Clock: TypeAlias = Callable[[], datetime]

Micros = NewType("Micros", int)  # an instant: microseconds since 1970-01-01T00:00Z, negative before
DayNumber = NewType("DayNumber", int)  # a local day: days since 1970-01-01, negative before
MicrosArray: TypeAlias = npt.NDArray[np.int64]  # instants as `Micros`, shape (n,)

OPEN: Final = Micros((1 << 63) - 1)  # the end of a period that has none; the greatest int64

TICK = timedelta(microseconds=1)
EPOCH_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_TEXT = 64
_DAY_0 = date(1970, 1, 1).toordinal()

# RFC 3339 5.6, with [0-9] because \d would also match other scripts' digits.
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")
_DATE_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})\Z"
)
_DURATION = re.compile(r"([0-9]{1,5})(s|m|h|d)\Z")
NAMED_FORMS = ("iso", "epoch_s", "epoch_ms")  # of dates; any other is a pattern
_DIRECTIVE = re.compile(r"%([A-Za-z])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def system_clock() -> datetime:
    """Return the present instant in UTC, by the only clock there is; a caller alone can set another."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open ``[start, end)`` in UTC; ``None`` is unbounded."""

    start: datetime | None
    end: datetime | None

    def __contains__(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)

    @property
    def last(self) -> datetime | None:
        """The last instant inside, or ``None`` where the end is open."""
        return None if self.end is None else self.end - TICK

    def __str__(self) -> str:
        return f"{format_instant(self.start)}/{format_instant(self.end)}"


@lru_cache(maxsize=64)
def day_zone(name: str) -> ZoneInfo:
    """Look up the time zone *name* whose local days a theatre counts in."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadParameter(f"{name!r} is no time zone; use an IANA name such as Europe/Kyiv") from error


def day_period(day: date, zone: ZoneInfo) -> Period:
    """Return the local *day* in *zone* as a period; 23 or 25 hours long where clocks change."""
    try:
        start = datetime.combine(day, time(), zone).astimezone(UTC)
        end = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    except OverflowError as error:
        raise BadInstant(f"{day} is outside the years this server can count") from error
    return Period(start, end)


def day_number(day: date) -> DayNumber:
    """Return the days from 1970-01-01 to the local *day*; negative before."""
    return DayNumber(day.toordinal() - _DAY_0)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """Return the local day in *zone* that the instant *at* is in; `BadInstant` where the calendar ends."""
    try:
        return at.astimezone(zone).date()
    except OverflowError as error:
        raise BadInstant(f"{at:%Y-%m-%d} is outside the years this server can count") from error


def to_micros(at: datetime) -> Micros:
    """Count whole microseconds since 1970-01-01T00:00Z, negative before; exact, unlike a float."""
    return Micros((at - EPOCH_1970) // TICK)


def from_micros(micros: Micros) -> datetime:
    """Return the instant *micros* microseconds after 1970; the inverse of `to_micros`."""
    try:
        return EPOCH_1970 + timedelta(microseconds=micros)
    except OverflowError as error:
        raise BadInstant(f"{micros} microseconds are outside the years this server can count") from error


def format_instant(at: datetime | None) -> str:
    """Return *at* as RFC 3339 with ``Z``, fractions only where there are any; ``..`` for an open end."""
    if at is None:
        return ".."
    text = at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="auto")
    return f"{text}Z"


def parse_datetime(text: str, zone: ZoneInfo) -> Period:
    """Parse the ``datetime`` parameter: an instant, a plain date, or an interval of either.

    Parameters
    ----------
    text : str
        RFC 3339 instant, ``YYYY-MM-DD`` (a local day in *zone*), or ``a/b`` with ``..`` or nothing for
        an open end. Intervals of instants are closed, as OGC API has them.
    zone : ZoneInfo
        The theatre's day zone.

    Returns
    -------
    Period
        Half-open. A state layer answers with the state at its last instant, an event layer with all
        that overlaps it. A single instant is a period of one microsecond.

    Raises
    ------
    BadInstant
        Anything else, with what would do.

    Notes
    -----
    OGC API - Tiles - Part 1, 17-083r4, ``datetime``; RFC 3339 5.6. Plain dates are our extension.
    """
    if len(text) > _MAX_TEXT:
        raise BadInstant(f"datetime is {len(text)} characters long; at most {_MAX_TEXT} make sense")
    parts = text.split("/")
    if len(parts) == 1:
        return _point(text, zone)
    if len(parts) != 2:
        raise BadInstant(f"{text!r} has {len(parts)} parts; an interval has two: 2023-11-01/2023-11-30")
    start = None if parts[0] in ("", "..") else _point(parts[0], zone).start
    end = None if parts[1] in ("", "..") else _point(parts[1], zone).end
    if start is not None and end is not None and start >= end:
        raise BadInstant(f"{text!r} ends before it starts")
    return Period(start, end)


def spell_datetime(text: str, zone: ZoneInfo) -> str:
    """Return the canonical spelling of *text*: dates unchanged, instants in UTC, an open end as ``..``.

    It parses to the same period; what does not parse is refused as `parse_datetime` does.
    """
    parse_datetime(text, zone)
    return "/".join(map(_spell_point, text.split("/")))


def _spell_point(text: str) -> str:
    if text in ("", ".."):
        return ".."
    return text if _DATE.match(text) else format_instant(parse_instant(text))


def _point(text: str, zone: ZoneInfo) -> Period:
    if match := _DATE.match(text):
        return day_period(_date(text, *match.groups()), zone)
    at = parse_instant(text)
    try:
        period = Period(at, at + TICK)
    except OverflowError as error:
        raise BadInstant(f"{text!r} is outside the years this server can count") from error
    for edge in (at, at + TICK):
        local_day(edge, zone)  # what has no local day is refused here, not where one is asked for
    return period


def _date(text: str, *parts: str) -> date:
    try:
        return date(*map(int, parts))
    except ValueError as error:
        raise BadInstant(f"{text!r} is no day of the calendar") from error


def parse_day(text: str) -> date:
    """Parse ``YYYY-MM-DD``."""
    match = _DATE.match(text)
    if match is None:
        raise BadInstant(f"{text!r} is no date; write 2023-11-09")
    return _date(text, *match.groups())


def parse_instant(text: str) -> datetime:
    """Parse an RFC 3339 date-time into UTC; digits beyond microseconds are cut off."""
    match = _DATE_TIME.match(text)
    if match is None:
        hint = " (write %2B for the plus sign of a time zone)" if " " in text else ""
        raise BadInstant(
            f"{text!r} is no instant; write 2023-11-09, 2023-11-09T12:00:00Z or an interval a/b{hint}"
        )
    *parts, fraction, offset = match.groups()
    try:
        micros = int((fraction or "")[:6].ljust(6, "0"))
        year, month, day, hour, minute, second = map(int, parts)
        return datetime(year, month, day, hour, minute, second, micros, UTC) - _offset(offset)
    except (ValueError, OverflowError) as error:
        raise BadInstant(f"{text!r} is no instant of the calendar") from error


def _offset(text: str) -> timedelta:
    if text in ("Z", "z"):
        return timedelta()
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError("offset")
    size = timedelta(hours=hours, minutes=minutes)
    return -size if text[0] == "-" else size


def is_date_form(form: str) -> bool:
    """Whether *form* is a form of dates: a named form, or a pattern of `strptime` that names a whole day."""
    if form in NAMED_FORMS:
        return True
    parts = set(_DIRECTIVE.findall(form))
    if not (parts & {"Y", "y"} and parts & {"m", "b", "B"} and "d" in parts):
        return False
    day = datetime(2023, 11, 9, tzinfo=UTC)
    try:
        return datetime.strptime(day.strftime(form), form).date() == day.date()  # noqa: DTZ007
    except ValueError:
        return False


@lru_cache(64)
def span_of_form(form: str) -> Literal["", "month", "year"]:
    """Return whether a pattern of `strptime` names a month or a year; empty for any other form."""
    parts = set(_DIRECTIVE.findall(form))
    if form in NAMED_FORMS or not parts & {"Y", "y"} or not parts <= {"Y", "y", "m", "b", "B"}:
        return ""
    first = datetime(2023, 11, 1, tzinfo=UTC)
    try:
        read = datetime.strptime(first.strftime(form), form)  # noqa: DTZ007 - a day in no zone
    except ValueError:
        return ""
    return "" if read.year != first.year else "month" if read.month == first.month else "year"


@lru_cache(64)
def parse_duration(text: str) -> timedelta:
    """Parse a duration such as ``48h``, ``30m``, ``2d`` or ``0s``."""
    match = _DURATION.match(text)
    if match is None:
        raise BadParameter(f"{text!r} is no duration; write a number and s, m, h or d, such as 48h")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])
