"""Two theatres behind one server, one to be harmed and one that has to go on, and what both answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from httpx2 import ASGITransport, AsyncClient

from tests.conftest import settings_for
from tests.shapes import Feature, dot, fill, in_tile, layer, square, theatre
from tileserver.clock import GuardedClock
from tileserver.embedded.cluster import Cluster
from tileserver.grid import TileAddress
from tileserver.store.connect import Connection, connect
from tileserver.times import system_clock
from tileserver.web.app import create_app

T0 = datetime(2024, 1, 1, tzinfo=UTC)
PLACE = TileAddress(2, 2, 1)
HARMED, CALM = f"/tiles/toy.control/{PLACE}.mvt", f"/tiles/calm.control/{PLACE}.mvt"


@dataclass
class Machine:
    """A machine whose clock can be set."""

    forward: timedelta = timedelta()

    def now(self) -> datetime:
        """What its clock says."""
        return system_clock() + self.forward


@dataclass
class World:
    """A server in this process over *dsn*; *cluster* is the database's, where it may be killed."""

    dsn: str
    cluster: Cluster | None
    app: Any
    client: AsyncClient
    machine: Machine
    undo: list[Callable[[], None]] = field(default_factory=list)

    async def execute(self, statement: str) -> None:
        """Run *statement* as the desk."""
        connection = await connect(self.dsn)
        await connection.execute(statement)
        await connection.close()

    def replace(self, owner: Any, name: str, other: Any) -> None:
        """Let *owner* have *other* under *name*, until all is undone."""
        before = getattr(owner, name)
        setattr(owner, name, other)
        self.undo.append(lambda: setattr(owner, name, before))

    async def ready(self) -> str:
        """What ``/readyz`` says, in a few words."""
        answer = await self.client.get("/readyz")
        body = answer.json()
        if answer.status_code != 200:
            return f"503 {body['detail']}"
        more = sorted({*body} - {"status", "version", "database", "newest_import", "ahead"})
        return "200 " + " ".join([body["status"], *(f"{name}: {body[name]}" for name in more)])


async def draw(connection: Connection) -> None:
    """Write the two theatres."""
    shape, point = in_tile(PLACE, square(100, 100, 500)), in_tile(PLACE, dot(300, 300))
    end = datetime(2024, 1, 2, tzinfo=UTC)
    for name in ("toy", "calm"):
        declared = theatre(layer("control"), layer("events", "points"), id=name)
        await fill(connection, declared, [Feature("control", shape, T0), Feature("events", point, T0, end)])


@asynccontextmanager
async def serving(dsn: str, cluster: Cluster | None) -> AsyncIterator[World]:
    """Lend a world that is well."""
    machine = Machine()
    settings = settings_for(dsn, TILESERVER_POOL="2", TILESERVER_POOL_WAIT="1")
    app = create_app(settings, GuardedClock(machine.now))
    async with (
        app.router.lifespan_context(app),
        AsyncClient(
            transport=ASGITransport(app, raise_app_exceptions=False), base_url="http://toy"
        ) as client,
    ):
        world = World(dsn, cluster, app, client, machine)
        await within(20, lambda: is_well(world))
        yield world


async def is_well(world: World) -> bool:
    """Whether nothing is left of any fault."""
    harmed, calm = await world.client.get(HARMED), await world.client.get(CALM)
    return (harmed.status_code, calm.status_code, await world.ready()) == (200, 200, "200 ok")


async def within(seconds: float, holds: Callable[[], Awaitable[bool]]) -> float:
    """Return after how many seconds *holds* does; a `TimeoutError` if it takes longer."""
    begun = time.monotonic()
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return time.monotonic() - begun


@dataclass
class Watch:
    """What was answered while somebody looked."""

    calm: list[int] = field(default_factory=list)
    harmed: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@asynccontextmanager
async def watching(world: World) -> AsyncIterator[Watch]:
    """Ask for a tile of each theatre twenty times a second, and ``/readyz`` ten times."""
    watch = Watch()

    async def ask_tiles() -> None:
        while True:
            watch.calm.append((await world.client.get(CALM)).status_code)
            watch.harmed.append((await world.client.get(HARMED)).status_code)
            await asyncio.sleep(0.05)

    async def ask_ready() -> None:
        while True:
            if (said := await world.ready()) not in watch.said:
                watch.said.append(said)
            await asyncio.sleep(0.1)

    asking = [asyncio.create_task(ask_tiles()), asyncio.create_task(ask_ready())]
    try:
        yield watch
    finally:
        for task in asking:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
