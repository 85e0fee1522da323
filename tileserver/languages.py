"""Languages that readers are spoken to in: choice among a text's languages, and numbers."""

from __future__ import annotations

from tileserver.declared import Text

LANGUAGES = {"en": "English", "uk": "Українська", "ru": "Русский", "de": "Deutsch", "fr": "Français"}
"""Each language in its own words, by its tag; the first stands in for those that are not here."""

_MARKS = {
    "en": (",", "."),
    "uk": ("\N{NO-BREAK SPACE}", ","),
    "ru": ("\N{NO-BREAK SPACE}", ","),
    "de": (".", ","),
    "fr": ("\N{NARROW NO-BREAK SPACE}", ","),
}  # between thousands, and before the decimals


def written(value: float, decimals: int, language: str) -> str:
    """Return *value* with so many *decimals*, as one of `LANGUAGES` writes numbers."""
    thousands, point = _MARKS[language]
    return f"{value:,.{decimals}f}".translate({ord(","): thousands, ord("."): point})


def pick(text: Text, language: str) -> str:
    """Return *text* in *language*, else in any (''), in English, or in whatever there is; '' where empty."""
    return text.get(language) or text.get("") or text.get("en") or next(iter(text.values()), "")
