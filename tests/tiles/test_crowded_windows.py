"""Windows of twenty thousand events as they are served: whole sums, bounded tiles, neighbours that agree."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import asyncpg
import pytest

from tests.addresses import addresses_in
from tests.bench.crowd import write_crowd
from tests.conftest import NOW, Databases
from tests.shapes import Feature, dot, fill, in_tile, layer, theatre
from tileserver.errors import UnknownVersion
from tileserver.grid import BoundsLonLat, TileAddress
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.store.connect import Pool
from tileserver.store.event_window import EVERYTHING, Selection
from tileserver.store.windows import POINT_LIMIT
from tileserver.theatres import load_theatre
from tileserver.tiles.current import Current
from tileserver.tiles.locate import Located
from tileserver.tiles.question import Question
from tileserver.tiles.selection import selection_of
from tileserver.tiles.service import TileService
from tileserver.tiles.text import decode_tile
from tileserver.tiles.tileset import Tileset
from tileserver.times import day_zone, parse_datetime

Result = TypeVar("Result")
NUMBER = 20_000
T0 = datetime(2024, 1, 1, tzinfo=UTC)
BOUNDS = BoundsLonLat(33.0, 46.0, 39.0, 51.0)
WINDOWS = ("../..", "2023-02-01/2025-10-27", "2023-02-01T03:00:00Z/2025-09-05")
RU = selection_of({"side": ["ru"]})

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def crowded(databases: Databases) -> str:
    dsn = databases.new()

    async def write(connection: asyncpg.Connection) -> None:
        await add_theatre(connection, load_theatre("ukraine"))
        [events] = [each for each in await load_layers(connection) if each.layer.name == "events"]
        await write_crowd(connection, events.layer_id, NUMBER)

    databases.run(dsn, write)
    return dsn


class Events:
    """The events' tiles, decoded, over one service."""

    def __init__(self, service: TileService, tileset: Tileset) -> None:
        self.service = service
        self.tileset = tileset

    async def located(self, address: TileAddress, when: str, selection: Selection = EVERYTHING) -> Located:
        asked = parse_datetime(when, self.tileset.zone)
        return await self.service.locate(Question(self.tileset, address, asked, None, selection))

    async def features(
        self, address: TileAddress, when: str, selection: Selection = EVERYTHING
    ) -> list[dict[str, Any]]:
        answer = await self.service.answer(
            Question(self.tileset, address), await self.located(address, when, selection)
        )
        assert len(answer.body.data) < 500_000
        return decode_tile(answer.body.data).get("events", [])


def serve(dsn: str, work: Callable[[Events], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        pool = Pool(dsn, 2, 5, 30)
        try:
            service = TileService(Current(pool, lambda: NOW), 10**8)
            return await work(Events(service, (await service.current.catalogue()).tileset("ukraine.events")))
        finally:
            await pool.close()

    return asyncio.run(run())


def held(databases: Databases, dsn: str, when: str) -> dict[str, int]:
    """What PostgreSQL counts in a window, by side."""
    period = parse_datetime(when, day_zone("Europe/Kyiv"))

    async def count(connection: asyncpg.Connection) -> dict[str, int]:
        rows = await connection.fetch(
            "SELECT properties ->> 'side' AS side, count(*) AS n FROM feature_version"
            " WHERE valid && tstzrange($1, $2) GROUP BY 1",
            period.start,
            period.end,
        )
        return {row["side"]: row["n"] for row in rows}

    return databases.run(dsn, count)


@pytest.mark.parametrize("selection", [EVERYTHING, RU], ids=["all", "ru"])
@pytest.mark.parametrize("when", WINDOWS)
def test_the_cells_of_all_tiles_add_up_to_what_the_database_counts(
    databases: Databases, crowded: str, when: str, selection: Selection
) -> None:
    there = held(databases, crowded, when)
    expected = {"ru": there["ru"], "ua": 0 if selection else there["ua"]}

    async def work(events: Events) -> None:
        for zoom in (0, 3, 5, 6):
            drawn = [
                each["properties"]
                for address in addresses_in(BOUNDS, zoom)
                for each in await events.features(address, when, selection)
            ]
            if "cell" not in drawn[0]:
                assert zoom > 3 or sum(expected.values()) <= POINT_LIMIT
                break
            assert all(each["cell"] is True and each["points_zoom"] > zoom for each in drawn)
            assert sum(each["count"] for each in drawn) == sum(expected.values())
            assert {side: sum(each[f"count_{side}"] for each in drawn) for side in expected} == expected

    serve(crowded, work)


def test_all_tiles_of_a_zoom_are_cells_or_all_are_points(crowded: str) -> None:
    async def work(events: Events) -> None:
        zooms = set()
        for zoom in (6, 7, 8, 9):
            cells, ids = set(), set()
            for address in addresses_in(BOUNDS, zoom):
                for each in await events.features(address, "../.."):
                    cells.add("cell" in each["properties"])
                    zooms.add(each["properties"].get("points_zoom"))
                    ids.add(each["id"])
                    assert "left_out" not in each["properties"]
            assert len(cells) == 1
            assert cells == {True} or len(ids) == NUMBER
        assert zooms == {None, 8}

    serve(crowded, work)


def test_a_cell_lies_in_its_middle_in_no_buffer_and_has_an_id_of_its_own(crowded: str) -> None:
    async def work(events: Events) -> None:
        ids: set[int] = set()
        for address in addresses_in(BOUNDS, 6):
            for each in await events.features(address, "../.."):
                assert {each["geometry"].x % 128, each["geometry"].y % 128} == {64}
                assert min(each["geometry"].x, each["geometry"].y) > 0
                assert max(each["geometry"].x, each["geometry"].y) < 4096
                assert each["id"] not in ids
                ids.add(each["id"])

    serve(crowded, work)


def test_a_name_answers_the_same_and_none_can_be_made_up(crowded: str) -> None:
    async def work(events: Events) -> None:
        address = TileAddress(5, 19, 10)
        for selection in (EVERYTHING, RU):
            located = await events.located(address, WINDOWS[1], selection)
            window = located.version.events
            assert window is not None
            tile = await events.service.answer(Question(events.tileset, address), located)
            again = TileService(Current(events.service.current.pool, lambda: NOW), 10**8)
            tileset = (await again.current.catalogue()).tileset("ukraine.events")
            named = again.from_url(tileset, address, str(located.version))
            assert (await again.answer(Question(tileset, address), named)).body.data == tile.body.data
            for made_up in (
                *(replace(located.version, point_zooms=zooms) for zooms in ((13,), (5,), (0,), (8, 8))),
                *(
                    replace(located.version, events=replace(window, selection=selection_of(chosen)))
                    for chosen in ({"side": ["ua"]}, {"side": ["xx"]}, {"kind": ["ru"]})
                ),
            ):
                with pytest.raises(UnknownVersion):
                    again.from_url(tileset, address, str(made_up))

    serve(crowded, work)


def test_a_choice_that_leaves_nothing_out_is_none(crowded: str) -> None:
    async def work(events: Events) -> None:
        same = different = 0
        for address in addresses_in(BOUNDS, 9):
            every = await events.features(address, "2023-06-01")
            some = await events.features(address, "2023-06-01", RU)
            assert [each["id"] for each in some] == [
                each["id"] for each in every if each["properties"]["side"] == "ru"
            ]
            names = {
                (await events.located(address, "2023-06-01", selection)).version
                for selection in (EVERYTHING, RU)
            }
            assert (len(names) == 1) == (len(every) == len(some))
            same, different = same + (len(names) == 1), different + (len(names) == 2)
        assert same
        assert different

    serve(crowded, work)


def test_a_window_up_to_now_is_found_once(crowded: str) -> None:
    async def work(events: Events) -> None:
        address = TileAddress(5, 19, 10)
        view = events.service.current.view(events.tileset, address)
        versions = set()
        for seconds in range(5):
            events.service.current.clock = lambda later=seconds: NOW + timedelta(seconds=later)  # type: ignore[misc]
            versions.add((await events.located(address, "2023-06-01/..")).version)
        assert len(versions) == len(view.windows._found) == 1

    serve(crowded, work)


@pytest.mark.parametrize("thin", [POINT_LIMIT, POINT_LIMIT + 9])
def test_a_layer_ends_with_points_thinned_the_same_way_each_time(
    databases: Databases, database: str, thin: int
) -> None:
    place = TileAddress(4, 9, 5)
    points = [
        Feature("events", in_tile(place, dot(n % 4000, n // 4000)), T0, T0 + timedelta(days=1))
        for n in range(thin)
    ]

    async def write(connection: asyncpg.Connection) -> None:
        await fill(connection, theatre(layer("events", "points", maxzoom=4)), points)

    async def work(connection: asyncpg.Connection) -> list[dict[str, Any]]:
        pool = Pool(database, 1, 5, 30)
        try:
            service = TileService(Current(pool, lambda: NOW), 10**8)
            events = Events(service, (await service.current.catalogue()).tileset("toy"))
            return await events.features(place, "../..")
        finally:
            await pool.close()

    databases.run(database, write)
    drawn = databases.run(database, work)
    assert [each["id"] for each in drawn] == list(range(1, POINT_LIMIT + 1))
    assert {each["properties"].get("left_out", 0) for each in drawn} == {thin - POINT_LIMIT}
