"""Names of places that are one name in several spellings: a source's own beside the base map's."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

LETTERS_A_SLIP: Final = 4  # of the longer name, for each letter that may differ
_SEPARATORS: Final = re.compile(r"[\s\-–.]+")
_SIGNS: Final = str.maketrans({"y": "i", "j": "i", "ʼ": None, "’": None, "'": None})


@lru_cache(maxsize=20_000)
def plain(name: str) -> str:
    """Return *name* without case, accents and soft signs, with ``i`` for the ways to write й in Latin."""
    marked = unicodedata.normalize("NFD", name.casefold())
    bare = "".join(each for each in marked if not unicodedata.combining(each))
    return _SEPARATORS.sub(" ", bare.translate(_SIGNS)).strip()


def is_alike(one: str, other: str) -> bool:
    """Return whether two `plain` names differ in a letter of four at most: Kurakhovo, Kurakhove."""
    most = max(len(one), len(other)) // LETTERS_A_SLIP
    if abs(len(one) - len(other)) > most:
        return False
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, facing in enumerate(other, 1):
            changed = above + (letter != facing)
            above, row[j] = row[j], min(changed, row[j] + 1, row[j - 1] + 1)
    return row[-1] <= most
