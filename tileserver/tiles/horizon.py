"""The horizon: the end of the public part of a tileset. Every way out asks here, and nowhere else.

All horizons stand still for a stride, a whole minute by the clock, and move together at its end. Between two
moves the passing of time changes no answer, so each may be kept up to the next move, whatever is not public:
keeping one until *its* next change would tell that something is to come, and when.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from tileserver.tiles.tileset import Tileset
from tileserver.times import EPOCH_1970, Micros, to_micros

# By so much later than its embargo says is something public at most, and never earlier. An editor can wait a
# minute where the embargo is two days; a reader's questions of one sitting mostly come within it.
STRIDE = timedelta(minutes=1)


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
    """Return the horizon of every layer of *tileset* at the instant *now*; the strictest embargo holds.

    It is the same at every instant of a stride.
    """
    ended = to_micros(stride_of(now) - tileset.embargo)
    return Horizon(ended, min((days.last_public(ended) for days in tileset.days), default=ended))


def stride_of(now: datetime) -> datetime:
    """Return the beginning of the stride that the instant *now* lies in: when all horizons moved last."""
    return now - (now - EPOCH_1970) % STRIDE


def seconds_to_move(now: datetime) -> float:
    """Return how long after *now* all horizons move: more than 0 seconds, and a stride at most."""
    return (stride_of(now) + STRIDE - now).total_seconds()
