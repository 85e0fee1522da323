"""The properties of a feature that its layer declares, as values a map can hold; every loss is a finding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tileserver.findings import Finding
from tileserver.ingest.source_list import Note, spell_sources
from tileserver.markup import text_of
from tileserver.model import Layer, Value

VALUE_LENGTH = 4000
_ADDRESS = re.compile(r"\s*https?://\S+\s*\Z", re.IGNORECASE)  # words would be a link to this server


def kept_fields(given: Mapping[str, Any], layer: Layer, note: Note) -> dict[str, Value]:
    """Return the properties among *given* that *layer* declares; tell every loss to *note*.

    A list of words and numbers becomes one text, joined by what the layer declares; of a list of URLs the
    first one is kept, for two in one are no address; only the field that the layer declares for sources has
    all of them. What says nothing (``null``, ``""``, ``[]``) is not there.
    """
    kept: dict[str, Value] = {}
    sources = layer.evidence.sources if layer.evidence else ""
    for name in layer.fields:
        if name == sources:
            if spelled := spell_sources(given.get(name), note):
                kept[name] = spelled
            continue
        value = _plain(name, given.get(name), layer.join, note)
        if isinstance(value, str):
            value = _without_markup(name, value, note)
        if isinstance(value, str) and len(value) > VALUE_LENGTH:
            note(Finding.TEXT_CUT, f"{name}: {len(value):,} characters, {VALUE_LENGTH:,} kept")
            value = value[:VALUE_LENGTH]
        if value is not None and value != "":
            kept[name] = value
    return kept


def _without_markup(name: str, given: str, note: Note) -> str:
    text = text_of(given)
    if text != given:
        note(Finding.MARKUP_REMOVED, name)
    if not name.startswith("url") or not text.strip() or _ADDRESS.match(text):
        return text
    note(Finding.NO_LINK, f"{name}: {text[:40]}")
    return ""


def _plain(name: str, value: Any, join: str, note: Note) -> Value | None:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if not isinstance(value, list) or not all(isinstance(each, str | int | float | bool) for each in value):
        note(Finding.NESTED, name)
        return None
    words = [each if isinstance(each, str) else _word(each) for each in value]
    words = [each for each in words if each.strip()]
    if len(words) < 2:
        return words[0] if words else None
    if all(each.strip().startswith(("http://", "https://")) for each in words) and name.startswith("url"):
        note(Finding.MORE_SOURCES, f"{name}: {len(words)}")
        return words[0].strip()
    note(Finding.LIST_JOINED, f"{name}: {len(words)} items")
    return join.join(words)


def _word(value: float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def other_names(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return the names among *given* that are not *known*, in their order."""
    there = set(known)
    return [name for name in given if name not in there]
