"""The look of a column's values: forms of dates, decimal commas, geometries as text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from tileserver.errors import BadInstant
from tileserver.ingest.mapping.dates import RowDates
from tileserver.ingest.mapping.declared import DateRule, Decimals
from tileserver.ingest.mapping.values import says, text_of_value

# Whoever can be read in two of these can be meant in two ways.
_FORMS = (
    *("iso", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y", "%d %B %Y"),
    *("%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%Y/%m/%d", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"),
    *("%Y-%m", "%m/%Y", "%B %Y", "%b %Y", "%Y", "epoch_s", "epoch_ms"),
)
_COUNTED = ("epoch_s", "epoch_ms")
_NUMBERS = (*_COUNTED, "%Y")
_ODD = 4  # strays that are shown
_STRAYS = 0.2  # share of values that may be no dates, as typing mistakes are
_RANGES = (" - ", " – ", " — ", " to ", " bis ", "–")
_FIRST_DAY = "1900-01-01"
_FIRST_COUNTED = "1990-01-01"  # in seconds; any small number would be a day of 1970
_DECIMAL = re.compile(r"-?[0-9]{1,3}([.,])[0-9]+\Z")
_WKT = re.compile(
    r"(?:SRID=\d+;)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\b", re.IGNORECASE
)
_Meant: TypeAlias = dict[str, list[date | None]]  # form -> what each value means in it
_GEOJSON = re.compile(r"\s*\{\s*\"(?:type|coordinates)\"")


@dataclass(frozen=True, slots=True)
class Forms:
    """Forms in which values are dates: *found* each by itself; several are a question.

    *together* are several forms, each value being a date in one of them alone. *strays* are no dates in any;
    *odd* are the first of these that look different from each other, else the first value.
    """

    found: tuple[str, ...]
    odd: tuple[str, ...]
    together: tuple[str, ...] = ()
    strays: int = 0

    @property
    def are_written_out(self) -> bool:
        """Whether all values are dates that are no bare numbers, of seconds or of years."""
        return bool(self.together) or any(form not in _NUMBERS for form in self.found)


def date_forms(values: Iterable[Any]) -> Forms:
    """Return the forms in which *values* that say anything are dates from 1900 to tomorrow, but for strays.

    Forms that mean the same day of every value are no question, and the first of them stands for all.
    """
    there = [value for value in values if says(value)]
    meant = {form: [_day(value, form) for value in there] for form in _FORMS}
    counted = {form: meant.pop(form) for form in _COUNTED}
    plain = _covered(meant, there)
    return plain if plain.found or plain.together else _covered(counted, there)


def _covered(meant: _Meant, values: list[Any]) -> Forms:
    """Return the fewest forms that leave hardly any value out; no two read one value differently."""
    known: dict[int, date] = {}
    taken: list[str] = []
    rivals: list[str] = []
    while not rivals:
        open_to = {form: days for form, days in meant.items() if _swapped(form) not in taken}
        news = {form: _news(days, known) for form, days in open_to.items()}
        best = max(news, key=lambda form: len(news[form]))
        rivals = [form for form, days in news.items() if _is_rival(days, news[best])]
        if not news[best] or (rivals and taken):
            rivals = []
            break
        taken.append(best)
        known |= news[best]
    strays = [value for number, value in enumerate(values) if number not in known]
    if len(strays) > _STRAYS * len(values):
        return Forms((), _odd(values))
    odd = _odd(strays or values)
    if len(taken) > 1:
        return Forms((), odd, tuple(taken), len(strays))
    return Forms((*taken, *rivals), odd, strays=len(strays))


def _swapped(form: str) -> str:
    """Return the form with day and month in each other's place, which no source means in the same column."""
    return form.replace("%d", "%*").replace("%m", "%d").replace("%*", "%m")


def _is_rival(days: dict[int, date], best: dict[int, date]) -> bool:
    """Whether a form has as many *days* as the *best*, and others: nobody can tell which is meant."""
    is_other = any(days.get(number, day) != day for number, day in best.items())
    return is_other and len(days) == len(best)


def _news(days: list[date | None], known: dict[int, date]) -> dict[int, date]:
    """Return the *days* of values that are not *known*; none where a known value has another day."""
    if any(days[number] not in (None, day) for number, day in known.items()):
        return {}
    return {number: day for number, day in enumerate(days) if day is not None and number not in known}


def _odd(values: list[Any]) -> tuple[str, ...]:
    """Return the first of *values* of each look: letters and digits are like any other."""
    looks: dict[str, str] = {}
    for value in values:
        text = text_of_value(value)[:40]
        looks.setdefault(re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text)), text)
    return tuple(looks.values())[:_ODD]


def _day(value: Any, form: str) -> date | None:
    if isinstance(value, date | datetime):
        return date(value.year, value.month, value.day) if form == "iso" else None
    try:
        rule = DateRule(forms=form, earliest=_FIRST_COUNTED if form.startswith("epoch") else _FIRST_DAY)
        return RowDates.of(rule, "UTC", is_window=True, at=None).said(value).start.date()
    except BadInstant:
        return None


def range_of(values: Iterable[Any]) -> str:
    """Return the text between the two dates of some *values*; empty where none has two."""
    texts = [value for value in values if isinstance(value, str)]
    for between in _RANGES:
        halves = [text.split(between) for text in texts if between in text]
        if halves and all(len(each) == 2 and all(map(_is_date, each)) for each in halves):
            return between
    return ""


def _is_date(text: str) -> bool:
    return any(_day(text, form) is not None for form in _FORMS if form not in _NUMBERS)


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
