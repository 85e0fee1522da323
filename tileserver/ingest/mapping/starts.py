"""The files of a source, and from when the state in each holds: told by the caller, by names, or by rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import PurePosixPath
from typing import TypeAlias

from tileserver.errors import BadInstant, BadParameter, UnreadableSource
from tileserver.ingest.containers.sources import Order, plain_name
from tileserver.ingest.containers.table import Table
from tileserver.ingest.dates import Said
from tileserver.ingest.mapping.declared import listed
from tileserver.ingest.mapping.plan import Beside, IntakePlan
from tileserver.ingest.report import printable
from tileserver.model import Precision

Tables: TypeAlias = Callable[[Order | None], Iterator[Table]]  # in the order of their members' names

_FIRST = datetime.min.replace(tzinfo=UTC)
_UNDATED = (
    'neither its rows nor its name say one date; declare where it stands, [date] column = "date" or'
    r" name = 'control_(\d{8})', or say --at"
)
_UNDATED_PLAIN = (
    "neither its features nor its name say one date; name the file like control_2024-01-31.geojson, declare"
    " [layers.dates] file_name, or say --at"
)


@dataclass(frozen=True, slots=True)
class TableSource:
    """A file, folder or archive: its name, and its tables and the names of its members anew at each call."""

    file: str
    tables: Tables
    members: Callable[[], list[str]]  # paths without the suffix of a packing; a single file's is empty
    beside: Beside = lambda pattern, records: ()  # tables of other files of the source, for lookups

    def taken(self, plan: IntakePlan) -> Iterator[Table]:
        """Yield the tables that the mapping names."""
        return (table for table in self.tables(None) if plan.takes(table, self.file))


@dataclass(frozen=True, slots=True)
class Start:
    """The instant from which a file's state holds."""

    at: datetime
    precision: Precision


def starts_of(source: TableSource, plan: IntakePlan) -> dict[str, Start | str]:
    """Return from when each file's state holds, or why that cannot be told, in the order of the files.

    Files are opened only where their rows have the date.
    """
    if plan.dates.at is not None or plan.rules.date.name or not listed(plan.rules.date.column):
        named = (each for each in source.members() if plan.takes_file(each or source.file))
        return {member: _told(member, (), source, plan) for member in named}
    tables = groupby(source.taken(plan), lambda table: plain_name(table.member))
    return {member: _told(member, each, source, plan) for member, each in tables}


def _told(member: str, tables: Iterable[Table], source: TableSource, plan: IntakePlan) -> Start | str:
    try:
        return _start(member or source.file, tables, plan)
    except (BadParameter, UnreadableSource) as error:
        if not member:
            raise UnreadableSource(f"{source.file}: {error}") from error
        return str(error)


def _start(name: str, tables: Iterable[Table], plan: IntakePlan) -> Start:
    dates, rule = plan.dates, plan.rules.date
    if dates.at is not None:
        return Start(dates.at, "day" if dates.begins_day(dates.at) else "instant")
    said = dates.of_name(name) if rule.name else _common(tables, plan) or dates.of_name(name)
    if said is None:
        raise UnreadableSource(_UNDATED_PLAIN if plan.loaded.is_implied else _UNDATED)
    if rule.holds_from == "end" and said.is_day:
        return Start(said.end, "instant")  # known at that very instant, so no further day has to pass
    return Start(said.start, "day" if said.is_day else "instant")


def _common(tables: Iterable[Table], plan: IntakePlan) -> Said | None:
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
            " state of a day has one. Where each row has a date of its own, it is no snapshot:"
            ' means = "features", or no whole state'
        )
    return next(iter(found.values()), None)


def order_of(starts: Mapping[str, Start | str]) -> Order:
    """Return the order of members by their instants; that of an archive within is its earliest member's."""
    first: dict[str, datetime] = {}
    for member, start in starts.items():
        at = start.at if isinstance(start, Start) else _FIRST
        for path in (member, *map(str, PurePosixPath(member).parents)):
            first[path] = min(first.get(path, at), at)
    return lambda name: (first.get(plain_name(printable(name)), _FIRST), name)
