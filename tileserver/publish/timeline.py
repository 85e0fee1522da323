"""The timeline of a tileset: when something changed or happened, and how much; public part only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tileserver.model import ROLES
from tileserver.publish.measures import measured_layers, net_by_day
from tileserver.store.catalogue import ChangeCount, load_changes, load_starts
from tileserver.store.connect import Connection, Pool
from tileserver.store.measures import StatusArea, load_status_areas
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.tileset import Tileset
from tileserver.times import format_instant, from_micros, local_day


@dataclass(frozen=True, slots=True)
class PublicPast:
    """Rows of the database behind a timeline: the public part, at one revision.

    ``states`` are the changes of each state layer, ascending, the first of which is its first state;
    ``happened`` the starts of features of window layers, with their layer and number; ``areas`` how the area
    of each status changed, where exactly one layer has statuses.
    """

    states: dict[str, list[ChangeCount]]
    happened: list[tuple[str, datetime, int]]
    areas: list[StatusArea]


async def load_past(pool: Pool, tileset: Tileset, revision: int, now: datetime) -> PublicPast:
    """Read the rows for `timeline_document`; nothing later than the horizon at *now* takes part."""
    horizon = horizon_of(tileset, now)
    ended, newest = from_micros(horizon.ended), from_micros(horizon.state)
    async with pool.acquire() as connection:
        return PublicPast(
            await _public_changes(connection, tileset, revision, newest),
            await _happened(connection, tileset, revision, ended),
            await _areas(connection, tileset, revision, newest),
        )


def timeline_document(tileset: Tileset, revision: int, past: PublicPast) -> dict[str, Any]:
    """Return the changes of the state layers and, per local day, how much changed and happened.

    A day's ``changes`` count features that began or ended, ``happened`` features of window layers that
    began, both by layer; ``areas``, ``front``, ``events`` and ``notes`` are those of the layer of that role.
    ``km2`` is by how much each status grew, where exactly one layer has statuses. Days on which nothing did
    are left out; what holds on them is what held before.

    The first state of a layer is no change, because nobody knows what held before it: neither its features
    nor its km2 count. ``begins`` says when it is, by layer, and which layers begin on a day.
    """
    begins = {name: own[0].at for name, own in past.states.items() if own}
    later = sorted(
        ((change.at, name, change) for name, own in past.states.items() for change in own[1:]),
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
        "days": _days(tileset, begins, later, past),
    }


def _days(
    tileset: Tileset,
    begins: Mapping[str, datetime],
    later: Iterable[tuple[datetime, str, ChangeCount]],
    past: PublicPast,
) -> list[dict[str, Any]]:
    """Return the fields of each local day on which anything began, changed or happened, ascending."""
    begun: defaultdict[date, list[str]] = defaultdict(list)
    for name, at in begins.items():
        begun[local_day(at, tileset.zone)].append(name)
    changed: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for at, name, change in later:
        changed[local_day(at, tileset.zone)][name] += change.features
    happened: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for name, start, number in past.happened:
        happened[local_day(start, tileset.zone)][name] += number
    grown = _grown(tileset, begins, past.areas)
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
) -> list[tuple[str, datetime, int]]:
    return [
        (served.stored.layer.name, start, number)
        for served in tileset.layers
        if not served.is_state
        for start, end, number in await load_starts(connection, served.stored.layer_id, revision)
        if end <= horizon
    ]


async def _areas(
    connection: Connection, tileset: Tileset, revision: int, horizon: datetime
) -> list[StatusArea]:
    measured = measured_layers(tileset)
    if len(measured) != 1:
        return []
    return await load_status_areas(connection, measured[0].stored, revision, horizon)


def _grown(
    tileset: Tileset, begins: Mapping[str, datetime], areas: Iterable[StatusArea]
) -> dict[date, dict[str, float]]:
    measured = measured_layers(tileset)
    first = begins.get(measured[0].stored.layer.name) if len(measured) == 1 else None
    return net_by_day([area for area in areas if first and area.at > first], tileset)


def _by_role(tileset: Tileset, counted: Mapping[str, int]) -> dict[str, int]:
    roles = {layer.name: layer.role for layer in tileset.declared}
    return {role: sum(n for name, n in counted.items() if roles[name] == role) for role in ROLES}
