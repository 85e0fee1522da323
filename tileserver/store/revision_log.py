"""Log of the revisions, and the differences between any two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from tileserver.store.catalogue import StoredLayer


@dataclass(slots=True)
class RowCounts:
    """Numbers of rows of one layer that are known from a revision on, or up to that revision."""

    features_added: int = 0
    features_ended: int = 0
    faces_added: int = 0
    faces_ended: int = 0


@dataclass(frozen=True, slots=True)
class RevisionEntry:
    """One revision: the instant of its commit, its summary, and the rows changed by layer."""

    revision: int
    committed: datetime
    summary: str
    layers: dict[str, RowCounts] = field(default_factory=dict)


class Difference(NamedTuple):
    """A feature or face that held in ``[start, end)`` at one of two revisions and not at the other.

    ``west`` to ``north`` bound it, in metres of EPSG:3857; ``km2`` is ``None`` where nobody measured it.
    """

    added: bool  # False: gone
    start: datetime
    end: datetime | None
    status: str
    km2: float | None
    west: float
    south: float
    east: float
    north: float


_COUNTS = """
SELECT layer, lower(known) AS revision, 'features_added' AS what, count(*)::int AS n
FROM feature_version WHERE layer = ANY($1::integer[]) GROUP BY 1, 2
UNION ALL SELECT layer, upper(known), 'features_ended', count(*)::int
FROM feature_version WHERE layer = ANY($1::integer[]) AND NOT upper_inf(known) GROUP BY 1, 2
UNION ALL SELECT layer, lower(known), 'faces_added', count(*)::int
FROM face WHERE layer = ANY($1::integer[]) GROUP BY 1, 2
UNION ALL SELECT layer, upper(known), 'faces_ended', count(*)::int
FROM face WHERE layer = ANY($1::integer[]) AND NOT upper_inf(known) GROUP BY 1, 2
"""

# What both revisions know takes part on neither side, so a correction costs what it changed. A feature may
# hold in several periods, and for another part of the same period at the other revision: hence multiranges.
_DIFFERENCES = """
WITH apart AS (
    SELECT cell, content, known @> $3::bigint AS added, range_agg(valid) AS periods,
        min(properties ->> $4::text) AS status, min(km2) AS km2, ST_Extent(geom) AS box
    FROM {rows} AS rows
    WHERE (known @> $2::bigint) <> (known @> $3::bigint)
    GROUP BY 1, 2, 3
)
SELECT one.added, lower(period) AS start, upper(period) AS end, coalesce(one.status, '') AS status, one.km2,
    ST_XMin(one.box) AS west, ST_YMin(one.box) AS south, ST_XMax(one.box) AS east, ST_YMax(one.box) AS north
FROM apart AS one
LEFT JOIN apart AS other
    ON other.cell = one.cell AND other.content = one.content AND other.added <> one.added
CROSS JOIN unnest(one.periods - coalesce(other.periods, '{{}}'::tstzmultirange)) AS period
"""
_FACES = "(SELECT * FROM face WHERE layer = $1 AND band = $5)"
_FEATURES = "(SELECT *, 0 AS cell, NULL::double precision AS km2 FROM feature_version WHERE layer = $1)"


async def list_revisions(
    connection: asyncpg.Connection, layers: Sequence[StoredLayer], *, removed: bool = False
) -> list[RevisionEntry]:
    """Return the revisions that touched any of *layers*, newest first, with the rows each changed.

    With *removed* also those of layers that are there no more, and the removal itself. Rows that a withdrawal
    took are counted nowhere.
    """
    names = {each.layer_id: str(each.ref) for each in layers}
    counts: defaultdict[tuple[int, int], RowCounts] = defaultdict(RowCounts)
    for row in await connection.fetch(_COUNTS, list(names)):
        setattr(counts[row["revision"], row["layer"]], row["what"], row["n"])
    entries: dict[int, RevisionEntry] = {}
    for row in await connection.fetch(
        "SELECT r.id, r.committed, r.summary, rl.layer FROM revision r"
        " LEFT JOIN revision_layer rl ON rl.revision = r.id"
        " WHERE rl.layer = ANY($1::integer[]) OR ($2 AND rl.layer IS NULL) ORDER BY r.id DESC, rl.layer",
        list(names),
        removed,
    ):
        entry = entries.setdefault(row["id"], RevisionEntry(row["id"], row["committed"], row["summary"]))
        if row["layer"] is not None:
            entry.layers[names[row["layer"]]] = counts[row["id"], row["layer"]]
    return list(entries.values())


async def newest_revision(connection: asyncpg.Connection) -> int:
    """Return the number of the newest revision; 0 before the first."""
    found: int = await connection.fetchval("SELECT coalesce(max(id), 0) FROM revision")
    return found


async def differences(
    connection: asyncpg.Connection, stored: StoredLayer, old: int, new: int
) -> list[Difference]:
    """Return the rows of the layer known in revision *new* and not in *old*, and the reverse, in any order.

    Layers that are drawn from faces are compared in the faces of their finest band, others by feature.
    """
    layer = stored.layer
    rows, band = (_FACES, [layer.bands[-1].lowest]) if layer.has_faces else (_FEATURES, [])
    found = await connection.fetch(
        _DIFFERENCES.format(rows=rows), stored.layer_id, old, new, layer.category, *band
    )
    return [Difference(*row.values()) for row in found]


async def revision_account(connection: asyncpg.Connection, revision: int) -> tuple[str, dict[str, Any]]:
    """Return the summary of *revision*, and the report of its import; empty where there is none."""
    row = await connection.fetchrow("SELECT summary, report FROM revision WHERE id = $1", revision)
    return ("", {}) if row is None else (row["summary"], row["report"])
