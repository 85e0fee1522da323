"""The horizon: the end of the public part of a tileset. Every way out asks here, and nowhere else."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tileserver.tiles.tileset import Tileset
from tileserver.times import EPOCH_1970, TICK, Micros


class Horizon(NamedTuple):
    """End of the public part of a tileset: two instants, in microseconds since 1970, both inclusive.

    Events that were over by ``ended`` are public, and states up to ``state``: the same instant, unless a
    change before it is known only to a day that was not over by then. ``ended`` may be told to anybody;
    ``state`` would tell that there is something to come.
    """

    ended: Micros
    state: Micros

    def covers(self, end: Micros) -> bool:
        """Whether the half-open period that ends at *end* is public, with its states and its events."""
        return end <= self.ended and end - 1 <= self.state


def horizon_of(tileset: Tileset, now: datetime) -> Horizon:
    """Return the horizon of every layer of *tileset* at the instant *now*; the strictest embargo holds."""
    ended = Micros((now - tileset.embargo - EPOCH_1970) // TICK)
    return Horizon(ended, min((days.last_public(ended) for days in tileset.days), default=ended))
