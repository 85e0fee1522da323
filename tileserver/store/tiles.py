"""The cutting and encoding of layers of a tile in PostGIS: one statement for all, the bytes of each apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import asyncpg

from tileserver.grid import BAND_BY_ZOOM, TileAddress
from tileserver.store.cuts import Cut, Dated, FaceCut, FrontCut, PointCut, SquareCut, StateCut
from tileserver.store.mvt_sql import ENCODE, ENVELOPE, clipped
from tileserver.store.uniting import AREA_ROWS, LINE_ROWS
from tileserver.store.windows import BRIEF_POINT_ROWS, POINT_ROWS, SQUARE_ROWS
from tileserver.times import from_micros

_PARAMETER = re.compile(r"\$([0-9]+)")

_STATE_ROWS = f"""
    SELECT id, properties, {clipped("tile")} AS geom
    FROM feature_version, {ENVELOPE} AS envelope (tile, reach)
    WHERE layer = $5 AND geom && reach AND known @> $6::bigint AND valid @> $7::timestamptz
    ORDER BY id
"""

_SHOW = """
SELECT $4::text AS layer, id, properties, ST_AsText(geom) AS geom FROM ({rows}) AS cut WHERE geom IS NOT NULL
"""


def statement(cut: Cut, address: TileAddress, form: str = ENCODE) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL of *cut* in *form*, and its arguments; nothing of a request is spliced into the text."""
    rows, arguments = _rows(cut, address.z)
    return form.format(rows=rows), (address.z, address.x, address.y, cut.name, *arguments)


def _rows(cut: Cut, zoom: int) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL of the rows of *cut*, and its arguments from the fifth on."""
    match cut:
        case StateCut(layer_id=layer, moment=moment):
            return _STATE_ROWS, (layer, moment.revision, from_micros(moment.at))
        case FaceCut(layer_id=layer, moment=moment) | FrontCut(layer_id=layer, moment=moment):
            band, at = BAND_BY_ZOOM[zoom], from_micros(moment.at)
            rows = AREA_ROWS if isinstance(cut, FaceCut) else LINE_ROWS
            return rows, (layer, moment.revision, at, band.lowest)
        case PointCut(layer_id=layer, window=window):
            return BRIEF_POINT_ROWS if cut.is_brief else POINT_ROWS, (
                layer,
                window.revision,
                from_micros(window.first),
                from_micros(window.last),
                from_micros(window.end),
                list(cut.codes),
                cut.category,
                list(cut.texts),
            )
        case SquareCut(squares=squares):
            return SQUARE_ROWS, (
                [square.x for square in squares],
                [square.y for square in squares],
                [square.properties for square in squares],
            )


async def render_layers(
    connection: asyncpg.Connection, cuts: Sequence[Cut], address: TileAddress
) -> list[bytes]:
    """Cut and encode layers of the tile at *address*.

    One statement, so all are read in one snapshot of the database and in one journey to it. A layer that
    fails fails the statement.

    Parameters
    ----------
    connection : asyncpg.Connection
    cuts : sequence of Cut
        At least one.
    address : TileAddress

    Returns
    -------
    list of bytes
        For each cut its layer as an MVT, uncompressed; empty where it has nothing there.
    """
    text, arguments = _together(cuts, address)
    return list(await connection.fetchrow(text, *arguments))


# The parameters of `render_many` that differ from tile to tile.
_ASKED = {1: "$1", 2: "asked.x", 3: "asked.y", 6: "asked.revision", 7: "asked.at"}
_EACH = """
    SELECT coalesce(({encoded}), '') AS tile
    FROM unnest($2::integer[], $3::integer[], $6::bigint[], $7::timestamptz[]) WITH ORDINALITY
        AS asked (x, y, revision, at, place)
    ORDER BY place
"""


async def render_many(
    connection: asyncpg.Connection, asked: Sequence[tuple[TileAddress, Dated]]
) -> list[bytes]:
    """Cut and encode one state layer at many addresses and moments: as `render_layers`, by one statement.

    Parameters
    ----------
    connection : asyncpg.Connection
    asked : sequence of (TileAddress, cut)
        At least one; all of one layer and zoom.

    Returns
    -------
    list of bytes
        For each of *asked* an MVT, uncompressed, as the same cut gives by itself; empty for nothing.
    """
    address, cut = asked[0]
    text, (zoom, _, _, name, layer, _, _, *rest) = statement(cut, address)
    columns = zip(
        *((place.x, place.y, each.moment.revision, from_micros(each.moment.at)) for place, each in asked),
        strict=True,
    )
    x, y, revisions, instants = map(list, columns)
    encoded = _PARAMETER.sub(lambda match: _ASKED.get(int(match[1]), match[0]), text)
    rows = await connection.fetch(
        _EACH.format(encoded=encoded), zoom, x, y, name, layer, revisions, instants, *rest
    )
    return [row["tile"] for row in rows]


def _together(cuts: Sequence[Cut], address: TileAddress) -> tuple[str, list[Any]]:
    """Return one statement for all *cuts*, with its arguments; the address is given once."""
    shared = [address.z, address.x, address.y]
    arguments: list[Any] = [*shared]
    parts = []
    for cut in cuts:
        text, own = statement(cut, address)
        parts.append(f"coalesce(({_renumbered(text, len(shared), len(arguments))}), '')")
        arguments += own[len(shared) :]
    return "SELECT " + ", ".join(parts), arguments


@lru_cache(maxsize=64)  # six texts, at most eight places
def _renumbered(text: str, shared: int, taken: int) -> str:
    """Number the parameters of *text* anew: behind *taken* others, but for the first *shared*, which stay."""
    return _PARAMETER.sub(lambda m: f"${int(m[1]) + (taken - shared if int(m[1]) > shared else 0)}", text)


async def tile_rows(connection: asyncpg.Connection, cut: Cut, address: TileAddress) -> list[dict[str, Any]]:
    """Return the rows that *cut* would encode, their geometries in tile units as text (WKT)."""
    text, arguments = statement(cut, address, _SHOW)
    return [dict(row) for row in await connection.fetch(text, *arguments)]
