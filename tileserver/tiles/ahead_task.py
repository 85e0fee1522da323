"""The task that keeps the shelf ahead of readers: after every change of the catalogue, and as time goes on.

One process of a machine at a time, by a lock on a file beside the tiles; where that process ends, another
takes over. In that file stands how far it is, for every process to tell. Nothing is rendered before it is
public: what the shelf has tells nobody of what is to come.

It lets readers go first: a batch is begun only while no reader waits for PostGIS, and has a connection of its
own. Where the file ``ahead.paused`` lies beside the tiles, it waits.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Literal, TypeAlias

import msgspec
import structlog

from tileserver.disk import room_for_tiles
from tileserver.errors import LayerUnavailable, Unavailable, UnknownTheatre
from tileserver.model import LayerRef
from tileserver.store.connect import Pool
from tileserver.tiles.ahead import Progress, Renderer, made
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.tiles.fetcher import LayerFetcher
from tileserver.tiles.index import LayerIndex
from tileserver.tiles.seed import Order, Plan, Wanted, plan
from tileserver.tiles.service import TileService
from tileserver.tiles.shelf import Shelf
from tileserver.tiles.tiers import ShelfTier
from tileserver.times import Micros

log = structlog.get_logger()

PAUSED = "ahead.paused"  # a file beside the tiles, while rendering ahead shall wait
_LOCK = "ahead.lock"
_LOOK_S = 1.0  # between two looks for something to do
_AWAY_S = 5.0  # between two attempts while the database or the disk is away
_READERS_S = 0.25  # for which readers may go first, a batch
_TOLD_S = 30.0
_FULL = 0.9  # of the shelf's capacity: the rest is for what readers ask for

State: TypeAlias = Literal["waiting", "elsewhere", "paused", "planning", "rendering", "full", "done"]


@dataclass(slots=True)
class Ahead:
    """State of rendering ahead, and the progress of the plan under way, or of the last plan."""

    state: State = "waiting"
    progress: Progress = field(default_factory=Progress)
    told: dict[str, object] | None = None  # by the process that renders, where that is another

    @property
    def document(self) -> dict[str, object]:
        """State, numbers of versions, and versions a second, for ``/readyz``, of the process that renders."""
        if self.state == "elsewhere" and self.told is not None:
            return self.told
        at_work = self.progress
        rate = at_work.rendered / at_work.seconds if self.state == "rendering" and at_work.seconds else 0.0
        return {
            "state": self.state,
            "backlog": at_work.backlog,
            "done": at_work.done,
            "failed": at_work.failed,
            "rate": round(rate, 1),
        }


class AheadTask:
    """Renders ahead on one process of the machine; *zooms* up to which."""

    def __init__(
        self, current: Current, fetcher: LayerFetcher, pool: Pool, shelf: Shelf, maxzoom: int
    ) -> None:
        self.ahead = Ahead()
        self._current, self._fetcher, self._shelf, self._folder = current, fetcher, shelf, shelf.folder
        self._renderer = Renderer(current, pool, shelf)
        self._told_at = 0.0  # on the steady clock, the log
        self._generation = shelf.generation  # of the shelf: with another, nothing is rendered
        self._order = Order(tuple(range(maxzoom + 1)))
        # What is rendered: of each layer the index, and the instant up to which its content was public.
        self._rendered: dict[LayerRef, tuple[LayerIndex, Micros]] = {}

    async def run(self, report: Callable[[], None]) -> None:
        """Render whatever is not rendered yet, for ever."""
        while True:
            async with self._alone(report) as lock:
                self.ahead.state = "waiting"
                self._rendered.clear()
                self._generation = self._shelf.generation
                telling = asyncio.create_task(self._tell(lock))
                try:
                    while self._shelf.generation == self._generation:
                        await self._look()
                        report()
                        await asyncio.sleep(_LOOK_S)
                finally:
                    telling.cancel()

    async def _tell(self, lock: IO[bytes]) -> None:
        """Write into *lock* how far this process is, again and again."""
        while True:
            with suppress(OSError):  # the shelf says its trouble
                text = msgspec.json.encode(self.ahead.document)
                os.pwrite(lock.fileno(), text, 0)
                os.ftruncate(lock.fileno(), len(text))
            await asyncio.sleep(_LOOK_S)

    async def _look(self) -> None:
        catalogue = self._current.read
        if self._is_paused:
            self.ahead.state = "paused"
        elif catalogue is not None and (wanted := self._wanted(catalogue)):
            await self._render(catalogue, wanted)
        elif catalogue is not None and self.ahead.state != "full":
            self.ahead.state = "done"

    @property
    def _is_paused(self) -> bool:
        return (self._folder / PAUSED).exists()

    @asynccontextmanager
    async def _alone(self, report: Callable[[], None]) -> AsyncIterator[IO[bytes]]:
        """Wait until no other process of the machine renders ahead, and let none meanwhile."""
        while (file := self._lock()) is None:
            report()
            await asyncio.sleep(_LOOK_S)
        with file:
            yield file

    def _lock(self) -> IO[bytes] | None:
        """Return the lock beside the tiles, held; ``None``, with the state set, where the lock is taken."""
        try:
            file = os.fdopen(os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644), "r+b")
        except OSError:  # the shelf says its trouble
            self.ahead.state = "waiting"
            return None
        if not _locked(file):
            self.ahead.state = "elsewhere"
            with file, suppress(OSError, msgspec.DecodeError):  # of which half may be written
                self.ahead.told = msgspec.json.decode(file.read(), type=dict[str, object])
            return None
        return file

    def _wanted(self, catalogue: Catalogue) -> list[Wanted]:
        """Return the state layers with content that is not rendered yet, each with its horizon."""
        found = []
        for ref, served in catalogue.layers.items():
            if not served.is_state:
                continue
            try:
                tileset = catalogue.tileset(str(ref))
            except (LayerUnavailable, UnknownTheatre):
                continue
            horizon = self._current.horizon(tileset)
            index, last = self._rendered.get(ref, (None, None))
            if index is not served.index:
                found.append(Wanted(tileset, horizon))
            elif last is not None and _changes_between(tileset.edges, last, horizon.state):
                found.append(Wanted(tileset, horizon, last))
        return found

    async def _render(self, catalogue: Catalogue, wanted: list[Wanted]) -> None:
        self.ahead.state = "planning"
        planned = await made(plan(wanted, self._order))
        at_work = Progress(len(planned))
        self.ahead.state, self.ahead.progress = "rendering", at_work
        self._told_at = time.monotonic()
        log.info("rendering ahead", versions=len(planned))
        if await self._is_rendered(catalogue, planned):
            for each in wanted:
                (layer,) = each.tileset.layers
                self._rendered[layer.stored.ref] = layer.index, each.horizon.state
            log.info("rendered ahead", backlog=at_work.backlog, done=at_work.done, failed=at_work.failed)

    async def _is_rendered(self, catalogue: Catalogue, planned: Plan) -> bool:
        """Render *planned*; return whether that came to its end."""

        async def turn(_: int) -> bool:
            await self._fetcher.quiet(_READERS_S)
            return self._goes_on(catalogue)

        while True:
            try:
                await self._renderer.render(planned, self.ahead.progress, turn)
                return self._is_due(catalogue)
            except* Unavailable:  # the database is away, or the disk: the plan is as good when they are back
                self.ahead.state = "waiting"
                await asyncio.sleep(_AWAY_S)
            self.ahead.state, self.ahead.progress = "rendering", Progress(len(planned))

    def _is_due(self, catalogue: Catalogue) -> bool:
        is_same = self._current.read is catalogue and self._shelf.generation == self._generation
        return is_same and not self._is_paused

    def _goes_on(self, catalogue: Catalogue) -> bool:
        """Return whether another batch is to be rendered; tell the log of the progress now and then."""
        at_work = self.ahead.progress
        if time.monotonic() - self._told_at > _TOLD_S:
            self._told_at = time.monotonic()
            backlog, done, failed = at_work.backlog, at_work.done, at_work.failed
            log.info("rendering ahead goes on", backlog=backlog, done=done, failed=failed)
        size = self._shelf.size
        if size > _FULL * room_for_tiles(self._shelf.capacity, size, self._shelf.folder):
            self.ahead.state = "full"
            log.warning("the shelf is full: rendering ahead ends")
            return False
        return self._is_due(catalogue)


def ahead_task(tiles: TileService, pool: Pool, maxzoom: int | None) -> AheadTask | None:
    """Return the task that renders ahead onto the shelf of *tiles*; ``None`` without a shelf, or a zoom."""
    shelves = [tier.shelf for tier in tiles.tiers if isinstance(tier, ShelfTier)]
    if maxzoom is None or not shelves:
        return None
    return AheadTask(tiles.current, tiles.fetcher, pool, shelves[0], maxzoom)


def _changes_between(edges: list[int], last: Micros, now: Micros) -> bool:
    return any(last < edge <= now for edge in edges)


def _locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
