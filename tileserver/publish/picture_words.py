"""Words of a picture by language: dates, and remarks on layers that are old or missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from tileserver.declared import Text
from tileserver.languages import pick, written
from tileserver.publish.page import PageWords


class _Words(NamedTuple):
    aged: str  # {title}, {day}
    missing: str  # {title}
    earlier: str  # {day}
    basemap: str
    teeth: str  # {side}
    recent: str  # {days}: 7 · 30
    coarse: str


_WORDS = {
    "en": _Words(
        "{title}: as of {day}.",
        "{title}: not available at the moment.",
        "Earlier, since {day}",
        "Base map",
        "Teeth: the side of “{side}”",
        "Taken in {days} days, gross",
        "Coarse basemap: shores are approximate, no roads.",
    ),
    "uk": _Words(
        "{title}: станом на {day}.",
        "{title}: зараз недоступно.",
        "Раніше, від {day}",
        "Основа карти",
        "Зубці — бік «{side}»",
        "Здобуто за {days} днів, без вирахування втрат",
        "Груба підкладка: береги приблизні, доріг немає.",
    ),
    "ru": _Words(
        "{title}: по состоянию на {day}.",
        "{title}: сейчас недоступно.",
        "Ранее, с {day}",
        "Основа карты",
        "Зубцы — сторона «{side}»",
        "Занято за {days} дней, без вычета потерь",
        "Грубая подложка: берега приблизительны, дорог нет.",
    ),
    "de": _Words(
        "{title}: Stand vom {day}.",
        "{title}: derzeit nicht verfügbar.",
        "Früher, seit dem {day}",
        "Grundkarte",
        "Zacken: auf der Seite „{side}“",
        "Eingenommen in {days} Tagen, brutto",
        "Grobe Grundkarte: Ufer nur ungefähr, keine Straßen.",
    ),
    "fr": _Words(
        "{title} : état au {day}.",
        "{title} : indisponible pour le moment.",
        "Plus tôt, depuis le {day}",
        "Fond de carte",
        "Dents : du côté « {side} »",
        "Pris en {days} jours, brut",
        "Fond de carte grossier : rivages approximatifs, pas de routes.",
    ),
}


def spelled_day(day: date, language: str) -> str:
    """Return *day* in words, such as ``9 November 2023``."""
    return PageWords(language).day(day, "date_bare")


def aged(title: Text, day: date, language: str) -> str:
    """Return the remark on a layer that is older than the day of its picture."""
    return _WORDS[language].aged.format(title=pick(title, language), day=spelled_day(day, language))


def earlier(first: date, language: str) -> str:
    """Return the words on events before the day of a picture, from the local day *first* on."""
    return _WORDS[language].earlier.format(day=spelled_day(first, language))


def teeth(language: str) -> str:
    """Return the words on the teeth of a front, with ``{side}`` for the name of their side."""
    return _WORDS[language].teeth


def recent(days: Sequence[int], language: str) -> str:
    """Return the words on land that was taken within so many *days*, local days, the last one included."""
    return _WORDS[language].recent.format(days=" · ".join(map(str, days)))


def coarse(language: str) -> str:
    """Return the remark on a coarse ground."""
    return _WORDS[language].coarse


def number(count: int, language: str) -> str:
    """Return *count* as the language writes numbers."""
    return written(count, 0, language)


def kilometres(km2: Sequence[float], language: str) -> str:
    """Return *km2*, numbers with the unit after the last: two figures, or all before the point."""
    decimals = 1 if min(km2) < 10 else 0
    unit = "км²" if language in ("uk", "ru") else "km²"
    return " · ".join(_short(each, decimals, language) for each in km2) + f"\N{NO-BREAK SPACE}{unit}"


def _short(km2: float, decimals: int, language: str) -> str:
    is_whole = round(km2, 1) == round(km2)
    return written(km2, 0 if is_whole else decimals, language)


def missing(title: Text, language: str) -> str:
    """Return the remark on a layer that is not served now."""
    return _WORDS[language].missing.format(title=pick(title, language))


def credit(layers: list[str], ground: str, language: str) -> str:
    """Return the line of credits, of *layers* and of the *ground*."""
    return " · ".join((*layers, f"{_WORDS[language].basemap}: {ground}"))
