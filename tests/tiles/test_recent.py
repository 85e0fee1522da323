"""A memory of results is bounded by their number, and forgets first what was used longest ago."""

from __future__ import annotations

from tileserver.tiles.recent import Recent


def test_the_value_used_longest_ago_leaves_first() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.keep("a", 1)
    recent.keep("b", 0)
    assert recent.get("a") == 1
    assert recent.keep("c", 3) == 3
    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
    recent.keep("a", 0)  # a value that counts as false is a value
    recent.keep("d", 4)
    assert (len(recent), recent.get("a"), recent.get("c")) == (2, 0, None)
    recent.clear()
    assert (len(recent), recent.get("a")) == (0, None)
