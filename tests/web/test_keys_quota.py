"""Quotas are exact over processes that share a store, and hold as well as can be without one."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.stores import Store
from tests.web.keys import stored
from tileserver.tiles.shared_link import SharedLink
from tileserver.web.keys_quota import Quotas, Windows
from tileserver.web.keys_text import make_key

NOW = datetime(2026, 11, 27, 21, 30, 12, tzinfo=UTC)
MADE = make_key()


def quotas(store: Store | None, count: int, used: dict[tuple[str, date], int] | None = None) -> list[Quotas]:
    return [Quotas(None if store is None else SharedLink(store.url), used or {}) for _ in range(count)]


async def ask(one: Quotas, limited: object, windows: Windows) -> bool:
    return one.take(limited, windows) or not await one.take_more(limited, windows)  # type: ignore[arg-type]


async def closed(many: list[Quotas]) -> None:
    for each in many:
        await each.close()


@pytest.mark.parametrize("limit", [1, 7, 200, 1000])
def test_a_quota_is_exact_over_the_processes_of_two_machines(empty_store: Store, limit: int) -> None:
    async def count() -> list[bool]:
        many, windows = quotas(empty_store, 4), Windows.at(NOW)
        limited = stored(MADE, per_minute=limit, per_month=10**6)
        asked = random.Random(limit).choices(many, k=3 * limit + 40)
        answers: list[bool] = []
        for at in range(0, len(asked), 16):  # sixteen at once
            answers += await asyncio.gather(*(ask(each, limited, windows) for each in asked[at : at + 16]))
        await closed(many)
        return answers

    assert sum(asyncio.run(count())) == limit


def test_a_month_is_counted_beside_the_minute_and_told(empty_store: Store) -> None:
    async def count() -> tuple[list[int], tuple[bytes, bytes], int]:
        (one, other), windows = quotas(empty_store, 2), Windows.at(NOW)
        limited, passed = stored(MADE, per_minute=6, per_month=10), []
        for minutes in range(3):
            windows = Windows.at(NOW + timedelta(minutes=minutes))
            passed.append(sum([await ask(each, limited, windows) for each in (one, other) * 5]))
        told, wait_s = one.told(limited, windows), await one.take_more(limited, windows)
        await closed([one, other])
        return passed, told, wait_s

    passed, told, wait_s = asyncio.run(count())
    assert passed == [6, 4, 0]
    assert told[0] == b'"minute";q=6;w=60, "month";q=10;w=2592000'
    assert b'"month";r=0;t=' in told[1]
    assert 3 * 86_400 < wait_s < 3.2 * 86_400, "until December"


def test_without_a_store_and_while_it_is_away_a_process_counts_for_itself(empty_store: Store) -> None:
    async def count(store: Store | None) -> int:
        (one,), windows = quotas(store, 1), Windows.at(NOW)
        limited = stored(MADE, per_minute=50)
        passed = sum([await ask(one, limited, windows) for _ in range(80)])
        await closed([one])
        return passed

    assert asyncio.run(count(None)) == 50
    empty_store.stop()
    try:
        assert asyncio.run(count(empty_store)) == 50
    finally:
        empty_store.start()


def test_a_month_goes_on_where_the_counter_was_lost() -> None:
    async def count() -> int:
        windows = Windows.at(NOW)
        (one,) = quotas(None, 1, {(MADE.id, windows.month): 90, (MADE.id, date(2026, 10, 1)): 500})
        limited = stored(MADE, per_month=100)
        return sum([await ask(one, limited, windows) for _ in range(30)])

    assert asyncio.run(count()) == 10


def test_windows_are_those_of_the_calendar() -> None:
    end = Windows.at(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert (end.left_s, end.lengths_s[1], end.month) == ((1, 2), 31 * 86_400, date(2026, 12, 1))
    assert Windows.at(datetime(2027, 1, 1, tzinfo=UTC)).numbers[1] == end.numbers[1] + 1
