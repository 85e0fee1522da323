"""The faces of a tile as its rows: one feature for each status, and no edge where two cells meet.

Faces are kept cell by cell, so that a change rewrites little. What is drawn from them must not show that: a
style that draws outlines would draw a grid, and each face brings an id, tags and a seam.

The faces of a status overlap nowhere, so what has been gathered needs no more than a buffer of no width: it
nodes all edges once, and keeps those that have the status on one side only. `ST_Union` of the same faces goes
pair by pair, and takes two to four times as long. But a buffer may lose a sliver: in one tile of about 4,000.
Coordinates are whole, so areas are exact, and where the area is not that of the faces they are united in the
slow way. Seams are vertical or horizontal, so no vertex is lost but those of seams, and none is new.
"""

from __future__ import annotations

from tileserver.store.mvt_sql import ENVELOPE
from tileserver.store.placing import placed

_LINES = 2  # as ST_CollectionExtract counts; those of two cells meet in their ends

# What is the same on any day, in any tile and revision has the same id: 48 bits of a sum of what it says.
_ID = "('x' || substr(md5(properties::text), 1, 12))::bit(48)::bigint"

_PLACED = f"""
    SELECT properties, {placed("tile", "reach")} AS part
    FROM face, {ENVELOPE} AS envelope (tile, reach)
    WHERE layer = $5 AND band = $8 AND geom && reach AND known @> $6::bigint AND valid @> $7::timestamptz
    OFFSET 0
"""


# One feature for each status, or class of line. ST_Normalize: equal content is equal bytes, in whatever order
# the parts come. MVT 2.1, 4.3.3.3: an exterior ring has a positive area; y points down.
_ROWS = f"""
    SELECT {_ID} AS id, properties, ST_ForcePolygonCCW(ST_Normalize({{united}})) AS geom
    FROM (
        SELECT properties, parts, {{quick}} AS quick FROM (
            SELECT properties, ST_Collect(part) AS parts FROM ({_PLACED}) AS placed
            WHERE part IS NOT NULL GROUP BY properties OFFSET 0
        ) AS gathered OFFSET 0
    ) AS united ORDER BY id
"""
AREA_ROWS = _ROWS.format(
    quick="ST_Buffer(parts, 0)",
    united="CASE WHEN ST_Area(quick) = ST_Area(parts) THEN quick ELSE ST_UnaryUnion(parts) END",
)
LINE_ROWS = _ROWS.format(quick=f"ST_CollectionExtract(parts, {_LINES})", united="ST_LineMerge(quick)")
