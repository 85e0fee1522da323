"""The days on which a log of changes was kept, by the first and last days of its rows.

A log that is written by looking has no rows for the days on which nobody looked. A row that was seen last
before such days held on through them: a gap is never an empty map.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from tileserver.errors import BadInstant
from tileserver.ingest.containers.table import Table
from tileserver.ingest.mapping.dates import RowDates
from tileserver.ingest.mapping.values import first_said


def with_looks(dates: RowDates, tables: Iterable[Table]) -> RowDates:
    """Return *dates* with the days on which any row of *tables*, kept or not, began or was seen last."""
    found: dict[str, datetime | None] = {}
    for table in tables:
        for row in table.rows():
            for columns in (dates.starts, dates.ends):
                value = first_said(row.values, columns)
                if value is not None and str(value) not in found:
                    found[str(value)] = _start(dates, value)
    return replace(dates, looks=tuple(sorted({each for each in found.values() if each is not None})))


def _start(dates: RowDates, value: object) -> datetime | None:
    try:
        return dates.said(value).start
    except BadInstant:
        return None
