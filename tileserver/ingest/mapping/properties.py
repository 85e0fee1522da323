"""The properties of a row that its layer declares, made of columns as the mapping says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tileserver.errors import BadInstant
from tileserver.findings import Finding
from tileserver.ingest.mapping.dates import RowDates
from tileserver.ingest.mapping.declared import TEMPLATE_COLUMN, Columns, Decimals, FieldRule, listed, spelled
from tileserver.ingest.mapping.lookups import Lookup, looked_up
from tileserver.ingest.mapping.values import flat, number_of, shown, text_of_value, value_at, whole_of
from tileserver.ingest.source_list import Note
from tileserver.ingest.spelling import fold
from tileserver.ingest.uacontrolmap import split_sources

_TRUE = {"true", "yes", "y", "1", "1.0", "t", "так", "да"}
_FALSE = {"false", "no", "n", "0", "0.0", "f", "ні", "нет"}


@dataclass(frozen=True, slots=True)
class Properties:
    """Maker of the properties of one source; ``None`` instead of *rules* takes columns of the same names."""

    rules: Mapping[str, FieldRule] | None
    dates: RowDates
    decimal: Decimals
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by field: folded spelling -> code

    @classmethod
    def of(
        cls, given: Mapping[str, Columns | FieldRule] | None, dates: RowDates, decimal: Decimals
    ) -> Properties:
        """Return the maker that *given* declares."""
        if given is None:
            return cls(None, dates, decimal)
        rules = {
            name: each if isinstance(each, FieldRule) else FieldRule(each) for name, each in given.items()
        }
        codes = {
            name: {fold(word): code for word, code in each.codes.items()} for name, each in rules.items()
        }
        return cls(rules, dates, decimal, codes=codes)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of which properties are made."""
        rules = (self.rules or {}).values()
        return tuple(each for rule in rules for each in columns_of(rule))

    def read(self, values: Mapping[str, Any], note: Note) -> Mapping[str, Any]:
        """Return each property with its value or values, before the losses of `kept_fields`."""
        if self.rules is None:
            return values
        return {name: self._value(name, rule, values, note) for name, rule in self.rules.items()}

    def _value(self, name: str, rule: FieldRule, values: Mapping[str, Any], note: Note) -> Any:
        if rule.value is not None:
            return rule.value
        if listed(rule.template):
            return _filled(rule, values)
        said = looked_up(_said(rule, rule.column, values), self.lookups.get(rule.lookup))
        if listed(rule.publisher):
            return cited(said, _said(rule, rule.publisher, values))
        offered = _offered(rule, said)
        if rule.type == "day" and rule.take == "first":  # as the date of the row is found
            offered = [each for each in offered if self._day(each) is not None] or offered
        if not offered and rule.take in _NOTHING_LEFT:
            note(_NOTHING_LEFT[rule.take], name)
        taken = offered[:1] if rule.take in ("first", "url") else offered
        if len(taken) < len(offered) and name.startswith("url"):
            note(Finding.MORE_SOURCES, f"{name}: {len(offered)}")
        found = [typed for each in taken for typed in self._typed(name, rule, each, note)]
        if len(found) == 1:
            return found[0]
        if found and rule.join is not None:
            return rule.join.join(text_of_value(each) for each in found)
        return found or None

    def _typed(self, name: str, rule: FieldRule, value: Any, note: Note) -> Iterator[Any]:
        """Yield *value* in the declared type; nothing, and a finding, for a value of another type."""
        if rule.codes:
            yield from self._coded(name, rule, value, note)
            return
        found = self._as(rule, value)
        if found is None:
            note(Finding.OTHER_TYPE, f"{name}: {text_of_value(value)[:40]!r} is no {rule.type}")
        else:
            yield found

    def _coded(self, name: str, rule: FieldRule, value: Any, note: Note) -> Iterator[str]:
        """Yield the code of the word *value*; another word as the rule says."""
        word = text_of_value(value)
        code = self.codes[name].get(fold(word))
        if code is None and rule.other_words == "leave_out":
            note(Finding.OTHER_WORD, f"{name}: {shown(word[:40])!r} is in none of its codes")
        else:
            yield word if code is None else code

    def _as(self, rule: FieldRule, value: Any) -> Any:
        match rule.type:
            case "text":
                return text_of_value(value)
            case "number":
                return number_of(value, self.decimal)
            case "whole":
                return whole_of(value, self.decimal)
            case "boolean":
                return _boolean(value)
            case "day":
                return self._day(value)
            case _:
                return value if isinstance(value, str | int | float | bool | dict) else text_of_value(value)

    def _day(self, value: Any) -> str | None:
        try:
            return self.dates.written(value)
        except BadInstant:
            return None


def columns_of(rule: FieldRule) -> tuple[str, ...]:
    """Return the columns that *rule* makes a field of."""
    named = (each for template in listed(rule.template) for each in TEMPLATE_COLUMN.findall(template))
    return (*listed(rule.column), *listed(rule.publisher), *named)


def _filled(rule: FieldRule, values: Mapping[str, Any]) -> str | None:
    """Return the first template whose columns all say something, filled; ``None`` for none."""
    for template in listed(rule.template):
        said = [text_of_value(value_at(values, name)) for name in TEMPLATE_COLUMN.findall(template)]
        if all(said):
            between = TEMPLATE_COLUMN.split(template)[::2]
            return "".join(map("".join, zip(between, [*said, ""], strict=True)))
    return None


def _said(rule: FieldRule, columns: Columns, values: Mapping[str, Any]) -> list[Any]:
    said = list(flat(value_at(values, each) for each in listed(columns)))
    if not rule.split:
        return said
    parts = (part.strip() for each in said for part in text_of_value(each).split(rule.split))
    return [part for part in parts if part]


def cited(urls: Sequence[Any], publishers: Sequence[Any]) -> list[dict[str, str]]:
    """Return sources as objects: *urls* with their *publishers*, one by one where there are as many.

    One publisher is that of all URLs. Of other numbers nobody can tell whose is whose: URLs then have their
    hosts, and publishers stand for themselves.
    """
    links, names = ([text_of_value(each) for each in given] for given in (urls, publishers))
    if links and len(names) == 1:
        names *= len(links)
    if len(links) == len(names):
        return [{"publisher": name, "url": url} for name, url in zip(names, links, strict=True)]
    return [*({"publisher": "", "url": url} for url in links), *({"publisher": name} for name in names)]


_NOTHING_LEFT = {"text": Finding.MISSING_TEXT, "url": Finding.MISSING_SOURCE}  # of words and links in one
_parted = lru_cache(16)(split_sources)  # of which one field takes the text, and another the URL


def _offered(rule: FieldRule, said: list[Any]) -> list[Any]:
    if rule.take in ("first", "all"):
        return said
    texts: list[str] = []
    urls: list[str] = []
    for each in said:
        text, found = _parted(text_of_value(each))
        texts.append(text)
        urls += found
    return urls if rule.take == "url" else [each for each in texts if each]


def _boolean(value: Any) -> bool | None:
    word = spelled(value).strip().casefold() if isinstance(value, str | int | float | bool) else ""
    return True if word in _TRUE else False if word in _FALSE else None
