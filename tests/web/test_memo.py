"""A flood of things asked for once neither grows the memory nor turns out what is asked for again."""

from __future__ import annotations

from dataclasses import dataclass

from tileserver.web.memo import Memo


@dataclass(slots=True)
class Thing:
    """A weight, and how often it was asked for."""

    weight: int = 100
    asked: int = 0


def ask(memo: Memo[Thing], key: bytes, weight: int = 100) -> bool:
    """Ask for *key*, as a reader does: what is not there is put there; whether it was."""
    thing = memo.get(key)
    if thing is None:
        memo.put(key, Thing(weight))
        return False
    thing.asked += 1
    return True


def test_it_never_weighs_more_than_it_may() -> None:
    memo: Memo[Thing] = Memo(10_000)
    for number in range(5_000):
        ask(memo, b"%d" % (number % 700), 50 + number % 300)
        assert memo.weight <= 10_000


def test_a_flood_of_addresses_asked_for_once_leaves_what_is_read() -> None:
    memo: Memo[Thing] = Memo(10_000)
    read = [b"read %d" % number for number in range(50)]
    for key in read * 3:
        ask(memo, key)
    for number in range(20_000):
        ask(memo, b"junk %d" % number)
        if number % 10 == 0:
            ask(memo, read[number // 10 % len(read)])
    assert sum(memo.get(key) is not None for key in read) >= 48


def test_a_flood_that_asks_twice_leaves_what_is_read_often() -> None:
    memo: Memo[Thing] = Memo(10_000)
    read = [b"read %d" % number for number in range(20)]
    for number in range(20_000):
        ask(memo, b"junk %d" % (number // 2))
        ask(memo, read[number % len(read)])
    assert sum(memo.get(key) is not None for key in read) >= 18


def test_readers_that_move_on_are_followed() -> None:
    memo: Memo[Thing] = Memo(10_000)
    for day in range(20):
        for _ in range(5):
            known = [ask(memo, b"%d/%d" % (day, number)) for number in range(40)]
        assert sum(known) >= 38


def test_what_is_replaced_and_what_is_forgotten_weighs_nothing() -> None:
    memo: Memo[Thing] = Memo(10_000)
    for weight in (500, 100, 300):
        memo.put(b"a", Thing(weight))
    assert memo.weight == 300
    memo.put(b"huge", Thing(5_001))
    assert memo.get(b"huge") is None
    memo.forget(b"a")
    memo.forget(b"nothing")
    assert memo.weight == 0
