"""What windows of very many events cost: ``python -m tests.bench.windows``.

A million events of three years (`crowd`), windows of 1, 30 and 1,000 days. *name* is finding the content of
a tile in memory, *draw* the tile itself, from counts in memory or from PostGIS; both for windows and tiles
that nobody asked for before. Tiles are drawn by lot from those that hold something, weighted by how much.
Bytes are of the heaviest. Of every zoom up to 8 the cells of all tiles are added up and held against
PostgreSQL's count.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Annotated

import asyncpg
import numpy as np
import rich.box
import typer
from rich.console import Console
from rich.table import Table

from tests.addresses import addresses_in
from tests.bench.crowd import write_crowd
from tileserver.embedded.cluster import Cluster
from tileserver.grid import BoundsLonLat, TileAddress, address_at
from tileserver.shape.project import to_lonlat
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.store.connect import Pool, connect
from tileserver.store.migrations import migrate
from tileserver.theatres import load_theatre
from tileserver.tiles.compress import compress
from tileserver.tiles.current import Current
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.tiles.text import decode_tile
from tileserver.tiles.tileset import Tileset
from tileserver.times import Period, parse_datetime, system_clock

DAYS = (1, 30, 1000)
ZOOMS = (0, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
SUMMED = 8  # the highest zoom of which all tiles are added up
FIRST = date(2023, 1, 1)
BOUNDS = BoundsLonLat(32.0, 45.0, 40.0, 52.0)  # all of the crowd
HARD_LIMIT = 500_000  # bytes, uncompressed


@dataclass(slots=True)
class Found:
    """What was seen at one zoom: seconds by tile, bytes by tile, the features of all of them."""

    name: list[float] = field(default_factory=list)
    draw: list[float] = field(default_factory=list)
    raw: list[int] = field(default_factory=list)
    packed: list[int] = field(default_factory=list)
    cells: int = 0
    left_out: int = 0


def main(
    events: Annotated[int, typer.Option(help="Events in all.")] = 1_000_000,
    tiles: Annotated[int, typer.Option(help="Tiles a zoom and a length of window.")] = 40,
    seed: Annotated[int, typer.Option(help="Of the invented events.")] = 1,
) -> None:
    """Write the events, then measure windows of them."""
    console = Console(width=120)
    with _crowd(events, seed) as dsn:
        asyncio.run(_measure(dsn, tiles, console))


@contextmanager
def _crowd(number: int, seed: int) -> Iterator[str]:
    with TemporaryDirectory(prefix="tileserver-windows-") as folder:
        cluster = Cluster.at(Path(folder) / "cluster", durable=False)
        try:
            with cluster.running() as dsn:
                asyncio.run(_write(dsn, number, seed))
                yield dsn
        finally:
            cluster.remove()


async def _write(dsn: str, number: int, seed: int) -> None:
    connection: asyncpg.Connection = await connect(dsn)
    try:
        await migrate(connection)
        await add_theatre(connection, load_theatre("ukraine"))
        [layer] = [each.layer_id for each in await load_layers(connection) if each.layer.name == "events"]
        await write_crowd(connection, layer, number, seed=seed)
        await connection.execute("VACUUM ANALYZE feature_version")
    finally:
        await connection.close()


async def _measure(dsn: str, tiles: int, console: Console) -> None:
    pool = Pool(dsn, 1, 5, 60)
    try:
        service = TileService(Current(pool, system_clock), 1)  # a cache that holds nothing
        started = time.perf_counter()
        tileset = (await service.current.catalogue()).tileset("ukraine.events")
        held = sum(each.index.bytes for each in tileset.layers)
        console.print(f"Read in {time.perf_counter() - started:.1f} s; {held / 1e6:.0f} MB in memory")
        async with pool.acquire() as connection:
            places = await _places(connection)
        for days in DAYS:
            found = {zoom: await _cold(service, tileset, places, days, zoom, tiles) for zoom in ZOOMS}
            console.print(_table(f"Windows of {days:,} days", found))
            console.print(await _sums(service, tileset, days))
    finally:
        await pool.close()


async def _places(connection: asyncpg.Connection) -> list[tuple[float, float]]:
    rows = await connection.fetch(
        "SELECT ST_X(geom) AS x, ST_Y(geom) AS y FROM feature_version ORDER BY md5(id::text) LIMIT 10000"
    )
    return [(x, y) for x, y in to_lonlat(np.array([(row["x"], row["y"]) for row in rows])).tolist()]


async def _cold(
    service: TileService,
    tileset: Tileset,
    places: list[tuple[float, float]],
    days: int,
    zoom: int,
    tiles: int,
) -> Found:
    random, found = Random(f"{days} {zoom}"), Found()
    for _ in range(tiles):
        asked, address = _window(tileset, days, random), address_at(*random.choice(places), zoom)
        started = time.perf_counter()
        located = await service.locate(Question(tileset, address, asked))
        named = time.perf_counter()
        data = (await service.answer(Question(tileset, address), located)).body.data
        found.draw.append(time.perf_counter() - named)
        found.name.append(named - started)
        found.raw.append(len(data))
        found.packed.append(len(compress(data, "br")))
        said = [each["properties"] for each in decode_tile(data).get("events", [])]
        found.cells += any("cell" in each for each in said)
        found.left_out = max([found.left_out, *(each.get("left_out", 0) for each in said)])
    return found


def _window(tileset: Tileset, days: int, random: Random) -> Period:
    first = FIRST + timedelta(days=random.randint(0, 1095 - days))
    return parse_datetime(f"{first}/{first + timedelta(days=days - 1)}", tileset.zone)


async def _sums(service: TileService, tileset: Tileset, days: int) -> str:
    """Add up the cells of all tiles of each zoom, for one window, by side."""
    asked = _window(tileset, days, Random(days))
    async with service.current.pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT properties ->> 'side' AS side, count(*)::int AS n FROM feature_version"
            " WHERE valid && tstzrange($1, $2) GROUP BY 1 ORDER BY 1",
            asked.start,
            asked.end,
        )
    there, summed = {row["side"]: row["n"] for row in rows}, []
    for zoom in range(SUMMED + 1):
        cells = [
            each["properties"]
            for address in addresses_in(BOUNDS, zoom)
            for each in await _features(service, tileset, address, asked)
        ]
        if any("cell" not in each for each in cells):
            break
        assert {side: sum(each[f"count_{side}"] for each in cells) for side in there} == there
        assert sum(each["count"] for each in cells) == sum(there.values())
        summed.append(str(zoom))
    return (
        f"PostgreSQL counts {there}; the same in the cells of zooms {', '.join(summed) or '(points alone)'}\n"
    )


async def _features(
    service: TileService, tileset: Tileset, address: TileAddress, asked: Period
) -> list[dict[str, dict[str, int]]]:
    located = await service.locate(Question(tileset, address, asked))
    data = (await service.answer(Question(tileset, address), located)).body.data
    assert len(data) <= HARD_LIMIT, f"{address} is {len(data)} bytes"
    return decode_tile(data).get("events", [])


def _table(title: str, found: dict[int, Found]) -> Table:
    table = Table(title=title, title_justify="left", box=rich.box.SIMPLE)
    for column in (
        "zoom",
        "drawn as",
        "kB",
        "kB packed",
        "left out",
        "name ms p50 (p95)",
        "draw ms p50 (p95)",
    ):
        table.add_column(column, justify="right")
    for zoom, own in found.items():
        assert max(own.raw) <= HARD_LIMIT, f"zoom {zoom}: {max(own.raw)} bytes"
        drawn = "cells" if own.cells == len(own.raw) else "points" if not own.cells else "both, by window"
        sizes = (f"{max(own.raw) / 1000:.1f}", f"{max(own.packed) / 1000:.1f}")
        table.add_row(str(zoom), drawn, *sizes, f"{own.left_out:,}", _spread(own.name), _spread(own.draw))
    return table


def _spread(seconds: list[float]) -> str:
    middle, high = np.percentile(np.array(seconds) * 1000, [50, 95])
    return f"{middle:.1f} ({high:.1f})"


if __name__ == "__main__":
    typer.run(main)
