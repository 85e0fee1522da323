"""A change tile as PostGIS cuts and encodes it, from shapes that are handed to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from tileserver.grid import BUFFER, EXTENT, TileAddress

# Cut as the tiles of a state are, so that what changed fits both states to the unit.
_ENCODE = """
SELECT ST_AsMVT(cut, $4, $5::int, 'geom', 'id') FROM (
    SELECT id, properties, ST_AsMVTGeom(geom, ST_TileEnvelope($1, $2, $3), $5::int, $6, true) AS geom
    FROM unnest($7::bigint[], $8::jsonb[], $9::geometry[]) WITH ORDINALITY AS shape (id, properties, geom, n)
    ORDER BY n
) AS cut
"""


@dataclass(frozen=True, slots=True)
class ShapeRow:
    """A shape that a tile may show: its id, what it says, and EWKB in EPSG:3857."""

    id: int
    properties: dict[str, Any]
    wkb: bytes


async def encode_shapes(
    connection: asyncpg.Connection, address: TileAddress, layers: Sequence[tuple[str, Sequence[ShapeRow]]]
) -> bytes:
    """Return the tile of these layers, uncompressed, features in the order given; empty where nothing is."""
    tile = b""
    for name, rows in layers:
        if rows:
            tile += await connection.fetchval(
                _ENCODE,
                address.z,
                address.x,
                address.y,
                name,
                EXTENT,
                BUFFER,
                [row.id for row in rows],
                [row.properties for row in rows],
                [row.wkb for row in rows],
            )
    return tile
