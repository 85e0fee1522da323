"""Named places: lists of a desk, and places that events name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import msgspec

from tileserver.model import LayerId

MOST = 20_000  # of a list, and of a theatre's answer
_SPREAD = 20_000.0  # metres of EPSG:3857 that events of one place may lie apart, else the name has several


class NamedPlace(NamedTuple):
    """A place with its names by language (the local one under ``""``), a zoom, and degrees."""

    names: dict[str, str]
    zoom: int
    lon: float
    lat: float


class NamingFields(NamedTuple):
    """Properties of events that name a place, as ``place_uk``; events of coarse classes do not count."""

    names: Sequence[str]
    exactness: str  # the property with the class; empty for none
    coarse: Sequence[str]


class PlaceList(NamedTuple):
    """A list of a desk: its name, its theatre or all (``None``), its number of places."""

    name: str
    theatre: str | None
    places: int


_NAMED = """
    SELECT named::text, ST_X(ST_Transform(middle, 4326)), ST_Y(ST_Transform(middle, 4326)) FROM (
        SELECT named, ST_SetSRID(ST_MakePoint(avg(ST_X(geom)), avg(ST_Y(geom))), 3857) AS middle
        FROM (
            SELECT geom, (SELECT jsonb_object_agg(key, value) FROM jsonb_each(properties)
                WHERE key = ANY($2) AND value <> '""' AND value <> 'null') AS named
            FROM feature_version
            WHERE layer = $1 AND upper_inf(known) AND upper(valid) <= $3
                AND NOT coalesce(properties ->> $6::text = ANY($7::text[]), false)
        ) AS told
        WHERE named IS NOT NULL
        GROUP BY named
        HAVING greatest(max(ST_X(geom)) - min(ST_X(geom)), max(ST_Y(geom)) - min(ST_Y(geom))) <= $4
        ORDER BY count(*) DESC, named LIMIT $5
    ) AS places
"""


async def keep_list(
    connection: asyncpg.Connection, name: str, theatre: str | None, places: Sequence[tuple[int, NamedPlace]]
) -> int:
    """Let the list *name* be *places*, each with the number of its row; return how many there were before."""
    rows = [(name, number, theatre, each.names, each.zoom, each.lon, each.lat) for number, each in places]
    async with connection.transaction():
        before = await remove_list(connection, name)
        await connection.executemany(
            "INSERT INTO place (list, number, theatre, names, zoom, lon, lat)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            rows,
        )
    return before


async def remove_list(connection: asyncpg.Connection, name: str) -> int:
    """Remove the list *name*; return its number of places."""
    rows = await connection.fetch("DELETE FROM place WHERE list = $1 RETURNING number", name)
    return len(rows)


async def find_lists(connection: asyncpg.Connection) -> list[PlaceList]:
    """Return every list, by name."""
    rows = await connection.fetch(
        "SELECT list, theatre, count(*)::int AS places FROM place GROUP BY 1, 2 ORDER BY 1, 2 NULLS FIRST"
    )
    return [PlaceList(*row) for row in rows]


async def declared_places(connection: asyncpg.Connection, theatre: str) -> list[NamedPlace]:
    """Return the places of a desk in *theatre* and in all, the lowest zoom first; `MOST` at most."""
    rows = await connection.fetch(
        "SELECT names::text, zoom, lon, lat FROM place WHERE theatre IS NULL OR theatre = $1"
        " ORDER BY zoom, list, number LIMIT $2",
        theatre,
        MOST,
    )
    return [NamedPlace(msgspec.json.decode(names), zoom, lon, lat) for names, zoom, lon, lat in rows]


async def places_of_events(
    connection: asyncpg.Connection, layer: LayerId, asked: NamingFields, ended: datetime, zoom: int
) -> list[NamedPlace]:
    """Return the places that events of *layer* name, over by *ended*, inclusive, in the newest revision.

    Events of the same names are one place, in the middle of them; where they lie far apart the name is of
    several places, and of none.
    """
    rows = await connection.fetch(
        _NAMED,
        layer,
        list(asked.names),
        ended,
        _SPREAD,
        MOST // 4,
        asked.exactness,
        list(asked.coarse),
    )
    return [NamedPlace(_by_language(named), zoom, lon, lat) for named, lon, lat in rows]


def _by_language(named: str) -> dict[str, str]:
    found: dict[str, Any] = msgspec.json.decode(named)
    return {name.partition("_")[2]: str(value)[:100] for name, value in found.items()}
