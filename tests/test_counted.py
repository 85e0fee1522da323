"""A number goes with the word for so many."""

from __future__ import annotations

import pytest

from tileserver.counted import counted


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 entries"), (1, "1 entry"), (2, "2 entries"), (1_234, "1,234 entries")],
)
def test_one_is_singular_and_none_and_many_are_plural(number: int, said: str) -> None:
    assert counted(number, "entry", "entries") == said
    assert counted(number, "face") == said.replace("entries", "faces").replace("entry", "face")
