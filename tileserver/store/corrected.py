"""Rows that a revision added or ended within days that were public, and the words on revisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from tileserver.declared import Text
from tileserver.errors import BadParameter
from tileserver.model import LayerId
from tileserver.store.catalogue import StoredLayer
from tileserver.store.revisions import Writer


class RevisionWords(NamedTuple):
    """The desk's remark on a revision, by language, with the instants of commit and remark.

    The two are not the ends of a half-open period.
    """

    committed: datetime
    remark: Text
    remarked: datetime | None


class CorrectedRow(NamedTuple):
    """A feature or face that *revision* added, or ended, in ``[start, end)``.

    ``id`` is that of tiles, the same for all versions of an event that has a key; ``km2`` is ``None`` where
    nothing is measured.
    """

    revision: int
    added: bool
    id: int
    status: str
    km2: float | None
    start: datetime
    end: datetime


_WORDS = "SELECT id, committed, remark, remarked FROM revision WHERE id = ANY($1::bigint[])"

_NEWEST = """
SELECT revision, max(at) AS at FROM (
    SELECT lower(known) AS revision,
        greatest(max(lower(valid)), max(upper(valid)) - interval '1 microsecond') AS at
    FROM feature_version WHERE layer = $1 GROUP BY 1
    UNION ALL SELECT lower(known), max(at) FROM snapshot WHERE layer = $1 GROUP BY 1
) AS told GROUP BY 1
"""

# A row that is closed and written anew with another end differs beyond the cap alone: hence multiranges. Of a
# window layer a feature counts once all of it is before the cap, as it becomes public.
_CORRECTED = """
WITH cap AS (
    SELECT * FROM unnest($2::bigint[], $3::timestamptz[]) AS cap (revision, stop)
), touched AS (
    SELECT revision, stop, true AS added, rows.* FROM cap JOIN {rows} AS rows
        ON lower(known) = revision AND lower(valid) < stop AND ($5 OR upper(valid) <= stop)
    UNION ALL
    SELECT revision, stop, false, rows.* FROM cap JOIN {rows} AS rows
        ON upper(known) = revision AND lower(valid) < stop AND ($5 OR upper(valid) <= stop)
), apart AS (
    SELECT revision, added, cell, content, min(id) AS id, min(status) AS status, min(km2) AS km2,
        range_agg(valid * tstzrange(NULL, stop)) AS periods
    FROM touched GROUP BY 1, 2, 3, 4
)
SELECT one.revision, one.added, one.id, coalesce(one.status, '') AS status, one.km2,
    lower(period) AS start, upper(period) AS end
FROM apart AS one
LEFT JOIN apart AS other ON other.revision = one.revision AND other.cell = one.cell
    AND other.content = one.content AND other.added <> one.added
CROSS JOIN unnest(one.periods - coalesce(other.periods, '{{}}'::tstzmultirange)) AS period
"""
_FACES = (
    "(SELECT cell, content, id, properties ->> $4::text AS status, km2, valid, known FROM face"
    " WHERE layer = $1 AND band = $6)"
)
_FEATURES = (
    "(SELECT 0 AS cell, content, id, properties ->> $4::text AS status, NULL::double precision AS km2, valid,"
    " known FROM feature_version WHERE layer = $1)"
)


async def load_words(connection: asyncpg.Connection, revisions: Sequence[int]) -> dict[int, RevisionWords]:
    """Return the instant of each of *revisions*, and the desk's words."""
    rows = await connection.fetch(_WORDS, list(revisions))
    return {row["id"]: RevisionWords(row["committed"], row["remark"], row["remarked"]) for row in rows}


async def load_newest_told(connection: asyncpg.Connection, layer_id: LayerId) -> dict[int, datetime]:
    """Return, by revision, the newest instant among its beginnings, ends and whole states."""
    rows = await connection.fetch(_NEWEST, layer_id)
    return {row["revision"]: row["at"] for row in rows}


async def load_corrected(
    connection: asyncpg.Connection, stored: StoredLayer, caps: Mapping[int, datetime]
) -> list[CorrectedRow]:
    """Return the rows that differ between each revision of *caps* and the revision before, up to the cap.

    Caps are exclusive. Layers with faces are compared in those of their finest band, others by feature. What
    both revisions know is in neither answer. O(rows of the layer).
    """
    layer = stored.layer
    rows, band = (_FACES, [layer.bands[-1].lowest]) if layer.has_faces else (_FEATURES, [])
    found = await connection.fetch(
        _CORRECTED.format(rows=rows),
        stored.layer_id,
        list(caps),
        list(caps.values()),
        layer.category,
        layer.time == "state",
        *band,
    )
    return [CorrectedRow(*row.values()) for row in found]


async def set_remark(writer: Writer, revision: int, remark: Text) -> None:
    """Put *remark*, the desk's public words by language, on *revision*, in place of any before.

    The open revision touches the same layers, so that every server reads them anew.

    Raises
    ------
    BadParameter
        There is no such revision, or it touched no layer.
    """
    layers = await writer.connection.fetch("SELECT layer FROM revision_layer WHERE revision = $1", revision)
    if not layers:
        raise BadParameter(f"there is no revision {revision} of any layer; see: tileserver revisions")
    writer.touched.update(row["layer"] for row in layers)
    await writer.connection.execute(
        "UPDATE revision SET remark = $2, remarked = clock_timestamp() WHERE id = $1", revision, remark
    )
