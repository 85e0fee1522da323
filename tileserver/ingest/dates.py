"""Dates of files, read in the forms that their layer declares; never guessed: 03/04/2022 has two meanings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from tileserver.declared import Dates
from tileserver.errors import BadInstant, EndlessInstant, UnfitInstant
from tileserver.times import TICK, day_period, local_day, parse_day, parse_instant, span_of_form, system_clock

SAID_LENGTH = 40  # of what a message repeats
_ENDLESS = re.compile(r"9999-?12-?3[01](?:[T ].*)?\Z", re.ASCII)  # the last day that many programs know
_DAY_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,9})?\Z")
_TIME_OF_DAY = re.compile(r"%[HIMSfpXcT]")
_TIGHT = re.compile(r"%[YmdHMS]%[mdHMS]")  # digits that nothing keeps apart
_UNITS = {"epoch_s": timedelta(seconds=1), "epoch_ms": timedelta(milliseconds=1)}
_DAYS = re.compile(r"(?<![0-9])([0-9]{4})[-_]?([0-9]{2})[-_]?([0-9]{2})(?![0-9])")
_LAST_YEAR = 9999


@dataclass(frozen=True, slots=True)
class Said:
    """The meaning of one date: ``[start, end)`` is its local days, or a microsecond of an instant."""

    start: datetime
    end: datetime
    is_day: bool
    ends: bool = False  # whether the end was written as well, as in 14.05.2023 - 17.05.2023


@dataclass(frozen=True, slots=True)
class DateReader:
    """Reads dates of one layer: forms in order, day zone, and the period of possible days, both inclusive."""

    dates: Dates
    zone: ZoneInfo
    earliest: date
    latest: date
    table: str = "[layers.dates]"  # where messages say that a form is declared

    @classmethod
    def of(cls, dates: Dates, zone: ZoneInfo) -> DateReader:
        """Return the reader that *dates* declare; the latest day is tomorrow unless declared."""
        tomorrow = local_day(system_clock(), zone) + timedelta(days=1)
        latest = parse_day(dates.latest) if dates.latest else tomorrow
        return cls(dates, zone, parse_day(dates.earliest), latest)

    def read(self, value: Any) -> Said:
        """Return the meaning of *value*; `BadInstant` where no form fits, or no such day can be."""
        return self.checked(self._parsed(value))

    def checked(self, said: Said) -> Said:
        """Return *said*; `BadInstant` where no such day can be."""
        try:
            day = local_day(said.start, self.zone)
        except OverflowError as error:
            raise BadInstant(f"{said.start} is outside the years this server can count") from error
        if not self.earliest <= day <= self.latest:
            raise BadInstant(f"{day} is not within {self.earliest} and {self.latest}, the days that can be")
        return said

    def read_end(self, value: Any) -> datetime | None:
        """Return the exclusive end of a period whose end is written as *value*; ``None`` for no end.

        The last day of the year 9999, in whatever form, is how databases and services write that there
        is no end.
        """
        if isinstance(value, str) and _ENDLESS.match(value.strip()):
            return None
        try:
            said = self.checked(self._parsed(value))
        except EndlessInstant:
            return None
        inclusive = said.is_day if self.dates.ends == "as_written" else self.dates.ends == "inclusive"
        if inclusive:
            return said.end if said.is_day else said.start + grain(said.start)
        return said.start

    def says_day(self, value: Any) -> bool:
        """Whether *value*, which is a date or no end, says a day rather than an instant."""
        try:
            return self._parsed(value).is_day
        except BadInstant:
            return False

    def _parsed(self, value: Any) -> Said:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise UnfitInstant(f"{str(value)[:SAID_LENGTH]!r} is no date")
        whole = isinstance(value, float) and value.is_integer()
        text = str(int(value) if whole else value).strip()
        for form in self.dates.forms:
            said = self._by_form(text, form)
            if said is not None:
                return said
        forms = " or ".join(self.dates.forms)
        raise UnfitInstant(f"{text[:SAID_LENGTH]!r} is no date in the form {forms}{_hint(text, self.table)}")

    def _by_form(self, text: str, form: str) -> Said | None:
        """Return the meaning of *text* in *form*, or ``None`` where the form does not fit."""
        if form == "iso":
            return self._iso(text)
        if form in _UNITS:
            return _epoch(text, _UNITS[form])
        try:
            read = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is put to it below
        except ValueError:
            return None
        if read.year == _LAST_YEAR:
            raise EndlessInstant(f"{text[:SAID_LENGTH]!r} is the last year there is")
        if _TIGHT.search(form) and read.strftime(form) != text:
            return None  # 202312 is no second of January, whatever strptime makes of it
        if span := span_of_form(form):
            return days_from(*calendar_span(read.date(), span), self.zone)
        return self._local(read, form)

    def _iso(self, text: str) -> Said | None:
        if _DAY_FORM.match(text):
            return _day(parse_day(text), self.zone)  # where the form is right, the day has to be one
        try:
            start = parse_instant(text)
        except BadInstant:
            return None
        return _instant(start)

    def _local(self, read: datetime, form: str) -> Said:
        if not _TIME_OF_DAY.search(form):
            return _day(read.date(), self.zone)
        try:
            start = (read if read.tzinfo else read.replace(tzinfo=self.zone)).astimezone(UTC)
        except OverflowError as error:
            raise BadInstant(f"{read} is outside the years this server can count") from error
        return _instant(start)


def _instant(start: datetime) -> Said:
    try:
        return Said(start, start + TICK, False)
    except OverflowError as error:
        raise BadInstant(f"{start} is outside the years this server can count") from error


def grain(at: datetime) -> timedelta:
    """Return how exactly *at* was written: to the second, the millisecond or the microsecond."""
    if at.microsecond == 0:
        return timedelta(seconds=1)
    return TICK if at.microsecond % 1000 else timedelta(milliseconds=1)


def _epoch(text: str, unit: timedelta) -> Said | None:
    if not _NUMBER.match(text):
        return None
    try:
        start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(float(text) * (unit // TICK)))
    except OverflowError:
        start = datetime.max.replace(tzinfo=UTC)
    if start.year == _LAST_YEAR:
        raise EndlessInstant(f"{text[:SAID_LENGTH]!r} is the last year there is")
    return _instant(start)


def _hint(text: str, table: str) -> str:
    """Return advice for a *text* that no form fits; a day is never told from a month."""
    if _NUMBER.match(text):
        digits = len(text.lstrip("-").partition(".")[0])
        form = {8: "%Y%m%d", 10: "epoch_s", 13: "epoch_ms"}.get(digits, "epoch_s")
        return f'; if it is one, declare its form: {table} forms = ["{form}"]'
    known = "; write 2023-11-09 or 2023-11-09T12:00:00Z, or declare its form"
    return known + f': {table} forms = ["%d.%m.%Y"]'


def day_in_name(name: str, reader: DateReader) -> Said | None:
    """Return the date in the *name* of a file: by the declared pattern, or the only ISO day in the name."""
    if reader.dates.file_name:
        match = re.search(reader.dates.file_name, name)
        return reader.read(match[1]) if match else None
    found = set(_DAYS.findall(name))
    if len(found) != 1:
        return None
    year, month, day = found.pop()
    return reader.checked(_day(parse_day(f"{year}-{month}-{day}"), reader.zone))


def days_from(first: date, last: date, zone: ZoneInfo) -> Said:
    """Return the meaning of the local days from *first* to *last*, both inclusive."""
    start, end = day_period(first, zone).start, day_period(last, zone).end
    assert start is not None
    assert end is not None
    return Said(start, end, True)


def calendar_span(day: date, span: Literal["day", "week", "month", "year"]) -> tuple[date, date]:
    """Return the first and the last day of the *span* that *day* lies in; a week begins on Monday."""
    if span == "day":
        return day, day
    if span == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    first = day.replace(day=1) if span == "month" else day.replace(month=1, day=1)
    days = 31 if span == "month" else 366
    return first, (first + timedelta(days=days)).replace(day=1) - timedelta(days=1)


def _day(day: date, zone: ZoneInfo) -> Said:
    return days_from(day, day, zone)
