"""A row becomes a raw feature, or is counted with the reason against the row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from tileserver.errors import BadParameter, UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest.containers.table import Row, Table
from tileserver.ingest.dates import Said
from tileserver.ingest.fields import kept_fields
from tileserver.ingest.frame import Frame
from tileserver.ingest.mapping.conditions import Issues, RowPlace, key_of
from tileserver.ingest.mapping.hxl import is_row_of_tags
from tileserver.ingest.mapping.places import NoPlace, is_of_kind
from tileserver.ingest.mapping.plan import IntakePlan
from tileserver.ingest.mapping.sought import Sought
from tileserver.ingest.mapping.values import text_of_value
from tileserver.ingest.raw import RawFeature
from tileserver.ingest.report import Report
from tileserver.model import Precision, Value
from tileserver.times import Period

_RAW_LENGTH = 2000  # of a row that was put aside


class Refused(Exception):
    """A row that is not yielded: the finding, and words for the report."""

    def __init__(self, finding: Finding, words: str = "") -> None:
        super().__init__(words)
        self.finding = finding
        self.words = words


@dataclass(frozen=True, slots=True)
class TableReader:
    """Reader of the rows of a table: the plan of its source, its frame, and the date in its file's name."""

    plan: IntakePlan
    table: Table
    number: int  # of the table in its file
    file: str
    frame: Frame
    of_file: Said | None  # date in the name of the file
    issued: Issues  # rows that share their id
    dated: bool  # each row has a period of its own
    sought: Sought  # what no table had so far

    @property
    def origin(self) -> str:
        """The file, with the name of the table."""
        where = self.table.member or self.file
        return f"{where}/{self.table.name}" if self.table.name else where

    def read(self, report: Report) -> Iterator[RawFeature]:
        """Yield the features of the table in their order; each row is counted in *report*.

        `UnreadableSource` where the whole table cannot be read, unless it is one of many of dated features.
        """
        if others := self.plan.other_columns(self.table):
            report.note(Finding.OTHER_FIELDS, f"{self.origin}: {', '.join(others)}")
        for row in self.table.rows():
            if row.number == 0 and not (self.dated and self.table.member):
                raise UnreadableSource(f"{self.origin}: {row.trouble}")
            report.read += 1
            self.sought.see_row(row.values)
            origin = f"{self.origin}#{row.number}"
            try:
                yield self._decided(row, origin, report)
            except Refused as refused:
                if refused.finding.treatment == "quarantined":
                    words = f"{refused.words}: {_raw(row)}".lstrip(": ")
                    report.quarantine(refused.finding, origin, words, self._whereabouts(row))
                else:
                    report.note(refused.finding, f"{origin}: {refused.words}" if refused.words else origin)

    def _decided(self, row: Row, origin: str, report: Report) -> RawFeature:
        """Return the feature of *row*, with the desk's decision where a source is hidden.

        Such a row is known by its key whatever else is wrong with it, so that what was public can go.
        """
        if row.trouble:
            raise Refused(Finding.UNREADABLE_ROW, row.trouble)
        if row.number == 1 and is_row_of_tags(row.values):
            raise Refused(Finding.ROW_OF_TAGS)
        if self._place(row) in self.issued.replaced:
            raise Refused(Finding.REPLACED)
        mark = self.plan.hidden
        decision = mark.decide(row.values, report) if mark else ""
        if not decision:
            if mark and decision is None:
                raise Refused(Finding.UNKNOWN_WORD, mark.condition.unknown(row.values))
            return self._feature(row, origin, report)
        try:
            return replace(self._feature(row, origin, Report()), hidden=decision)
        except Refused:
            return RawFeature(b"", origin=origin, event_key=self._event_key(row), hidden="leave_out")

    def _feature(self, row: Row, origin: str, report: Report) -> RawFeature:
        """Return the feature of *row*; `Refused` where there is none."""
        try:
            self._check_wanted(row, report)
            code = self._code(row, origin, report)
            geometry = self._geometry(row)
            period, precision = self._period(row)
            properties = self._properties(row, code, origin, report)
        except BadParameter as error:
            raise Refused(Finding.ABSURD_DATE, str(error)) from error
        except RecursionError as error:
            raise Refused(Finding.UNREADABLE_ROW, "its values nest too deep") from error
        placed = self.frame.place(geometry, origin, report)
        self.sought.see_feature(row.values, origin, report)
        return RawFeature(placed, properties, period, origin, precision, self._event_key(row))

    def _event_key(self, row: Row) -> str:
        rule = self.plan.rules.id
        return "" if rule is None or self._place(row) in self.issued.apart else key_of(rule, row.values)

    def _place(self, row: Row) -> RowPlace:
        return self.table.member, self.number, row.number

    def _whereabouts(self, row: Row) -> bytes:
        """Return the GeoJSON geometry, in longitude and latitude, of a row put aside; empty without any."""
        try:
            geometry = self.plan.places.read(row)
        except (NoPlace, RecursionError):
            return b""
        return b"" if geometry is None else self.frame.place(geometry, "", Report())

    def _period(self, row: Row) -> tuple[Period | None, Precision]:
        if self.dated:
            return self.plan.dates.period(row.values, self.of_file)
        if not self.plan.rules.date.name:
            self.plan.dates.start(row.values)  # one that is none puts the row aside
        return None, "instant"

    def _check_wanted(self, row: Row, report: Report) -> None:
        if caught := self.plan.filters.caught(row.values, report):
            raise Refused(*caught)
        if row.geometry is not None:  # areas of a map of points have no kind of event, and need none
            self._check_kind(row.geometry)

    def _code(self, row: Row, origin: str, report: Report) -> str | None:
        """Return the code of the row's category; ``None`` where the mapping has no categories."""
        if self.plan.categories is None:
            return None
        found = self.plan.categories.read(row.values, self.table.member or self.file, self.table.name)
        if found.ignored:
            raise Refused(Finding.IGNORED, found.said)
        if found.code is None:
            raise Refused(Finding.UNKNOWN_STATUS, self.plan.categories.hint(found.said))
        if found.code != found.said and not self.plan.categories.declares:
            report.note(Finding.SPELLING, f"{origin}: {found.said[:80]!r} -> {found.code}")
        return found.code

    def _geometry(self, row: Row) -> bytes:
        rule = self.plan.rules.geometry
        try:
            geometry = self.plan.places.read(row)
        except NoPlace as error:
            raise Refused(Finding.UNREADABLE, str(error)) from error
        if geometry is None:
            left_out = rule.missing == "leave_out"
            raise Refused(Finding.NO_PLACE if left_out else Finding.NULL_GEOMETRY)
        self._check_kind(geometry)
        return geometry

    def _check_kind(self, geometry: bytes) -> None:
        leaves_out = self.plan.rules.geometry.other_kinds == "leave_out"
        if leaves_out and not is_of_kind(geometry, self.plan.layer.kind):
            raise Refused(Finding.OTHER_KIND)

    def _properties(self, row: Row, code: str | None, origin: str, report: Report) -> dict[str, Value]:
        def note(finding: Finding, what: str) -> None:
            report.note(finding, f"{origin}: {what}")

        layer = self.plan.layer
        given: dict[str, Any] = dict(self.plan.properties.read(row.values, note))
        if code is not None:
            given[layer.category] = code
        return kept_fields({name: _plain(given.get(name)) for name in layer.fields}, layer, note)


def _plain(value: Any) -> Any:
    """Return *value* as JSON has values."""
    known = value is None or isinstance(value, str | int | float | bool | list | dict)
    return value if known else text_of_value(value)


def _raw(row: Row) -> str:
    try:
        return msgspec.json.encode(row.values).decode()[:_RAW_LENGTH]
    except (TypeError, ValueError, RecursionError):
        return str(row.values)[:_RAW_LENGTH]
