"""Rows that were issued again under their id, and so give way to another row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from tileserver.errors import BadInstant, UnreadableSource
from tileserver.event_keys import joined_key
from tileserver.ingest.containers.table import Table
from tileserver.ingest.mapping.dates import RowDates
from tileserver.ingest.mapping.declared import IdPart, IdRule, listed, spelled
from tileserver.ingest.mapping.hxl import is_row_of_tags
from tileserver.ingest.mapping.values import first_said, number_of, says, text_of_value, value_at

RowPlace: TypeAlias = tuple[str, int, int]  # member, number of its table, number of the row


def key_of(rule: IdRule, values: Mapping[str, Any]) -> str:
    """Return the id by which a row is known when issued again; ``''`` for a row without an id."""
    if rule.columns:
        return joined_key(_part(part, values) for part in rule.parts)
    return text_of_value(first_said(values, listed(rule.column)))


def _part(part: IdPart, values: Mapping[str, Any]) -> str:
    text = text_of_value(value_at(values, spelled(part.column)))
    if not part.pattern:
        return text
    found = re.search(part.pattern, text)
    return next((each for each in found.groups() if each), "") if found else ""


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
    """Return the rows that share their id with another row.

    *by_member*: only rows of one file replace each other. Of several rows with the same id the one with the
    newest order counts, of equal ones the later row. `UnreadableSource` where an order can not be told.
    """
    best: dict[tuple[str, str], tuple[float, RowPlace]] = {}
    old: set[RowPlace] = set()
    newer: set[RowPlace] = set()
    for number, table in tables:
        for row in table.rows():
            is_event = not row.trouble and not (row.number == 1 and is_row_of_tags(row.values))
            name = key_of(rule, row.values) if is_event else ""
            if not name:
                continue
            row_place = (table.member, number, row.number)
            order = _order(value_at(row.values, spelled(rule.newest)), dates, row_place, rule)
            known = best.get((table.member if by_member else "", name))
            if known is not None and known[0] > order:
                old.add(row_place)
                continue
            if known is not None:
                old.add(known[1])
                newer.add(row_place)
            best[table.member if by_member else "", name] = (order, row_place)
    return Issues(frozenset(old)) if rule.several == "newest" else Issues(apart=frozenset(old | newer))


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
