"""A database that went back to an earlier state gives none of its names a second time."""

from __future__ import annotations

import asyncpg

# Revisions that come are numbered as those that were lost, and periods of history are named by them: other
# bytes would come under immutable addresses of before. (Tiles are named by what they hold.) Seconds
# since 2026 are more than any edition that was counted, and rise by themselves.
_RENEW = """
    UPDATE layer SET edition = greatest(edition + 1, extract(epoch FROM now() - '2026-01-01Z')::int)
    RETURNING theatre
"""


async def renew_editions(connection: asyncpg.Connection) -> int:
    """Begin another edition of every layer, and announce that; return of how many."""
    async with connection.transaction():
        rows = await connection.fetch(_RENEW)
        await connection.execute("SELECT pg_notify('tileserver_revision', '')")
    return len(rows)
