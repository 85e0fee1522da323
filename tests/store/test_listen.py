"""Law: a listener refreshes after every announcement and after every new line, so it can miss nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tileserver.errors import StoreUnavailable
from tileserver.store.connect import connect
from tileserver.store.listen import follow_revisions

pytestmark = pytest.mark.db

_LISTENER = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE application_name = 'tileserver-listen' AND datname = current_database()"
)


class Counter:
    """Counts refreshes; the first *failures* of them fail as an absent database would."""

    def __init__(self, failures: int = 0) -> None:
        self.count = 0
        self.failures = failures
        self._changed = asyncio.Event()

    async def __call__(self) -> None:
        self.count += 1
        self._changed.set()
        if self.count <= self.failures:
            raise StoreUnavailable("not now")

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(60):
            while self.count < count:
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def following(dsn: str, refresh: Counter, **options: float) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(follow_revisions(dsn, refresh, retry_s=0.05, **options))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _announce(dsn: str, times: int = 1) -> None:
    connection = await connect(dsn)
    for number in range(times):
        await connection.execute("SELECT pg_notify('tileserver_revision', $1)", str(number))
    await connection.close()


def test_a_listener_refreshes_at_once_and_after_each_announcement(database: str) -> None:
    async def run() -> None:
        refresh = Counter()
        async with following(database, refresh):
            await refresh.reach(1)
            for count in (2, 3, 4):
                await _announce(database)
                await refresh.reach(count)
            await asyncio.sleep(0.1)
            assert refresh.count == 4

    asyncio.run(run())


def test_announcements_during_a_refresh_are_answered_by_one_more(database: str) -> None:
    async def run() -> None:
        entered, leave = asyncio.Event(), asyncio.Event()

        class Slow(Counter):
            async def __call__(self) -> None:
                await super().__call__()
                entered.set()
                await leave.wait()

        refresh = Slow()
        async with following(database, refresh):
            await entered.wait()
            await _announce(database, times=5)
            await asyncio.sleep(0.1)
            assert refresh.count == 1
            leave.set()
            await refresh.reach(2)
            await asyncio.sleep(0.1)
            assert refresh.count == 2

    asyncio.run(run())


def test_a_lost_line_is_made_anew_and_what_was_missed_is_caught_up(database: str) -> None:
    async def run() -> None:
        refresh = Counter()
        killer = await connect(database)
        async with following(database, refresh):
            await refresh.reach(1)
            for count in (2, 3):
                assert await killer.fetchval(f"SELECT pg_terminate_backend(({_LISTENER}))")
                await refresh.reach(count)
            await _announce(database)
            await refresh.reach(4)
        await killer.close()

    asyncio.run(run())


def test_a_refresh_that_found_no_database_is_tried_again(database: str) -> None:
    async def run() -> None:
        refresh = Counter(failures=3)
        async with following(database, refresh):
            await refresh.reach(4)

    asyncio.run(run())


@pytest.mark.parametrize("wrong", ["/no_such_", "/test_"])
def test_a_listener_outlives_a_database_that_is_not_there_yet(
    database: str, tmp_path: Path, wrong: str
) -> None:
    """Neither a server that is away nor one that lacks the database ends the task."""
    dsn = database.replace("/test_", wrong)
    if wrong == "/test_":
        dsn = database.replace(database.partition("host=")[2].partition("&")[0], str(tmp_path))

    async def run() -> None:
        refresh = Counter()
        async with following(dsn, refresh) as task:
            await asyncio.sleep(0.3)
            assert not task.done()
            assert refresh.count == 0

    asyncio.run(run())


def test_a_line_that_went_silent_is_noticed_and_made_anew(database: str, tmp_path: Path) -> None:
    """A cable that was pulled sends no farewell; only asking shows it."""
    folder = Path(database.partition("host=")[2].partition("&")[0])
    dsn = database.replace(str(folder), str(tmp_path))

    async def run() -> None:
        silent = asyncio.Event()

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                if not silent.is_set():
                    target.write(data)

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            silent.clear()
            back, forth = await asyncio.open_unix_connection(str(folder / ".s.PGSQL.5432"))
            with suppress(asyncio.CancelledError, ConnectionError):
                await asyncio.gather(pump(reader, forth), pump(back, writer))
            forth.close()
            writer.close()

        async with await asyncio.start_unix_server(relay, str(tmp_path / ".s.PGSQL.5432")):
            refresh = Counter()
            async with following(dsn, refresh, heartbeat_s=0.8):
                await refresh.reach(1)
                await asyncio.sleep(1.8)
                assert refresh.count == 1  # a line that answers is not made anew
                silent.set()
                await refresh.reach(2)

    asyncio.run(run())
