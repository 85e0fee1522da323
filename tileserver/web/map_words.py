"""Words and dates of pages by language, from a file of the front end's build."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

import msgspec

from tileserver.languages import LANGUAGES
from tileserver.web.built import STATIC


class MapWords(msgspec.Struct, frozen=True):
    """The words of one language, by name, and a date of each month: ``{d} November {y}``."""

    months: tuple[str, ...]
    said: dict[str, str]

    def day(self, text: str) -> str:
        """Return the ISO day *text* in words: ``9 November 2023``."""
        day = date.fromisoformat(text)
        return self.months[day.month - 1].replace("{d}", str(day.day)).replace("{y}", str(day.year))

    def say(self, word: str, **values: str) -> str:
        """Return the word of this name, with *values* in the places of their names."""
        text = self.said[word]
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        return text


def words_of(language: str, folder: Path = STATIC) -> MapWords:
    """Return the words of *language*; the front end has to be built."""
    path = folder / "words.json"
    return _read(path, path.stat().st_mtime_ns)[language if language in LANGUAGES else next(iter(LANGUAGES))]


@lru_cache(4)
def _read(path: Path, changed: int) -> dict[str, MapWords]:
    """Return the words in *path*; *changed* is its last change, in nanoseconds since 1970."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, MapWords])
