"""More readers than connections wait a bounded time, are told when to come again, and nothing stays stuck."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime

import asyncpg
import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from tests.conftest import NOW, Databases, settings_for
from tests.shapes import Feature, fill, in_tile, layer, square, theatre
from tileserver.grid import TileAddress
from tileserver.store.connect import connect
from tileserver.web.app import create_app

T0 = datetime(2024, 1, 1, tzinfo=UTC)
WORLD = Feature("control", in_tile(TileAddress(0, 0, 0), square(0, 0, 2000)), T0)
# All have a part of it: what is empty needs no connection.
COLD = [f"/tiles/toy/5/{x}/{y}.mvt" for x in range(15) for y in range(15)][:200]

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def toy(databases: Databases) -> str:
    """One square that many tiles have a part of."""
    dsn = databases.new()

    async def write(connection: asyncpg.Connection) -> None:
        await fill(connection, theatre(layer("control")), [WORLD])

    databases.run(dsn, write)
    return dsn


async def _ask_all(client: AsyncClient) -> Counter[int]:
    answers: list[Response] = await asyncio.gather(*(client.get(url) for url in COLD))
    for answer in answers:
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["cache-control"] == "no-store"
    return Counter(answer.status_code for answer in answers)


def test_two_hundred_cold_tiles_over_two_connections_are_answered(toy: str) -> None:
    async def work() -> Counter[int]:
        app = create_app(settings_for(toy, TILESERVER_POOL="2"), lambda: NOW)
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=ASGITransport(app), base_url="http://toy") as client,
        ):
            statuses = await _ask_all(client)
            assert (await client.get("/readyz")).status_code == 200
            return statuses

    statuses = asyncio.run(work())
    assert set(statuses) <= {200, 204, 503}
    assert statuses[200] > 0


def test_readers_of_a_stuck_database_are_refused_in_time_and_served_when_it_moves_again(toy: str) -> None:
    changes = {
        "TILESERVER_POOL": "2",
        "TILESERVER_POOL_WAIT": "1",
        "TILESERVER_STATEMENT_TIMEOUT": "2",
    }

    async def work() -> None:
        app = create_app(settings_for(toy, **changes), lambda: NOW)
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=ASGITransport(app), base_url="http://toy") as client,
        ):
            assert (await client.get("/tilesets/toy")).status_code == 200
            blocker = await connect(toy)
            async with blocker.transaction():
                await blocker.execute("LOCK TABLE feature_version IN ACCESS EXCLUSIVE MODE")
                started = time.monotonic()
                stuck = await _ask_all(client)
                assert stuck == {503: len(COLD)}
                assert time.monotonic() - started < 30
                assert (await client.get("/healthz")).status_code == 200
            await blocker.close()
            moving = await _ask_all(client)
            assert set(moving) <= {200, 204}

    asyncio.run(work())
