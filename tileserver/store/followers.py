"""Serving processes in the primary's eyes: each names its present revision.

A process that only reads can write no row, but may name its own connection; so the name has it, and everybody
who may connect can read it (``pg_stat_activity``). It is there as long as the process is.
"""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from tileserver.times import Micros, from_micros

LISTENER = "tileserver-listen"

# Epoch in milliseconds, by the database's clock, as is the instant at which a revision was committed.
_SAY = """
SELECT set_config('application_name', left(concat_ws(' ', $1::text, $2::bigint,
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint, $3::text), 63), false)
"""
_FOLLOWERS = """
SELECT application_name FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE $1 || '%' ORDER BY backend_start, pid
"""
_SAID = re.compile(rf"{LISTENER} ([0-9]+) ([0-9]+) (.*)")


@dataclass(frozen=True, slots=True)
class FollowingProcess:
    """A serving process: host and process id, the revision that is served, and from which instant (UTC).

    Without a revision nothing can be told of it: it has just begun, or is of an older program.
    """

    name: str
    revision: int | None
    obeyed_at: datetime | None


async def say_obeyed(connection: asyncpg.Connection, revision: int) -> None:
    """Name *connection* after this process and the *revision* that is served here."""
    own = f"{socket.gethostname()[:14]}/{os.getpid()}"
    await connection.execute(_SAY, LISTENER, revision, own)


async def list_followers(connection: asyncpg.Connection) -> list[FollowingProcess]:
    """Return every process that serves from the database and follows its primary, the oldest first.

    A process behind a pooler is not among them: its line has no name of its own.
    """
    rows = await connection.fetch(_FOLLOWERS, LISTENER)
    return [_process(row["application_name"]) for row in rows]


async def committed_at(connection: asyncpg.Connection, revision: int) -> datetime | None:
    """Return the instant (UTC) at which *revision* was committed; ``None`` where there is none."""
    at: datetime | None = await connection.fetchval("SELECT committed FROM revision WHERE id = $1", revision)
    return at


def _process(name: str) -> FollowingProcess:
    said = _SAID.match(name)
    if said is None:
        return FollowingProcess(name, None, None)
    return FollowingProcess(said[3], int(said[1]), from_micros(Micros(int(said[2]) * 1000)))
