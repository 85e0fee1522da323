"""Taking a theatre from readers, for a while or for good."""

from __future__ import annotations

import asyncpg

from tileserver.store.contradictions import layer_rows
from tileserver.store.revisions import open_revision


async def set_hidden(connection: asyncpg.Connection, theatre: str, *, hidden: bool) -> bool:
    """Hide *theatre* from readers, or show *theatre* again; whether anything changed."""
    async with connection.transaction():
        changed = await connection.fetchval(
            "UPDATE theatre SET hidden = $2 WHERE id = $1 AND hidden <> $2 RETURNING true", theatre, hidden
        )
        await connection.execute("SELECT pg_notify('tileserver_revision', '')")
    return bool(changed)


async def remove_theatre(connection: asyncpg.Connection, theatre: str, reason: str) -> int:
    """Delete *theatre* and all its rows, of every revision; return the revision that records the removal.

    Layers, features, faces, snapshots, what is held or in quarantine: all of it goes in one transaction.
    The revisions that wrote it stay in the list, without it, and numbers go on from them.
    """
    async with open_revision(connection) as writer:
        layers = {each.name: each.features for each in await layer_rows(connection, theatre)}
        await connection.execute("DELETE FROM theatre WHERE id = $1", theatre)
        await connection.execute(
            "DELETE FROM source s WHERE NOT EXISTS (SELECT FROM layer l WHERE l.source = s.id)"
        )
        await writer.commit_revision(
            f"theatre {theatre} removed", {"theatre": theatre, "reason": reason, "layers": layers}
        )
        return writer.revision
