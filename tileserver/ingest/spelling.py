"""The statuses of a file, in whatever spelling the layer declares, become codes of its legend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from tileserver.model import Layer


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Codes of one layer, and the spellings of each in files.

    Where a layer declares spellings, its codes and they are compared without regard to case and spaces;
    where it declares none, a code has to be written as it is.
    """

    codes: frozenset[str]
    spelled: Mapping[str, str]  # folded -> code; empty where the layer declares no spellings

    @classmethod
    def of(cls, layer: Layer) -> Vocabulary:
        """Return the vocabulary that *layer* declares."""
        codes = layer.codes()
        if not layer.spellings:
            return cls(codes, {})
        own = {fold(code): code for code in codes}
        return cls(codes, {**own, **{fold(word): code for word, code in layer.spellings.items()}})

    def read(self, value: Any) -> str | None:
        """Return the code spelled by *value*, or ``None``; numbers are spelled by their digits."""
        if isinstance(value, str) and value in self.codes:
            return value
        return self.spelled.get(fold(_words(value)))

    def hint(self, value: Any) -> str:
        """Return advice for a *value* that spells no code: the nearest code, or all codes."""
        said = _words(value)
        if not said:
            return f"it says no status; there are {', '.join(sorted(self.codes))}"
        near = get_close_matches(fold(said), {*map(fold, self.codes), *self.spelled}, n=1, cutoff=0.6)
        code = self.spelled.get(near[0], near[0]) if near else ""
        meant = f'{code!r} is near: declare [layers.spellings] "{said[:40]}" = "{code}"' if code else ""
        return f"{said[:40]!r} is no status; {meant or 'there are ' + ', '.join(sorted(self.codes))}"


def fold(words: str) -> str:
    """Return *words* in small letters, runs of spaces as a single space, without spaces around."""
    return " ".join(words.casefold().split())


def _words(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else ""
