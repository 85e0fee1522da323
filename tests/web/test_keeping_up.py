"""A withdrawal is obeyed within two seconds, or the layer is no longer served."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from tests.conftest import NOW, Databases, settings_for
from tests.shapes import Feature, fill, in_tile, layer, square, theatre
from tileserver.declared import Derivation
from tileserver.grid import TileAddress
from tileserver.model import LayerRef
from tileserver.store.connect import Connection, connect
from tileserver.web.app import create_app
from tileserver.web.follower import OBEYED_S

pytestmark = pytest.mark.db

T0 = datetime(2024, 1, 1, tzinfo=UTC)
PLACE = TileAddress(2, 2, 1)
TILE, CALM = f"/tiles/toy/{PLACE}.mvt", f"/tiles/calm/{PLACE}.mvt"
# What `withdraw` does, without its announcement: the rows go, the edition rises.
WITHDRAWN = """
    DELETE FROM feature_version WHERE layer = (SELECT id FROM layer WHERE theatre = 'toy');
    UPDATE layer SET edition = edition + 1 WHERE theatre = 'toy';
"""


@pytest.fixture(scope="module")
def two(databases: Databases) -> str:
    """Two theatres of one square each."""
    dsn = databases.new()

    async def write(connection: Connection) -> None:
        for name in ("toy", "calm"):
            shown = Feature("control", in_tile(PLACE, square(100, 100, 500)), T0)
            await fill(connection, theatre(layer("control"), id=name), [shown])

    databases.run(dsn, write)
    return dsn


@pytest.fixture
def own(databases: Databases, two: str) -> str:
    """The same, to write to."""
    return databases.copy(two)


@asynccontextmanager
async def _serving(dsn: str, **changes: str) -> AsyncIterator[tuple[Any, AsyncClient, Connection]]:
    app = create_app(settings_for(dsn, **changes), lambda: NOW)
    connection = await connect(dsn)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=ASGITransport(app), base_url="http://toy") as client,
    ):
        for path in (TILE, CALM, "/readyz"):
            assert (await client.get(path)).status_code == 200
        yield app, client, connection
        await connection.close()


async def _seconds_until(holds: Callable[[], Awaitable[bool]]) -> float:
    begun = time.monotonic()
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return time.monotonic() - begun


async def _status(client: AsyncClient, path: str) -> int:
    return (await client.get(path)).status_code


def test_a_withdrawal_that_nobody_announced_is_obeyed_within_two_seconds(own: str) -> None:
    async def run() -> None:
        async with _serving(own) as (_, client, desk):
            await desk.execute(WITHDRAWN)

            async def obeyed() -> bool:
                return await _status(client, TILE) == 204

            assert await _seconds_until(obeyed) < OBEYED_S
            assert await _status(client, CALM) == 200

    asyncio.run(run())


def test_a_kept_document_dies_with_what_it_is_about(own: str) -> None:
    async def run() -> None:
        async with _serving(own) as (_, client, desk):
            paths = [f"/tilesets/{name}/timeline" for name in ("toy", "calm")]
            held = [(await client.get(path)).json()["begins"] for path in paths]
            assert held == [{"control": "2024-01-01T00:00:00Z"}] * 2

            async def kept() -> bool:  # once the catalogue, which is read twice at the start, is the last one
                answers = [await client.get(path) for path in paths]
                return all(answer.headers["cache-status"] == "tileserver; hit" for answer in answers)

            await _seconds_until(kept)
            await desk.execute(WITHDRAWN)

            async def obeyed() -> bool:
                answer = await client.get(paths[0])
                return answer.status_code == 503 or answer.json()["begins"] == {}

            assert await _seconds_until(obeyed) < OBEYED_S
            assert (await client.get(paths[1])).json()["begins"] == held[1]

    asyncio.run(run())


def test_a_layer_that_cannot_be_brought_up_to_date_is_no_longer_served(own: str) -> None:
    async def run() -> None:
        async with _serving(own) as (app, client, desk):
            current, slow = app.state.current, asyncio.Event()
            refresh = current.refresh

            async def waits() -> None:
                await slow.wait()
                await refresh()

            current.refresh = waits
            async with current._refreshing:  # one that had begun would read what comes now
                pass
            await desk.execute(WITHDRAWN)

            async def withheld() -> bool:
                return await _status(client, TILE) == 503

            assert await _seconds_until(withheld) < OBEYED_S
            answer = await client.get(TILE)
            assert int(answer.headers["retry-after"]) > 0
            assert "withdrawn" in answer.json()["detail"]
            assert await _status(client, CALM) == 200
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
            assert "toy.control" in ready.json()["unavailable"]
            slow.set()
            await _seconds_until(lambda: _is(client, TILE, 204))
            assert (await client.get("/readyz")).json()["status"] == "ok"

    asyncio.run(run())


async def _is(client: AsyncClient, path: str, status: int) -> bool:
    return await _status(client, path) == status


def test_a_withdrawal_is_obeyed_while_readers_hold_every_connection(own: str) -> None:
    async def run() -> None:
        changes = {"TILESERVER_POOL": "1", "TILESERVER_POOL_WAIT": "30"}
        async with _serving(own, **changes) as (app, client, desk), app.state.current.pool.acquire():
            await desk.execute(WITHDRAWN)
            assert await _seconds_until(lambda: _is(client, TILE, 204)) < OBEYED_S

    asyncio.run(run())


def test_a_new_revision_that_cannot_be_read_leaves_the_one_before(own: str) -> None:
    async def run() -> None:
        async with _serving(own) as (_, client, desk):
            before = await client.get(TILE)
            more = Feature("control", in_tile(PLACE, square(900, 900, 500)), T0, id=2)
            await fill(desk, theatre(layer("control")), [more])
            await _seconds_until(lambda: _differs(client, before.content))
            good = (await client.get(TILE)).content
            broken = Feature("control", in_tile(PLACE, square(1900, 1900, 500)), T0, id=3)
            async with desk.transaction():
                await fill(desk, theatre(layer("control")), [broken])
                await desk.execute(
                    "UPDATE feature_version SET valid = tstzrange('-infinity', '2024-02-01') WHERE id = 3"
                )

            async def behind() -> bool:
                return "behind" in (await client.get("/readyz")).json()

            assert await _seconds_until(behind) < 5
            assert (await client.get(TILE)).content == good
            await desk.execute("DELETE FROM feature_version WHERE id = 3")

            async def well() -> bool:
                return not await behind()

            assert await _seconds_until(well) < 10

    asyncio.run(run())


async def _differs(client: AsyncClient, before: bytes) -> bool:
    return (await client.get(TILE)).content != before


def test_who_cannot_learn_what_may_be_shown_shows_nothing(own: str) -> None:
    """The database answers: so it is not away, and what is held may have been withdrawn."""

    async def run() -> None:
        async with _serving(own) as (_, client, desk):
            await desk.execute("ALTER TABLE revision_layer RENAME TO elsewhere")
            await _seconds_until(lambda: _is(client, TILE, 503))
            assert await _status(client, "/readyz") == 503
            assert await _status(client, "/healthz") == 200
            await desk.execute("ALTER TABLE elsewhere RENAME TO revision_layer")
            assert await _seconds_until(lambda: _is(client, TILE, 200)) < 5

    asyncio.run(run())


def test_history_of_a_line_is_planned_anew_when_the_areas_that_it_is_drawn_from_lose_something(
    databases: Databases,
) -> None:
    """As by a withdrawal that leaves the line as it was: a new server must name the same periods."""
    dsn = databases.new()
    line = layer("line", "lines", derived=Derivation("control", "a", {}))  # none of it is drawn here
    shape = Feature("control", in_tile(PLACE, square(100, 100, 500)), T0)
    databases.run(dsn, lambda connection: fill(connection, theatre(layer("control"), line), [shape]))
    app = create_app(settings_for(dsn), lambda: NOW)

    async def run() -> None:
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=ASGITransport(app), base_url="http://toy") as client,
        ):
            assert (await client.get("/tilesets/toy")).status_code == 200
            planned = app.state.follower._history._layers
            before = planned[LayerRef("toy", "line")]
            desk = await connect(dsn)
            await desk.execute("UPDATE layer SET edition = edition + 1 WHERE name = 'control'")
            await desk.close()

            async def planned_anew() -> bool:
                await client.get("/tilesets/toy")
                return planned[LayerRef("toy", "line")] is not before

            assert await _seconds_until(planned_anew) < OBEYED_S

    asyncio.run(run())
