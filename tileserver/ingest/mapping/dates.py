"""Dates of rows and of files, by a mapping's columns, patterns and forms.

A plain date is a local day of the theatre, whatever zone the mapping declares: that zone tells when a time
without offset was, and, where only days count, on which day an instant fell.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

from tileserver.declared import Dates
from tileserver.errors import BadInstant, UnfitInstant
from tileserver.ingest.dates import (
    SAID_LENGTH,
    DateReader,
    Said,
    calendar_span,
    day_in_name,
    days_from,
    grain,
)
from tileserver.ingest.mapping.declared import DateRule, listed
from tileserver.ingest.mapping.values import first_said, says, text_of_value, value_at
from tileserver.model import Precision
from tileserver.times import TICK, Period, day_period, day_zone, local_day

# ISO 8601 as databases write it, with a space and often without an offset; RFC 3339 has neither.
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
                  r"(?: ?(?:[+-][0-9]{2}(?::?[0-9]{2})?|Z|UTC))?\Z")  # fmt: skip
_KNOWN = 10_000  # texts whose meanings are kept
_LAST_YEAR = 9999  # with which databases write that there is no end


@dataclass(frozen=True, slots=True)
class RowDates:
    """Reader of the dates of one source, as half-open periods; *theatre_zone* is of the days.

    *reader* has the zone of times.
    """

    rule: DateRule
    starts: tuple[str, ...]  # columns of the date
    ends: tuple[str, ...]
    reader: DateReader
    theatre_zone: ZoneInfo
    is_window: bool  # without an end a thing lasts what its date says; else it holds from then on
    at: datetime | None  # what the caller says of what says nothing
    looks: tuple[datetime, ...] = ()  # when a log was written, ascending; for rows that say when seen last
    is_strict: bool = False  # an instant without offset is one only where the file has it as a type
    known: dict[str, Said] = field(default_factory=dict)  # meanings of texts: days come again and again

    @classmethod
    def of(cls, rule: DateRule, theatre_zone: str, *, is_window: bool, at: datetime | None) -> RowDates:
        """Return the reader that *rule* declares; `BadInstant` where *at* cannot be."""
        ends = "inclusive" if rule.ends == "last_seen" else rule.ends
        dates = Dates(listed(rule.forms), ends, rule.earliest, rule.latest, rule.name)
        reader = DateReader.of(dates, day_zone(rule.zone or theatre_zone))
        if at is not None:
            reader.checked(Said(at, at, False))
        reader = replace(reader, table="[date]")
        columns = (listed(rule.column), listed(rule.end))
        return cls(rule, *columns, reader, day_zone(theatre_zone), is_window, at)

    def of_layer(self) -> RowDates:
        """Return the reader of a layer's own declaration, whose form ``iso`` is RFC 3339 and no more."""
        return replace(self, reader=replace(self.reader, table="[layers.dates]"), is_strict=True)

    def period(self, values: Mapping[str, Any], of_file: Said | None) -> tuple[Period, Precision]:
        """Return the half-open period of a row, and its precision; `BadInstant` for none.

        *of_file* is the date in the name of the row's file, for rows that have none.
        """
        said = self.start(values) or of_file
        start = said.start if said else self.at
        if start is None:
            raise BadInstant(f"it has no date{self._where()}")
        written = first_said(values, self.ends)
        until = None if written is None else self._end(written)
        lasts = said is not None and (self.is_window or said.ends) and written is None
        end = until.end if until else said.end if said and lasts else None
        if end is not None and end <= start:
            raise BadInstant("it ends before it starts")
        is_day = (said.is_day if said else self.begins_day(start)) or (until is not None and until.is_day)
        return Period(start, end), "day" if is_day else "instant"

    def start(self, values: Mapping[str, Any]) -> Said | None:
        """Return the date of a row, as long as its span says; ``None`` where no column says anything.

        A column whose words are in no declared form gives way to the next; `BadInstant` of the first where
        none has a date, and of a date that cannot be.
        """
        unfit: UnfitInstant | None = None
        for value in filter(says, (value_at(values, each) for each in self.starts)):
            try:
                return self._spanning(self.said(value), values)
            except UnfitInstant as error:
                unfit = unfit or error
        if unfit is not None:
            raise unfit
        return None

    def of_name(self, name: str) -> Said | None:
        """Return the date in the *name* of a file, by the mapping's pattern, else the name's only ISO day."""
        for part in reversed(PurePosixPath(name).parts):  # an archive's name may have dates of its own
            said = day_in_name(part, self.reader)
            if said is not None:
                return self._in_theatre(said)
        return None

    def begins_day(self, at: datetime) -> bool:
        """Whether *at*, given without a precision, is the first instant of a local day."""
        return day_period(local_day(at, self.theatre_zone), self.theatre_zone).start == at

    def _end(self, written: Any) -> Said | None:
        """Return the end as a meaning whose ``end`` is exclusive; ``None`` where there is no end."""
        typed = self._typed(written)
        if typed is not None and typed.start.year == _LAST_YEAR:
            return None
        if typed is None and self.reader.read_end(self._found(written)) is None:
            return None
        said = self._single(written)
        if self.rule.ends == "last_seen":
            return self._next_look(said)
        if said.is_day:
            return Said(said.start, said.start if self.rule.ends == "exclusive" else said.end, True)
        inclusive = self.rule.ends == "inclusive"
        return Said(said.start, said.start + grain(said.start) if inclusive else said.start, False)

    def _next_look(self, seen: Said) -> Said | None:
        """Return when the log was written next after a row was *seen* last; ``None`` for never."""
        following = bisect_right(self.looks, seen.start)
        return Said(seen.start, self.looks[following], seen.is_day) if following < len(self.looks) else None

    def said(self, value: Any) -> Said:
        """Return the meaning of *value*, half-open days or an instant; `BadInstant` without a meaning."""
        if not isinstance(value, str):
            return self._said(value)
        if value not in self.known:
            if len(self.known) >= _KNOWN:
                self.known.clear()
            self.known[value] = self._said(value)
        return self.known[value]

    def _said(self, value: Any) -> Said:
        between = self.rule.range
        if not between or not isinstance(value, str) or between not in value:
            return self._single(value)
        first, _, last = value.partition(between)
        start, until = self._single(first), self._end(last)
        if until is None:
            raise BadInstant(f"{value[:SAID_LENGTH]!r} has no end")
        return Said(start.start, until.end, start.is_day or until.is_day, ends=True)

    def written(self, value: Any) -> str:
        """Return the date *value* in ISO 8601: a day, month or year, or an interval of days.

        `BadInstant` without a meaning.
        """
        said = self.said(value)
        first = local_day(said.start, self.theatre_zone)
        last = max(first, local_day(said.end - TICK, self.theatre_zone))
        if (first, last) == calendar_span(first, "year"):
            return f"{first.year:04d}"
        if (first, last) == calendar_span(first, "month"):
            return f"{first.year:04d}-{first.month:02d}"
        return str(first) if first == last else f"{first}/{last}"

    def _single(self, value: Any) -> Said:
        typed = self._typed(value)
        said = self.reader.read(self._found(value)) if typed is None else self.reader.checked(typed)
        return self._in_theatre(said)

    def _typed(self, value: Any) -> Said | None:
        """Return the meaning of a typed date of a container, or of ISO 8601 beyond RFC 3339."""
        is_iso = not self.is_strict and "iso" in self.reader.dates.forms
        if isinstance(value, str) and is_iso and _ISO.match(value.strip()):
            try:
                value = datetime.fromisoformat(value.strip().replace(" UTC", "Z"))
            except ValueError as error:
                raise BadInstant(f"{value[:SAID_LENGTH]!r} is no instant of the calendar") from error
        if isinstance(value, datetime):
            try:
                start = (value if value.tzinfo else value.replace(tzinfo=self.reader.zone)).astimezone(UTC)
                return Said(start, start + TICK, False)
            except OverflowError as error:
                raise BadInstant(f"{value} is outside the years this server can count") from error
        return days_from(value, value, self.theatre_zone) if isinstance(value, date) else None

    def _found(self, value: Any) -> Any:
        """Return the part of a text that the mapping's pattern finds, else the whole text."""
        if not self.rule.pattern or not isinstance(value, str):
            return value
        found = re.search(self.rule.pattern, value)
        return found[1] if found and found[1] else value

    def _in_theatre(self, said: Said) -> Said:
        """Return days as the theatre's local days of the same names; an instant is one unless days count."""
        if not said.is_day and self.rule.precision != "day":
            return said
        first, last = (local_day(at, self.reader.zone) for at in (said.start, said.end - TICK))
        return days_from(first, last, self.theatre_zone)

    def _spanning(self, said: Said, values: Mapping[str, Any]) -> Said:
        rule = self.rule.span
        if rule is None:
            return said
        span = rule.values.get(text_of_value(first_said(values, listed(rule.column))), "day")
        day = local_day(said.start, self.theatre_zone)
        if span == "day":
            return said
        return days_from(*calendar_span(day, span), self.theatre_zone)

    def _where(self) -> str:
        if self.starts:
            return f" in {' or '.join(self.starts)}"
        return '; say in which column: [date] column = "date"'
