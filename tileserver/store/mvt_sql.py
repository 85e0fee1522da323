"""The SQL that every kind of tile shares: the square of a tile, the clip of a geometry, the encoding of rows.

Texts, not functions of the database. ``$1, $2, $3`` are zoom, column and row of the tile in all of them, and
nothing of a request is ever spliced in. Geometries are in EPSG:3857 before `clipped`, in tile units after.
"""

from __future__ import annotations

from tileserver.grid import BUFFER, EXTENT

TILE = "ST_TileEnvelope($1, $2, $3)"  # the square of the tile
REACH = f"ST_TileEnvelope($1, $2, $3, margin => {BUFFER / EXTENT})"  # with its buffer
ENVELOPE = f"(SELECT {TILE}, {REACH})"  # one row of both: FROM ..., {ENVELOPE} AS envelope (tile, reach)

# MVT 2.1, 4.1 "A layer MUST contain a name"; ours is the layer's, $4. Rows come in the order of their ids, so
# that equal content is equal bytes. What lies beside the tile has no geometry, and ST_AsMVT leaves it out;
# to ask for `geom IS NOT NULL` in the rows would cut every geometry twice.
ENCODE = f"SELECT ST_AsMVT(cut, $4, {EXTENT}, 'geom', 'id') FROM ({{rows}}) AS cut"


def clipped(tile: str) -> str:
    """Return the SQL of ``geom`` clipped to *tile* with its buffer, in tile units; null beside both.

    For geometries as they were imported, whose coordinates are rounded here; faces are `placing.placed`.
    """
    return f"ST_AsMVTGeom(geom, {tile}, {EXTENT}, {BUFFER}, true)"
