"""Work nobody waits for stops, in the database too, and what is costly waits in a lane of its own."""

from __future__ import annotations

import asyncio
import socket
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import combinations
from urllib.parse import urlsplit

import pytest
from httpx2 import AsyncClient, Response

from tests.conftest import Databases, serving
from tests.desk.conftest import Desk
from tests.web.test_postgres_kinds import PLACES, WORLD
from tests.web.worlds import build
from tileserver.store.connect import connect

pytestmark = pytest.mark.db

DAYS = [datetime(2024, 5, 5, 12, tzinfo=UTC) + timedelta(n) for n in range(14)]
COSTLY = {
    "tile": f"/tiles/ukraine.control/{PLACES[1]}.mvt?datetime=2024-02-10",
    "document of changes": "/changes/ukraine.control/2024-02-10/2024-03-10.json",
    "tile of changes": f"/changes/ukraine/2024-02-10/2024-03-11/{PLACES[3]}.mvt",
    "timeline": "/tilesets/ukraine/timeline",
    "measures": "/tilesets/ukraine.control/km2.json",
    "gains": "/tilesets/ukraine.control/gains.json",
}
PAIRS = [f"/changes/ukraine.control/{a:%F}/{b:%F}.json" for a, b in combinations(DAYS, 2)]
EVENTS = "/tiles/ukraine.events/{}.mvt?datetime=2024-03-01"
_AT_WORK = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'tileserver' AND datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture(scope="module")
def filled(databases: Databases) -> str:
    """A small world that changes for a fortnight, so that any two days of these differ otherwise."""
    desk = Desk(databases)
    build(desk, WORLD)
    states = [{(n % 4, n // 4): "occupied", (4, 4): "liberated"} for n in range(len(DAYS))]
    desk.import_states(dict(zip(DAYS, states, strict=True)))
    return desk.dsn


@pytest.fixture(scope="module")
def url(filled: str) -> Iterator[str]:
    """A server over that world with four connections."""
    limits = {"TILESERVER_POOL": "4", "TILESERVER_POOL_WAIT": "3", "TILESERVER_STATEMENT_TIMEOUT": "4"}
    with serving(filled, **limits, TILESERVER_RATE="0") as url:
        urllib.request.urlopen(f"{url}/tilesets/ukraine").read()
        yield url


class Stuck:
    """Faces locked by somebody else, and how many queries of the server wait for that."""

    def __init__(self, watcher: object, blocker: object) -> None:
        self.watcher, self.blocker = watcher, blocker

    async def until(self, holds: Callable[[int], bool], within: float) -> float:
        """Return after how many seconds *holds* of the number of waiting queries."""
        begun = time.monotonic()
        while not holds(await self.watcher.fetchval(_AT_WORK)):  # type: ignore[attr-defined]
            assert time.monotonic() - begun < within
            await asyncio.sleep(0.02)
        return time.monotonic() - begun


@asynccontextmanager
async def stuck(dsn: str) -> AsyncIterator[Stuck]:
    """Lock the faces meanwhile."""
    watcher, blocker = await connect(dsn), await connect(dsn)
    try:
        async with blocker.transaction():
            await blocker.execute("LOCK TABLE face IN ACCESS EXCLUSIVE MODE")
            yield Stuck(watcher, blocker)
    finally:
        await watcher.close()
        await blocker.close()


def ask(url: str, path: str) -> socket.socket:
    """Ask for *path*, and do not wait for the answer."""
    line = socket.create_connection(("127.0.0.1", urlsplit(url).port or 0))
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return line


@pytest.mark.parametrize("what", COSTLY)
def test_the_query_of_a_client_that_leaves_ends_within_a_second(url: str, filled: str, what: str) -> None:
    async def run() -> None:
        async with stuck(filled) as there:
            one, other = ask(url, COSTLY[what]), ask(url, COSTLY[what])
            await there.until(lambda count: count > 0, 2)
            one.close()
            await asyncio.sleep(0.3)
            assert await there.until(lambda count: count > 0, 0.1) < 0.1  # somebody waits still
            other.close()
            assert await there.until(lambda count: count == 0, 1) < 1
        async with AsyncClient(base_url=url) as client:
            assert (await client.get(COSTLY[what])).status_code == 200  # the connection is whole again

    asyncio.run(run())


def test_a_full_lane_says_so_at_once_and_leaves_connections_to_tiles(url: str, filled: str) -> None:
    async def run() -> None:
        async with stuck(filled) as there, AsyncClient(base_url=url, timeout=20) as client:
            asked = [asyncio.ensure_future(client.get(path)) for path in PAIRS]
            begun = time.monotonic()
            await asyncio.wait(asked, timeout=1.5, return_when="FIRST_COMPLETED")
            assert await there.until(lambda count: count == 1, 0.5) < 0.5  # one at a time
            for place in PLACES[:3]:
                assert (await client.get(EVENTS.format(place))).status_code == 200
            assert time.monotonic() - begun < 2.5
            answers: list[Response] = await asyncio.gather(*asked)
            assert time.monotonic() - begun < 8
            assert {answer.status_code for answer in answers} == {503}
            assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
            said = {answer.json()["detail"].split(" ", 1)[1] for answer in answers}
            assert any("comparisons wait already" in each for each in said)
            assert any("took longer than 3 s" in each for each in said)
        async with AsyncClient(base_url=url) as client:
            assert (await client.get(PAIRS[0])).status_code == 200

    asyncio.run(run())


def test_queued_documents_of_clients_that_left_are_never_computed(url: str, filled: str) -> None:
    async def run() -> None:
        async with stuck(filled) as there:
            lines = [ask(url, path) for path in PAIRS[-25:]]
            await there.until(lambda count: count == 1, 2)
            await asyncio.sleep(0.2)
            for line in lines:
                line.close()
            assert await there.until(lambda count: count == 0, 1) < 1
            async with AsyncClient(base_url=url, timeout=20) as client:
                waiting = asyncio.ensure_future(client.get(PAIRS[1]))
                assert await there.until(lambda count: count == 1, 2) < 1  # the first in the queue
                waiting.cancel()

    asyncio.run(run())
