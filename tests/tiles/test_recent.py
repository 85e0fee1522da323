"""A memory of results is bounded by their number, and forgets first what came first."""

from __future__ import annotations

from tileserver.tiles.recent import Recent


def test_the_value_that_came_first_leaves_first() -> None:
    recent: Recent[str, int] = Recent(2)
    assert [recent.keep(key, number) for number, key in enumerate("abc")] == [0, 1, 2]
    assert dict(recent) == {"b": 1, "c": 2}
    recent.keep("b", 3)  # a value that is kept again is no other one
    assert dict(recent) == {"b": 3, "c": 2}
