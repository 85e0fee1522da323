"""Events and notes that the desk itself has written or amended, and the rows of one event in all revisions.

An amendment stands above the event's source until it is lifted. It is known in revisions as rows are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tileserver.model import LayerId, Revision, Value
from tileserver.store.connect import Connection
from tileserver.store.revisions import Writer

# In place of a hash, where the desk tells a place less exactly than its source: whoever tries places would
# find the one that the hash is over.
UNTOLD = b"\0"


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A row of an event or note: its words and place in the half-open period ``[start, end)``, UTC.

    ``lon`` and ``lat`` are degrees, ``wkb`` is EWKB in EPSG:3857. The revisions from ``known_from`` on know
    it, up to ``known_to``, which does not; ``known_to`` is ``None`` while it is current.
    """

    id: int
    feature_hash: bytes
    properties: Mapping[str, Value]
    start: datetime
    end: datetime | None
    lon: float
    lat: float
    wkb: bytes
    known_from: Revision
    known_to: Revision | None


_ROWS = """
    SELECT id, content AS feature_hash, properties, lower(valid) AS start, upper(valid) AS end,
        ST_X(ST_Transform(geom, 4326)) AS lon, ST_Y(ST_Transform(geom, 4326)) AS lat, geom AS wkb,
        lower(known) AS known_from, upper(known) AS known_to
    FROM feature_version WHERE layer = $1
"""
_CURRENT = """
    AND upper_inf(known) AND valid && tstzrange($2, $3) ORDER BY lower(valid), id
"""


async def load_rows_of(connection: Connection, layer_id: LayerId, ids: Iterable[int]) -> list[StoredEvent]:
    """Return the rows of the events with *ids* in all revisions, the newest first."""
    rows = await connection.fetch(
        f"{_ROWS} AND id = ANY($2::bigint[]) ORDER BY lower(known) DESC, id, lower(valid)",
        layer_id,
        sorted({*ids}),
    )
    return [_stored(row) for row in rows]


async def load_current(
    connection: Connection, layer_id: LayerId, start: datetime | None, end: datetime | None
) -> list[StoredEvent]:
    """Return the current events that have a part of their time in ``[start, end)``, by start and id.

    ``None`` is no limit.
    """
    return [_stored(row) for row in await connection.fetch(_ROWS + _CURRENT, layer_id, start, end)]


def _stored(row: Mapping[str, Any]) -> StoredEvent:
    return StoredEvent(**dict(row.items()))


async def standing_amendments(connection: Connection, layer_id: LayerId) -> dict[int, bytes]:
    """Return the ids that the desk has amended, each with the hash of the words of its source then.

    The hash is empty where the desk alone wrote it, and `UNTOLD` where it would tell a place.
    """
    rows = await connection.fetch(
        "SELECT id, source FROM amendment WHERE layer = $1 AND upper_inf(known)", layer_id
    )
    return {row["id"]: row["source"] for row in rows}


async def amend(writer: Writer, layer_id: LayerId, sources: Mapping[int, bytes]) -> None:
    """Let the desk's word on events stand, by id with the hash of the words of their source.

    Of events that are amended already that hash is put in place of the earlier.
    """
    await lift(writer, layer_id, sources)
    await writer.connection.execute(
        "INSERT INTO amendment (layer, id, source, known)"
        " SELECT $1, id, source, int8range($4, NULL)"
        " FROM unnest($2::bigint[], $3::bytea[]) AS new (id, source)",
        layer_id,
        list(sources.keys()),
        list(sources.values()),
        writer.revision,
    )
    writer.touched |= {layer_id} if sources else set()


async def lift(writer: Writer, layer_id: LayerId, ids: Collection[int]) -> set[int]:
    """Follow the source of the events with *ids* again; return the ids that were amended."""
    rows = await writer.connection.fetch(
        "UPDATE amendment SET known = int8range(lower(known), $3)"
        " WHERE layer = $1 AND upper_inf(known) AND id = ANY($2::bigint[]) RETURNING id",
        layer_id,
        sorted(ids),
        writer.revision,
    )
    writer.touched |= {layer_id} if rows else set()
    return {row["id"] for row in rows}
