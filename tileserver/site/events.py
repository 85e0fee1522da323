"""Complete lists of events by period of history, in a server's form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from tileserver.publish.events_document import events_document
from tileserver.site.asking import Asking
from tileserver.store.event_rows import Listing, load_listed
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.locate import window_of
from tileserver.times import Period, day_period

_TOGETHER = 8  # layers of one tileset
_ALL = 2**31 - 1


async def events_between(
    asking: Asking, theatre: str, layers: Sequence[str], first: date, last: date
) -> list[dict[str, Any]]:
    """Return all public events of *layers* on local days from *first* to *last*, inclusive; newest first."""
    found: list[dict[str, Any]] = []
    for start in range(0, len(layers), _TOGETHER):
        names = [f"{theatre}.{name}" for name in layers[start : start + _TOGETHER]]
        found += await _listed(asking, ",".join(names), first, last)
    return found if len(layers) <= _TOGETHER else sorted(found, key=lambda event: event["from"], reverse=True)


async def _listed(asking: Asking, names: str, first: date, last: date) -> list[dict[str, Any]]:
    tileset = (await asking.current.catalogue()).tileset(names)
    revision, zone = tileset.revision(None), tileset.zone
    period = Period(day_period(first, zone).start, day_period(last, zone).end)
    window = window_of(revision, period, horizon_of(tileset, asking.moment))
    windows = tuple(served.stored.layer_id for served in tileset.layers if not served.is_state)
    listing = Listing(windows, None, (), tileset.theatre.day_zone, _ALL)
    async with asking.current.pool.acquire() as connection:
        listed = await load_listed(connection, window, listing)
    events: list[dict[str, Any]] = events_document(tileset, revision, listed)["events"]
    return events
