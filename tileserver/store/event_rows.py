"""Events of a window as rows, the newest first, and how many there are each day; by the limits of tiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tileserver.grid import BoundsLonLat
from tileserver.model import LayerId
from tileserver.store.connect import Connection
from tileserver.store.event_window import EventWindow
from tileserver.times import OPEN, from_micros

# $2 to $4 are the limits `first`, `last` and `end` of an `EventWindow`, as in `store.windows`; no $2 is the
# beginning of time. $6 is a box in degrees, $7 are objects with `layer`, `field` and `codes`, $8 is an id.
_WITHIN = """
    FROM feature_version AS event
    WHERE layer = ANY($1::int[]) AND known @> $5::bigint
        AND valid && tstzrange(
            least(coalesce($2::timestamptz, '-infinity') - interval '1 microsecond', $3::timestamptz),
            $3::timestamptz, '[]')
        AND upper(valid) BETWEEN coalesce($2::timestamptz, '-infinity') AND $4::timestamptz
        AND ($6::float8[] IS NULL OR ST_Intersects(geom, ST_Transform(
            ST_MakeEnvelope(($6::float8[])[1], ($6::float8[])[2], ($6::float8[])[3], ($6::float8[])[4], 4326),
            3857)))
        AND NOT EXISTS (
            SELECT FROM jsonb_to_recordset($7::jsonb) AS hidden (layer int, field text, codes text[])
            WHERE hidden.layer = event.layer AND properties ->> field = ANY(codes))
        AND ($8::bigint IS NULL OR id = $8)
"""
_DAYS = f"""
    SELECT (lower(valid) AT TIME ZONE $9::text)::date AS day, count(*) {_WITHIN} GROUP BY day ORDER BY day
"""
_COUNTS = f"""
    SELECT layer, coalesce(properties ->> ($9::jsonb ->> layer::text), '') AS code, count(*) {_WITHIN}
    GROUP BY layer, code
"""
_NEWEST = f"""
    SELECT layer AS layer_id, id, lower(valid) AS start, upper(valid) AS end, properties,
        ST_X(ST_Transform(geom, 4326)) AS lon, ST_Y(ST_Transform(geom, 4326)) AS lat
    {_WITHIN} ORDER BY lower(valid) DESC, layer, id LIMIT $9::int
"""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event: its layer and its id in tiles, its period ``[start, end)`` in UTC, its place in degrees."""

    layer_id: LayerId
    id: int
    start: datetime
    end: datetime
    lon: float
    lat: float
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HiddenCodes:
    """Codes of a field of a layer whose events are left out."""

    layer_id: LayerId
    field: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListedEvents:
    """The newest events of a window, by start, and how many began on each local day, ascending."""

    newest: Sequence[EventRow] = ()
    days: Sequence[tuple[date, int]] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """Which events of a window are listed.

    Parameters
    ----------
    layers : tuple of LayerId
        Of window layers.
    bounds : BoundsLonLat or None
        In degrees, edges included; ``None`` for everywhere.
    hidden : tuple of HiddenCodes
        An event with any of these codes is left out.
    zone : str
        The zone whose local days count.
    limit : int
        How many rows there are at most.
    event : int or None
        The id of the one event that is listed; ``None`` for all.
    """

    layers: tuple[LayerId, ...]
    bounds: BoundsLonLat | None
    hidden: tuple[HiddenCodes, ...]
    zone: str
    limit: int
    event: int | None = None


async def load_listed(connection: Connection, window: EventWindow, asked: Listing) -> ListedEvents:
    """Read the newest events of *window* that are listed, and how many there are each day, in one snapshot.

    Periods of rows are half-open, in UTC; places in degrees. The window's selection is not looked at.
    """
    bounds = asked.bounds
    box = None if bounds is None else [bounds.west, bounds.south, bounds.east, bounds.north]
    hidden = [
        {"layer": each.layer_id, "field": each.field, "codes": list(each.codes)} for each in asked.hidden
    ]
    shared = (list(asked.layers), *_limits(window), box, hidden, asked.event)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        days = await connection.fetch(_DAYS, *shared, asked.zone)
        rows = await connection.fetch(_NEWEST, *shared, asked.limit)
    return ListedEvents([EventRow(**row) for row in rows], [(row["day"], row["count"]) for row in days])


async def load_counts(
    connection: Connection, window: EventWindow, fields: Mapping[LayerId, str]
) -> dict[tuple[LayerId, str], int]:
    """Read how many events of *window* each layer has by the code of its field in *fields*; '' is no code."""
    names = {str(layer): field for layer, field in fields.items()}
    everywhere: tuple[None, list[str], None] = (None, [], None)  # nothing is hidden
    rows = await connection.fetch(_COUNTS, list(fields), *_limits(window), *everywhere, names)
    return {(row["layer"], row["code"]): row["count"] for row in rows}


def _limits(window: EventWindow) -> tuple[datetime | None, datetime, datetime, int]:
    first = from_micros(window.first) if window.first > -OPEN else None
    return first, from_micros(window.last), from_micros(window.end), window.revision
