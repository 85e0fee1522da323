"""The properties of a row that its layer declares, made of columns as the mapping says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tileserver.errors import BadInstant
from tileserver.findings import Finding
from tileserver.ingest.fields import Note
from tileserver.ingest.mapping.dates import RowDates
from tileserver.ingest.mapping.declared import Decimals, FieldRule, listed, spelled
from tileserver.ingest.mapping.values import flat, number_of, text_of_value, value_at, whole_of
from tileserver.ingest.uacontrolmap import split_sources

_TRUE = {"true", "yes", "y", "1", "1.0", "t", "так", "да"}
_FALSE = {"false", "no", "n", "0", "0.0", "f", "ні", "нет"}


@dataclass(frozen=True, slots=True)
class Properties:
    """Maker of the properties of one source; ``None`` instead of *rules* takes columns of the same names."""

    rules: Mapping[str, FieldRule] | None
    dates: RowDates
    decimal: Decimals

    @classmethod
    def of(
        cls, given: Mapping[str, str | int | FieldRule] | None, dates: RowDates, decimal: Decimals
    ) -> Properties:
        """Return the maker that *given* declares."""
        if given is None:
            return cls(None, dates, decimal)
        rules = {
            name: each if isinstance(each, FieldRule) else FieldRule(each) for name, each in given.items()
        }
        return cls(rules, dates, decimal)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of which properties are made."""
        return tuple(each for rule in (self.rules or {}).values() for each in listed(rule.column))

    def read(self, values: Mapping[str, Any], note: Note) -> Mapping[str, Any]:
        """Return each property with its value or values, before the losses of `kept_fields`."""
        if self.rules is None:
            return values
        return {name: self._value(name, rule, values, note) for name, rule in self.rules.items()}

    def _value(self, name: str, rule: FieldRule, values: Mapping[str, Any], note: Note) -> Any:
        if rule.value is not None:
            return rule.value
        said = list(flat(value_at(values, each) for each in listed(rule.column)))
        offered = _offered(rule, said)
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
        found = self._as(rule, value)
        if found is None:
            note(Finding.OTHER_TYPE, f"{name}: {text_of_value(value)[:40]!r} is no {rule.type}")
        else:
            yield found

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


def _offered(rule: FieldRule, said: list[Any]) -> list[Any]:
    if rule.take in ("first", "all"):
        return said
    texts, urls = [], []
    for each in said:
        text, found = split_sources(text_of_value(each))
        texts.append(text)
        urls += found
    return urls if rule.take == "url" else [each for each in texts if each]


def _boolean(value: Any) -> bool | None:
    word = spelled(value).strip().casefold() if isinstance(value, str | int | float | bool) else ""
    return True if word in _TRUE else False if word in _FALSE else None
