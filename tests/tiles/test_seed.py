"""What was rendered ahead is every public version there is, each once, and readers then need no database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import pytest

from tests.conftest import NOW, Databases
from tileserver.errors import StoreUnavailable
from tileserver.grid import BoundsLonLat
from tileserver.store.connect import Pool
from tileserver.tiles import seed
from tileserver.tiles.ahead import Progress, Renderer, made
from tileserver.tiles.current import Current
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.question import Question
from tileserver.tiles.seed import Order, Wanted, addresses, plan, versions
from tileserver.tiles.service import TileService
from tileserver.tiles.shelf import Shelf
from tileserver.tiles.tiers import ShelfTier
from tileserver.tiles.tileset import Tileset
from tileserver.times import TICK, Micros, Period, from_micros, to_micros

if TYPE_CHECKING:
    from tileserver.times import Clock

Result = TypeVar("Result")
Work: TypeAlias = Callable[[TileService, Tileset], Awaitable[Result]]
STATES = "ukraine-sample.control,ukraine-sample.frontline"
ORDER = Order((2, 6))

pytestmark = pytest.mark.db


def standing() -> datetime:
    """The clock, standing still."""
    return NOW


def on(dsn: str, work: Work[Result], shelf: Shelf | None = None, clock: Clock = standing) -> Result:
    """Run *work* on a service over *dsn*, and on the tileset of its states."""

    async def run() -> Result:
        pool = Pool(dsn, 2, 1, 15)
        try:
            tiers = () if shelf is None else (ShelfTier(shelf),)
            service = TileService(Current(pool, clock), 1, tiers)  # nothing stays in memory
            return await work(service, (await service.current.catalogue()).tileset(STATES))
        finally:
            await pool.close()

    return asyncio.run(run())


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, 1 << 28)


async def go_on(_: int) -> bool:
    return True


def seed_all(dsn: str, shelf: Shelf, order: Order = ORDER, clock: Clock = standing) -> tuple[int, int, int]:
    async def work(service: TileService, tileset: Tileset) -> tuple[int, int, int]:
        planned = await made(plan([Wanted(tileset, service.current.horizon(tileset))], order))
        done = Progress(len(planned))
        await Renderer(service.current, service.current.pool, shelf).render(planned, done, go_on)
        assert done.backlog == done.failed == 0
        return done.versions, done.there, done.rendered

    return on(dsn, work, clock=clock)


def test_after_seeding_random_dated_requests_need_no_database(sample_database: str, shelf: Shelf) -> None:
    there, before, rendered = seed_all(sample_database, shelf)
    assert (before, rendered) == (0, there)
    assert there == len(shelf) > 50

    async def ask(service: TileService, tileset: Tileset) -> int:
        busy = service.current.pool.acquire(), service.current.pool.acquire()  # all connections there are
        async with busy[0], busy[1]:
            return await questions(service, tileset)

    async def questions(service: TileService, tileset: Tileset) -> int:
        random = Random(1)
        found = 0
        periods = tileset.layers[0].periods.edges
        for _ in range(200):
            address = random.choice(addresses(tileset.layers[0], random.choice(ORDER.zooms)))
            at = from_micros(Micros(random.randint(int(periods[0]), to_micros(NOW))))
            located = await service.locate(Question(tileset, address, Period(at, at + TICK)))
            found += bool((await service.answer(Question(tileset, address), located)).body.data)
        return found

    assert on(sample_database, ask, shelf) > 100
    with pytest.raises(StoreUnavailable):
        on(sample_database, ask, None)  # it is the shelf that answers


def test_seeding_again_renders_nothing_and_seeding_in_parts_renders_the_rest(
    sample_database: str, shelf: Shelf
) -> None:
    east = BoundsLonLat(36.0, 44.0, 41.0, 53.0)
    _, _, part = seed_all(sample_database, shelf, Order((6,), east))
    versions, there, rendered = seed_all(sample_database, shelf)
    assert 0 < part == there < versions == part + rendered
    assert seed_all(sample_database, shelf) == (versions, versions, 0)


ONE_CURVE = """
    UPDATE face SET geom = ST_GeomFromText(format('CURVEPOLYGON((%s %s, %s %s, %s %s, %s %s))',
        ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom),
        ST_XMin(geom), ST_YMin(geom)), 3857)
    WHERE ctid = (SELECT max(ctid) FROM face WHERE ST_Dimension(geom) = 2 AND band = 5)
"""


def test_of_a_batch_only_what_cannot_be_drawn_is_left_out_and_counted(
    databases: Databases, sample_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = databases.copy(sample_database)
    databases.run(dsn, lambda connection: connection.execute(ONE_CURVE))
    found = []
    for together in (32, 1):
        monkeypatch.setattr(seed, "TOGETHER", together)
        shelf = Shelf(tmp_path / str(together), 1 << 28)

        async def work(service: TileService, tileset: Tileset, shelf: Shelf = shelf) -> Progress:
            planned = await made(plan([Wanted(tileset, service.current.horizon(tileset))], Order((6,))))
            done = Progress(len(planned))
            await Renderer(service.current, service.current.pool, shelf).render(planned, done, go_on)
            return done

        done = on(dsn, work)
        assert done.backlog == 0
        assert len(shelf) == done.rendered
        found.append((done.rendered, done.failed))
    assert found[0] == found[1]
    assert 0 < found[0][1] < found[0][0]


def test_the_versions_of_a_tile_are_those_that_dated_requests_get(sample_database: str) -> None:
    async def work(service: TileService, tileset: Tileset) -> None:
        horizon = horizon_of(tileset, NOW)
        for layer in tileset.layers:
            alone = (await service.current.catalogue()).tileset(str(layer.stored.ref))
            for address in addresses(layer, 6):
                listed = set(versions(layer, address, horizon)["digest"].tolist())
                got = set()
                for edge in layer.periods.edges.tolist():
                    at = from_micros(min(edge, horizon.state))
                    for each in (at, at - TICK):
                        asked = Question(alone, address, Period(each, each + TICK))
                        got.add((await service.locate(asked)).version.state)
                assert got - {0} == listed

    on(sample_database, work)


def test_what_is_not_public_is_not_rendered(sample_database: str, shelf: Shelf) -> None:
    async def newest(service: TileService, tileset: Tileset) -> Micros:
        return Micros(int(tileset.layers[0].periods.edges[:-1][-1]))

    at = from_micros(on(sample_database, newest))

    async def embargo_of(service: TileService, tileset: Tileset) -> timedelta:
        return tileset.embargo

    embargo = on(sample_database, embargo_of)
    early, _, _ = seed_all(sample_database, shelf, clock=lambda: at + embargo - TICK)
    late, there, _ = seed_all(sample_database, shelf, clock=lambda: at + embargo)
    assert early == there < late


def test_windows_have_no_end_of_versions_and_are_in_no_plan(sample_database: str) -> None:
    async def work(service: TileService, _: Tileset) -> set[str]:
        tileset = (await service.current.catalogue()).tileset("ukraine-sample")
        planned = await made(plan([Wanted(tileset, service.current.horizon(tileset))], ORDER))
        return {layer.stored.layer.name for layer in planned.layers}

    assert on(sample_database, work) == {"control", "frontline"}


def test_what_tiles_show_now_is_rendered_first_and_older_content_later(sample_database: str) -> None:
    async def work(service: TileService, tileset: Tileset) -> None:
        horizon = service.current.horizon(tileset)
        planned = await made(plan([Wanted(tileset, horizon)], ORDER))
        tiles = [each for batch in planned.batches() for each in batch]
        assert len(tiles) == len(planned) > 50
        now = [
            each.served.view(each.cache_key.address).state(horizon.state, tileset.newest) for each in tiles
        ]
        is_now = [
            state is not None and state.digest == each.cache_key.version.state
            for each, state in zip(tiles, now, strict=True)
        ]
        assert is_now == sorted(is_now, reverse=True)
        assert 0 < sum(is_now) < len(is_now)

    on(sample_database, work)
