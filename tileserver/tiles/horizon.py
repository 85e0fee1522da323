"""The horizon: the end of the public part of a tileset. Every way out asks here, and nowhere else.

All horizons stand still for a stride, a whole minute by the clock, and move together at its end. Between two
moves the passing of time changes no answer, so each may be kept up to the next move, whatever is not public:
keeping one until *its* next change would tell that something is to come, and when.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta
from typing import NamedTuple

from tileserver.tiles.tileset import Tileset
from tileserver.times import EPOCH_1970, TICK, Micros, Period, day_period, local_day, to_micros

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


def settled_of(tileset: Tileset, now: datetime) -> Micros | None:
    """Return until when the past of *tileset* is settled at the instant *now*: told, and not corrected now.

    In microseconds since 1970, inclusive; ``None`` where nothing is, or the theatre declares no correction
    window. What ended by then was public for the whole window, and something newer is public. Nothing that
    is not public takes part. It moves with the horizon, and forward alone while nothing is declared anew.
    """
    if tileset.correction_window is None:
        return None
    horizon = horizon_of(tileset, now)
    told = [
        own[upto - 1]
        for own, end in ((tileset.edges, horizon.state), (tileset.ends, horizon.ended))
        if (upto := bisect_right(own, end))
    ]
    if not told:
        return None
    window = tileset.correction_window // timedelta(microseconds=1)
    return Micros(min(*horizon, max(told), min(horizon) - window))


def month_end(tileset: Tileset, asked: Period, now: datetime) -> Micros | None:
    """Return the end of the month that *asked*, half-open, ends in, local to *tileset*, once that is settled.

    ``None`` before, and for tilesets with events, whose answers end where the question does. Of what goes on
    no end would stay the same as time passes, but that of a month does, and its days share one answer.
    """
    if asked.end is None or tileset.correction_window is None or tileset.events:
        return None
    last = local_day(asked.end - TICK, tileset.zone)
    following = last.replace(year=last.year + last.month // 12, month=last.month % 12 + 1, day=1)
    end = day_period(following, tileset.zone).start
    settled = settled_of(tileset, now)
    return to_micros(end) if end and settled is not None and to_micros(end) <= settled else None


def stride_of(now: datetime) -> datetime:
    """Return the beginning of the stride that the instant *now* lies in: when all horizons moved last."""
    return now - (now - EPOCH_1970) % STRIDE


def seconds_to_move(now: datetime) -> float:
    """Return how long after *now* all horizons move: more than 0 seconds, and a stride at most."""
    return (stride_of(now) + STRIDE - now).total_seconds()
