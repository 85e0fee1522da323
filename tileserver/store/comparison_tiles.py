"""Comparison tiles: shapes of the caller's, cut and encoded by PostGIS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from tileserver.grid import BUFFER, EXTENT, TileAddress
from tileserver.store.placing import placed

# Cut as the tiles of a state are, so that what changed fits both states to the unit.
_TILE = "ST_TileEnvelope($1, $2, $3)"
_REACH = f"ST_TileEnvelope($1, $2, $3, margin => {BUFFER / EXTENT})"
_ENCODE = f"""
SELECT ST_AsMVT(cut, $4, {EXTENT}, 'geom', 'id') FROM (
    SELECT id, properties, {placed(_TILE, _REACH)} AS geom
    FROM unnest($5::bigint[], $6::jsonb[], $7::geometry[]) WITH ORDINALITY AS shape (id, properties, geom, n)
    ORDER BY n
) AS cut
"""


@dataclass(frozen=True, slots=True)
class ShapeRow:
    """A shape for a tile: its id, its properties, and EWKB in EPSG:3857."""

    id: int
    properties: dict[str, Any]
    wkb: bytes


async def encode_shapes(
    connection: asyncpg.Connection, address: TileAddress, layers: Sequence[tuple[str, Sequence[ShapeRow]]]
) -> bytes:
    """Return the encoded tile of *layers*, uncompressed, features in the order given; ``b""`` if empty."""
    tile = b""
    for name, rows in layers:
        if rows:
            tile += await connection.fetchval(
                _ENCODE,
                address.z,
                address.x,
                address.y,
                name,
                [row.id for row in rows],
                [row.properties for row in rows],
                [row.wkb for row in rows],
            )
    return tile
