"""Sight of a file for a draft: a table with its first rows, and where the names of its columns stand."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from tileserver.errors import UnreadableSource
from tileserver.ingest.containers.table import Dialect, Row, Table
from tileserver.ingest.mapping.hxl import column_tagged, is_row_of_tags
from tileserver.ingest.mapping.names import column_called
from tileserver.ingest.mapping.opening import open_source
from tileserver.ingest.mapping.plan import is_titled
from tileserver.ingest.mapping.values import says, text_of_value

_ROWS = 500  # that are looked at
_TABLES = 100
_LINES = 20  # of titles, below which the names of the columns are looked for
_READABLE = 0.9  # of the rows, where the names of the columns are found
_DATUM = re.compile(r"\s*\Z|-?[0-9]+\.[0-9]+\Z|[0-9]{6,}\Z")  # no column is called so, but a value is


@dataclass(frozen=True, slots=True)
class Sight:
    """Sight of a file: its name, a table with its first rows, and the names of all tables.

    *unread* counts those of the first rows that cannot be read; *tags* are HXL tags, by column.
    """

    file: str
    table: Table
    rows: list[Row]
    names: list[str]
    dialect: Dialect
    unread: int = 0
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The columns that say anything in the rows."""
        found = dict.fromkeys((*self.table.columns, *(name for row in self.rows for name in row.values)))
        return [each for each in found if any(says(row.values.get(each)) for row in self.rows)]

    def values(self, column: str) -> list[Any]:
        """Return the values of the rows in *column*."""
        return [row.values.get(column) for row in self.rows]

    def counts(self, column: str) -> Counter[str]:
        """Count the values of the rows in *column*, as texts; ``''`` where a row says nothing."""
        return Counter(text_of_value(each) for each in self.values(column))

    def words(self, column: str) -> list[str]:
        """Return the different values of the rows in *column*, as texts, in their order."""
        return [each for each in self.counts(column) if each]

    def called(self, names: tuple[str, ...], tags: tuple[str, ...]) -> str:
        """Return the column that has the first of *tags*, else of *names*; empty for none."""
        columns = self.columns
        own = {column: tag for column, tag in self.tags.items() if column in columns}
        return column_tagged(own, tags) or column_called(columns, names)


def look(path: Path) -> Sight:
    """Return the sight of the file at *path*; `UnreadableSource` where no row can be read."""
    seen = _look(path, Dialect())
    if seen is None or _is_title(seen):
        seen = _below_titles(path) or seen
    if seen is None or _is_headless(seen):
        seen = _look(path, Dialect(header=0)) or seen
    if seen is None:
        raise UnreadableSource(f"{path.name} has no row that can be read; see tileserver mapping try")
    first = seen.rows[0]
    if is_row_of_tags(first.values):
        tags = {column: str(tag) for column, tag in first.values.items() if says(tag)}
        return replace(seen, rows=seen.rows[1:], tags=tags)
    return seen


def _below_titles(path: Path) -> Sight | None:
    """Return the sight by the first header below the first line, or ``None``."""
    found: Sight | None = None
    for line in range(2, _LINES + 1):
        try:
            seen = _look(path, Dialect(header=line))
        except UnreadableSource:  # it ends above that line
            break
        if found is not None and (seen is None or seen.table.columns != found.table.columns):
            break
        if seen is not None and _has_header(seen):
            found = seen
    return found


def _look(path: Path, dialect: Dialect) -> Sight | None:
    """Return the first table with rows that can be read, and the names of all tables of its file."""
    source = open_source(path, dialect)
    names: list[str] = []
    found: tuple[Table, list[Row], int] | None = None
    for table in islice(source.tables(None), _TABLES):
        if found is not None and table.member != found[0].member:
            break
        names.append(table.name)
        if found is None:
            first = list(islice(table.rows(), _ROWS))
            rows = [row for row in first if not row.trouble]
            found = (table, rows, len(first) - len(rows)) if rows else None
    return None if found is None else Sight(source.file, *found[:2], names, dialect, found[2])


def _is_title(seen: Sight) -> bool:
    """Whether the line taken for the header of a CSV or sheet is rather a title."""
    if seen.table.container not in ("csv", "xlsx"):
        return False
    is_ragged = seen.unread > (1 - _READABLE) * (len(seen.rows) + seen.unread)
    return is_ragged or is_titled(seen.table.columns)


def _has_header(seen: Sight) -> bool:
    return not _is_title(seen) and not _is_headless(seen)


def _is_headless(seen: Sight) -> bool:
    """Whether the header of a CSV is rather a row: a name is empty, or a number."""
    return seen.table.container == "csv" and any(_DATUM.match(each) for each in seen.table.columns)
