"""Words of a picture by language: dates, and remarks on layers that are old or missing."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from tileserver.declared import Text


class _Words(NamedTuple):
    day: str  # {day}, {month}, {year}
    months: tuple[str, ...]
    aged: str  # {title}, {day}
    missing: str  # {title}
    earlier: str  # {day}
    basemap: str


_WORDS = {
    "en": _Words(
        "{day} {month} {year}",
        (
            "January", "February", "March", "April", "May", "June", "July", "August", "September",
            "October", "November", "December",
        ),
        "{title}: as of {day}.",
        "{title}: not available at the moment.",
        "Earlier, since {day}",
        "Base map",
    ),
    "uk": _Words(
        "{day} {month} {year}",
        (
            "січня", "лютого", "березня", "квітня", "травня", "червня", "липня", "серпня", "вересня",
            "жовтня", "листопада", "грудня",
        ),
        "{title}: станом на {day}.",
        "{title}: зараз недоступно.",
        "Раніше, від {day}",
        "Основа карти",
    ),
    "ru": _Words(
        "{day} {month} {year}",
        (
            "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября",
            "октября", "ноября", "декабря",
        ),
        "{title}: по состоянию на {day}.",
        "{title}: сейчас недоступно.",
        "Ранее, с {day}",
        "Основа карты",
    ),
    "de": _Words(
        "{day}. {month} {year}",
        (
            "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
            "Oktober", "November", "Dezember",
        ),
        "{title}: Stand vom {day}.",
        "{title}: derzeit nicht verfügbar.",
        "Früher, seit dem {day}",
        "Grundkarte",
    ),
    "fr": _Words(
        "{day} {month} {year}",
        (
            "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
            "octobre", "novembre", "décembre",
        ),
        "{title} : état au {day}.",
        "{title} : indisponible pour le moment.",
        "Plus tôt, depuis le {day}",
        "Fond de carte",
    ),
}  # fmt: skip

LANGUAGES = tuple(_WORDS)


def spelled_day(day: date, language: str) -> str:
    """Return *day* in words, such as ``9 November 2023``."""
    words = _WORDS[language]
    number = "1er" if language == "fr" and day.day == 1 else str(day.day)
    return words.day.format(day=number, month=words.months[day.month - 1], year=day.year)


def aged(title: Text, day: date, language: str) -> str:
    """Return the remark on a layer that is older than the day of its picture."""
    return _WORDS[language].aged.format(title=pick(title, language), day=spelled_day(day, language))


def earlier(first: date, language: str) -> str:
    """Return the words on events before the day of a picture, from the local day *first* on."""
    return _WORDS[language].earlier.format(day=spelled_day(first, language))


def missing(title: Text, language: str) -> str:
    """Return the remark on a layer that is not served now."""
    return _WORDS[language].missing.format(title=pick(title, language))


def credit(layers: list[str], ground: str, language: str) -> str:
    """Return the line of credits, of *layers* and of the *ground*."""
    return " · ".join((*layers, f"{_WORDS[language].basemap}: {ground}"))


def pick(text: Text, language: str) -> str:
    """Return the words of *text* in *language*, else in English, else in any."""
    return text.get(language) or text.get("en") or next(iter(text.values()), "")
