"""Columns that a mapping names and no table of its source has, and rows without an id.

Judged over a whole source: a column that only some of its files have is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tileserver.complaints import near_miss
from tileserver.errors import UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest.containers.table import Table
from tileserver.ingest.mapping.conditions import key_of
from tileserver.ingest.mapping.declared import IdRule
from tileserver.ingest.mapping.plan import IntakePlan
from tileserver.ingest.mapping.values import value_at
from tileserver.ingest.report import Report


@dataclass(slots=True)
class Sought:
    """Columns and ids not met so far while the tables of a source are read."""

    rule: IdRule | None
    missing: list[str]  # columns that the mapping names, and no table had so far
    there: dict[str, None] = field(default_factory=dict)  # columns of the tables
    known: int = 0  # rows with an id
    unknown: int = 0

    @classmethod
    def of(cls, plan: IntakePlan) -> Sought:
        """Return an account without any row; columns of a layer without a mapping need not be there."""
        return cls(plan.rules.id, [] if plan.loaded.is_implied else plan.named_columns())

    def see_table(self, table: Table) -> None:
        """Strike out the columns that *table* has."""
        self.there |= dict.fromkeys(table.columns)
        self.missing = [each for each in self.missing if each not in table.columns]

    def see_row(self, values: Mapping[str, Any]) -> None:
        """Strike out the columns of a row that its table does not declare, and paths into *values*."""
        if self.missing:
            self.missing = [
                each for each in self.missing if each not in values and value_at(values, each) is None
            ]

    def see_feature(self, values: Mapping[str, Any], origin: str, report: Report) -> None:
        """Count whether a row that becomes a feature has an id."""
        if self.rule is None:
            return
        if key_of(self.rule, values):
            self.known += 1
        else:
            self.unknown += 1
            report.note(Finding.NO_ID, origin)

    def conclude(self, report: Report, file: str) -> None:
        """Note each column that no table had; `UnreadableSource` where no row had an id."""
        words = [f"no table has a column {each!r}{near_miss(each, self.there)}" for each in self.missing]
        for _ in words if self.there else ():
            report.note(Finding.NO_COLUMN, "; ".join(words))  # of which a table shows one example: all
        if self.unknown and not self.known:
            why = "".join(f"; {each}" for each in words)
            raise UnreadableSource(
                f"{file}: [id] is declared, and none of {self.unknown:,} rows has one{why}; name the column,"
                " or leave [id] out; nothing was written"
            )
