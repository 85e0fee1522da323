"""Ids of features that were withdrawn and that no import brings back, until the desk lets each in again."""

from __future__ import annotations

from collections.abc import Iterable

import asyncpg

from tileserver.model import LayerId
from tileserver.store.revisions import Writer


async def note_withdrawn(writer: Writer, layer_id: LayerId, ids: Iterable[int], reason: str) -> None:
    """Remember that the features with *ids* were withdrawn in the open revision, and why."""
    await writer.connection.execute(
        "INSERT INTO withdrawn (layer, id, revision, reason) SELECT $1, wanted, $3, $4"
        " FROM unnest($2::bigint[]) AS wanted WHERE NOT EXISTS"
        " (SELECT FROM withdrawn WHERE layer = $1 AND id = wanted AND reason = $4 AND readmitted IS NULL)",
        layer_id,
        sorted({*ids}),
        writer.revision,
        reason,
    )


async def withdrawn_ids(connection: asyncpg.Connection, layer_id: LayerId) -> dict[int, str]:
    """Return the ids that no import of the layer brings back, each with the reason of its last withdrawal."""
    rows = await connection.fetch(
        "SELECT id, reason FROM withdrawn WHERE layer = $1 AND readmitted IS NULL ORDER BY revision", layer_id
    )
    return {row["id"]: row["reason"] for row in rows}


async def readmit_ids(
    connection: asyncpg.Connection, layer_id: LayerId, ids: Iterable[int], reason: str
) -> set[int]:
    """Let imports bring back the features with *ids*, and return the ids that were kept out until now."""
    rows = await connection.fetch(
        "UPDATE withdrawn SET readmitted = clock_timestamp(), readmitted_for = $3"
        " WHERE layer = $1 AND id = ANY($2::bigint[]) AND readmitted IS NULL RETURNING id",
        layer_id,
        sorted({*ids}),
        reason,
    )
    return {row["id"] for row in rows}
