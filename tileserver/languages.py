"""Languages that readers are spoken to in, and the choice among a text's languages."""

from __future__ import annotations

from tileserver.declared import Text

LANGUAGES = {"en": "English", "uk": "Українська", "ru": "Русский", "de": "Deutsch", "fr": "Français"}
"""Each language in its own words, by its tag; the first stands in for those that are not here."""


def pick(text: Text, language: str) -> str:
    """Return *text* in *language*, else in any (''), in English, or in whatever there is; '' where empty."""
    return text.get(language) or text.get("") or text.get("en") or next(iter(text.values()), "")
