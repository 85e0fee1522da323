"""A window of events as rows of a tile, in SQL: points, or squares with counts where there are too many."""

from __future__ import annotations

from tileserver.grid import EXTENT
from tileserver.store.mvt_sql import ENVELOPE, clipped

# Another limit or grid is another content of the same name: raise tiles.version.SCHEME with it.
POINT_LIMIT = 8_000  # points a tile; without their texts they take some 170 kB, 120 kB compressed
TEXT_BUDGET = 400_000  # bytes of properties a tile; beyond them points come without their texts
SQUARE_BITS = 5
SQUARES = 1 << SQUARE_BITS  # a side of a tile

# $7, $8 and $9 are the limits `first`, `last` and `end` of an `EventWindow`; the overlap is there for the
# index, and reaches a tick before `first`, where what ends there has its last instant. Where there is too
# much the texts go first, and then points by id, a hash and so a fair draw that falls the same way on every
# refresh; `left_out` says how many.
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

# By place and time together, or first by time alone, for a window that is brief: PostgreSQL cannot tell which
# is less, and `OFFSET` keeps it from trying.
POINT_ROWS = _POINTS.format(source="feature_version")
BRIEF_POINT_ROWS = _POINTS.format(
    source="(SELECT * FROM feature_version WHERE layer = $5"
    " AND upper(valid) BETWEEN $7::timestamptz AND $9::timestamptz OFFSET 0)"
)

# Each square is a point in its middle, in tile units: no more exact than the square is large.
_SIDE = EXTENT // SQUARES
SQUARE_ROWS = f"""
    SELECT (($2::bigint * {SQUARES} + x) << ($1 + {SQUARE_BITS})) + $3 * {SQUARES} + y AS id,
        ST_MakePoint((x + 0.5) * {_SIDE}, (y + 0.5) * {_SIDE}) AS geom, properties
    FROM unnest($5::integer[], $6::integer[], $7::jsonb[]) AS cell (x, y, properties)
    ORDER BY id
"""
