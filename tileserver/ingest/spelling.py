"""The statuses of a file, in whatever spelling the layer declares, become codes of its legend."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from tileserver.model import Layer

_CODE = re.compile(r"\d|(?<![^\W_])[0-9A-Fa-f]{6}(?![^\W_])")


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
        near = near_word(said, {*map(fold, self.codes), *self.spelled})
        code = self.spelled.get(near, near)
        which = f"{code!r}" if code == near else f"{near[:40]!r}, which is {code!r},"
        meant = f'{which} is near: declare [layers.spellings] "{said[:40]}" = "{code}"' if code else ""
        return f"{said[:40]!r} is no status; {meant or 'there are ' + ', '.join(sorted(self.codes))}"


def near_word(said: str, known: Iterable[str]) -> str:
    """Return the folded word among *known* nearest to *said*; empty without a near word.

    Nothing is near a word with digits, or with a colour in hexadecimal: such codes of a style look alike and
    mean what they are told apart by.
    """
    if _CODE.search(said):
        return ""
    return next(iter(get_close_matches(fold(said), list(known), n=1, cutoff=0.6)), "")


def fold(words: str) -> str:
    """Return *words* in small letters, runs of spaces as a single space, without spaces around."""
    return " ".join(words.casefold().split())


def _words(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else ""
