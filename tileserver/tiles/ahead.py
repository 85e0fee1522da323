"""Rendering ahead: the layer tiles of a plan, from PostGIS onto the shelf, behind all readers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tileserver.errors import LayerUnavailable
from tileserver.store.connect import Pool, readable
from tileserver.store.tiles import render_many
from tileserver.tiles.current import Current
from tileserver.tiles.fetcher import stored_name
from tileserver.tiles.layer_tile import LayerTile, dated_cut
from tileserver.tiles.seed import Plan
from tileserver.tiles.shelf import Shelf

_STEP_S = 0.001  # of planning, before readers may go on
_PAUSE_S = 0.002


Turn: TypeAlias = Callable[[int], Awaitable[bool]]
_Named: TypeAlias = tuple[str, LayerTile]  # the name that it has on the shelf


@dataclass(slots=True)
class Progress:
    """Progress of a plan: versions planned, there before, rendered, failed; bytes kept; time in seconds."""

    versions: int = 0
    there: int = 0
    rendered: int = 0
    failed: int = 0
    bytes: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def backlog(self) -> int:
        """Versions that are still to be looked at."""
        return self.versions - self.there - self.rendered - self.failed

    @property
    def done(self) -> int:
        """Versions that are on the shelf now."""
        return self.there + self.rendered

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began


class Renderer:
    """Renders plans onto *shelf* over connections of *pool*."""

    def __init__(self, current: Current, pool: Pool, shelf: Shelf) -> None:
        self._current = current
        self._pool = pool
        self._shelf = shelf

    async def render(self, plan: Plan, progress: Progress, turn: Turn, workers: int = 1) -> None:
        """Put the layer tiles of *plan* that the shelf lacks on the shelf; may be interrupted and repeated.

        Parameters
        ----------
        plan : Plan
        progress : Progress
            Counted up.
        turn : callable
            Awaited before each batch with its number of versions; ends the work where it returns false.
        workers : int
            Batches at a time, one connection each.

        Raises
        ------
        ShelfUnavailable
            There is no more room; what was rendered until then is kept.
        StoreUnavailable
            The database does not answer.
        """
        batches = plan.batches()
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(batches, progress, turn))

    async def _work(self, batches: Iterator[list[LayerTile]], progress: Progress, turn: Turn) -> None:
        for batch in batches:
            names = [stored_name(self._current, each.cache_key) for each in batch]
            there = await asyncio.to_thread(self._shelf.has_many, names)
            missing = [(name, each) for name, each in zip(names, batch, strict=True) if name not in there]
            progress.there += len(batch) - len(missing)
            if not missing:
                continue
            if not await turn(len(missing)):
                return
            kept = await self._draw(missing)
            progress.failed += len(missing) - len(kept)
            size = await asyncio.to_thread(self._shelf.put, kept)
            progress.bytes += size
            progress.rendered += len(kept)

    async def _draw(self, missing: Sequence[_Named]) -> list[tuple[str, bytes]]:
        """Draw layer tiles by one statement, or each by itself to leave out a tile that is refused."""
        try:
            drawn = await self._drawn([each for _, each in missing])
        except LayerUnavailable:
            if len(missing) == 1:
                return []
            found = [await self._draw([each]) for each in missing]  # PostgreSQL does not say which one it is
            return [one for each in found for one in each]
        return list(zip((name for name, _ in missing), drawn, strict=True))

    async def _drawn(self, tiles: Sequence[LayerTile]) -> list[bytes]:
        dated = [(each, each.moment) for each in tiles if each.moment is not None]
        asked = [(each.cache_key.address, dated_cut(each.served, moment)) for each, moment in dated]
        async with self._pool.acquire() as connection:
            with readable(str(tiles[0].served.stored.ref)):
                return await render_many(connection, asked)


async def made(steps: Iterator[Plan | None]) -> Plan:
    """Return the plan at the end of *steps*, letting readers go on between steps."""
    until = time.monotonic() + _STEP_S
    for step in steps:
        if step is not None:
            return step
        if time.monotonic() > until:
            await asyncio.sleep(_PAUSE_S)
            until = time.monotonic() + _STEP_S
    raise AssertionError("a plan ends its steps")
