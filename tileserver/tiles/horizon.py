"""What of a tileset is public by now; every way out asks here, and nowhere else."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tileserver.tiles.tileset import Tileset
from tileserver.times import Micros, to_micros


class Horizon(NamedTuple):
    """The end of what is public, in microseconds since 1970.

    What was over by ``ended`` is public, and of the states those up to ``state``: the same instant, unless
    something that changed before it is known to a day that was not over by then. ``ended`` may be told to
    anybody; ``state`` would tell that there is something to come.
    """

    ended: Micros
    state: Micros

    def covers(self, end: Micros) -> bool:
        """Whether all before the instant *end* is public, of states and of what happened."""
        return end <= self.ended and end - 1 <= self.state


def horizon_of(tileset: Tileset, now: datetime) -> Horizon:
    """Return what is public in every layer of *tileset*; its strictest embargo holds."""
    ended = to_micros(now - tileset.embargo)
    return Horizon(ended, min((days.last_public(ended) for days in tileset.days), default=ended))
