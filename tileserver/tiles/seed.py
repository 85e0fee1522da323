"""Render ahead: every tile that a tileset of state layers has, in every version that is public."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from tileserver.errors import BadParameter
from tileserver.grid import BUFFER, EXTENT, WORLD_UNITS, BoundsLonLat, TileAddress, address_at
from tileserver.store.index import Rows
from tileserver.tiles.horizon import Horizon
from tileserver.tiles.locate import Located, locate
from tileserver.tiles.question import Question
from tileserver.tiles.service import TileKey, TileService
from tileserver.tiles.shelf import Shelf
from tileserver.tiles.tileset import Tileset
from tileserver.times import Micros, Period, from_micros, to_micros

ALWAYS = Period(None, None)

_BATCH = 64  # tiles in one transaction of the shelf


@dataclass(frozen=True, slots=True)
class Order:
    """Zooms, bounds and half-open period to render, and the tiles a second at most (0: without a limit)."""

    zooms: tuple[int, ...]
    bounds: BoundsLonLat | None = None
    period: Period = ALWAYS
    rate: float = 0.0


@dataclass(slots=True)
class Seeded:
    """Progress: versions that exist, versions there already, versions rendered, and bytes kept."""

    versions: int = 0
    there: int = 0
    rendered: int = 0
    bytes: int = 0


async def seed(
    service: TileService, shelf: Shelf, tileset: Tileset, order: Order, progress: Callable[[Seeded], None]
) -> Seeded:
    """Render the versions of *order* that *shelf* lacks, and put each on the shelf.

    May be interrupted and begun again at any time. Several tiles are rendered at once, one a connection.

    Raises
    ------
    BadParameter
        The tileset has a window layer: there is no end to the windows one can ask for.
    ShelfUnavailable
        There is no more room; what was rendered until then is kept.
    """
    windows = [str(served.stored.ref) for served in tileset.layers if not served.is_state]
    if windows:
        states = ",".join(str(served.stored.ref) for served in tileset.layers if served.is_state)
        raise BadParameter(
            f"windows of {', '.join(windows)} have no end of versions; seed {states or 'a layer of states'}"
        )
    done = Seeded()
    pace = _Pace(order.rate)
    async for batch in _missing(service, shelf, tileset, order, done):
        await pace.keep(len(batch))
        answers = await asyncio.gather(
            *(service.answer(Question(tileset, address), each) for address, each in batch)
        )
        kept = [(str(answer.cache_key), answer.body.data) for answer in answers]
        done.bytes += await asyncio.to_thread(shelf.put, kept)
        done.rendered += len(batch)
        progress(done)
    progress(done)
    return done


async def _missing(
    service: TileService, shelf: Shelf, tileset: Tileset, order: Order, done: Seeded
) -> AsyncIterator[list[tuple[TileAddress, Located]]]:
    horizon = service.current.horizon(tileset)
    batch: list[tuple[TileAddress, Located]] = []
    for zoom in order.zooms:
        for address in addresses(tileset, zoom, order.bounds):
            for located in versions(tileset, address, horizon, order.period):
                done.versions += 1
                if shelf.has(str(TileKey(tileset.name, located.version, address))):
                    done.there += 1
                    continue
                batch.append((address, located))
                if len(batch) == _BATCH:
                    yield batch
                    batch = []
            await asyncio.sleep(0)  # where Ctrl-C takes effect
    if batch:
        yield batch


def addresses(tileset: Tileset, zoom: int, bounds: BoundsLonLat | None = None) -> list[TileAddress]:
    """Return the addresses at *zoom* that any state layer ever met, and that touch *bounds*; by column."""
    found: set[tuple[int, int]] = set()
    for served in tileset.layers:
        low, high = served.stored.layer.minzoom, served.stored.layer.maxzoom
        if served.is_state and low <= zoom <= high:
            found.update(_met(served.index.at_zoom(zoom), zoom))
    if bounds is not None:
        first = address_at(bounds.west, bounds.north, zoom)
        last = address_at(bounds.east, bounds.south, zoom)
        found = {(x, y) for x, y in found if first.x <= x <= last.x and first.y <= y <= last.y}
    return [TileAddress(zoom, x, y) for x, y in sorted(found)]


def versions(
    tileset: Tileset, address: TileAddress, horizon: Horizon, period: Period = ALWAYS
) -> Iterator[Located]:
    """Yield each content that a tile had in *period* by the *horizon*, once; none that is empty."""
    view = tileset.view(address)
    revision = tileset.revision(None)
    edges, _ = view.epochs(revision)
    start = None if period.start is None else to_micros(period.start)
    end = horizon.state if period.end is None else min(horizon.state, Micros(to_micros(period.end) - 1))
    inside = [Micros(int(edge)) for edge in edges if (start is None or edge > start) and edge <= end]
    seen = set()
    for at in ([start] if start is not None else []) + inside:
        asked = Period(from_micros(at), from_micros(Micros(at + 1)))
        located = locate(view, revision, asked, horizon)
        if located.version.state and located.version not in seen:
            seen.add(located.version)
            yield located


def _met(rows: Rows, zoom: int) -> Iterable[tuple[int, int]]:
    """Return columns and rows of the tiles at *zoom* whose buffered square a box of *rows* meets."""
    side = WORLD_UNITS / (1 << zoom)
    margin = side * BUFFER / EXTENT
    top = (1 << zoom) - 1

    def number(edge: str, offset: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.clip(np.floor((rows[edge] + offset) / side), 0, top).astype(np.int64)

    west, east = number("west", -margin), number("east", margin)
    north, south = number("north", -margin), number("south", margin)
    boxes = np.unique(np.column_stack([west, east, north, south]), axis=0)
    for first, last, upper, lower in boxes.tolist():
        for x in range(first, last + 1):
            for y in range(upper, lower + 1):
                yield x, y


class _Pace:
    """Keeps to a number of tiles a second."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._next = time.monotonic()

    async def keep(self, tiles: int) -> None:
        """Wait until another *tiles* may be rendered."""
        if not self._rate:
            return
        now = time.monotonic()
        self._next = max(self._next, now) + tiles / self._rate
        await asyncio.sleep(max(0.0, self._next - tiles / self._rate - now))
