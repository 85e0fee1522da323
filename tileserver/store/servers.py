"""Servers behind a connection: a pooler or PostgreSQL, the primary or a standby."""

from __future__ import annotations

from typing import NamedTuple

import asyncpg

_HOLDS = """
SELECT NOT pg_is_in_recovery() OR (
    coalesce((SELECT max(id) FROM revision), 0) >= $1 AND NOT EXISTS (
        SELECT FROM layer JOIN unnest($2::int[], $3::int[]) AS least (id, edition) USING (id)
        WHERE layer.edition < least.edition))
"""


class Floor(NamedTuple):
    """Least that a server has to hold: newest revision, and editions of layers by id."""

    revision: int
    layers: tuple[int, ...]
    editions: tuple[int, ...]


class ReaderConnection(asyncpg.Connection):  # type: ignore[misc]
    """Connection with a note of the server's kind, standby or primary, when the connection was made."""

    __slots__ = ("is_standby",)

    is_standby: bool


async def note_kind(connection: ReaderConnection) -> None:
    """Note on *connection* whether a standby is at the other end."""
    connection.is_standby = await connection.fetchval("SELECT pg_is_in_recovery()")


async def is_pooled(connection: asyncpg.Connection) -> bool:
    """Whether *connection* goes through a pooler, which gives out another process id than PostgreSQL's.

    Asked in the simple way, whose only answer is the number of rows: nothing is prepared, which a pooler that
    gives each transaction another session would leave behind in one of them.
    """
    tag = await connection.execute(f"SELECT WHERE pg_backend_pid() = {connection.get_server_pid()}")
    return bool(tag == "SELECT 0")


async def holds(connection: asyncpg.Connection, floor: Floor) -> bool:
    """Whether the server behind *connection* holds all of *floor*, as a primary always does."""
    found: bool = await connection.fetchval(_HOLDS, *floor)
    return found
