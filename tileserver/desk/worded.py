"""Fields that say one thing in several languages: ``text``, ``text_en``, ``direction_uk``."""

from __future__ import annotations

from collections.abc import Mapping

from tileserver.declared import Text
from tileserver.errors import BadParameter
from tileserver.model import Value
from tileserver.store.catalogue import StoredLayer


def by_language(said: Mapping[str, Value], name: str) -> Text:
    """Return the fields *name* and ``name_en`` and so on, by language; '' is the field without a language."""
    return {
        field.removeprefix(name).removeprefix("_"): str(value)
        for field, value in said.items()
        if field == name or field.startswith(f"{name}_")
    }


def worded_fields(name: str, words: Mapping[str, str], stored: StoredLayer) -> dict[str, str]:
    """Return *words* by language in the fields ``name_en`` and so on of *stored*, or in *name*.

    English, and words without a language, are in *name* where there is no field for them, or the other way
    round. `BadParameter` for a language that the layer has no field for.
    """
    return {_field(name, language, stored): text for language, text in words.items()}


def _field(name: str, language: str, stored: StoredLayer) -> str:
    there = stored.layer.fields
    own = f"{name}_{language}" if language else name
    if own in there:
        return own
    if language == "en" and name in there:
        return name
    if not language and f"{name}_en" in there:
        return f"{name}_en"
    known = [each for each in there if each == name or each.startswith(f"{name}_")]
    raise BadParameter(
        f"layer {stored.layer.name} has no field {own!r}; it has"
        f" {', '.join(known) or 'none for it'}: declare it in the definition, or leave it out"
    )
