"""How import and tiles grow with the history and with the vertices: ``python -m tests.bench.growth``.

Invented archives (`generate`) of one, three and ten times the days, and of ten times the vertices a day. An
import that does the work of what changes grows with the days and not with their square; a tile reads what
is valid at one instant, through one index, so it hardly grows with the history at all. To be read by the
ratios to the first row; the machine's other work moves all of them.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import rich.box
import typer
from rich.console import Console
from rich.table import Table

from tests.bench.generate import LON_NORTH, LON_SOUTH, NORTH, SOUTH, Scale, write_archive
from tests.bench.loading import run_cli
from tileserver.embedded.cluster import Cluster
from tileserver.grid import TileAddress, address_at
from tileserver.store.connect import Pool, connect
from tileserver.tiles.current import Current
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.times import TICK, Period, system_clock

ZOOMS = (5, 8, 11, 14)
_COUNTS = """
    SELECT (SELECT count(*) FROM face), (SELECT sum(ST_NPoints(geom)) FROM face),
        pg_total_relation_size('face'), pg_total_relation_size('feature_version')
"""


@dataclass(frozen=True, slots=True)
class Grown:
    """One row: what was imported, seconds and peak bytes of the import, what it left, milliseconds a tile."""

    name: str
    scale: Scale
    seconds: float
    peak: int
    faces: int
    vertices: int
    stored: int
    tiles: dict[int, tuple[float, float]]  # zoom -> median, 95th percentile


def main(
    days: Annotated[int, typer.Option(help="Days of the first row.")] = 60,
    tiles: Annotated[int, typer.Option(help="Tiles a zoom, each of another place and day.")] = 150,
) -> None:
    """Import growing archives and time tiles that nobody asked for before."""
    once = Scale(days=days, events=0)
    scales = {
        "1 x": once,
        "3 x the days": replace(once, days=3 * days),
        "10 x the days": replace(once, days=10 * days),
        "10 x the vertices": replace(once, vertices=10 * once.vertices, changes=10 * once.changes),
    }
    grown = [_measure(name, scale, tiles) for name, scale in scales.items()]
    Console(width=150).print(_table(grown))


def _measure(name: str, scale: Scale, tiles: int) -> Grown:
    with TemporaryDirectory(prefix="tileserver-growth-") as folder:
        archive = Path(folder) / "invented.tar"
        write_archive(archive, scale)
        cluster = Cluster.at(Path(folder) / "cluster")
        try:
            with cluster.running() as dsn:
                run_cli(dsn, "theatre", "add", "ukraine")
                seconds, peak = run_cli(dsn, "import", "ukraine.control", str(archive))
                faces, vertices, stored, times = asyncio.run(_look(dsn, scale, tiles))
        finally:
            cluster.remove()
    return Grown(name, scale, seconds, peak, faces, vertices, stored, times)


async def _look(dsn: str, scale: Scale, tiles: int) -> tuple[int, int, int, dict[int, tuple[float, float]]]:
    connection = await connect(dsn)
    await connection.execute("VACUUM ANALYZE feature_version, face")
    faces, vertices, one, other = await connection.fetchrow(_COUNTS)
    await connection.close()
    pool = Pool(dsn, 1, 5, 60)
    try:
        service = TileService(Current(pool, system_clock), 1)  # a cache that holds nothing
        return (
            faces,
            vertices,
            one + other,
            {zoom: await _cold(service, scale, zoom, tiles) for zoom in ZOOMS},
        )
    finally:
        await pool.close()


async def _cold(service: TileService, scale: Scale, zoom: int, tiles: int) -> tuple[float, float]:
    random = Random(zoom)
    tileset = (await service.current.catalogue()).tileset("ukraine.control,ukraine.frontline")
    took = []
    for number in range(2 * tiles):  # the first half warms up
        address, at = _place(random, zoom), scale.start + timedelta(days=random.uniform(0, scale.days))
        started = time.perf_counter()
        await _render(service, tileset.name, address, at)
        if number >= tiles:
            took.append(1000 * (time.perf_counter() - started))
    return float(np.median(took)), float(np.percentile(took, 95))


async def _render(service: TileService, name: str, address: TileAddress, at: datetime) -> None:
    tileset = (await service.current.catalogue()).tileset(name)
    located = await service.locate(Question(tileset, address, Period(at, at + TICK)))
    await service.answer(Question(tileset, address), located)


def _place(random: Random, zoom: int) -> TileAddress:
    along = random.random()
    lon = LON_NORTH + along * (LON_SOUTH - LON_NORTH) + random.gauss(0, 0.05)
    return address_at(lon, NORTH + along * (SOUTH - NORTH), zoom)


def _table(grown: list[Grown]) -> Table:
    table = Table(title="Growth", title_justify="left", box=rich.box.SIMPLE)
    for column in ("", "import s", "s a day", "x", "peak MB", "faces", "vertices", "stored MB"):
        table.add_column(column, justify="right")
    for zoom in ZOOMS:
        table.add_column(f"z{zoom} ms p50 (p95)", justify="right")
    first = grown[0].seconds / grown[0].scale.days
    for row in grown:
        a_day = row.seconds / row.scale.days
        table.add_row(
            row.name,
            f"{row.seconds:.1f}",
            f"{a_day:.3f}",
            f"{a_day / first:.2f}",
            f"{row.peak / 1e6:.0f}",
            f"{row.faces:,}",
            f"{row.vertices:,}",
            f"{row.stored / 1e6:.0f}",
            *(f"{median:.1f} ({high:.1f})" for median, high in row.tiles.values()),
        )
    return table


if __name__ == "__main__":
    typer.run(main)
