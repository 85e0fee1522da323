"""The tables of a source become raw features, or raw snapshots, as its mapping says.

Both readers take a function that gives the tables anew at each call: what was issued again, and which file
holds from when, has to be known before the first row is yielded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from tileserver.errors import UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest.containers.sources import plain_name
from tileserver.ingest.containers.table import Table
from tileserver.ingest.dates import Said
from tileserver.ingest.mapping.conditions import Issues, apart, issues, numbered
from tileserver.ingest.mapping.looks import with_looks
from tileserver.ingest.mapping.plan import IntakePlan
from tileserver.ingest.mapping.rows import TableReader
from tileserver.ingest.mapping.sought import Sought
from tileserver.ingest.mapping.starts import Start, TableSource, order_of, starts_of
from tileserver.ingest.raw import RawFeature, RawSnapshot
from tileserver.ingest.report import Report


def read_features(source: TableSource, plan: IntakePlan, report: Report) -> Iterator[RawFeature]:
    """Yield the features of *source* in its order, each with its half-open period.

    `UnreadableSource` where a table lacks what the mapping names, and at the end where less is left, or more
    was put aside, than the mapping's limits allow: then nothing of the source is to be used.
    """
    plan.filters.begin(report)
    plan = plan.with_lookups(source.beside)
    issued = _issues(source, plan)
    if plan.rules.date.ends == "last_seen":
        plan = replace(plan, dates=with_looks(plan.dates, source.taken(plan)))
    left, sought = 0, Sought.of(plan)
    for number, table in numbered(source.tables(None)):
        if not plan.takes(table, source.file):
            _leave_out(table, source.file, report)
            continue
        of_file = plan.dates.of_name(table.member or source.file) if plan.rules.date.name else None
        for feature in _reader((number, table), source, plan, of_file, issued, sought).read(report):
            left += 1
            yield feature
    _check_limits(plan, report, left, source.file, sought)


def read_snapshots(source: TableSource, plan: IntakePlan, report: Report) -> Iterator[RawSnapshot]:
    """Yield the states of *source*, each from a file of the source, ascending in time, each instant once.

    A file's date is what the caller says, else what its name says where the mapping has a pattern, else the
    one date of its rows, else the one ISO day in its name. A single file that cannot be read is an error; one
    of several is quarantined, and so is one that leaves fewer features than the mapping's limit. No two
    states are in memory together.
    """
    plan = plan.with_lookups(source.beside)
    starts = starts_of(source, plan)
    if not starts:
        raise UnreadableSource(
            f"{source.file} has no table that the mapping names; see [file] names and tables"
        )
    plan.filters.begin(report)
    issued = _issues(source, plan)
    last: RawSnapshot | None = None
    left, sought = 0, Sought.of(plan)
    for state, part in _states(source, plan, starts, issued, report, sought):
        if last is not None and state.at < last.at:
            raise UnreadableSource(
                f"{source.file}: {state.origin} is of before {last.origin}; archives within overlap in"
                " time: unpack them into one folder"
            )
        if last is not None and last.at == state.at:
            _same_instant(last, state, report)
            continue
        report.add(part)
        left += len(state.features)
        yield (last := state)
    _check_limits(plan, report, left, source.file, sought)


def _issues(source: TableSource, plan: IntakePlan) -> Issues:
    rule = plan.rules.id
    if rule is None:
        return Issues()
    taken = (
        (number, each) for number, each in numbered(source.tables(None)) if plan.takes(each, source.file)
    )
    by_member = plan.rules.means == "snapshot"
    if rule.several == "apart":
        hidden = [] if plan.hidden is None else [plan.hidden.column]
        said_in = [*plan.named_columns(), *hidden, *plan.layer.fields]
        return apart(taken, rule, said_in, by_member=by_member)
    return issues(taken, rule, plan.dates, by_member=by_member)


def _leave_out(table: Table, file: str, report: Report) -> None:
    report.read += 1
    report.note(Finding.OTHER_MEMBER, f"{table.member or file} {table.name}".strip())


def _reader(
    numbered_table: tuple[int, Table],
    source: TableSource,
    plan: IntakePlan,
    of_file: Said | None,
    issued: Issues,
    sought: Sought,
) -> TableReader:
    """Return the reader of a table; `UnreadableSource` without the columns that the mapping names."""
    number, table = numbered_table
    plan.check_columns(table, source.file)
    frame = plan.frame(table, source.file)
    dated = plan.rules.means == "features"
    sought.see_table(table)
    return TableReader(plan, table, number, source.file, frame, of_file, issued, dated, sought)


def _states(
    source: TableSource,
    plan: IntakePlan,
    starts: dict[str, Start | str],
    issued: Issues,
    report: Report,
    sought: Sought,
) -> Iterator[tuple[RawSnapshot, Report]]:
    """Yield the state of each file with its account; files that have none are counted in *report*."""
    for member, tables in groupby(source.tables(order_of(starts)), lambda table: table.member):
        start = starts.get(plain_name(member))
        part = Report()
        plan.filters.begin(part)
        try:
            if isinstance(start, str):
                raise UnreadableSource(start)
            features = _state(tables, source, plan, issued, part, sought, dated=start is not None)
        except UnreadableSource as error:
            if not member:
                raise
            report.read += 1
            report.quarantine(Finding.UNREADABLE_SNAPSHOT, member, str(error))
            continue
        if start is None:
            report.add(part)
        elif len(features) < plan.rules.limits.rows and member:
            part.read += 1 - len(features)
            words = f"of its rows {len(features):,} are left; the mapping wants {plan.rules.limits.rows:,}"
            part.quarantine(Finding.UNREADABLE_SNAPSHOT, member, words)
            report.add(part)
        else:
            yield RawSnapshot(start.at, features, member or source.file, start.precision), part


def _state(
    tables: Iterator[Table],
    source: TableSource,
    plan: IntakePlan,
    issued: Issues,
    part: Report,
    sought: Sought,
    *,
    dated: bool,
) -> tuple[RawFeature, ...]:
    kept: list[RawFeature] = []
    taken = 0
    for number, table in numbered(tables):
        if not dated or not plan.takes(table, source.file):
            _leave_out(table, source.file, part)
        else:
            taken += 1
            kept += _reader((number, table), source, plan, None, issued, sought).read(part)
    if dated and not taken:
        raise UnreadableSource("it has no table that the mapping names, and an empty state would end all")
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


def _check_limits(plan: IntakePlan, report: Report, left: int, file: str, sought: Sought) -> None:
    """Raise `UnreadableSource` where the account of a whole source is over the mapping's limits."""
    plan.filters.conclude(report)
    sought.conclude(report, file)
    limits, aside = plan.rules.limits, report.total("quarantined")
    if left < limits.rows:
        why = ", ".join(
            f"{each.meaning}: {n:,}, as {next(iter(report.examples[each]), '')}".removesuffix(", as ")
            for each, n in report.counts.items()
            if each.treatment in ("quarantined", "left_out")
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
