"""Measures of faces: km2 by status at every change, and the faces that differ between two states."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from tileserver.grid import Band, Bounds
from tileserver.model import Moment
from tileserver.store.catalogue import StoredLayer
from tileserver.times import from_micros


class StatusArea(NamedTuple):
    """Area of a status from the instant *at* on: *km2*, which is *net* more than just before."""

    at: datetime
    status: str
    net: float
    km2: float


class MeasuredFace(NamedTuple):
    """A face of the finest band, by cell and hash: km2 and period, half-open, None for no end."""

    cell: int
    feature_hash: bytes
    status: str
    km2: float
    start: datetime
    end: datetime | None


class DifferingFace(NamedTuple):
    """A face, or a piece of line, of one state that another state has not; ``wkb`` is EWKB in EPSG:3857."""

    cell: int
    status: str
    before: bool
    wkb: bytes


async def load_status_areas(
    connection: asyncpg.Connection, stored: StoredLayer, revision: int, last: datetime
) -> list[StatusArea]:
    """Return, ascending by instant and status, each change of a status's area up to *last*, included.

    Summed in whole thousandths of a square metre, so that sums do not depend on the order of the rows and
    what is gone is exactly zero. O(faces of the finest band); nothing later than *last* takes part.
    """
    rows = await connection.fetch(
        "SELECT at, status, sum(net)::float8 / 1e9 AS net,"
        " sum(sum(net)) OVER (PARTITION BY status ORDER BY at)::float8 / 1e9 AS km2 FROM ("
        "  SELECT lower(valid) AS at, properties ->> $3 AS status, sum((km2 * 1e9)::bigint) AS net FROM face"
        "  WHERE layer = $1 AND band = $2 AND known @> $4::bigint AND lower(valid) <= $5 GROUP BY 1, 2"
        "  UNION ALL"
        "  SELECT upper(valid), properties ->> $3, -sum((km2 * 1e9)::bigint) FROM face"
        "  WHERE layer = $1 AND band = $2 AND known @> $4::bigint AND upper(valid) <= $5 GROUP BY 1, 2"
        ") AS ends GROUP BY at, status HAVING sum(net) <> 0 ORDER BY at, status",
        *_finest(stored),
        revision,
        last,
    )
    return [StatusArea(*row) for row in rows]


async def load_measured_faces(
    connection: asyncpg.Connection, stored: StoredLayer, revision: int, first: datetime, last: datetime
) -> list[MeasuredFace]:
    """Return the faces of the finest band whose period meets *first* to *last*, both included."""
    rows = await connection.fetch(
        "SELECT cell, content, properties ->> $3 AS status, km2, lower(valid), upper(valid) FROM face"
        " WHERE layer = $1 AND band = $2 AND known @> $4::bigint"
        " AND valid && tstzrange($5, $6, '[]')",
        *_finest(stored),
        revision,
        first,
        last,
    )
    return [MeasuredFace(*row) for row in rows]


async def load_polygons(
    connection: asyncpg.Connection,
    stored: StoredLayer,
    revision: int,
    first: datetime,
    last: datetime,
    cells: Collection[int],
) -> dict[tuple[int, bytes], bytes]:
    """Return, by cell and hash, the EWKB in EPSG:3857 of faces in *cells*, *first* to *last* included."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (cell, content) cell, content, geom FROM face"
        " WHERE layer = $1 AND band = $2 AND known @> $3::bigint AND valid && tstzrange($4, $5, '[]')"
        " AND cell = ANY($6::integer[])",
        stored.layer_id,
        stored.layer.bands[-1].lowest,
        revision,
        first,
        last,
        list(cells),
    )
    return {(row["cell"], row["content"]): row["geom"] for row in rows}


async def load_covering(
    connection: asyncpg.Connection, stored: StoredLayer, moment: Moment, boxes: Sequence[Bounds]
) -> list[bytes]:
    """Return the EWKB in EPSG:3857 of the faces of a state that meet any of *boxes*, in metres."""
    corners = [[getattr(box, side) for box in boxes] for side in ("west", "south", "east", "north")]
    rows = await connection.fetch(
        "SELECT geom FROM face WHERE layer = $1 AND band = $2 AND valid @> $3::timestamptz"
        " AND known @> $4::bigint AND EXISTS ("
        "  SELECT FROM unnest($5::float8[], $6::float8[], $7::float8[], $8::float8[]) AS box (w, s, e, n)"
        "  WHERE face.geom && ST_MakeEnvelope(w, s, e, n, 3857))",
        stored.layer_id,
        stored.layer.bands[-1].lowest,
        *_asked(moment),
        *corners,
    )
    return [row["geom"] for row in rows]


async def load_differing_faces(
    connection: asyncpg.Connection,
    stored: StoredLayer,
    before: Moment | None,
    after: Moment | None,
    band: Band | None = None,
) -> list[DifferingFace]:
    """Return the faces of *band* (or the finest) that only one of two states has, ascending by cell.

    A face that both have, though in rows of different periods or revisions, is in neither answer. What
    is left covers the same land on both sides, but for what no area covered. Lines that derive from areas
    are asked for in the same way; their status is ``''``.
    """
    rows = await connection.fetch(
        "WITH held AS ("
        "  SELECT cell, content, coalesce(properties ->> $3, '') AS status, geom, before, after"
        "  FROM face, LATERAL ("
        "   SELECT coalesce(valid @> $4::timestamptz AND known @> $5::bigint, false) AS before,"
        "    coalesce(valid @> $6::timestamptz AND known @> $7::bigint, false) AS after"
        "  ) AS state WHERE layer = $1 AND band = $2 AND before <> after"
        ") SELECT cell, status, before, geom FROM held AS one WHERE NOT EXISTS ("
        "  SELECT FROM held AS other WHERE other.cell = one.cell AND other.content = one.content"
        "  AND other.before = one.after) ORDER BY cell",
        stored.layer_id,
        (band or stored.layer.bands[-1]).lowest,
        stored.layer.category,
        *_asked(before),
        *_asked(after),
    )
    return [DifferingFace(*row) for row in rows]


async def load_areas(
    connection: asyncpg.Connection, stored: StoredLayer, moment: Moment, field: str
) -> list[tuple[str | None, bytes]]:
    """Return the value of *field* of each feature of a state, or None, and its EWKB in EPSG:3857."""
    rows = await connection.fetch(
        "SELECT properties ->> $2 AS name, geom FROM feature_version"
        " WHERE layer = $1 AND valid @> $3::timestamptz AND known @> $4::bigint ORDER BY id",
        stored.layer_id,
        field,
        *_asked(moment),
    )
    return [(row["name"], row["geom"]) for row in rows]


def _asked(moment: Moment | None) -> tuple[datetime | None, int]:
    """Return *moment* as SQL is asked: nothing holds at NULL, which is before the first."""
    return (None, 0) if moment is None else (from_micros(moment.at), moment.revision)


def _finest(stored: StoredLayer) -> tuple[int, int, str]:
    """Return layer and band of the faces that measure the layer, and the property that has their status."""
    return stored.layer_id, stored.layer.bands[-1].lowest, stored.layer.category
