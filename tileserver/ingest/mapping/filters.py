"""Conditions that leave rows out, each with a count of its own.

A condition that says which words there are besides its own (``otherwise``) fails closed: a row with any other
word is put aside, so that a new spelling of "confidential" never lets a row through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tileserver.evidence import HiddenRule, Words
from tileserver.findings import Finding
from tileserver.ingest.mapping.declared import FileMapping, RowRule, spelled
from tileserver.ingest.mapping.values import flat, shown, text_of_value, value_at
from tileserver.ingest.report import Report
from tileserver.ingest.spelling import fold

_WORD_LENGTH = 40
_LABEL_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of a mapping, ready to be looked up; ``label`` names the condition in the report.

    ``words`` and ``others`` are folded; the empty word is a cell that says nothing.
    """

    where: str  # its table and number in it
    label: str
    column: str
    leaves_out: bool  # the rows that meet it; else those that do not
    words: frozenset[str] | None
    others: frozenset[str] | None
    pattern: re.Pattern[str] | None
    empty: bool | None

    @classmethod
    def of(cls, table: str, number: int, rule: RowRule | HiddenRule) -> Condition:
        """Return the condition that *rule* declares, the one of that *number*, from 1, in its *table*."""
        where = f"{table} {number}"
        return cls(
            where,
            f"{where} {shown(spelled(rule.column))} {_told(rule)}"[:_LABEL_LENGTH],
            spelled(rule.column),
            table != "keep_only",
            None if rule.equals is None else folded_words(rule.equals),
            None if rule.otherwise is None else folded_words(rule.otherwise),
            re.compile(rule.matches) if rule.matches else None,
            rule.empty,
        )

    def met(self, values: Mapping[str, Any]) -> bool | None:
        """Whether a row meets the condition; ``None`` for a row with a word unknown to the condition.

        A list meets it where any of its members does.
        """
        said = [text_of_value(each) for each in flat([value_at(values, self.column)])]
        if self.empty is not None:
            return self.empty != bool(said)
        folded = {fold(each) for each in said} or {""}
        if self._holds(said, folded):
            return True
        return False if self.others is None or folded <= self.others else None

    def why(self, values: Mapping[str, Any]) -> str:
        """Return the reason against a row that is left out."""
        return f"{self.where} by {self.column}, which says {self._said(values)!r}"

    def unknown(self, values: Mapping[str, Any]) -> str:
        """Return the reason against a row for which `met` is ``None``."""
        said = self._said(values)
        return f"{self.column} says {said!r}, and {self.where} knows it neither by is nor by otherwise"

    def _said(self, values: Mapping[str, Any]) -> str:
        return shown(text_of_value(value_at(values, self.column))[:_WORD_LENGTH])

    def _holds(self, said: list[str], folded: set[str]) -> bool:
        if self.words is not None:
            return not folded.isdisjoint(self.words)
        assert self.pattern is not None
        return any(self.pattern.search(each) for each in said)


@dataclass(frozen=True, slots=True)
class Filters:
    """All conditions of a mapping."""

    conditions: tuple[Condition, ...]
    marked: tuple[Condition, ...] = ()  # looked at elsewhere, and counted as these are

    @classmethod
    def of(cls, rules: FileMapping) -> Filters:
        """Return the conditions that *rules* declare, in their order."""
        marked = () if rules.hidden is None else (Condition.of("hidden", 1, rules.hidden),)
        return cls(tuple(_conditions(rules)), marked)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are looked at."""
        return tuple(each.column for each in self.conditions)

    def caught(self, values: Mapping[str, Any], report: Report) -> tuple[Finding, str] | None:
        """Return why a row is not for the map, in words; ``None`` for a row that is.

        Each condition by which the row would not be for the map is counted, whether another one is as well.
        """
        found: tuple[Finding, str] | None = None
        unknown: tuple[Finding, str] | None = None
        for each in self.conditions:
            met = each.met(values)
            if met is None:
                unknown = unknown or (Finding.UNKNOWN_WORD, each.unknown(values))
            elif met is each.leaves_out:
                report.rules[each.label] += 1
                found = found or (Finding.FILTERED, each.why(values))
        return found or unknown

    def begin(self, report: Report) -> None:
        """Enter the conditions in *report*, each without a row."""
        for each in (*self.conditions, *self.marked):
            report.rules.setdefault(each.label, 0)

    def conclude(self, report: Report) -> None:
        """Note the conditions by which no row of a whole source was left out."""
        for each in (*self.conditions, *self.marked) if report.read else ():
            if each.leaves_out and not report.rules[each.label]:
                report.note(Finding.RULE_IDLE, each.label)


def _conditions(rules: FileMapping) -> Iterator[Condition]:
    for table, given in (("leave_out", rules.leave_out), ("keep_only", rules.keep_only)):
        for number, rule in enumerate(given, 1):
            yield Condition.of(table, number, rule)


def _told(rule: RowRule | HiddenRule) -> str:
    if rule.empty is not None:
        return "is empty" if rule.empty else "is not empty"
    if rule.matches:
        return f"matches {rule.matches}"
    return f"is {', '.join(_words(rule.equals))}"


def folded_words(given: Words | None) -> frozenset[str]:
    """Return the words of a condition, folded; ``''`` is a cell that says nothing."""
    return frozenset(fold(each) for each in _words(given))


def _words(given: Words | None) -> list[str]:
    several = given if isinstance(given, tuple) else () if given is None else (given,)
    return [spelled(each) for each in several]
