"""Tiles are bounded by bytes and computed once; a caller that leaves, or a failure, harms nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Databases
from tileserver.errors import StoreUnavailable
from tileserver.store.connect import Pool
from tileserver.tiles.cache import Body, BodyCache

EMPTY = Body(b"").weight


def _giving(data: bytes) -> Callable[[], Awaitable[bytes]]:
    async def compute() -> bytes:
        return data

    return compute


@given(st.integers(0, 40_000), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9000)), max_size=60))
def test_whatever_is_asked_for_the_weight_is_true_and_bounded(
    capacity: int, asked: list[tuple[int, int]]
) -> None:
    async def work() -> None:
        cache: BodyCache[int] = BodyCache(capacity)
        kept: dict[int, Body] = {}
        for key, size in asked:
            answer = await cache.answer(key, _giving(bytes(size)))
            await answer.form("gzip")
            kept[key] = answer.body
            held = [each for name in kept if (each := cache.peek(name))]
            assert cache.weight == sum(each.weight for each in held) <= capacity
            assert len(cache) == len(held)

    asyncio.run(work())


@pytest.mark.asyncio
async def test_empty_tiles_weigh_something_and_leave_too() -> None:
    cache: BodyCache[int] = BodyCache(50 * EMPTY)
    for key in range(1000):
        await cache.answer(key, _giving(b""))
    assert len(cache) == 50


@pytest.mark.asyncio
async def test_what_was_used_last_stays_longest() -> None:
    cache: BodyCache[int] = BodyCache(2 * EMPTY)
    for key in (1, 2):
        await cache.answer(key, _giving(b""))
    assert cache.peek(1)
    await cache.answer(3, _giving(b""))
    assert cache.peek(1)
    assert not cache.peek(2)


@pytest.mark.asyncio
async def test_a_tile_is_computed_once_however_many_ask() -> None:
    cache: BodyCache[str] = BodyCache(10**6)
    started = 0

    async def compute() -> bytes:
        nonlocal started
        started += 1
        await asyncio.sleep(0.01)
        return b"tile"

    answers = await asyncio.gather(*(cache.answer("key", compute) for _ in range(200)))
    assert started == 1
    assert all(answer.body is answers[0].body for answer in answers)


@pytest.mark.asyncio
async def test_two_keys_are_computed_side_by_side() -> None:
    cache: BodyCache[str] = BodyCache(10**6)
    meeting = asyncio.Barrier(2)

    async def compute() -> bytes:
        await asyncio.wait_for(meeting.wait(), 20)
        return b""

    await asyncio.gather(cache.answer("a", compute), cache.answer("b", compute))


@pytest.mark.asyncio
async def test_a_form_is_compressed_once_however_many_ask() -> None:
    cache: BodyCache[str] = BodyCache(10**6)
    answer = await cache.answer("key", _giving(bytes(200_000)))
    forms = await asyncio.gather(*(answer.form("br") for _ in range(50)))
    assert len({id(form) for form in forms}) == 1
    assert cache.weight == answer.body.weight


@pytest.mark.asyncio
async def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    cache: BodyCache[str] = BodyCache(10**6)

    async def fail() -> bytes:
        await asyncio.sleep(0.01)
        raise StoreUnavailable("away")

    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(
            *(cache.answer("key", fail) for _ in range(20)), return_exceptions=True
        )
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    assert len(cache) == 0
    assert (await cache.answer("key", _giving(b"good"))).body.data == b"good"


@pytest.mark.asyncio
async def test_a_caller_that_leaves_fails_nobody() -> None:
    cache: BodyCache[str] = BodyCache(10**6)
    go = asyncio.Event()

    async def compute() -> bytes:
        await go.wait()
        return b"tile"

    leader, *others = (asyncio.create_task(cache.answer("key", compute)) for _ in range(5))
    await asyncio.sleep(0)
    leader.cancel()
    await asyncio.sleep(0)
    go.set()
    assert [(await other).body.data for other in others] == [b"tile"] * 4
    assert leader.cancelled()


@pytest.mark.asyncio
async def test_the_last_one_leaving_cancels_the_computation_and_the_next_one_begins_anew() -> None:
    cache: BodyCache[str] = BodyCache(10**6)
    ended: list[str] = []

    async def slow() -> bytes:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return b""

    asking = [asyncio.create_task(cache.answer("key", slow)) for _ in range(3)]
    await asyncio.sleep(0.01)
    for task in asking:
        assert ended == []
        task.cancel()
        await asyncio.sleep(0)
    assert (await cache.answer("key", _giving(b"new"))).body.data == b"new"
    assert ended == ["cancelled"]


@pytest.mark.asyncio
async def test_a_computation_that_will_not_be_cancelled_is_not_counted_twice() -> None:
    cache: BodyCache[str] = BodyCache(10**6)
    go = asyncio.Event()

    async def stubborn() -> bytes:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await go.wait()
        return b"old"

    asking = asyncio.create_task(cache.answer("key", stubborn))
    await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.sleep(0)
    answer = await cache.answer("key", _giving(b"new"))
    go.set()
    await asyncio.sleep(0.01)
    assert cache.weight == answer.body.weight
    assert len(cache) == 1


def _sleepers(databases: Databases, dsn: str) -> int:
    async def count(connection: asyncpg.Connection) -> int:
        number: int = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(30)'"
        )
        return number

    return databases.run(dsn, count)


@pytest.mark.db
def test_the_last_one_leaving_ends_the_query_in_postgresql(databases: Databases, database: str) -> None:
    async def work() -> None:
        pool = Pool(database, 1, 2, 60)
        cache: BodyCache[str] = BodyCache(10**6)

        async def sleep() -> bytes:
            async with pool.acquire() as connection:
                await connection.execute("SELECT pg_sleep(30)")
            return b""

        asking = [asyncio.create_task(cache.answer("key", sleep)) for _ in range(2)]
        await _until(lambda: _sleepers(databases, database) == 1)
        asking[0].cancel()
        await asyncio.sleep(0.2)
        assert await asyncio.to_thread(_sleepers, databases, database) == 1
        asking[1].cancel()
        await _until(lambda: _sleepers(databases, database) == 0)
        async with pool.acquire() as connection:  # the only one: it came back, and works
            assert await connection.fetchval("SELECT 1") == 1
        await pool.close()

    asyncio.run(work())


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - PostgreSQL tells nobody
            await asyncio.sleep(0.05)
