"""What scrubbing costs, with history tiles and with a snapshot tile a day: ``python -m tests.bench.history``.

A view of 1280 x 800 pixels (tiles of 512) over the eastern front, all days of a quarter or of the whole
archive, control and front line. *Snapshots* are what a browser fetches that knows dates alone: a request a
day and tile. *Distinct* counts each content once, as if versions were known beforehand. *History* are the
tiles of all periods that the days are in, whole; *side* is the file that names the faces of the band that
change, of all of the map, for a client that does not read them from the tiles. Bytes are brotli, without
headers. The archive is the real one, or what the database has that ``--database`` names.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import rich.box
import typer
from rich.console import Console
from rich.table import Table

from tests.bench.loading import import_layer, run_cli
from tests.conftest import ARCHIVE
from tileserver.embedded.cluster import Cluster
from tileserver.grid import TileAddress, address_at, band_at
from tileserver.history.service import HistoryService
from tileserver.store.connect import Pool
from tileserver.tiles.compress import compress
from tileserver.tiles.current import Current
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileService
from tileserver.tiles.tileset import Tileset
from tileserver.times import day_period, from_micros, local_day, system_clock

TILESET = "ukraine.control,ukraine.frontline"
CENTRE = (37.5, 48.2)
VIEW, TILE = (1280, 800), 512  # pixels
ZOOMS = (5, 7, 9, 11)
QUARTER = (date(2023, 10, 1), date(2023, 12, 31))
DAY = timedelta(days=1)


@dataclass(slots=True)
class Cost:
    """Requests and their bytes."""

    requests: int = 0
    size: int = 0

    def add(self, size: int) -> None:
        self.requests += 1
        self.size += size


@dataclass(slots=True)
class Scrub:
    """What some days cost at one zoom, each way."""

    days: int
    tiles: int
    snapshots: Cost = field(default_factory=Cost)
    distinct: Cost = field(default_factory=Cost)
    history: Cost = field(default_factory=Cost)
    side: Cost = field(default_factory=Cost)
    heaviest: int = 0  # of the history tiles


def view_tiles(zoom: int) -> list[TileAddress]:
    """Return the tiles that the view shows at a whole *zoom*."""
    fine = address_at(*CENTRE, zoom + 12)  # where the centre is, in 4096ths of a tile
    spans = []
    for place, pixels in zip((fine.x, fine.y), VIEW, strict=True):
        half = pixels * 4096 // TILE // 2
        spans.append(range((place - half) >> 12, ((place + half) >> 12) + 1))
    return [TileAddress(zoom, x, y) for x in spans[0] for y in spans[1]]


class Reader:
    """Asks the services themselves, and remembers how large each content is."""

    def __init__(self, service: TileService) -> None:
        self.service, self.past = service, HistoryService(service.current, 10**8)
        self._sizes: dict[object, int] = {}

    async def scrub(self, tileset: Tileset, zoom: int, first: date, last: date) -> Scrub:
        """Return what the days from *first* to *last* cost."""
        addresses = view_tiles(zoom)
        found = Scrub((last - first).days + 1, len(addresses))
        seen: set[object] = set()
        for day in (first + number * DAY for number in range(found.days)):
            for address in addresses:
                name, size = await self._snapshot(tileset, address, day)
                found.snapshots.add(size)
                if name not in seen:
                    seen.add(name)
                    found.distinct.add(size)
        for period in await self.past.periods(tileset):
            if period.first <= last and (period.end is None or first < period.end):
                for address in addresses:
                    tile = (await self.past.tile(tileset, period, address)).body.data
                    found.history.add(self._packed((period, address), tile))
                    found.heaviest = max(found.heaviest, self._packed((period, address), tile))
                side = (await self.past.faces(tileset, period, band_at(zoom).lowest)).body.data
                found.side.add(self._packed((period, zoom), side))
        return found

    async def _snapshot(self, tileset: Tileset, address: TileAddress, day: date) -> tuple[object, int]:
        located = await self.service.locate(Question(tileset, address, day_period(day, tileset.zone)))
        key = (located.version, address)
        if key not in self._sizes:
            self._packed(key, (await self.service.answer(Question(tileset, address), located)).body.data)
        return key, self._sizes[key]

    def _packed(self, key: object, data: bytes) -> int:
        if key not in self._sizes:
            self._sizes[key] = len(compress(data, "br")) if data else 0
        return self._sizes[key]


def scrub_table(title: str, found: dict[int, Scrub]) -> Table:
    """Requests and bytes, and how many times fewer they are with history."""
    table = Table(title=title, box=rich.box.SIMPLE, title_justify="left", title_style="bold")
    columns = (
        "zoom, tiles, days, snapshots, MB, distinct, MB, history, MB, most kB, side, MB,"
        " fewer, fewer MB, than distinct, with side"
    )
    for column in columns.split(", "):
        table.add_column(column, justify="right", no_wrap=True)
    for zoom, each in found.items():
        table.add_row(
            *map(str, (zoom, each.tiles, each.days)),
            *_texts(each.snapshots, each.distinct, each.history),
            f"{each.heaviest / 1e3:.0f}",
            *_texts(each.side),
            f"{each.snapshots.requests / each.history.requests:.0f} x",
            f"{each.snapshots.size / each.history.size:.1f} x",
            f"{each.distinct.size / each.history.size:.1f} x",
            f"{each.snapshots.size / (each.history.size + each.side.size):.1f} x",
        )
    return table


def _texts(*costs: Cost) -> list[str]:
    return [text for cost in costs for text in (str(cost.requests), f"{cost.size / 1e6:.2f}")]


async def _measure(dsn: str, console: Console) -> None:
    pool = Pool(dsn, 4, 30, 120)
    service = TileService(Current(pool, system_clock), 10**8)
    tileset = (await service.current.catalogue()).tileset(TILESET)
    reader = Reader(service)
    periods = await reader.past.periods(tileset)
    console.print(f"{len(periods)} periods: {', '.join(map(str, periods))}")
    for title, (first, last) in (("A quarter", QUARTER), ("The archive", _all_days(tileset))):
        found = {zoom: await reader.scrub(tileset, zoom, first, last) for zoom in ZOOMS}
        console.print(scrub_table(f"{title}, {first} to {last}", found))
    await pool.close()


def _all_days(tileset: Tileset) -> tuple[date, date]:
    edges = [edge for served in tileset.layers for edge in served.periods.edges[:-1].tolist()]
    first, last = (local_day(from_micros(edge), tileset.zone) for edge in (min(edges), max(edges)))
    return first, last


def main(
    database: Annotated[str, typer.Option(help="A database that holds the archive; empty: import it.")] = "",
) -> None:
    """Count what scrubbing costs."""
    console = Console(width=160)
    if database:
        asyncio.run(_measure(database, console))
        return
    with TemporaryDirectory(prefix="tileserver-history-") as folder:
        cluster = Cluster.at(Path(folder) / "cluster", durable=False)
        try:
            with cluster.running() as dsn:
                run_cli(dsn, "theatre", "add", "ukraine")
                import_layer(dsn, "control", ARCHIVE)
                asyncio.run(_measure(dsn, console))
        finally:
            cluster.remove()


if __name__ == "__main__":
    typer.run(main)
