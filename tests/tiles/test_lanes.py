"""Lanes: bounded places, a bounded queue, a deadline; costly windows of events starve no state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.conftest import NOW, Databases
from tileserver.compare.service import ComparisonService, EndQuestion
from tileserver.errors import StoreBusy
from tileserver.grid import TileAddress, band_at
from tileserver.store.connect import Pool, connect
from tileserver.tiles import events
from tileserver.tiles.current import Current
from tileserver.tiles.lanes import Lane, Lanes
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.times import Micros, Period, from_micros

HERE = TileAddress(6, 38, 22)
WHOLE = Period(None, None)
_AT_WORK = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
AND wait_event_type = 'Lock' AND backend_type = 'client backend'
"""


def lane(places: int, wait_s: float = 5.0, queue: int = 3) -> Lane:
    return Lane("errands", places, wait_s, asyncio.Semaphore(9), queue)


async def errand(lane: Lane, end: asyncio.Event, done: list[int], number: int) -> None:
    async with lane.place():
        await end.wait()
        done.append(number)


def test_who_comes_to_a_full_queue_is_told_so_at_once() -> None:
    async def run() -> None:
        own, end = lane(1), asyncio.Event()
        tasks = [asyncio.create_task(errand(own, end, [], number)) for number in range(4)]
        await asyncio.sleep(0)
        assert own.waiting == 3
        with pytest.raises(StoreBusy, match="3 errands wait already"):
            async with own.place():
                pass
        end.set()
        await asyncio.gather(*tasks)
        async with own.place():
            assert own.waiting == 0

    asyncio.run(run())


def test_who_has_waited_too_long_is_told_so_and_takes_no_place_later() -> None:
    async def run() -> None:
        own, end, done = lane(1, wait_s=0.05), asyncio.Event(), list[int]()
        first = asyncio.create_task(errand(own, end, done, 1))
        await asyncio.sleep(0)
        with pytest.raises(StoreBusy, match=r"longer than 0\.05 s"):
            await errand(own, end, done, 2)
        end.set()
        await first
        await errand(own, end, done, 3)
        assert done == [1, 3]

    asyncio.run(run())


def test_who_leaves_the_queue_leaves_nothing_behind() -> None:
    async def run() -> None:
        own, end, done = lane(1), asyncio.Event(), list[int]()
        tasks = [asyncio.create_task(errand(own, end, done, number)) for number in range(4)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        tasks[2].cancel()
        await asyncio.gather(*tasks[1:3], return_exceptions=True)
        assert own.waiting == 1
        end.set()
        await asyncio.gather(tasks[0], tasks[3])
        assert done == [0, 3]

    asyncio.run(run())


def test_all_lanes_together_leave_half_of_the_connections() -> None:
    async def run() -> None:
        lanes, end, done = Lanes(4, 5), asyncio.Event(), list[int]()
        every = [
            lanes.comparisons,
            lanes.change_tiles,
            lanes.documents,
            lanes.history,
            lanes.windows,
            lanes.gains,
        ]
        tasks = [asyncio.create_task(errand(each, end, done, 0)) for each in every * 3]
        await asyncio.sleep(0.01)
        assert sum(each.waiting for each in every) == len(tasks) - 2
        end.set()
        await asyncio.gather(*tasks)

    asyncio.run(run())


@asynccontextmanager
async def serving(dsn: str, wait_s: float = 30.0) -> AsyncIterator[TileService]:
    pool = Pool(dsn, 4, wait_s, 60)
    try:
        service = TileService(Current(pool, lambda: NOW), 10**8)
        await service.current.catalogue()
        yield service
    finally:
        await pool.close()


async def ask(service: TileService, name: str, asked: Period | None, up: int = 0) -> bytes:
    tileset = (await service.current.catalogue()).tileset(f"ukraine-sample{name}")
    question = Question(tileset, HERE.above(up), asked)
    return (await service.answer(question, await service.locate(question))).body.data


@asynccontextmanager
async def locked_events(dsn: str) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Lock the events meanwhile, and yield a function that waits until so many queries wait for that."""
    watcher, blocker = await connect(dsn), await connect(dsn)

    async def until(number: int) -> None:
        for _ in range(200):
            if await watcher.fetchval(_AT_WORK) == number:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"it is {await watcher.fetchval(_AT_WORK)}")

    try:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE feature_version IN ACCESS EXCLUSIVE MODE")
            yield until
    finally:
        await watcher.close()
        await blocker.close()


async def waiting(service: TileService, number: int) -> None:
    """Return when so many windows wait for a place; their states are drawn before."""
    lane = service.current.lanes.windows
    for _ in range(500):
        if lane.waiting == number:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"it is {lane.waiting}")


@pytest.fixture
def costly(databases: Databases, sample_database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a store of its own, of samples, every window of which is costly."""
    monkeypatch.setattr(events, "_COSTLY", 0)
    return databases.copy(sample_database)


@pytest.mark.db
def test_costly_windows_take_two_connections_and_hold_up_no_state_nor_brief_window(
    costly: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with serving(costly) as service:
            async with locked_events(costly) as until:
                windows = [asyncio.create_task(ask(service, "", WHOLE, up)) for up in range(4)]
                await until(2)
                async with asyncio.timeout(20):  # of the thirty that a place is waited for
                    assert await ask(service, ".control", None, 2), "a layer of a tile whose window waits"
                    assert await ask(service, ".control,ukraine-sample.frontline", None, 1)
                await waiting(service, len(windows) - 2)
                windows[-1].cancel()
                await asyncio.gather(windows[-1], return_exceptions=True)
                await waiting(service, len(windows) - 3)
                await until(2)
            tiles = await asyncio.gather(*windows[:-1])
            assert service.current.lanes.windows.waiting == service.current.pool.lent == 0
        async with serving(costly) as other:  # nothing is costly any more: all layers by one statement
            monkeypatch.setattr(events, "_COSTLY", 10**9)
            assert [await ask(other, "", WHOLE, up) for up in range(3)] == tiles

    asyncio.run(run())


@pytest.mark.db
def test_a_window_that_waits_too_long_fails_alone(costly: str) -> None:
    async def run() -> None:
        async with serving(costly, 1) as service, locked_events(costly) as until:
            windows = [asyncio.create_task(ask(service, "", WHOLE, up)) for up in range(3)]
            await until(2)
            (first, *_), _ = await asyncio.wait(windows, return_when="FIRST_COMPLETED")
            with pytest.raises(StoreBusy, match="other windows of events took longer"):
                await first
            assert await ask(service, ".control", None, 2)
            for each in windows:
                each.cancel()
            await asyncio.gather(*windows, return_exceptions=True)
            await until(0)

    asyncio.run(run())


@pytest.mark.db
def test_tiles_of_changes_are_cut_one_at_a_time(sample_database: str) -> None:
    async def run() -> None:
        async with serving(sample_database, 0.3) as service:
            comparisons = ComparisonService(service.current, 10**8)
            tileset = await comparisons.tileset("ukraine-sample")
            days = (await service.current.periods_at(tileset, tileset.newest))[0].edges
            ends = [
                comparisons.locate(tileset, band_at(HERE.z), EndQuestion(period, None))
                for period in (Period(None, from_micros(Micros(int(days[1])))), None)
            ]
            async with service.current.lanes.change_tiles.place():
                with pytest.raises(StoreBusy, match="tiles of changes took longer"):
                    await comparisons.tile(tileset, ends[0], ends[1], HERE)
                assert service.current.pool.lent == 0
            assert (await comparisons.tile(tileset, ends[0], ends[1], HERE)).body.data
            comparisons.close()

    asyncio.run(run())
