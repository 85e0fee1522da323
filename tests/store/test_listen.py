"""Law: whoever follows hears of every announcement, and soon without any, or learns that the line is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import Databases
from tileserver.errors import SchemaMismatch, StoreUnavailable
from tileserver.store.connect import connect
from tileserver.store.listen import Beat, follow

pytestmark = pytest.mark.db

_LISTENER = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE application_name = 'tileserver-listen' AND datname = current_database()"
)


class Counter:
    """Counts what was heard."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = asyncio.Event()

    def __call__(self, beat: Beat) -> None:
        self.count += 1
        self._changed.set()

    async def reach(self, count: int) -> None:
        async with asyncio.timeout(60):
            while self.count < count:
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def following(dsn: str, hear: Counter, beat_s: float) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(follow(dsn, hear, beat_s=beat_s))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, StoreUnavailable):
            await task


async def _announce(dsn: str, times: int = 1) -> None:
    connection = await connect(dsn)
    for number in range(times):
        await connection.execute("SELECT pg_notify('tileserver_revision', $1)", str(number))
    await connection.close()


def test_whoever_follows_hears_at_once_and_after_each_announcement(database: str) -> None:
    async def run() -> None:
        heard = Counter()
        async with following(database, heard, beat_s=60):
            await heard.reach(1)
            for count in (2, 3, 4):
                await _announce(database)
                await heard.reach(count)

    asyncio.run(run())


def test_what_nobody_announced_is_heard_with_the_next_beat(database: str) -> None:
    async def run() -> None:
        heard = Counter()
        async with following(database, heard, beat_s=0.05):
            await heard.reach(5)

    asyncio.run(run())


def test_a_lost_line_is_told(database: str) -> None:
    async def run() -> None:
        heard = Counter()
        killer = await connect(database)
        async with following(database, heard, beat_s=60) as task:
            await heard.reach(1)
            assert await killer.fetchval(f"SELECT pg_terminate_backend(({_LISTENER}))")
            with pytest.raises(StoreUnavailable):
                await asyncio.wait_for(task, 20)
        await killer.close()

    asyncio.run(run())


@pytest.mark.parametrize("wrong", ["/no_such_", "/test_"])
def test_a_database_that_is_not_there_is_away(database: str, tmp_path: Path, wrong: str) -> None:
    dsn = database.replace("/test_", wrong)
    if wrong == "/test_":
        dsn = database.replace(database.partition("host=")[2].partition("&")[0], str(tmp_path))
    with pytest.raises(StoreUnavailable):
        asyncio.run(follow(dsn, Counter()))


def test_a_database_without_a_schema_is_no_absent_one(databases: Databases) -> None:
    with pytest.raises(SchemaMismatch, match="migrate"):
        asyncio.run(follow(databases.bare(), Counter()))


def test_a_line_that_went_silent_is_noticed(database: str, tmp_path: Path) -> None:
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
            heard = Counter()
            async with following(dsn, heard, beat_s=0.1) as task:
                await heard.reach(5)
                silent.set()
                with pytest.raises(StoreUnavailable):
                    await asyncio.wait_for(task, 20)

    asyncio.run(run())
