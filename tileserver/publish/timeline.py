"""The timeline of a tileset: when something changed or happened, and how much; public part only."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime
from typing import Any

from tileserver.publish.measures import measured_layers, net_by_day
from tileserver.store.catalogue import load_changes, load_starts
from tileserver.store.connect import Pool
from tileserver.store.measures import load_status_areas
from tileserver.tiles.catalogue import Tileset
from tileserver.tiles.versions import horizon_of
from tileserver.times import format_instant, from_micros, local_day


async def timeline_document(pool: Pool, tileset: Tileset, revision: int, now: datetime) -> dict[str, Any]:
    """Return the changes of the state layers and, per local day, how much changed and happened.

    A day's ``changes`` count features that began or ended, ``events`` features of window layers that
    began, and ``km2`` is by how much each status grew, where exactly one layer has statuses. Days on which
    nothing did are left out; what holds on them is what held before.
    """
    horizon = from_micros(horizon_of(tileset, now))
    changes: list[dict[str, Any]] = []
    changed: defaultdict[date, Counter[str]] = defaultdict(Counter)
    happened: defaultdict[date, Counter[str]] = defaultdict(Counter)
    async with pool.acquire() as connection:
        for served in tileset.layers:
            name = served.stored.layer.name
            if served.is_state:
                for change in await load_changes(connection, served.stored, revision):
                    if change.at <= horizon:
                        changes.append(
                            {
                                "at": format_instant(change.at),
                                "layer": name,
                                "features": change.features,
                                "revision": change.revision,
                            }
                        )
                        changed[local_day(change.at, tileset.zone)][name] += change.features
            else:
                for start, end, number in await load_starts(connection, served.stored.key, revision):
                    if end <= horizon:
                        happened[local_day(start, tileset.zone)][name] += number
        grown: dict[date, dict[str, float]] = {}
        if len(measured := measured_layers(tileset)) == 1:
            areas = await load_status_areas(connection, measured[0].stored, revision, horizon)
            grown = net_by_day(areas, tileset)
    return {
        "tileset": tileset.name,
        "day_zone": tileset.theatre.day_zone,
        "revision": revision,
        "changes": sorted(changes, key=lambda change: (change["at"], change["layer"])),
        "days": [
            {
                "day": day.isoformat(),
                "changes": dict(changed[day]),
                "events": happened[day]["events"],
                "notes": happened[day]["notes"],
                "km2": grown.get(day, {}),
            }
            for day in sorted({*changed, *happened})
        ],
    }
