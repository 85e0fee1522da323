"""Values of a row, by the names that a mapping has for its columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from tileserver.ingest.mapping.declared import Decimals, spelled

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def value_at(values: Mapping[str, Any], column: str) -> Any:
    """Return the value of *column*: by its whole name, else by a path such as ``source.urls[0]``.

    ``None`` where there is none. A path through a list of objects gives the list of their values.
    """
    if column in values:
        return values[column]
    found: Any = values
    for name, index in _steps(column):
        if index:
            found = found[int(index)] if isinstance(found, list) and int(index) < len(found) else None
        elif isinstance(found, list):
            found = [each.get(name) for each in found if isinstance(each, Mapping)]
        else:
            found = found.get(name) if isinstance(found, Mapping) else None
    return found


def steps_of(column: str) -> tuple[str, ...]:
    """Return the path of *column*, step by step: equal for two spellings of one path."""
    return tuple(f"[{int(index)}]" if index else name for name, index in _steps(column)) or (column,)


@lru_cache(1024)
def _steps(column: str) -> tuple[tuple[str, str], ...]:
    return tuple(_STEP.findall(column))


def says(value: Any) -> bool:
    """Whether *value* says anything: not ``None``, no text of spaces, no empty list."""
    return value is not None and value != [] and not (isinstance(value, str) and not value.strip())


def first_said(values: Mapping[str, Any], columns: Iterable[str]) -> Any:
    """Return the value of the first of *columns* that says anything, or ``None``."""
    return next((value for each in columns if says(value := value_at(values, each))), None)


def flat(values: Iterable[Any]) -> Iterator[Any]:
    """Yield *values* that say anything, and the members of lists among the values."""
    for value in values:
        if isinstance(value, list):
            yield from flat(value)
        elif says(value):
            yield value


def text_of_value(value: Any) -> str:
    """Return *value* as a single text, for messages and comparisons; empty for a value without words."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, int | float | bool):
        return spelled(value).strip()
    if isinstance(value, date | datetime):
        return value.isoformat()
    return ", ".join(text_of_value(each) for each in value) if isinstance(value, list) else str(value)


def number_of(value: Any, decimal: Decimals, *, is_degrees: bool = False) -> float | None:
    """Return *value* as a number written with *decimal*, or ``None``; spaces between thousands are none.

    Where either sign may be the decimal one, 1,234 is no number, for it may be a thousand and more; of
    degrees there are no thousands.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:  # JSON bounds no whole number
            return None
    if not isinstance(value, str):
        return None
    text = "".join(value.split())
    if decimal == ".," and not is_degrees and _THOUSANDS.match(text):
        return None
    if decimal != "." and ("," in text or decimal == ","):
        # 1.234,5 or 1,234.5: nobody can tell which was meant
        text = "" if "." in text else text.replace(",", ".")
    return float(text) if _NUMBER.match(text) else None


def whole_of(value: Any, decimal: Decimals) -> int | None:
    """Return *value* as a whole number, to the last digit however large, or ``None``."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE.match(value.strip()):
        return int(value)
    number = number_of(value, decimal)
    return int(number) if number is not None and number.is_integer() else None


def shown(text: str) -> str:
    """Return *text* as a terminal may print texts of strangers: control characters become spaces."""
    return "".join(each if each.isprintable() else " " for each in text)


_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}[.,][0-9]{3}\Z")
_WHOLE = re.compile(r"[-+]?[0-9]{1,30}\Z")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,2})?\Z")
