"""History tiles: faces, lines and points of all days of a period, each with its days, half-open.

Days are day numbers, local days of the theatre. The caller says at which instants days begin: so one reading
of the time zones decides, not two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from tileserver.grid import BUFFER, EXTENT, TileAddress, band_at
from tileserver.model import DrawnAs, Revision
from tileserver.store.placing import placed
from tileserver.times import DayNumber

OPEN_DAY = 2**31 - 1  # the end of what goes on beyond the period
ROOM = 500_000  # bytes of a tile, uncompressed; points that do not fit beside the rest stay away

# $5 is the first day, $6 when each day begins and the last one ends, $7 the last instant that counts.
# A state is shown on the days at whose last instant it holds; so one that holds at no day's end has none,
# and of one content what meets becomes one.
_STATE_DAYS = f"""
    range_agg(int4range(
        greatest($5::int, $5::int - 1 + width_bucket(lower(valid), $6::timestamptz[])),
        CASE WHEN upper(valid) <= $7::timestamptz
            THEN $5::int - 1 + width_bucket(upper(valid), $6::timestamptz[]) ELSE {OPEN_DAY} END
    ))
"""
# The open period may begin after the last change that counts: what held at that is what it shows.
_WHEN = """
    known @> $4::bigint
    AND valid && tstzrange(least(($6::timestamptz[])[1], $7::timestamptz), $7::timestamptz, '[]')
"""
# What comes back in the same place is another feature: one id has one period.
_ID = "CASE WHEN part = 1 THEN id ELSE ('x' || substr(md5(id || '.' || part), 1, 13))::bit(52)::bigint END"

_FACES = f"""
    SELECT min(id) AS id, {{carried}} {_STATE_DAYS} AS held FROM face
    WHERE layer = {{layer}} AND band = $9::int AND {_WHEN} {{near}} GROUP BY cell, content
"""
_FEATURES = f"""
    SELECT id, {{carried}} {_STATE_DAYS} AS held FROM feature_version
    WHERE layer = {{layer}} AND {_WHEN} {{near}} GROUP BY id, content
"""
_HELD = """
    SELECT {id} AS id, {carried} lower(days) AS "from", upper(days) AS "to"
    FROM ({rows}) AS found, unnest(held) WITH ORDINALITY AS stretch (days, part)
"""
_CARRIED = "(array_agg(properties))[1] - {texts}::text[] - ARRAY['from', 'to'] AS properties,"
_SHAPE = "(array_agg(geom))[1] AS geom,"

_TILE = "ST_TileEnvelope($1, $2, $3)"
_REACH = f"ST_TileEnvelope($1, $2, $3, margin => {BUFFER / EXTENT})"
_NEAR = f"AND geom && {_REACH}"
_GEOM = f"ST_AsMVTGeom(geom, {_TILE}, {EXTENT}, {BUFFER}, true) AS geom"

# A point is shown on every day that it has a part of. It is public once it is over, hence $8; where it goes
# on after the period it is as open as everything else.
_POINTS = f"""
    SELECT {{number}} AS layer, id, geom,
        properties - {{texts}}::text[] - ARRAY['from', 'to'] AS properties,
        greatest($5::int, $5::int - 1 + width_bucket(lower(valid), $6::timestamptz[])) AS "from",
        CASE WHEN upper(valid) > ($6::timestamptz[])[cardinality($6::timestamptz[])] THEN {OPEN_DAY}
        ELSE $5::int + width_bucket(upper(valid) - interval '1 microsecond', $6::timestamptz[]) END AS "to"
    FROM feature_version
    WHERE layer = {{layer}} AND known @> $4::bigint {_NEAR} AND upper(valid) <= $8::timestamptz
        AND valid && tstzrange(($6::timestamptz[])[1], ($6::timestamptz[])[cardinality($6::timestamptz[])])
"""
# Ids are hashes, so their order is a fair draw that falls the same way on every refresh; the layers take
# turns, so that a few notes are not lost among many events. 40: an id, a geometry, the numbers of its tags.
_CHOSEN = """
    SELECT *, count(*) FILTER (WHERE NOT fits) OVER (PARTITION BY layer) AS left_out FROM (
        SELECT *, turn = 1 OR sum(octet_length(properties::text) + 40) OVER (ORDER BY turn, layer)
            <= {room} - taken AS fits
        FROM (
            SELECT *, row_number() OVER (PARTITION BY layer ORDER BY id) AS turn FROM ({rows}) AS points
        ) AS turns, (SELECT {taken} AS taken) AS state
    ) AS ranked
"""
_POINT_TILE = f"""
    SELECT id, properties || CASE WHEN left_out > 0 THEN jsonb_build_object('left_out', left_out)
        ELSE jsonb_build_object() END AS properties, "from", "to", {_GEOM}
    FROM chosen WHERE layer = {{number}} AND fits ORDER BY id
"""
_FACE_TILE = f"""
    SELECT id, properties, "from", "to", {placed(_TILE, _REACH)} AS geom FROM ({{rows}}) AS state ORDER BY id
"""
_FEATURE_TILE = f"""
    SELECT id, properties, "from", "to", {_GEOM} FROM ({{rows}}) AS state ORDER BY id
"""
_ENCODE = """
    (SELECT coalesce(ST_AsMVT(cut, {name}, {extent}, 'geom', 'id'), '') AS tile FROM ({rows}) AS cut)
"""

# Each parameter is named once, so that PostgreSQL knows its type whatever the layers are.
_ASKED = (
    "asked AS (SELECT $1::int, $2::int, $3::int, $4::bigint, $5::int, $6::timestamptz[],"
    " $7::timestamptz, $8::timestamptz, $9::int)"
)
_SHARED = 9


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Local days of a history tile, and how much of each layer is public.

    ``starts`` are the instants at which the days from ``first`` on begin, ascending, and the instant at which
    the last one ends: n + 1 for n days, each half-open. ``last`` is the last instant whose state counts;
    points that end after ``last_end`` stay away. All instants are aware and in UTC.
    """

    first: DayNumber
    starts: tuple[datetime, ...]
    revision: Revision
    last: datetime
    last_end: datetime


@dataclass(frozen=True, slots=True)
class HistoryCut:
    """One layer of a history tile: layer id, name in the tile, and the kind of rows that are drawn."""

    layer: int
    name: str
    drawn_as: DrawnAs
    texts: tuple[str, ...] = ()  # the properties that history goes without


async def render_history(
    connection: asyncpg.Connection, cuts: Sequence[HistoryCut], span: DaySpan, address: TileAddress
) -> bytes:
    """Return the encoded history tile, uncompressed; empty where no layer has anything there.

    Every feature has whole numbers ``from`` and ``to``: it is shown on day d if ``from <= d < to``. What
    began before the period has its first day, what goes on after it `OPEN_DAY`: so a tile says nothing that
    another period's correction could change. ``to`` is never missing. Faces and lines are always all
    there; points go until `ROOM` is kept, and say how many in ``left_out``.
    """
    text, own = _tile_statement(cuts)
    shared = [address.z, address.x, address.y, *_shared(span, band_at(address.z).lowest)]
    tile: bytes = await connection.fetchval(text, *shared, *own)
    return tile


async def history_faces(
    connection: asyncpg.Connection, cuts: Sequence[HistoryCut], span: DaySpan, band: int
) -> dict[str, dict[str, list[int]]]:
    """Return id, first day and day after the last of features of *band* that begin or end in the period.

    Of state layers, by layer, in columns of equal length, ascending by first day, day after the last and id;
    the ids are those of `render_history`. What holds all the time is left out: most of a fine band does,
    and its own ``from`` and ``to`` say so.
    """
    found = {}
    for cut in cuts:
        if cut.drawn_as != "points":
            rows = _rows(cut).format(carried="", layer="$10::int", near="")
            held = _HELD.format(id=_ID, carried="", rows=rows)
            row = await connection.fetchrow(
                f'WITH {_ASKED} SELECT array_agg(id ORDER BY "from", "to", id) AS id,'
                ' array_agg("from" ORDER BY "from", "to", id) AS from,'
                f' array_agg("to" ORDER BY "from", "to", id) AS to FROM ({held}) AS held'
                f' WHERE "from" > $5::int OR "to" < {OPEN_DAY}',
                *(0, 0, 0, *_shared(span, band), cut.layer),
            )
            found[cut.name] = {name: list(row[name] or ()) for name in ("id", "from", "to")}
    return found


def _shared(span: DaySpan, band: int) -> tuple[Any, ...]:
    return span.revision, span.first, span.starts, span.last, span.last_end, band


def _rows(cut: HistoryCut) -> str:
    """Return the query of the rows of a state layer."""
    return _FEATURES if cut.drawn_as == "features" else _FACES


def _tile_statement(cuts: Sequence[HistoryCut]) -> tuple[str, list[Any]]:
    """Return one statement for all *cuts*, and its own arguments, which follow the shared arguments."""
    arguments: list[Any] = []
    states: dict[int, str] = {}
    points: dict[int, str] = {}
    tiles = []
    for number, cut in enumerate(cuts):
        layer, name, texts = (f"${_SHARED + len(arguments) + each}" for each in (1, 2, 3))
        arguments += [cut.layer, cut.name, list(cut.texts)]
        if cut.drawn_as == "points":
            points[number] = _POINTS.format(number=number, layer=f"{layer}::int", texts=texts)
            rows = _POINT_TILE.format(number=number)
        else:
            carried = _CARRIED.format(texts=texts) + _SHAPE
            found = _rows(cut).format(carried=carried, layer=f"{layer}::int", near=_NEAR)
            drawn = _FEATURE_TILE if cut.drawn_as == "features" else _FACE_TILE
            rows = drawn.format(rows=_HELD.format(id=_ID, carried="properties, geom,", rows=found))
            states[number] = f"layer_{number}"
        tiles.append((number, _ENCODE.format(name=f"{name}::text", extent=EXTENT, rows=rows)))
    tables = [_ASKED, *(f"layer_{number} AS {tile}" for number, tile in tiles if number in states)]
    if points:
        taken = " + ".join(f"(SELECT octet_length(tile) FROM {table})" for table in states.values()) or "0"
        chosen = _CHOSEN.format(room=ROOM, taken=taken, rows=" UNION ALL ".join(points.values()))
        tables.append(f"chosen AS MATERIALIZED ({chosen})")
    tables += [f"layer_{number} AS {tile}" for number, tile in tiles if number in points]
    whole = " || ".join(f"(SELECT tile FROM layer_{number})" for number, _ in tiles)
    return f"WITH {', '.join(tables)} SELECT {whole}", arguments
