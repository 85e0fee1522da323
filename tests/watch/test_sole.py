"""There is one watcher for a database, also where a pooler gives each transaction another session."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.web.postgres_kinds import bouncing
from tileserver.store.connect import Connection, connect
from tileserver.store.watching import find_watcher, sole_watcher

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db


@pytest.mark.parametrize("pooled", [False, True], ids=["direct", "PgBouncer"])
def test_a_second_watcher_has_its_turn_when_the_first_is_gone(databases: Databases, pooled: bool) -> None:
    dsn = databases.new()

    async def is_sole(connection: Connection) -> bool:
        async with sole_watcher(connection) as taken:
            return taken

    async def at_work(connection: Connection) -> bool:
        return (await find_watcher(connection))[1]

    async def run(address: str) -> None:
        first, second, look = [await connect(address) for _ in range(3)]
        with suppress(asyncpg.InterfaceError):  # of the transaction that ends with its connection
            async with sole_watcher(first) as taken:
                assert taken
                assert await at_work(look)
                assert not await is_sole(second)
                await first.execute("SELECT")
                assert not await is_sole(second)
                first.terminate()
        async with asyncio.timeout(10):
            while await at_work(look):  # noqa: ASYNC110 - the server's own time
                await asyncio.sleep(0.02)
        assert await is_sole(second)
        for each in (second, look):
            await each.close()

    with bouncing(dsn) if pooled else nullcontext(lambda address: address) as through:
        asyncio.run(run(through(dsn)))
