"""The extent of the public part of a tileset, on which documents depend."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from tileserver.publish.measures import is_over
from tileserver.tiles.current import Current
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.tileset import Tileset
from tileserver.times import Micros, from_micros, local_day


async def public_part(current: Current, tileset: Tileset, revision: int, now: datetime) -> Hashable:
    """Return how much of each layer is public: how many edges or ends, and if its last day ended."""
    periods = await current.periods_at(tileset, revision)
    horizon, parts = horizon_of(tileset, now), []
    for served, own in zip(tileset.layers, periods, strict=True):
        if not served.is_state:
            parts.append((int((own.ends <= horizon.ended).sum()), True))
            continue
        number = int(own.edges.searchsorted(horizon.state, side="right"))
        last = from_micros(Micros(int(own.edges[number - 1]))) if number else None
        over = last is None or is_over(local_day(last, tileset.zone), tileset.zone, horizon)
        parts.append((number, over))
    return tuple(parts)
