"""The tables of a source become raw features, or raw snapshots, as its mapping says.

Both readers take a function that gives the tables anew at each call: what was issued again, and which file
holds from when, has to be known before the first row is yielded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TypeAlias

from tileserver.errors import BadInstant, BadParameter, UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest.archive import Order
from tileserver.ingest.containers.table import Table
from tileserver.ingest.dates import Said
from tileserver.ingest.mapping.conditions import RowPlace, numbered, replaced
from tileserver.ingest.mapping.plan import IntakePlan
from tileserver.ingest.mapping.rows import TableReader
from tileserver.ingest.raw import RawFeature, RawSnapshot
from tileserver.ingest.report import Report
from tileserver.model import Precision

Tables: TypeAlias = Callable[[Order | None], Iterator[Table]]  # in the order of their members' names

_FIRST = datetime.min.replace(tzinfo=UTC)
_UNDATED = (
    'neither its rows nor its name say one date; declare where it stands, [date] column = "date" or'
    r" name = 'control_(\d{8})', or say --at"
)


@dataclass(frozen=True, slots=True)
class TableSource:
    """A file, folder or archive: its name, and its tables anew at each call."""

    file: str
    tables: Tables

    def taken(self, plan: IntakePlan) -> Iterator[Table]:
        """Yield the tables that the mapping names."""
        return (table for table in self.tables(None) if plan.takes(table, self.file))


def read_features(source: TableSource, plan: IntakePlan, report: Report) -> Iterator[RawFeature]:
    """Yield the features of *source* in its order, each with its half-open period.

    `UnreadableSource` where a table lacks what the mapping names, and at the end where less is left, or more
    was put aside, than the mapping's limits allow: then nothing of the source is to be used.
    """
    old = _replaced(source, plan)
    left = 0
    for number, table in numbered(source.tables(None)):
        if not plan.takes(table, source.file):
            _leave_out(table, source.file, report)
            continue
        of_file = plan.dates.of_name(table.member or source.file) if plan.rules.date.name else None
        for feature in _reader((number, table), source, plan, of_file, old).read(report):
            left += 1
            yield feature
    _check_limits(plan, report, left, source.file)


def read_snapshots(source: TableSource, plan: IntakePlan, report: Report) -> Iterator[RawSnapshot]:
    """Yield the states of *source*, each from a file of the source, ascending in time, each instant once.

    A file's date is what the caller says, else what its name says where the mapping has a pattern, else the
    one date of its rows, else the one ISO day in its name. A single file that cannot be read is an error; one
    of several is quarantined. No two states are in memory together.
    """
    starts = _starts(source, plan)
    if not starts:
        raise UnreadableSource(
            f"{source.file} has no table that the mapping names; see [file] names and tables"
        )
    old = _replaced(source, plan)
    last: RawSnapshot | None = None
    left = 0
    for state, part in _states(source, plan, starts, old, report):
        if last is not None and last.at == state.at:
            _same_instant(last, state, report)
            continue
        report.add(part)
        left += len(state.features)
        yield (last := state)
    _check_limits(plan, report, left, source.file)


@dataclass(frozen=True, slots=True)
class _Start:
    """The instant from which a file's state holds."""

    at: datetime
    precision: Precision


def _replaced(source: TableSource, plan: IntakePlan) -> frozenset[RowPlace]:
    rule = plan.rules.id
    if rule is None:
        return frozenset()
    taken = (
        (number, each) for number, each in numbered(source.tables(None)) if plan.takes(each, source.file)
    )
    return replaced(taken, rule, plan.dates, by_member=plan.rules.means == "snapshot")


def _leave_out(table: Table, file: str, report: Report) -> None:
    report.read += 1
    report.note(Finding.OTHER_MEMBER, f"{table.member or file} {table.name}".strip())


def _reader(
    numbered_table: tuple[int, Table],
    source: TableSource,
    plan: IntakePlan,
    of_file: Said | None,
    old: frozenset[RowPlace],
) -> TableReader:
    """Return the reader of a table; `UnreadableSource` without the columns that the mapping names."""
    number, table = numbered_table
    plan.check_columns(table, source.file)
    frame = plan.frame(table, source.file)
    dated = plan.rules.means == "features"
    return TableReader(plan, table, number, source.file, frame, of_file, old, dated)


def _starts(source: TableSource, plan: IntakePlan) -> dict[str, _Start | str]:
    """Return from when each file's state holds, or why that cannot be told, in the order of the files."""
    found: dict[str, _Start | str] = {}
    for member, tables in groupby(source.taken(plan), lambda table: table.member):
        try:
            found[member] = _start(member or source.file, tables, plan)
        except (BadParameter, UnreadableSource) as error:
            if not member:
                raise UnreadableSource(f"{source.file}: {error}") from error
            found[member] = str(error)
    return found


def _start(name: str, tables: Iterator[Table], plan: IntakePlan) -> _Start:
    dates, rule = plan.dates, plan.rules.date
    if dates.at is not None:
        return _Start(dates.at, "day" if dates.begins_day(dates.at) else "instant")
    said = dates.of_name(name) if rule.name else _common(tables, plan) or dates.of_name(name)
    if said is None:
        raise UnreadableSource(_UNDATED)
    at = said.end if rule.holds_from == "end" and said.is_day else said.start
    return _Start(at, "day" if said.is_day else "instant")


def _common(tables: Iterator[Table], plan: IntakePlan) -> Said | None:
    """Return the single date of all dated rows; `UnreadableSource` where rows have several."""
    found: dict[datetime, Said] = {}
    for table in tables:
        plan.check_columns(table, table.member)
        for row in table.rows():
            if row.number == 0:
                raise UnreadableSource(row.trouble)
            try:
                said = None if row.trouble else plan.dates.start(row.values)
            except BadInstant:
                continue  # put aside when the rows are read
            if said is not None:
                found[said.start] = said
    if len(found) > 1:
        raise UnreadableSource(
            f"its rows say {len(found)} dates, from {min(found):%Y-%m-%d} to {max(found):%Y-%m-%d}; the whole"
            ' state of a day has one. Where each row has a date of its own, say means = "features"'
        )
    return next(iter(found.values()), None)


def _states(
    source: TableSource,
    plan: IntakePlan,
    starts: dict[str, _Start | str],
    old: frozenset[RowPlace],
    report: Report,
) -> Iterator[tuple[RawSnapshot, Report]]:
    """Yield the state of each file with its account; files that have none are counted in *report*."""

    def ascending(member: str) -> tuple[datetime, str]:
        start = starts.get(member)
        return (start.at if isinstance(start, _Start) else _FIRST, member)

    for member, tables in groupby(source.tables(ascending), lambda table: table.member):
        start = starts.get(member)
        part = Report()
        try:
            if isinstance(start, str):
                raise UnreadableSource(start)
            features = _state(tables, source, plan, old, part, dated=start is not None)
        except UnreadableSource as error:
            if not member:
                raise
            report.read += 1
            report.quarantine(Finding.UNREADABLE_SNAPSHOT, member, str(error))
            continue
        if start is None:
            report.add(part)
        else:
            yield RawSnapshot(start.at, features, member or source.file, start.precision), part


def _state(
    tables: Iterator[Table],
    source: TableSource,
    plan: IntakePlan,
    old: frozenset[RowPlace],
    part: Report,
    *,
    dated: bool,
) -> tuple[RawFeature, ...]:
    kept: list[RawFeature] = []
    for number, table in numbered(tables):
        if not dated or not plan.takes(table, source.file):
            _leave_out(table, source.file, part)
        else:
            kept += _reader((number, table), source, plan, None, old).read(part)
    return tuple(kept)


def _same_instant(last: RawSnapshot, state: RawSnapshot, report: Report) -> None:
    """Count a second file of the same instant: a copy is left out, another content put aside."""
    report.read += 1
    if [(each.geometry, each.properties) for each in last.features] == [
        (each.geometry, each.properties) for each in state.features
    ]:
        report.note(Finding.DUPLICATE, state.origin)
    else:
        words = f"another file has the same time, {state.at:%Y-%m-%d %H:%M} UTC"
        report.quarantine(Finding.UNREADABLE_SNAPSHOT, state.origin, words)


def _check_limits(plan: IntakePlan, report: Report, left: int, file: str) -> None:
    """Raise `UnreadableSource` where the account of a whole source is over the mapping's limits."""
    limits, aside = plan.rules.limits, report.total("quarantined")
    if left < limits.rows:
        why = ", ".join(
            f"{each.meaning}: {n:,}" for each, n in report.counts.items() if each.treatment != "noted"
        )
        raise UnreadableSource(
            f"{file}: of {report.read:,} rows {left:,} are left, and the mapping wants {limits.rows:,} or"
            f" more; nothing was written. {why}".rstrip()
        )
    if limits.put_aside is not None and aside > limits.put_aside * report.read:
        raise UnreadableSource(
            f"{file}: {aside:,} of {report.read:,} rows were put aside, more than the"
            f" {100 * limits.put_aside:g} % of [limits] put_aside; nothing was written"
        )
