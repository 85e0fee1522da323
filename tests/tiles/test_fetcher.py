"""Tiles are their layers' tiles, one after the other: the same bytes, fetched once, failing alone."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import asyncpg
import pytest

from tests.conftest import NOW, Databases
from tileserver.errors import LayerUnavailable
from tileserver.grid import TileAddress
from tileserver.store.connect import Pool
from tileserver.store.cuts import Cut, Dated, FaceCut, FrontCut, PointCut, SquareCut, StateCut
from tileserver.store.tiles import render_layers, statement
from tileserver.tiles import fetcher
from tileserver.tiles.current import Current
from tileserver.tiles.layer_tile import layer_tiles
from tileserver.tiles.locate import Located
from tileserver.tiles.question import Question
from tileserver.tiles.seed import addresses
from tileserver.tiles.selection import selection_of
from tileserver.tiles.service import TileService
from tileserver.tiles.shelf import Shelf
from tileserver.tiles.shelf_file import FILE
from tileserver.tiles.tiers import ShelfTier, Tier
from tileserver.tiles.tileset import Tileset
from tileserver.times import Micros, Period, from_micros, to_micros

Result = TypeVar("Result")
HERE = TileAddress(6, 38, 22)

pytestmark = pytest.mark.db


def on(
    dsn: str, work: Callable[[TileService], Awaitable[Result]], *tiers: Tier, cache: int = 10**8
) -> Result:
    async def run() -> Result:
        pool = Pool(dsn, 4, 5, 15)
        service = TileService(Current(pool, lambda: NOW), cache, tiers)
        try:
            await service.current.catalogue()
            return await work(service)
        finally:
            await service.close()
            await pool.close()

    return asyncio.run(run())


async def _ask(
    service: TileService, name: str, asked: Period | None = None, address: TileAddress = HERE
) -> bytes:
    question = Question((await service.current.catalogue()).tileset(name), address, asked)
    return (await service.answer(question, await service.locate(question))).body.data


def _together(located: Located, tileset: Tileset, address: TileAddress) -> list[Cut]:
    """The cuts of a tile by what the whole tile has, without looking at a layer alone."""
    moment, window = located.state, located.version.events
    zooms = dict(zip(tileset.events, located.version.point_zooms, strict=False))
    found: list[Cut] = []
    for served in tileset.layers:
        name, layer_id, events = served.stored.layer.name, served.stored.layer_id, served.index.events
        if served.is_state and moment is not None:
            kinds: dict[str, type[Dated]] = {"faces": FaceCut, "face_lines": FrontCut}
            found.append(kinds.get(served.drawn_as, StateCut)(name, layer_id, moment))
        elif events is not None and window is not None:
            if points_zoom := zooms.get(layer_id, 0):
                found.append(SquareCut(name, events.squares(address, window, points_zoom)))
                continue
            codes = window.selection.of(events.events.category)
            category, texts = events.events.category, events.texts
            found.append(PointCut(name, layer_id, window, category, codes, texts, is_brief=False))
    return found


async def _at_once(connection: asyncpg.Connection, cuts: list[Cut], address: TileAddress) -> bytes:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        tile = b""
        for cut in cuts:
            text, arguments = statement(cut, address)
            tile += await connection.fetchval(text, *arguments) or b""
        return tile


@pytest.mark.parametrize("theatre", ["ukraine-sample", "western-front"])
def test_a_composed_tile_has_the_bytes_of_its_layers_cut_together(sample_database: str, theatre: str) -> None:
    async def work(service: TileService) -> tuple[int, int]:
        tileset = (await service.current.catalogue()).tileset(theatre)
        random, full, layers = Random(1), 0, 0
        control = next(each for each in tileset.layers if each.stored.layer.name == "control")
        edges = tileset.edges
        for _ in range(120):
            address = random.choice(addresses(control, random.choice((2, 4, 5, 6))))
            at = from_micros(Micros(random.randint(edges[0], min(edges[-1], to_micros(NOW)))))
            asked = Period(random.choice([at - timedelta(days=40), at - timedelta(days=1), None]), at)
            kind = random.choice([{}, {"kind": ["battle"]}])
            question = Question(tileset, address, asked, selection=selection_of(kind))
            located = await service.locate(question)
            answer = await service.answer(question, located)
            async with service.current.pool.acquire() as connection:
                expected = await _at_once(connection, _together(located, tileset, address), address)
            assert answer.body.data == expected, (str(address), str(located.version))
            full += bool(expected)
            layers += len(answer.body.parts) > 1
        return full, layers

    full, layers = on(sample_database, work)
    assert full > 60
    assert layers > 30


def test_however_it_is_spelled_a_composition_is_one_and_holds_its_layers_bytes_once(
    sample_database: str,
) -> None:
    async def work(service: TileService) -> None:
        both = await _ask(service, "ukraine-sample.control,ukraine-sample.frontline")
        weight, count = service.cache.weight, len(service.cache)
        again = "ukraine-sample.frontline,ukraine-sample.control,ukraine-sample.frontline"
        assert await _ask(service, again) == both
        assert (service.cache.weight, len(service.cache)) == (weight, count)
        alone = [await _ask(service, f"ukraine-sample.{name}") for name in ("control", "frontline")]
        assert b"".join(alone) == both
        assert min(map(len, alone)) > 0
        assert service.cache.weight - weight == 2 * 600  # the entries alone: the bytes are there

    on(sample_database, work)


def test_what_leaves_the_cache_takes_its_layers_along_when_nothing_else_has_them(
    sample_database: str,
) -> None:
    async def work(service: TileService) -> None:
        for x in range(34, 42):
            for name in ("ukraine-sample", "ukraine-sample.control"):
                await _ask(service, name, address=TileAddress(6, x, 22))
        assert 0 < service.cache.weight <= 30_000
        for key in list(service.cache._entries):
            service.cache._weight -= service.cache._freed_by(service.cache._entries.pop(key))
        assert service.cache.weight == len(service.cache._shared) == 0

    on(sample_database, work, cache=30_000)


@pytest.fixture
def journeys(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of layers in each journey to the database, which is made all the same."""
    found: list[int] = []
    real = render_layers

    async def counted(connection: Any, cuts: Any, address: Any) -> list[bytes]:
        found.append(len(cuts))
        return await real(connection, cuts, address)

    monkeypatch.setattr(fetcher, "render_layers", counted)
    return found


def test_compositions_asked_for_at_once_fetch_each_layer_once(
    sample_database: str, journeys: list[int]
) -> None:
    async def work(service: TileService) -> None:
        names = ("control,ukraine-sample.frontline", "control", "frontline")
        tiles = await asyncio.gather(*(_ask(service, f"ukraine-sample.{name}") for name in names * 5))
        assert len(set(tiles)) == 3

    on(sample_database, work)
    assert journeys == [2]


def test_the_last_who_leaves_ends_the_fetch_and_none_before(sample_database: str) -> None:
    async def work(service: TileService) -> None:
        async with service.current.pool.acquire() as connection:
            await connection.execute("SELECT 1")
        held = [service.current.pool.acquire() for _ in range(4)]
        for each in held:
            await each.__aenter__()
        first = asyncio.create_task(_ask(service, "ukraine-sample.control"))
        second = asyncio.create_task(_ask(service, "ukraine-sample.control,ukraine-sample.frontline"))
        await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.sleep(0.05)
        assert len(service.fetcher._under_way) == 2
        second.cancel()
        await asyncio.sleep(0.05)
        assert not service.fetcher._under_way
        for each in held:
            await each.__aexit__(None, None, None)
        assert await _ask(service, "ukraine-sample.control")

    on(sample_database, work)


CURVE = """
    UPDATE face SET geom = ST_GeomFromText(format('CURVEPOLYGON((%s %s, %s %s, %s %s, %s %s))',
        ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom),
        ST_XMin(geom), ST_YMin(geom)), 3857)
    WHERE layer = (SELECT id FROM layer WHERE theatre = 'ukraine-sample' AND name = 'control')
"""


def test_a_layer_that_cannot_be_drawn_fails_alone_and_is_not_kept(
    databases: Databases, sample_database: str, tmp_path: Path
) -> None:
    dsn = databases.copy(sample_database)
    databases.run(dsn, lambda connection: connection.execute(CURVE))

    async def work(service: TileService) -> None:
        names = [
            f"ukraine-sample.{name}" for name in ("control,ukraine-sample.frontline", "frontline", "control")
        ]
        both, front, control = await asyncio.gather(
            *(_ask(service, name) for name in names), return_exceptions=True
        )
        assert isinstance(front, bytes)
        assert front
        for failed in (both, control):
            assert isinstance(failed, LayerUnavailable)
            assert "ukraine-sample.control cannot be drawn here" in str(failed)
        assert len(service.cache) == 1

    shelf = Shelf(tmp_path, 1 << 24)
    on(dsn, work, ShelfTier(shelf))
    assert len(Shelf(tmp_path, 1 << 24)) == 1


def test_layers_on_the_shelf_serve_every_composition_without_the_database(
    sample_database: str, tmp_path: Path, journeys: list[int]
) -> None:
    async def fill(service: TileService) -> list[bytes]:
        return [await _ask(service, f"ukraine-sample.{name}") for name in ("control", "frontline")]

    async def read(service: TileService) -> bytes:
        return await _ask(service, "ukraine-sample.control,ukraine-sample.frontline")

    alone = on(sample_database, fill, ShelfTier(Shelf(tmp_path, 1 << 24)))
    del journeys[:]
    assert on(sample_database, read, ShelfTier(Shelf(tmp_path, 1 << 24))) == b"".join(alone)
    assert journeys == []


def test_what_is_on_a_quick_shelf_is_there_at_once_and_nothing_else_is(
    sample_database: str, tmp_path: Path
) -> None:
    async def work(service: TileService) -> tuple[bytes | None, ...]:
        tileset = (await service.current.catalogue()).tileset("ukraine-sample.control")
        located = await service.locate(Question(tileset, HERE))
        wanted = layer_tiles(located, tileset, HERE, service.current.layer_view)
        found = [service.fetcher.at_hand(wanted, service.cache.part)]
        (data,) = await service.fetcher.fetch(wanted, service.cache.part)
        shelf.flush()
        found.append(service.fetcher.at_hand(wanted, service.cache.part))
        shelf._slow_until = time.monotonic() + 60
        found.append(service.fetcher.at_hand(wanted, service.cache.part))
        assert await service.fetcher.fetch(wanted, service.cache.part) == [data]  # by the shelf's thread
        shelf._slow_until = 0
        with sqlite3.connect(tmp_path / FILE) as writer:
            writer.execute("BEGIN EXCLUSIVE")
            found.append(service.fetcher.at_hand(wanted, service.cache.part))
            assert await service.fetcher.fetch(wanted, service.cache.part) == [data]  # by PostGIS
        return data, *(None if each is None else b"".join(each) for each in found)

    shelf = Shelf(tmp_path, 1 << 24)
    data, *found = on(sample_database, work, ShelfTier(shelf))
    assert data
    assert found == [None, data, None, None]


def test_what_another_database_put_on_the_shelf_is_not_found(
    databases: Databases, sample_database: str, tmp_path: Path, journeys: list[int]
) -> None:
    async def ask(service: TileService) -> bytes:
        return await _ask(service, "ukraine-sample.control")

    for dsn in (sample_database, databases.copy(sample_database)):
        del journeys[:]
        on(dsn, ask, ShelfTier(Shelf(tmp_path, 1 << 24)))
        assert journeys == [1]
