"""Gains for all who ask: worked out once, kept as long as nothing else becomes public."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable
from contextlib import nullcontext
from datetime import date
from typing import NamedTuple

from tileserver.errors import StoreBusy
from tileserver.publish.gains import Gains, load_gains
from tileserver.publish.gains_text import GainsText, gains_text
from tileserver.publish.measures import measured_layer
from tileserver.publish.public import public_part
from tileserver.publish.turns import KeptTurns, Passed, TurnKey
from tileserver.tiles.cache import Cache
from tileserver.tiles.current import Current
from tileserver.tiles.tileset import Tileset

_PATIENCE_S = 1.5  # of a picture, for its sentence


class GainsName(NamedTuple):
    """Name of the gains in a tileset: number of the catalogue, tileset, revision, and how much is public."""

    reading: int
    tileset: str
    revision: int
    public: Hashable


class GainsService:
    """Gains of any tileset in any revision, by day; bounded by *capacity* bytes.

    `text_soon` waits for *patience_s* seconds; `None`: for as long as the work takes.
    """

    def __init__(self, current: Current, capacity: int, patience_s: float | None = _PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._current = current
        self._kept: Cache[GainsName, Gains] = Cache(capacity)
        self.turns = KeptTurns()
        self._going_on: tuple[GainsName, asyncio.Task[Gains]] | None = None

    async def name(self, tileset: Tileset, revision: int) -> GainsName:
        """Return the name of the answer of `gains`: equal as long as the answer is the same."""
        public = await public_part(self._current, tileset, revision, self._current.clock())
        serial = (await self._current.catalogue()).serial
        return GainsName(serial, tileset.label, revision, public)

    def learn(self, found: Iterable[tuple[TurnKey, Passed]]) -> int:
        """Keep turns that were worked out elsewhere; return how many are known now."""
        for key, passed in found:
            self.turns.keep(key, passed)
        return len(self.turns)

    async def gains(self, tileset: Tileset, revision: int, *, at_ease: bool = False) -> Gains:
        """Return the gains in the measured layer of *tileset*, as known in *revision*.

        *at_ease*, for nobody waits, the work rests for as long as it takes.

        Raises
        ------
        NothingMeasured
            The tileset has no layer of areas with statuses, or several.
        StoreBusy
            Other gains are worked out, and take too long to wait for.
        """
        measured_layer(tileset)

        async def compute() -> Gains:
            # At ease without a place, or readers would wait for half a processor.
            async with nullcontext() if at_ease else self._current.lanes.gains.place():
                now = self._current.clock()
                return await load_gains(
                    self._current.pool, tileset, revision, now, self.turns, at_ease=at_ease
                )

        return await self._kept.once(await self.name(tileset, revision), compute)

    async def known_text(self, tileset: Tileset, day: date, language: str) -> GainsText | None:
        """Return the sentences as known now, if the gains are in memory; asks no database."""
        gains = self._kept.peek(await self.name(tileset, tileset.newest))
        return None if gains is None else gains_text(tileset, gains, day, language)

    async def text_soon(self, tileset: Tileset, revision: int, day: date, language: str) -> GainsText:
        """Return the sentences on the gains up to *day* in *language*, soon; as `gains_soon` raises."""
        return gains_text(tileset, await self.gains_soon(tileset, revision), day, language)

    async def gains_soon(self, tileset: Tileset, revision: int) -> Gains:
        """Return the gains as `gains` does, soon, and raise as `gains` does.

        Where the gains take longer the error is `StoreBusy`, and the work goes on for the next asker:
        for one name at a time, as revisions are cheap to ask for.
        """
        measured_layer(tileset)
        name = await self.name(tileset, revision)
        if (gains := self._kept.peek(name)) is None:
            task = self._begun(name, tileset, revision)
            done, _ = await asyncio.wait({task}, timeout=self._patience_s)
            if not done:
                raise StoreBusy("the gains are being worked out")
            gains = await task
        return gains

    def close(self) -> None:
        """End the work that goes on for nobody."""
        if self._going_on is not None:
            self._going_on[1].cancel()

    def _begun(self, name: GainsName, tileset: Tileset, revision: int) -> asyncio.Task[Gains]:
        if self._going_on is not None and not self._going_on[1].done():
            if self._going_on[0] != name:
                raise StoreBusy("other gains are being worked out")
            return self._going_on[1]
        task = asyncio.ensure_future(self.gains(tileset, revision))
        task.add_done_callback(lambda task: task.cancelled() or task.exception())  # perhaps nobody is left
        self._going_on = name, task
        return task
