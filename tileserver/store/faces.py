"""Rows of faces, and of front lines, by cell: read, ended and added in the open revision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from tileserver.model import DatedFeature, Feature, LayerId
from tileserver.store.revisions import Writer


class CellKey(NamedTuple):
    """A cell of one layer: the lowest zoom of its band, and its number there."""

    band: int
    cell: int


class DrawnFace(NamedTuple):
    """A face, or the front in one cell; ``km2`` on the ellipsoid for faces of the finest band."""

    feature: Feature
    km2: float | None


@dataclass(frozen=True, slots=True)
class FaceRow:
    """A row of ``face`` to be written: a face, or the front in one cell, valid in ``[start, end)``.

    ``wkb`` is EWKB in EPSG:3857; ``km2`` is measured on the ellipsoid, ``None`` where nobody asks for it.
    """

    where: CellKey
    id: int
    feature_hash: bytes
    start: datetime
    end: datetime | None
    properties: dict[str, Any]
    km2: float | None
    wkb: bytes


async def cells_changing(
    connection: asyncpg.Connection, layer_id: LayerId, first: datetime, last: datetime | None
) -> set[CellKey]:
    """Return the cells of a layer in which a face begins or ends from *first* to *last*, both inclusive."""
    rows = await connection.fetch(
        "SELECT DISTINCT band, cell FROM face WHERE layer = $1 AND upper_inf(known)"
        " AND (lower(valid) BETWEEN $2::timestamptz AND coalesce($3::timestamptz, 'infinity')"
        " OR upper(valid) BETWEEN $2::timestamptz AND coalesce($3::timestamptz, 'infinity'))",
        layer_id,
        first,
        last,
    )
    return {CellKey(row["band"], row["cell"]) for row in rows}


async def current_faces(
    connection: asyncpg.Connection, layer_id: LayerId, cells: Iterable[CellKey]
) -> dict[CellKey, set[DatedFeature]]:
    """Return the current faces in *cells* of a layer, by cell; a cell without faces is left out."""
    wanted = list(cells)
    rows = await connection.fetch(
        "SELECT f.band, f.cell, content, lower(valid) AS start, upper(valid) AS end FROM face f"
        " JOIN unnest($2::smallint[], $3::integer[]) AS wanted (band, cell)"
        " ON f.band = wanted.band AND f.cell = wanted.cell"
        " WHERE layer = $1 AND upper_inf(known)",
        layer_id,
        [each.band for each in wanted],
        [each.cell for each in wanted],
    )
    found: defaultdict[CellKey, set[DatedFeature]] = defaultdict(set)
    for row in rows:
        found[CellKey(row["band"], row["cell"])].add(DatedFeature(row["content"], row["start"], row["end"]))
    return found


async def drawn_faces(
    connection: asyncpg.Connection, layer_id: LayerId, wanted: Sequence[tuple[CellKey, bytes]]
) -> dict[tuple[CellKey, bytes], DrawnFace]:
    """Return the current faces *wanted* of a layer, by cell and hash."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (f.band, f.cell, f.content) f.band, f.cell, f.content, properties, km2, geom"
        " FROM face f JOIN unnest($2::smallint[], $3::integer[], $4::bytea[]) AS wanted (band, cell, content)"
        " ON f.band = wanted.band AND f.cell = wanted.cell AND f.content = wanted.content"
        " WHERE layer = $1 AND upper_inf(known)",
        layer_id,
        [where.band for where, _ in wanted],
        [where.cell for where, _ in wanted],
        [feature_hash for _, feature_hash in wanted],
    )
    return {
        (CellKey(row["band"], row["cell"]), row["content"]): DrawnFace(
            Feature(row["content"], row["properties"], row["geom"]), row["km2"]
        )
        for row in rows
    }


async def close_faces(
    writer: Writer, layer_id: LayerId, gone: Sequence[tuple[CellKey, DatedFeature]]
) -> None:
    """Let no revision from now on know the faces *gone*; older revisions keep knowing each."""
    if not gone:
        return
    writer.touched.add(layer_id)
    await writer.connection.execute(
        "UPDATE face f SET known = int8range(lower(f.known), $2)"
        " FROM unnest($3::smallint[], $4::integer[], $5::bytea[], $6::timestamptz[])"
        " AS gone (band, cell, content, start)"
        " WHERE f.layer = $1 AND upper_inf(f.known) AND f.band = gone.band AND f.cell = gone.cell"
        " AND f.content = gone.content AND lower(f.valid) = gone.start",
        layer_id,
        writer.revision,
        [where.band for where, _ in gone],
        [where.cell for where, _ in gone],
        [face.feature_hash for _, face in gone],
        [face.start for _, face in gone],
    )


async def add_faces(writer: Writer, layer_id: LayerId, rows: Iterable[FaceRow]) -> int:
    """Copy *rows* in and return their number."""
    known = asyncpg.Range(writer.revision, None)
    records = [
        (
            layer_id,
            *row.where,
            row.id,
            row.feature_hash,
            asyncpg.Range(row.start, row.end),
            known,
            row.properties,
            row.km2,
            row.wkb,
        )
        for row in rows
    ]
    if records:
        writer.touched.add(layer_id)
        await writer.connection.copy_records_to_table(
            "face",
            records=records,
            columns=["layer", "band", "cell", "id", "content", "valid", "known", "properties", "km2", "geom"],
        )
    return len(records)


async def set_fingerprint(connection: asyncpg.Connection, layer_id: LayerId, fingerprint: str) -> None:
    """Set the fingerprint of a layer's first faces; kept until the faces are erased."""
    await connection.execute(
        "UPDATE layer SET fingerprint = $2 WHERE id = $1 AND fingerprint = ''", layer_id, fingerprint
    )


async def erase_faces(connection: asyncpg.Connection, layers: Sequence[LayerId]) -> None:
    """Delete all faces of *layers*, of every revision, and begin another edition of each layer."""
    await connection.execute("DELETE FROM face WHERE layer = ANY($1::integer[])", layers)
    await connection.execute(
        "UPDATE layer SET edition = edition + 1, fingerprint = '' WHERE id = ANY($1::integer[])", layers
    )
