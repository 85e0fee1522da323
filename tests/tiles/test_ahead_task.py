"""The task that renders ahead: all that is public, once for a machine, and behind whoever reads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.conftest import NOW
from tileserver.grid import TileAddress
from tileserver.store.connect import Pool
from tileserver.tiles.ahead_task import PAUSED, AheadTask, ahead_task
from tileserver.tiles.current import Current
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.tiles.shelf import Shelf
from tileserver.tiles.tiers import ShelfTier
from tileserver.times import OPEN, TICK, Micros, from_micros

ZOOM = 2  # more than fifty versions of tiles already, and a tenth of those of zoom 4

pytestmark = pytest.mark.db


def at_work(
    dsn: str,
    folder: Path,
    work: Callable[[TileService, AheadTask], Awaitable[None]],
    clock: Callable[[], datetime] = lambda: NOW,
) -> None:
    """Run *work* beside a task that renders ahead; none of the connections of readers is the task's."""

    async def run() -> None:
        readers, behind = Pool(dsn, 2, 1, 15), Pool(dsn, 1, 1, 60)
        service = TileService(Current(readers, clock), 10**7, (ShelfTier(Shelf(folder, 1 << 26)),))
        await service.current.catalogue()
        task = ahead_task(service, behind, ZOOM)
        assert task is not None
        running = asyncio.create_task(task.run(lambda: None))
        try:
            await work(service, task)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await service.close()
            await readers.close()
            await behind.close()

    asyncio.run(run())


async def becomes(task: AheadTask, state: str) -> None:
    async with asyncio.timeout(120):
        while task.ahead.state != state:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def test_after_rendering_ahead_tiles_need_no_database_and_a_second_run_renders_nothing(
    sample_database: str, tmp_path: Path
) -> None:
    async def first(service: TileService, task: AheadTask) -> None:
        await becomes(task, "done")
        done = task.ahead.progress
        assert done.rendered == done.versions > 50
        assert (done.failed, done.backlog) == (0, 0)
        tileset = (await service.current.catalogue()).tileset(
            "ukraine-sample.control,ukraine-sample.frontline"
        )
        async with service.current.pool.acquire(), service.current.pool.acquire():  # all that readers have
            for z, x, y in ((0, 0, 0), (2, 2, 1)):
                question = Question(tileset, TileAddress(z, x, y))
                answer = await service.answer(question, await service.locate(question))
                assert answer.body.data

    async def second(_: TileService, task: AheadTask) -> None:
        await becomes(task, "done")
        assert task.ahead.progress.there == task.ahead.progress.versions > 50

    at_work(sample_database, tmp_path, first)
    at_work(sample_database, tmp_path, second)


def test_one_process_of_a_machine_renders_ahead_and_another_takes_over(
    sample_database: str, tmp_path: Path
) -> None:
    async def work(service: TileService, task: AheadTask) -> None:
        await becomes(task, "done")
        other = ahead_task(service, service.current.pool, ZOOM)
        assert other is not None
        running = asyncio.create_task(other.run(lambda: None))
        await becomes(other, "elsewhere")
        assert other.ahead.progress.versions == 0
        async with asyncio.timeout(10):
            while other.ahead.document != task.ahead.document:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        told = other.ahead.document
        assert (told["state"], told["done"]) == ("done", task.ahead.progress.versions)
        running.cancel()

    at_work(sample_database, tmp_path, work)

    async def alone(_: TileService, task: AheadTask) -> None:
        await becomes(task, "done")

    at_work(sample_database, tmp_path, alone)


def test_it_waits_while_it_is_told_to_pause(sample_database: str, tmp_path: Path) -> None:
    (tmp_path / PAUSED).touch()

    async def work(_: TileService, task: AheadTask) -> None:
        await becomes(task, "paused")
        assert task.ahead.progress.rendered == 0
        (tmp_path / PAUSED).unlink()
        await becomes(task, "done")
        assert task.ahead.progress.rendered > 50

    at_work(sample_database, tmp_path, work)


def test_nothing_is_rendered_before_it_is_public_and_all_of_it_when_it_is(
    sample_database: str, tmp_path: Path
) -> None:
    public_at: list[datetime] = []

    async def look(service: TileService, _: AheadTask) -> None:
        tileset = (await service.current.catalogue()).tileset("ukraine-sample.control")
        newest = max(edge for edge in tileset.edges if edge < OPEN)
        public_at.append(from_micros(Micros(newest)) + tileset.embargo)

    async def work(service: TileService, task: AheadTask) -> None:
        await becomes(task, "done")
        shelf = service.tiers[0]
        assert isinstance(shelf, ShelfTier)
        early, planned = len(shelf.shelf), task.ahead.progress.versions
        assert early == planned
        now[0] += TICK
        async with asyncio.timeout(60):
            while len(shelf.shelf) == early:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await becomes(task, "done")
        assert 0 < task.ahead.progress.rendered == task.ahead.progress.versions < planned

    at_work(sample_database, tmp_path / "look", look)
    now = [public_at[0] - TICK]
    at_work(sample_database, tmp_path / "work", work, lambda: now[0])


def test_a_shelf_that_was_taken_away_is_rendered_anew(sample_database: str, tmp_path: Path) -> None:
    folder = tmp_path / "tiles"

    async def work(service: TileService, task: AheadTask) -> None:
        await becomes(task, "done")
        first = task.ahead.progress
        folder.rename(tmp_path / "elsewhere")
        async with asyncio.timeout(60):
            while task.ahead.progress is first:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await becomes(task, "done")
        shelf = service.tiers[0]
        assert isinstance(shelf, ShelfTier)
        assert task.ahead.progress.done == len(shelf.shelf) == first.versions > 50
        other = ahead_task(service, service.current.pool, ZOOM)  # the lock is that of the new folder
        assert other is not None
        running = asyncio.create_task(other.run(lambda: None))
        await becomes(other, "elsewhere")
        running.cancel()

    at_work(sample_database, folder, work)


def test_while_the_database_is_away_it_waits_with_its_plan(sample_database: str, tmp_path: Path) -> None:
    async def work(service: TileService, _: AheadTask) -> None:
        folder = tmp_path / "other"
        shelf = Shelf(folder, 1 << 26)
        away = Pool("postgresql://127.0.0.1:1/nowhere", 1, 1, 1)
        other = AheadTask(service.current, service.fetcher, away, shelf, 2)
        running = asyncio.create_task(other.run(lambda: None))
        await becomes(other, "rendering")
        await becomes(other, "waiting")
        assert other.ahead.progress.backlog == other.ahead.progress.versions > 0
        assert not running.done()
        running.cancel()
        shelf.close()

    at_work(sample_database, tmp_path / "own", work)
