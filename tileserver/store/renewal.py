"""A database that went back to an earlier state gives none of its names a second time, and says to which."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

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


class Restored(NamedTuple):
    """State of a database after a restore; its instants are no half-open period.

    ``revision`` is the newest one, 0 for none, ``committed`` when that was; ``replayed`` is when the last
    transaction that PostgreSQL replayed from its log was committed, ``None`` where it replayed none since its
    start.
    """

    revision: int
    committed: datetime | None
    replayed: datetime | None


async def state_gone_back_to(connection: asyncpg.Connection) -> Restored:
    """Return the state that the database holds now; there may have been later states."""
    row = await connection.fetchrow(
        "SELECT coalesce(max(id), 0), max(committed), pg_last_xact_replay_timestamp() FROM revision"
    )
    return Restored(*row)
