"""What was known in a revision is answered for ever, whatever is corrected or declared afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import asyncpg
import pytest
import shapely

from tests.conftest import NOW, Databases
from tests.shapes import Feature, fill, in_tile, layer, square, theatre
from tileserver.errors import AddressOutside, BadParameter, UnknownVersion
from tileserver.grid import TileAddress
from tileserver.store.catalogue import add_theatre
from tileserver.store.connect import Pool
from tileserver.tiles.current import Current
from tileserver.tiles.locate import locate
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.times import Period

Result = TypeVar("Result")
T0 = datetime(2024, 1, 1, tzinfo=UTC)
PLACE = TileAddress(2, 2, 1)
CONTROL = theatre(layer("control", maxzoom=5))

pytestmark = pytest.mark.db


def _square(x: float, at: datetime = T0) -> Feature:
    return Feature("control", in_tile(PLACE, square(x, x, 500)), at, None, id=int(x))


def _with(
    databases: Databases, dsn: str, work: Callable[[TileService, asyncpg.Connection], Awaitable[Result]]
) -> Result:
    async def run(connection: asyncpg.Connection) -> Result:
        pool = Pool(dsn, 2, 5, 15)
        try:
            return await work(TileService(Current(pool, lambda: NOW), 10**6), connection)
        finally:
            await pool.close()

    return databases.run(dsn, run)


async def _cut(service: TileService, revision: int | None, name: str = "toy") -> bytes:
    tileset = (await service.current.catalogue()).tileset(name)
    located = await service.locate(Question(tileset, PLACE, Period(T0, T0 + timedelta(days=1)), revision))
    return (await service.answer(Question(tileset, PLACE), located)).body.data


def test_two_revisions_on_the_older_one_answers_the_same_bytes(databases: Databases, database: str) -> None:
    async def work(service: TileService, connection: asyncpg.Connection) -> list[bytes]:
        first = await fill(connection, CONTROL, [_square(1)])
        tiles = [await _cut(service, None)]
        for x in (1000, 2000):
            await fill(connection, CONTROL, [_square(x)])
            await service.current.refresh()
            tiles.append(await _cut(service, None))
        fresh = TileService(
            Current(service.current.pool, lambda: NOW), 10**6
        )  # nothing of this is in its memory
        return [*tiles, await _cut(service, first), await _cut(fresh, first)]

    one, two, three, held, fresh = _with(databases, database, work)
    assert len({one, two, three}) == 3
    assert one == held == fresh


def test_an_older_revision_is_answered_although_the_theatre_has_gained_a_layer(
    databases: Databases, database: str
) -> None:
    async def work(service: TileService, connection: asyncpg.Connection) -> list[bytes]:
        first = await fill(connection, CONTROL, [_square(1)])
        await fill(connection, CONTROL, [_square(1000)])
        before = await _cut(service, first)
        await add_theatre(connection, theatre(layer("control", maxzoom=5), layer("events", "points")))
        await service.current.refresh()
        return [before, await _cut(service, first)]

    before, after = _with(databases, database, work)
    assert before == after != b""


def test_a_version_of_another_tileset_is_none_of_this_one(databases: Databases, database: str) -> None:
    async def work(service: TileService, connection: asyncpg.Connection) -> None:
        await fill(connection, CONTROL, [_square(1)])
        other = theatre(layer("control"), id="other")
        await fill(connection, other, [_square(1, T0 + timedelta(hours=1))])
        catalogue = await service.current.catalogue()
        here, there = catalogue.tileset("toy"), catalogue.tileset("other")
        version = (await service.locate(Question(here, PLACE, None))).version
        assert service.from_url(here, PLACE, str(version)).version == version
        with pytest.raises(UnknownVersion):
            service.from_url(there, PLACE, str(version))

    _with(databases, database, work)


def test_a_zoom_that_the_tileset_has_not_is_refused_by_name(databases: Databases, database: str) -> None:
    async def work(service: TileService, connection: asyncpg.Connection) -> None:
        await fill(connection, CONTROL, [_square(1)])
        tileset = (await service.current.catalogue()).tileset("toy")
        with pytest.raises(AddressOutside, match="zoom 6 is outside toy, which has zooms 0-5"):
            await service.locate(Question(tileset, TileAddress(6, 0, 0), None))
        with pytest.raises(BadParameter, match="revision 0 does not exist"):
            await service.locate(Question(tileset, PLACE, None, 0))

    _with(databases, database, work)


def test_a_tile_that_is_held_needs_no_connection(databases: Databases, database: str) -> None:
    async def work(service: TileService, connection: asyncpg.Connection) -> bool:
        await fill(connection, CONTROL, [_square(1)])
        await _cut(service, None)
        async with service.current.pool.acquire(), service.current.pool.acquire():  # both there are
            tileset = (await service.current.catalogue()).tileset("toy")
            located = await service.locate(Question(tileset, PLACE, None))
            return (await service.answer(Question(tileset, PLACE), located)).is_hit

    assert _with(databases, database, work)


MIXED = theatre(layer("control", maxzoom=5), layer("events", "points", maxzoom=5), embargo="12h")


def _point(x: float, start: datetime, days: float) -> Feature:
    where = in_tile(PLACE, shapely.Point(x, x))
    return Feature("events", where, start, start + timedelta(days=days), id=int(x))


def test_what_is_remembered_of_the_past_changes_with_the_horizon_as_if_worked_out_anew(
    databases: Databases, database: str
) -> None:
    async def work(service: TileService, connection: asyncpg.Connection) -> int:
        day = timedelta(days=1)
        states = [_square(1), _square(1000, T0 + day), _square(2000, T0 + 3.5 * day)]
        events = [_point(1, T0, 1), _point(2, T0, 3), _point(3, T0 + day, 0.25), _point(4, T0 + 2 * day, 4)]
        await fill(connection, MIXED, [*states, *events])
        said = set()
        for hours in (*range(0, 24 * 8, 3), 30, 100):  # forth, and back: a clock may be put right
            service.current.clock = lambda later=hours: T0 + timedelta(hours=later)  # type: ignore[misc]
            for name in ("toy", "toy.control", "toy.events"):
                tileset = (await service.current.catalogue()).tileset(name)
                horizon = service.current.horizon(tileset)
                view = service.current.view(tileset, PLACE)
                for number in range(8):
                    asked = Period(T0 + number * day, T0 + (number + 1) * day)
                    located = await service.locate(Question(tileset, PLACE, asked))
                    assert located == locate(view, tileset.newest, asked, horizon), (name, hours, number)
                    said.add(located)
        return len(said)

    assert _with(databases, database, work) > 20
