"""A window of events as rows of a tile: points, or cells with counts where there are too many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tileserver.grid import EXTENT
from tileserver.store.mvt_sql import ENVELOPE, clipped

if TYPE_CHECKING:
    from tileserver.store.tiles import Cut

# Another limit or grid is another content of the same name: raise tiles.versions.SCHEME with it.
POINT_LIMIT = 8_000  # points a tile; without their texts they take some 170 kB, 120 kB compressed
TEXT_BUDGET = 400_000  # bytes of properties a tile; beyond them points come without their texts
CELL_BITS = 5
CELLS = 1 << CELL_BITS  # a side of a tile

# What starts by `last` and ends from `first` to `until`; the overlap is there for the index, and reaches a
# tick before `first`, where what ends there has its last instant. Where there is too much the texts go first,
# and then points by id, a hash and so a fair draw that falls the same way on every refresh; `left_out` says
# how many.
_POINTS = f"""
    SELECT id, {clipped("tile")} AS geom,
        CASE WHEN weight > {TEXT_BUDGET} THEN properties - $12::text[] ELSE properties END ||
        CASE WHEN total > {POINT_LIMIT} THEN jsonb_build_object('left_out', total - {POINT_LIMIT})
             ELSE '{{{{}}}}'::jsonb END AS properties
    FROM (
        SELECT id, properties, geom, tile, count(*) OVER () AS total,
            sum(octet_length(properties::text)) OVER () AS weight
        FROM {{source}} AS event, {ENVELOPE} AS envelope (tile, reach)
        WHERE layer = $5 AND geom && reach AND known @> $6::bigint
            AND valid && tstzrange(least($7::timestamptz - interval '1 microsecond', $8::timestamptz),
                $8::timestamptz, '[]')
            AND upper(valid) BETWEEN $7::timestamptz AND $9::timestamptz
            AND (cardinality($10::text[]) = 0 OR properties ->> $11::text = ANY($10))
        ORDER BY id LIMIT {POINT_LIMIT}
    ) AS chosen ORDER BY id
"""

# By place and time together, or first by time alone: PostgreSQL cannot tell which is less, and `OFFSET` keeps
# it from trying.
_POINT_ROWS = {
    False: _POINTS.format(source="feature_version"),
    True: _POINTS.format(
        source="(SELECT * FROM feature_version WHERE layer = $5"
        " AND upper(valid) BETWEEN $7::timestamptz AND $9::timestamptz OFFSET 0)"
    ),
}

# Each cell is a point in its middle, in tile units: no more exact than the cell is large.
_SIDE = EXTENT // CELLS
_CELL_ROWS = f"""
    SELECT (($2::bigint * {CELLS} + x) << ($1 + {CELL_BITS})) + $3 * {CELLS} + y AS id,
        ST_MakePoint((x + 0.5) * {_SIDE}, (y + 0.5) * {_SIDE}) AS geom, properties
    FROM unnest($5::integer[], $6::integer[], $7::jsonb[]) AS cell (x, y, properties)
    ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a tile: its column and row from the north-west, and what the feature says."""

    x: int
    y: int
    properties: dict[str, Any]


def window_rows(cut: Cut) -> tuple[str, tuple[Any, ...]]:
    """Return the text of the rows of *cut*, which is a window, and its arguments from the fifth on."""
    if cut.cells is None:
        period = (cut.first, cut.last, cut.until)
        return _POINT_ROWS[cut.is_brief], (
            cut.layer,
            cut.known,
            *period,
            list(cut.codes),
            cut.category,
            list(cut.texts),
        )
    return _CELL_ROWS, (
        [cell.x for cell in cut.cells],
        [cell.y for cell in cut.cells],
        [cell.properties for cell in cut.cells],
    )
