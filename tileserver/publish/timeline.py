"""The timeline of a tileset: when something changed or happened, and how much; public part only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from tileserver.model import ROLES
from tileserver.publish.measures import measured_layers, net_by_day
from tileserver.store.catalogue import ChangeCount, load_changes, load_starts
from tileserver.store.connect import Connection, Pool
from tileserver.store.measures import load_status_areas
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.tileset import Tileset
from tileserver.times import format_instant, from_micros, local_day


async def timeline_document(pool: Pool, tileset: Tileset, revision: int, now: datetime) -> dict[str, Any]:
    """Return the changes of the state layers and, per local day, how much changed and happened.

    A day's ``changes`` count features that began or ended, ``happened`` features of window layers that
    began, both by layer; ``areas``, ``front``, ``events`` and ``notes`` are those of the layer of that role.
    ``km2`` is by how much each status grew, where exactly one layer has statuses. Days on which nothing did
    are left out; what holds on them is what held before.

    The first state of a layer is no change, because nobody knows what held before it: neither its features
    nor its km2 count. ``begins`` says when it is, by layer, and which layers begin on a day.
    """
    horizon = horizon_of(tileset, now)
    ended, newest = from_micros(horizon.ended), from_micros(horizon.state)
    async with pool.acquire() as connection:
        states = await _public_changes(connection, tileset, revision, newest)
        happened = await _happened(connection, tileset, revision, ended)
        begins = {name: own[0].at for name, own in states.items() if own}
        grown = await _grown(connection, tileset, revision, newest, begins)
    later = sorted(
        ((change.at, name, change) for name, own in states.items() for change in own[1:]),
        key=lambda each: each[:2],
    )
    return {
        "tileset": tileset.name,
        "day_zone": tileset.theatre.day_zone,
        "revision": revision,
        "begins": {name: format_instant(at) for name, at in begins.items()},
        "changes": [
            {
                "at": format_instant(at),
                "layer": name,
                "features": change.features,
                "revision": change.revision,
            }
            for at, name, change in later
        ],
        "days": _days(tileset, begins, later, happened, grown),
    }


def _days(
    tileset: Tileset,
    begins: Mapping[str, datetime],
    later: Iterable[tuple[datetime, str, ChangeCount]],
    happened: defaultdict[date, Counter[str]],
    grown: Mapping[date, dict[str, float]],
) -> list[dict[str, Any]]:
    """Return the fields of each local day on which anything began, changed or happened, ascending."""
    begun: defaultdict[date, list[str]] = defaultdict(list)
    for name, at in begins.items():
        begun[local_day(at, tileset.zone)].append(name)
    changed: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for at, name, change in later:
        changed[local_day(at, tileset.zone)][name] += change.features
    return [
        {
            "day": day.isoformat(),
            "begins": begun[day],
            "changes": dict(changed[day]),
            "happened": dict(happened[day]),
            **_by_role(tileset, changed[day] + happened[day]),
            "km2": grown.get(day, {}),
        }
        for day in sorted({*begun, *changed, *happened})
    ]


async def _public_changes(
    connection: Connection, tileset: Tileset, revision: int, horizon: datetime
) -> dict[str, list[ChangeCount]]:
    """Return the public changes of each state layer, ascending; the first change is its first state."""
    return {
        served.stored.layer.name: [
            change
            for change in await load_changes(connection, served.stored, revision)
            if change.at <= horizon
        ]
        for served in tileset.layers
        if served.is_state
    }


async def _happened(
    connection: Connection, tileset: Tileset, revision: int, horizon: datetime
) -> defaultdict[date, Counter[str]]:
    happened: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for served in tileset.layers:
        if served.is_state:
            continue
        for start, end, number in await load_starts(connection, served.stored.layer_id, revision):
            if end <= horizon:
                happened[local_day(start, tileset.zone)][served.stored.layer.name] += number
    return happened


async def _grown(
    connection: Connection,
    tileset: Tileset,
    revision: int,
    horizon: datetime,
    begins: Mapping[str, datetime],
) -> dict[date, dict[str, float]]:
    measured = measured_layers(tileset)
    if len(measured) != 1:
        return {}
    stored = measured[0].stored
    areas = await load_status_areas(connection, stored, revision, horizon)
    first = begins.get(stored.layer.name)
    return net_by_day([area for area in areas if first and area.at > first], tileset)


def _by_role(tileset: Tileset, counted: Mapping[str, int]) -> dict[str, int]:
    roles = {layer.name: layer.role for layer in tileset.declared}
    return {role: sum(n for name, n in counted.items() if roles[name] == role) for role in ROLES}
