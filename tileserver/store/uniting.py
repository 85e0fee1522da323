"""The faces of a tile as its rows: one feature for each status, and no edge where two cells meet.

Faces are kept cell by cell, so that a change rewrites little. What is drawn from them must not show that: a
style that draws outlines would draw a grid, and each face brings an id, tags and a seam. To unite all faces
of a status at once takes ten times as long as to cut them. But cells are the squares of a chessboard:

    +---+---+---+---+    Cells of one colour meet in corners only, so what a status has in all of the white
    | w | b | w | b |    ones is a valid multipolygon as it stands, and so is what it has in the black ones.
    +---+---+---+---+    One union of two geometries is left. Larger cells (`grid.Band.cell`), of which a tile
    | b | w |       |    has few, are united first.
    +---+---+   L   |
    | w | b |       |
    +---+---+---+---+

The coordinates are whole and the seams are vertical or horizontal, so the union is exact: no vertex is lost
but those of seams, and none is new.
"""

from __future__ import annotations

from tileserver.store.mvt_sql import ENVELOPE
from tileserver.store.placing import placed

_LINES, _POLYGONS = 2, 3  # as ST_CollectionExtract counts

# A cell's number: so many zooms above, column, row, in 2, c and c bits, where c, $9, is the band's cell zoom.
_ABOVE = "(cell >> (2 * $9))"
_COLUMN = "((cell >> $9) & ((1 << $9) - 1))"
_ROW = "(cell & ((1 << $9) - 1))"
_COLOUR = f"CASE WHEN {_ABOVE} = 0 THEN ({_COLUMN} + {_ROW}) & 1 ELSE 2 END"

# What is the same on any day, in any tile and revision has the same id: 48 bits of a sum of what it says.
_ID = "('x' || substr(md5(properties::text), 1, 12))::bit(48)::bigint"

_PLACED = f"""
    SELECT properties, {_COLOUR} AS colour, {placed("tile", "reach")} AS part
    FROM face, {ENVELOPE} AS envelope (tile, reach)
    WHERE layer = $5 AND band = $8 AND geom && reach AND known @> $6::bigint AND valid @> $7::timestamptz
    OFFSET 0
"""


def _both(one: str, other: str) -> str:
    """Return the SQL of the union of two geometries, either of which may be null."""
    union = f"ST_Union({one}, {other})"
    return f"CASE WHEN {one} IS NULL THEN {other} WHEN {other} IS NULL THEN {one} ELSE {union} END"


def _of_colour(colour: int) -> str:
    return f"ST_CollectionExtract(ST_Collect(part) FILTER (WHERE colour = {colour}), {_POLYGONS})"


# ST_Normalize: equal content is equal bytes, in whatever order the rows come.
# MVT 2.1, 4.3.3.3: an exterior ring has a positive area; y points down.
AREA_ROWS = f"""
    SELECT {_ID} AS id, properties, ST_ForcePolygonCCW(ST_Normalize({_both("cells", "large")})) AS geom
    FROM (
        SELECT properties, {_both("white", "black")} AS cells, large
        FROM (
            SELECT properties, {_of_colour(0)} AS white, {_of_colour(1)} AS black,
                ST_Union(part) FILTER (WHERE colour = 2) AS large
            FROM ({_PLACED}) AS placed WHERE part IS NOT NULL GROUP BY properties OFFSET 0
        ) AS coloured OFFSET 0
    ) AS united ORDER BY id
"""

# Lines of two cells meet in their ends.
_JOINED = f"ST_LineMerge(ST_CollectionExtract(ST_Collect(part), {_LINES}))"
LINE_ROWS = f"""
    SELECT {_ID} AS id, properties, ST_Normalize({_JOINED}) AS geom
    FROM ({_PLACED}) AS placed WHERE part IS NOT NULL GROUP BY properties ORDER BY id
"""
