"""The look of a column's values: forms of dates, decimal commas, geometries as text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tileserver.errors import BadInstant
from tileserver.ingest.mapping.dates import RowDates
from tileserver.ingest.mapping.declared import DateRule, Decimals
from tileserver.ingest.mapping.values import says, text_of_value

# Whoever can be read in two of these can be meant in two ways.
_FORMS = (
    *("iso", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y", "%d %B %Y"),
    *("%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%Y/%m/%d", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"),
    *("epoch_s", "epoch_ms"),
)
_STRAYS = 0.2  # share of values that may be no dates, as typing mistakes are
_FIRST_DAY = "1900-01-01"
_FIRST_COUNTED = "1990-01-01"  # in seconds; any small number would be a day of 1970
_DECIMAL = re.compile(r"-?[0-9]{1,3}([.,])[0-9]+\Z")
_WKT = re.compile(
    r"(?:SRID=\d+;)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\b", re.IGNORECASE
)
_GEOJSON = re.compile(r"\s*\{\s*\"(?:type|coordinates)\"")


@dataclass(frozen=True, slots=True)
class Forms:
    """Forms in which all values are dates: *found* each by itself; several are a question.

    *together* are several forms, each value being a date in one of them alone; *example* is a value, or,
    where hardly any is no date, the first stray.
    """

    found: tuple[str, ...]
    example: str
    together: tuple[str, ...] = ()
    strays: int = 0

    @property
    def are_written_out(self) -> bool:
        """Whether all values are dates that are no bare numbers of seconds."""
        return bool(self.together) or any(not form.startswith("epoch") for form in self.found)


def date_forms(values: Iterable[Any]) -> Forms:
    """Return the forms in which all of *values* that say anything are dates from 1900 to tomorrow.

    Forms that mean the same day of every value are no question, and the first of them stands for all.
    """
    there = [value for value in values if says(value)]
    if not there:
        return Forms((), "")
    meant = {form: [_day(value, form) for value in there] for form in _FORMS}
    whole = {form: days for form, days in meant.items() if None not in days}
    together = () if whole else _together(meant)
    if not whole and not together:
        return _nearly(meant, there)
    plain = {form: days for form, days in whole.items() if not form.startswith("epoch")} or whole
    found = [form for form, days in plain.items() if days not in _before(form, plain)]
    return Forms(tuple(found), text_of_value(there[0])[:40], together)


def _nearly(meant: dict[str, list[date | None]], values: list[Any]) -> Forms:
    """Return the one form in which most values are dates, with the strays; nothing found for none."""
    best = max(meant, key=lambda form: sum(day is not None for day in meant[form]))
    strays = [value for value, day in zip(values, meant[best], strict=True) if day is None]
    if len(strays) > _STRAYS * len(values):
        return Forms((), text_of_value(values[0])[:40])
    return Forms((best,), text_of_value(strays[0])[:40], strays=len(strays))


def _before(form: str, meant: dict[str, list[date | None]]) -> list[list[date | None]]:
    forms = list(meant)
    return [meant[each] for each in forms[: forms.index(form)]]


def _together(meant: dict[str, list[date | None]]) -> tuple[str, ...]:
    """Return forms that together leave no value out; none where a value has no meaning, or several."""
    plain = {form: days for form, days in meant.items() if not form.startswith("epoch")}
    used: dict[str, None] = {}
    for number in range(len(next(iter(plain.values())))):
        days = {form: day for form, each in plain.items() if (day := each[number]) is not None}
        if len(set(days.values())) != 1:
            return ()
        used[next(iter(days))] = None
    return tuple(used)


def _day(value: Any, form: str) -> date | None:
    if isinstance(value, date | datetime):
        return date(value.year, value.month, value.day) if form == "iso" else None
    try:
        rule = DateRule(forms=form, earliest=_FIRST_COUNTED if form.startswith("epoch") else _FIRST_DAY)
        return RowDates.of(rule, "UTC", is_window=True, at=None).said(value).start.date()
    except BadInstant:
        return None


def decimals_of(texts: Iterable[str]) -> Decimals:
    """Return the decimal signs of coordinates; a point where none has a sign."""
    signs = {text[found.start(1)] for text in texts if (found := _DECIMAL.match(text))}
    return ".," if len(signs) > 1 else "," if "," in signs else "."


def is_geometry_text(values: Iterable[Any]) -> str:
    """Return ``wkt`` or ``geojson``, as all *values* that say anything are written; empty for neither."""
    there = [value for value in values if says(value)]
    if there and all(isinstance(value, str) and _WKT.match(value) for value in there):
        return "wkt"
    geojson = all(_is_geojson(value) for value in there)
    return "geojson" if there and geojson else ""


def _is_geojson(value: Any) -> bool:
    if isinstance(value, dict):
        return "coordinates" in value and "type" in value
    return isinstance(value, str) and _GEOJSON.match(value) is not None
