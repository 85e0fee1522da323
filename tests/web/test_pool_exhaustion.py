"""More readers than connections wait a bounded time, are told when to come again, and nothing stays stuck."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

import asyncpg
import pytest
from httpx2 import ASGITransport, AsyncClient, Response
from starlette.testclient import TestClient

from tests.conftest import NOW, Databases, settings_for
from tests.endurance.client import Pipe, Reply
from tests.shapes import Feature, fill, in_tile, layer, square, theatre
from tests.web.wires import listening
from tileserver.grid import TileAddress
from tileserver.store.connect import connect
from tileserver.web.app import create_app

T0 = datetime(2024, 1, 1, tzinfo=UTC)
WORLD = Feature("control", in_tile(TileAddress(0, 0, 0), square(0, 0, 2000)), T0)
# All have a part of it: what is empty needs no connection.
COLD = [f"/tiles/toy/5/{x}/{y}.mvt" for x in range(15) for y in range(15)][:200]
_OTHERS = """\
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

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
            # In turn: of two hundred at once over two connections a slow machine rightly refuses some.
            moving = Counter([(await client.get(url)).status_code for url in COLD])
            assert moving == {200: len(COLD)}

    asyncio.run(work())


def test_an_application_whose_user_fails_leaves_no_connection_behind(toy: str) -> None:
    async def use_and_fail() -> None:
        app = create_app(settings_for(toy), lambda: NOW)
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=ASGITransport(app), base_url="http://toy") as client,
        ):
            assert (await client.get(COLD[0])).status_code == 200
            raise RuntimeError("a fault of the user")

    async def others_leave() -> None:
        watcher = await connect(toy)
        async with asyncio.timeout(20):  # a server ends a closed connection in its own time
            while await watcher.fetchval(_OTHERS):
                await watcher.execute("SELECT pg_sleep(0.05)")
        await watcher.close()

    with pytest.raises(RuntimeError, match="of the user"):
        asyncio.run(use_and_fail())
    asyncio.run(others_leave())


async def _ask_at_once(
    port: int, urls: list[str], answered: Callable[[Reply], None] = lambda reply: None
) -> list[Reply]:
    """Ask for *urls*, each over a connection of its own, all at the same time; *answered* hears of each."""

    async def ask(url: str) -> Reply:
        pipe = Pipe(port)
        try:
            reply = await pipe.get(url, "Accept-Encoding: identity\r\n")
            answered(reply)
            return reply
        finally:
            pipe.close()

    return await asyncio.gather(*map(ask, urls))


async def _ask_until(over: asyncio.Event, port: int, url: str) -> list[Reply]:
    """Ask for *url* again and again until *over*, over one connection."""
    pipe, found = Pipe(port), list[Reply]()
    try:
        while not over.is_set():
            found.append(await pipe.get(url, "Accept-Encoding: identity\r\n"))
            await asyncio.sleep(0.01)
    finally:
        pipe.close()
    return found


@pytest.mark.parametrize("refusals", [0, 101])
def test_five_hundred_cold_tiles_at_once_get_a_right_answer_or_503_and_harm_nobody(
    toy: str, refusals: int
) -> None:
    """Of a database that answers, and of one that stands still until so many readers were refused."""
    cold = [f"/tiles/toy/6/{x}/{y}.mvt" for x in range(30) for y in range(30)][:500]
    warm = "/tiles/toy/6/30/30.mvt"
    changes = {"TILESERVER_POOL": "4", "TILESERVER_POOL_WAIT": "1", "TILESERVER_RATE": "0"}
    with TestClient(create_app(settings_for(toy), lambda: NOW)) as apart:
        right = {url: apart.get(url, headers={"Accept-Encoding": "identity"}).content for url in cold}

    async def work(port: int) -> None:
        assert (await _ask_at_once(port, [warm]))[0].status == 200
        over, moving, blocker = asyncio.Event(), asyncio.Event(), await connect(toy)
        refused = 0

        def count(reply: Reply) -> None:
            nonlocal refused
            refused += reply.status == 503
            if refused >= refusals:
                moving.set()

        others = asyncio.create_task(_ask_until(over, port, warm))
        async with blocker.transaction():
            if refusals:
                await blocker.execute("LOCK TABLE face, feature_version IN ACCESS EXCLUSIVE MODE")
            asking = asyncio.create_task(_ask_at_once(port, cold, count))
            # By what was seen, not by a clock: a busy machine has sent few of the requests by any second.
            await asyncio.wait_for(moving.wait(), timeout=60)
        replies = await asking
        over.set()
        await blocker.close()
        statuses = Counter(reply.status for reply in replies)
        assert set(statuses) <= {200, 503}
        assert statuses[503 if refusals else 200] > 100
        for url, reply in zip(cold, replies, strict=True):
            if reply.status == 503:
                assert int(reply.header(b"retry-after")) > 0
            else:
                assert reply.body == right[url]
                assert reply.header(b"content-location").endswith(url.removeprefix("/tiles/toy"))
        served = await others
        assert {reply.status for reply in served} == {200}
        assert len(served) > 5
        assert max(reply.seconds for reply in served) < 2
        # In line with those who wait for a connection each would take as long, however busy the machine is.
        assert median(each.seconds for each in served) < median(each.seconds for each in replies)
        assert (await _ask_at_once(port, ["/readyz"]))[0].status == 200
        # As many at once as there are connections: of more a slow machine rightly refuses some.
        for some in (cold[at : at + 4] for at in range(0, 500, 4)):
            again = await _ask_at_once(port, some)
            assert [(reply.status, reply.body) for reply in again] == [(200, right[url]) for url in some]

    with listening(create_app(settings_for(toy, **changes), lambda: NOW)) as port:
        asyncio.run(work(port))
