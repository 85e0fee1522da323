"""Weights of a layer's history: estimated bytes by tile and period, and the valid time each revision changed.

Periods of history are planned by the weights, so that no tile of a period grows heavy; the periods of valid
time that a revision changed say which periods get a new URL.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg
import numpy as np
import numpy.typing as npt

from tileserver.grid import WORLD
from tileserver.model import Integers
from tileserver.store.catalogue import StoredLayer
from tileserver.times import OPEN, MicrosArray, to_micros

Floats = npt.NDArray[np.float64]

# Compressed bytes of a history tile, measured on the real archive: 0.7 to 1.4 a vertex of a face.
VERTEX_BYTES = 1.1
FACE_BYTES = 12
POINT_BYTES = 16
_UNSEEN = 25_000  # compressed bytes of a tile in all of history that no period need be cut for
_FINEST = 7  # the zoom that features without bands are weighed at; in finer tiles there is less
_COARSER = (5, 3, 0)


@dataclass(frozen=True, slots=True, eq=False)
class LayerWeights:
    """Weights of a layer's heavy tiles by period, and the valid time that each revision changed.

    Two tables in columns, each of shape (n,). One row for each tile and period of it: ``tiles`` (a number for
    each tile), ``starts``, ``ends``, ``weights`` (estimated bytes, compressed). One row for each revision and
    stretch of valid time that the revision changed: ``revisions``, ``changed_starts``, ``changed_ends``.
    Instants are microseconds UTC, half-open, `OPEN` for no end. Empty columns where there is nothing.
    """

    tiles: Integers
    starts: MicrosArray
    ends: MicrosArray
    weights: Floats
    revisions: Integers
    changed_starts: MicrosArray
    changed_ends: MicrosArray


# What is larger than a cell weighs next to nothing: all of it goes to the tile of its north-western corner.
# In windows, not by a join: before PostgreSQL has its statistics of a new import it would join row by row.
_FACES = f"""
    WITH weighed AS (
        SELECT lowest AS z, (cell >> cell_zoom & ((1 << cell_zoom) - 1)) >> shift AS x,
            (cell & ((1 << cell_zoom) - 1)) >> shift AS y,
            valid, ST_NPoints(geom) * {VERTEX_BYTES} + {FACE_BYTES} AS bytes
        FROM face JOIN unnest($3::int[], $4::int[], $5::int[]) AS band (lowest, cell_zoom, shift)
            ON band = lowest
        WHERE layer = $1 AND known @> $2::bigint
    ), placed AS (
        SELECT *, sum(bytes) OVER (PARTITION BY z, x, y) AS total FROM weighed
    )
    SELECT z, x, y, lower(valid) AS start, upper(valid) AS end, sum(bytes)::float8 AS bytes
    FROM placed WHERE total > {_UNSEEN} GROUP BY 1, 2, 3, 4, 5
"""
# The whole of a feature is put where its middle is: what has no bands is small, or nobody else's.
_PLACE = (
    f"least({2**_FINEST - 1}, greatest(0, floor(({{}} + {WORLD!r}) * {2**_FINEST / (2 * WORLD)!r})))::int"
)
_FEATURES = f"""
    SELECT {_FINEST} AS z, {_PLACE.format("ST_X(middle)")} AS x, {_PLACE.format("-ST_Y(middle)")} AS y,
        lower(valid) AS start, upper(valid) AS end,
        sum(CASE WHEN points = 1 THEN {POINT_BYTES} ELSE points * {VERTEX_BYTES} + {FACE_BYTES} END)::float8
            AS bytes
    FROM feature_version, ST_NPoints(geom) AS points, ST_Centroid(ST_Envelope(geom)) AS middle
    WHERE layer = $1 AND known @> $2::bigint
    GROUP BY 1, 2, 3, 4, 5
"""
# A revision that ends a version and begins one of the same content anew has changed what lies in one of
# their periods and not in the other.
_STATE_TOLD = """
    WITH told AS (
        SELECT revision, coalesce(range_agg(valid) FILTER (WHERE fresh), '{}') AS new,
            coalesce(range_agg(valid) FILTER (WHERE NOT fresh), '{}') AS old
        FROM feature_version,
            LATERAL (VALUES (lower(known), true), (upper(known), false)) AS edge (revision, fresh)
        WHERE layer = $1 AND revision IS NOT NULL GROUP BY id, content, revision
    )
    SELECT revision, lower(stretch) AS start, upper(stretch) AS end FROM (
        SELECT revision, range_agg(changed) AS stretches
        FROM told, unnest((new - old) + (old - new)) AS changed GROUP BY 1
    ) AS whole, unnest(stretches) AS stretch ORDER BY 1, 2
"""
_WINDOW_TOLD = """
    SELECT DISTINCT revision, lower(valid) AS start, upper(valid) AS end
    FROM feature_version, LATERAL (VALUES (lower(known)), (upper(known))) AS edge (revision)
    WHERE layer = $1 AND revision IS NOT NULL ORDER BY 1, 2, 3
"""


async def load_weights(connection: asyncpg.Connection, stored: StoredLayer, origin: int) -> LayerWeights:
    """Return the weights of a layer as known now; *origin* is the layer of its areas, or the layer itself.

    About a second for a thousand days of real areas.
    """
    newest = stored.revisions[-1] if stored.revisions else 0
    if stored.layer.has_faces:
        bands = stored.layer.bands
        rows = await connection.fetch(
            _FACES,
            stored.layer_id,
            newest,
            [band.lowest for band in bands],
            [band.cell_zoom for band in bands],
            [max(0, band.cell_zoom - band.lowest) for band in bands],
        )
    else:
        rows = await connection.fetch(_FEATURES, stored.layer_id, newest)
    tiles = _tiles(rows)
    repeats = 1 if stored.layer.has_faces else len(_COARSER) + 1
    is_state = stored.layer.time == "state"
    told = await connection.fetch(_STATE_TOLD if is_state else _WINDOW_TOLD, origin)
    return LayerWeights(
        tiles=np.concatenate([tiles, *_parents(tiles)]) if repeats > 1 else tiles,
        starts=np.tile(_micros(rows, "start"), repeats),
        ends=np.tile(_micros(rows, "end"), repeats),
        weights=np.tile(np.array([row["bytes"] for row in rows], dtype=float), repeats),
        revisions=np.array([row["revision"] for row in told], dtype=np.int64),
        changed_starts=_micros(told, "start"),
        changed_ends=_micros(told, "end"),
    )


def _tiles(rows: list[asyncpg.Record]) -> Integers:
    return np.array([row["z"] << 40 | row["x"] << 20 | row["y"] for row in rows], dtype=np.int64)


def _parents(tiles: Integers) -> list[Integers]:
    """Return the tiles of coarser zooms that hold *tiles*, which are of the finest zoom."""
    x, y = (tiles >> 20) & (2**20 - 1), tiles & (2**20 - 1)
    return [zoom << 40 | x >> (_FINEST - zoom) << 20 | y >> (_FINEST - zoom) for zoom in _COARSER]


def _micros(rows: list[asyncpg.Record], name: str) -> MicrosArray:
    return np.array([OPEN if row[name] is None else to_micros(row[name]) for row in rows], dtype=np.int64)
