"""The category of a row: from a column, a constant or the place of the row, by the mapping's table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tileserver.ingest.mapping.declared import CategoryRule, listed
from tileserver.ingest.mapping.lookups import Lookup, looked_up
from tileserver.ingest.mapping.values import flat, shown, text_of_value, value_at
from tileserver.ingest.spelling import Vocabulary, fold, near_word
from tileserver.model import Layer

_LISTED = 12  # spellings that a message lists


@dataclass(frozen=True, slots=True)
class Meaning:
    """Words of a row with the code of their meaning; *ignored* words, and unknown words, have no code."""

    said: str
    code: str | None
    ignored: bool = False


@dataclass(frozen=True, slots=True)
class Categories:
    """Reader of the categories of a source: folded spelling -> code, ``None`` for ignored spellings."""

    rule: CategoryRule
    table: Mapping[str, str | None]
    layer: Vocabulary
    columns: tuple[str, ...]
    declares: bool  # its own table; else the layer's codes and spellings hold
    lookup: Lookup | None = None
    is_implied: bool = False  # by the layer's definition, which has a table of spellings itself

    @classmethod
    def of(cls, rule: CategoryRule, layer: Layer, *, is_implied: bool = False) -> Categories:
        """Return the reader that *rule* declares for *layer*."""
        table: dict[str, str | None] = {fold(word): code for word, code in rule.codes.items()}
        table |= dict.fromkeys(map(fold, listed(rule.ignore)))
        return cls(
            rule, table, Vocabulary.of(layer), listed(rule.column), bool(rule.codes), is_implied=is_implied
        )

    def read(self, values: Mapping[str, Any], member: str, table: str) -> Meaning:
        """Return the meaning of a row of *table* in the file *member*; the first that means anything."""
        if self.rule.value:
            return Meaning(self.rule.value, self.rule.value)
        said = self._said(values, member, table)
        for each in said:
            found = self._meaning(each)
            if found.code is not None or found.ignored:
                return found
        return Meaning(said[0] if said else "", None)

    def hint(self, said: str) -> str:
        """Return advice for words without a meaning: the nearest spelling, or all spellings."""
        said = shown(said)
        if not self.declares and self.layer.codes:
            hint = self.layer.hint(said)
            return hint if self.is_implied else hint.replace("[layers.spellings]", "[category.codes]")
        known = sorted(word for word in self.table if word)
        near = near_word(said, known)
        code = self.table[near] if near else None
        if not said:
            return f"it says no category; known are {', '.join(known[:_LISTED])}"
        if code:
            return (
                f"{said[:40]!r} is in no table; {near[:40]!r}, which is {code!r}, is near:"
                f' [category.codes] "{said[:40]}" = "{code}"'
            )
        return (
            f'{said[:40]!r} is in no table: say what it means, [category.codes] "{said[:40]}" = "..."'
            f' or [category] ignore = ["{said[:40]}"]; known are {", ".join(known[:_LISTED])}'
        )

    def _said(self, values: Mapping[str, Any], member: str, table: str) -> list[str]:
        match self.rule.place:
            case "file":
                said = [PurePosixPath(member).stem]
            case "folder":
                folder = PurePosixPath(member).parent
                said = [str(folder)] if folder.name else []
            case "table":
                said = [table]
            case _:
                given = flat(value_at(values, each) for each in self.columns)
                parts = (part for each in given for part in self._parts(each))
                said = [text_of_value(each) for each in flat(looked_up(parts, self.lookup))]
        return [found for each in said if (found := self._found(each))]

    def _parts(self, value: Any) -> list[Any]:
        split = self.rule.split
        return [part.strip() for part in text_of_value(value).split(split)] if split else [value]

    def _found(self, said: str) -> str:
        if not self.rule.pattern:
            return said
        found = re.search(self.rule.pattern, said)
        return (found[1] or "") if found else said

    def _meaning(self, said: str) -> Meaning:
        folded = fold(said)
        if folded in self.table:
            code = self.table[folded]
            return Meaning(said, code, code is None)
        return Meaning(said, None if self.declares else self.layer.read(said))
