"""Rows that were issued again under their id, and so give way to another row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from tileserver.errors import BadInstant, UnreadableSource
from tileserver.event_keys import joined_key
from tileserver.ingest.containers.table import Row, Table
from tileserver.ingest.mapping.dates import RowDates
from tileserver.ingest.mapping.declared import IdColumns, IdRule, listed, parts_of, spelled
from tileserver.ingest.mapping.hxl import is_row_of_tags
from tileserver.ingest.mapping.values import first_said, number_of, says, text_of_value, value_at

RowPlace: TypeAlias = tuple[str, int, int]  # member, number of its table, number of the row
_Name: TypeAlias = tuple[str, str]  # member, where ids are of one file, and id


def key_of(rule: IdRule, values: Mapping[str, Any]) -> str:
    """Return the id by which a row is known when issued again; ``''`` for a row without an id."""
    if rule.columns:
        return joined_key([_part(*part, values) for part in _compiled(rule.columns)])
    return text_of_value(first_said(values, listed(rule.column)))


def _part(column: str, pattern: re.Pattern[str] | None, values: Mapping[str, Any]) -> str:
    text = text_of_value(value_at(values, column))
    if pattern is None:
        return text
    found = pattern.search(text)
    return next(filter(None, found.groups()), "") if found else ""


@lru_cache(64)
def _compiled(columns: IdColumns) -> tuple[tuple[str, re.Pattern[str] | None], ...]:
    """Return the names of *columns*, each with the pattern of its part."""
    return tuple(
        (spelled(part.column), re.compile(part.pattern) if part.pattern else None)
        for part in parts_of(columns)
    )


def numbered(tables: Iterable[Table]) -> Iterator[tuple[int, Table]]:
    """Yield *tables* with their numbers in their own files; two may have one name, as KML folders have."""
    counts: Counter[str] = Counter()
    for table in tables:
        counts[table.member] += 1
        yield counts[table.member], table


class Issues(NamedTuple):
    """Rows of a source whose id other rows have, too.

    ``replaced`` give way to a newer issue; ``apart`` are events that their id does not tell from each other,
    and that therefore have none.
    """

    replaced: frozenset[RowPlace] = frozenset()
    apart: frozenset[RowPlace] = frozenset()


def issues(tables: Iterable[tuple[int, Table]], rule: IdRule, dates: RowDates, *, by_member: bool) -> Issues:
    """Return the rows that give way to another row with their id.

    *by_member*: only rows of one file replace each other. Of several rows with the same id the one with the
    newest order counts, of equal ones the later row. `UnreadableSource` where an order can not be told.
    """
    best: dict[_Name, tuple[float, RowPlace]] = {}
    old: set[RowPlace] = set()
    for name, row_place, row in _with_ids(tables, rule, by_member=by_member):
        order = _order(value_at(row.values, spelled(rule.newest)), dates, row_place, rule)
        known = best.get(name)
        if known is not None and known[0] > order:
            old.add(row_place)
            continue
        if known is not None:
            old.add(known[1])
        best[name] = (order, row_place)
    return Issues(frozenset(old))


def apart(
    tables: Iterable[tuple[int, Table]], rule: IdRule, columns: Sequence[str], *, by_member: bool
) -> Issues:
    """Return the rows that stand apart, because another row with their id says something else in *columns*.

    Rows that say the same are copies of one event, which keeps its id however often it is listed.
    """
    found: dict[_Name, tuple[int, list[RowPlace]]] = {}
    several: set[_Name] = set()
    for name, row_place, row in _with_ids(tables, rule, by_member=by_member):
        said = hash((row.geometry, *(text_of_value(value_at(row.values, each)) for each in columns)))
        first, places = found.setdefault(name, (said, []))
        places.append(row_place)
        if said != first:
            several.add(name)
    return Issues(apart=frozenset(each for name in several for each in found[name][1]))


def _with_ids(
    tables: Iterable[tuple[int, Table]], rule: IdRule, *, by_member: bool
) -> Iterator[tuple[_Name, RowPlace, Row]]:
    for number, table in tables:
        for row in table.rows():
            is_event = not row.trouble and not (row.number == 1 and is_row_of_tags(row.values))
            if is_event and (name := key_of(rule, row.values)):
                yield (table.member if by_member else "", name), (table.member, number, row.number), row


def _order(value: Any, dates: RowDates, row_place: RowPlace, rule: IdRule) -> float:
    if rule.newest == "" or not says(value):
        return 0.0
    number = number_of(value, ".")
    if number is not None:
        return number
    try:
        return dates.said(value).start.timestamp()
    except BadInstant as error:
        raise UnreadableSource(
            f"{row_place[0]} row {row_place[2]}: {rule.newest} has to tell the newest issue, and"
            f" {text_of_value(value)[:40]!r} is neither a number nor a date; see [id] newest"
        ) from error
