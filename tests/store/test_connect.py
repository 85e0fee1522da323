"""Law: waiting has an end, a reader cannot write, who leaves takes its query along, absence has one name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from tileserver.errors import StoreBusy, StoreFull, StoreUnavailable
from tileserver.store.connect import Pool, connect

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

_POINT = "0101000020110f0000000000000000f03f0000000000000040"  # EWKB
_RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1"


@asynccontextmanager
async def opened(dsn: str, size: int = 2, wait_s: float = 10, timeout_s: float = 30) -> AsyncIterator[Pool]:
    pool = Pool(dsn, size, wait_s, timeout_s)
    try:
        yield pool
    finally:
        await pool.close()


async def _eventually(probe: Callable[[], Awaitable[bool]], within_s: float = 30) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if await probe():
            return True
        await asyncio.sleep(0.02)
    return False


def test_waiting_for_a_connection_ends_with_busy(database: str) -> None:
    async def run() -> None:
        async with opened(database, size=1, wait_s=0.3) as pool, pool.acquire():
            began = time.monotonic()
            with pytest.raises(StoreBusy, match=r"within 0\.3 s"):
                async with pool.acquire():
                    raise AssertionError("there was no second connection to lend")
            assert 0.25 < time.monotonic() - began < 10

    asyncio.run(run())


def test_a_full_queue_refuses_at_once_and_serves_who_waits(database: str) -> None:
    async def run() -> None:
        async with opened(database, size=1, wait_s=20) as pool:

            async def ask() -> int:
                async with pool.acquire() as connection:
                    return int(await connection.fetchval("SELECT 42"))

            async with pool.acquire():
                asked = [asyncio.ensure_future(ask()) for _ in range(500)]
                done, _ = await asyncio.wait(asked, timeout=0.5)
                assert len(done) == 500 - 256
                assert all(isinstance(each.exception(), StoreBusy) for each in done)
            answers = await asyncio.gather(*asked, return_exceptions=True)
            assert answers.count(42) == 256
            assert await ask() == 42

    asyncio.run(run())


def test_a_connection_that_comes_back_goes_to_who_waits(database: str) -> None:
    async def run() -> None:
        async with opened(database, size=1, wait_s=5) as pool:

            async def ask() -> int:
                async with pool.acquire() as connection:
                    return int(await connection.fetchval("SELECT 6 * 7 FROM pg_sleep(0.01)"))

            assert await asyncio.gather(*(ask() for _ in range(20))) == [42] * 20

    asyncio.run(run())


def test_cancelling_a_borrower_cancels_its_query_in_postgresql(databases: Databases, database: str) -> None:
    async def run() -> None:
        watcher = await connect(database)
        async with opened(database, size=1, wait_s=5) as pool:

            async def sleep() -> None:
                async with pool.acquire() as connection:
                    await connection.execute("SELECT pg_sleep(60), 'to be cancelled'")

            async def count() -> int:
                return int(await watcher.fetchval(_RUNNING, "SELECT pg_sleep(60), 'to be cancelled'"))

            async def runs() -> bool:
                return await count() == 1

            async def ended() -> bool:
                return await count() == 0

            task = asyncio.create_task(sleep())
            assert await _eventually(runs)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await _eventually(ended)
            async with pool.acquire() as connection:  # the only connection is whole again
                assert await connection.fetchval("SELECT 1") == 1
        await watcher.close()

    asyncio.run(run())


def test_leaving_the_queue_loses_no_connection(database: str) -> None:
    async def run() -> None:
        async with opened(database, size=2, wait_s=5) as pool:

            async def ask() -> None:
                async with pool.acquire() as connection:
                    await connection.fetchval("SELECT pg_sleep(0.01)")

            for _ in range(5):
                tasks = [asyncio.create_task(ask()) for _ in range(20)]
                await asyncio.sleep(0.015)
                for task in tasks[::2]:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            async with asyncio.timeout(30), pool.acquire() as one, pool.acquire() as other:
                assert await one.fetchval("SELECT 1") + await other.fetchval("SELECT 1") == 2

    asyncio.run(run())


def test_a_reader_cannot_write(database: str) -> None:
    async def run() -> None:
        async with opened(database) as pool, pool.acquire() as connection:
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await connection.execute("DELETE FROM theatre")

    asyncio.run(run())


def test_a_query_over_the_statement_timeout_is_busy_not_an_error_of_ours(database: str) -> None:
    async def run() -> None:
        async with opened(database, timeout_s=0.1) as pool:
            with pytest.raises(StoreBusy, match="took too long"):
                async with pool.acquire() as connection:
                    await connection.execute("SELECT pg_sleep(5)")

    asyncio.run(run())


def test_the_pool_heals_after_its_connections_were_killed(database: str) -> None:
    async def run() -> None:
        killer = await connect(database)
        async with opened(database, size=1, wait_s=5) as pool:

            async def lose_the_line() -> None:
                async with pool.acquire() as connection:
                    await killer.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
                    await connection.fetchval("SELECT pg_sleep(1)")

            with pytest.raises(StoreUnavailable):
                await lose_the_line()
            async with pool.acquire() as connection:
                assert await connection.fetchval("SELECT 1") == 1
        await killer.close()

    asyncio.run(run())


def test_a_pool_without_a_database_fails_soon_and_works_once_there_is_one(
    database: str, tmp_path: Path
) -> None:
    late = tmp_path / ".s.PGSQL.5432"
    folder = database.partition("host=")[2].partition("&")[0]
    dsn = database.replace(folder, str(tmp_path))

    async def run() -> None:
        async with opened(dsn) as pool:
            with pytest.raises(StoreUnavailable):
                async with pool.acquire():
                    raise AssertionError("there is no database")
            late.symlink_to(Path(folder) / ".s.PGSQL.5432")
            async with pool.acquire() as connection:
                assert await connection.fetchval("SELECT 1") == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda dsn: dsn.replace("/test_", "/no_such_"), "does not exist"),
        (lambda dsn: dsn.replace("tileserver@", "nobody_here@"), "nobody_here"),
        (lambda _: "postgresql://user:hush@127.0.0.1:1/x", r"127\.0\.0\.1:1"),
        (lambda _: "postgresql://user:hush@nowhere.invalid/x", r"nowhere\.invalid"),
        (lambda _: "no address at all", "DATABASE_URL"),
    ],
)
def test_a_command_without_its_database_says_what_to_look_at(
    database: str, change: Callable[[str], str], said: str
) -> None:
    with pytest.raises(StoreUnavailable, match=said) as caught:
        asyncio.run(connect(change(database)))
    assert "hush" not in str(caught.value)


def test_a_mistake_of_ours_is_not_taken_for_an_absent_database(databases: Databases, database: str) -> None:
    async def run() -> None:
        async with opened(database) as pool, pool.acquire() as connection:
            await connection.fetchval("SELECT $1::int", "no number")

    with pytest.raises(asyncpg.DataError):
        asyncio.run(run())


def test_geometries_and_json_pass_through_unchanged(databases: Databases, database: str) -> None:
    async def ask(connection: asyncpg.Connection) -> list[object]:
        point = bytes.fromhex(_POINT)
        value = {"text": 'ї "quoted" \\ 🙂', "n": 1.5, "list": [None, True]}
        assert await connection.fetchval("SELECT $1::jsonb", value) == value
        return list(await connection.fetchrow("SELECT $1::geometry, ST_AsEWKT($1::geometry)", point))

    point = "SRID=3857;POINT(1 2)"
    assert databases.run(database, ask) == [bytes.fromhex(_POINT), point]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("a\0b\0\0", "ab"), ("\\\0", "\\"), (r"\u0000", r"\u0000"), (r"\\u0000" + "\0x", r"\\u0000x"), ("", "")],
)
def test_a_nul_which_jsonb_does_not_have_is_dropped_and_nothing_else(
    databases: Databases, database: str, given: str, kept: str
) -> None:
    async def ask(connection: asyncpg.Connection) -> object:
        return await connection.fetchval("SELECT $1::jsonb", {given: [given]})

    assert databases.run(database, ask) == {kept: [kept]}


_FULL = ("53100", "could not extend file: No space left on device"), ("XX000", "could not write init file")


async def _raising(pool: Pool, code: str, said: str) -> None:
    async with pool.acquire() as connection:
        raised = f"RAISE EXCEPTION '{said}' USING ERRCODE = '{code}'"
        await connection.execute(f"DO $$ BEGIN {raised}; END $$")


@pytest.mark.parametrize(("code", "said"), _FULL, ids=["rows", "sessions"])
def test_a_disk_without_room_has_a_name_of_its_own(database: str, code: str, said: str) -> None:
    async def run() -> None:
        async with opened(database) as pool:
            with pytest.raises(StoreFull, match="no room left, and nothing was changed"):
                await _raising(pool, code, said)
            async with pool.acquire() as connection:
                assert await connection.fetchval("SELECT 42") == 42

    asyncio.run(run())
