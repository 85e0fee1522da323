"""Held imports that several persons have to approve, or that become public at a time."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import asyncpg

from tileserver.declared import Text
from tileserver.errors import BadParameter
from tileserver.store.held import HeldImport, find_held

# By the caller's clock and the database's: the earlier one decides.
_DUE = """
    SELECT id FROM held WHERE state = 'waiting' AND agreed_by IS NOT NULL
        AND publish_at <= least(clock_timestamp(), $1::timestamptz) AND ($2::integer IS NULL OR id = $2)
    ORDER BY publish_at, id
"""


class Approval(NamedTuple):
    """One person's word for a held import, at the instant *at* (UTC)."""

    number: int
    person: str  # see `person_of`
    by: str
    reason: str
    at: datetime


def person_of(name: str) -> str:
    """Return *name* so that two spellings of one person's name are the same: case and spaces do not count."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


async def lock_waiting(connection: asyncpg.Connection, number: int) -> HeldImport:
    """Return the import *number*, locked against every other decision until the caller's transaction ends.

    `BadParameter` for an unknown number, and once it is decided.
    """
    await connection.execute("SELECT FROM held WHERE id = $1 FOR UPDATE", number)
    found = await find_held(connection, number)
    if found.state != "waiting":
        raise BadParameter(f"held import {number} was {found.state} already")
    return found


async def lock_due(connection: asyncpg.Connection, number: int, now: datetime) -> HeldImport | None:
    """Return the import *number* as `lock_waiting`; ``None`` unless due at *now* (UTC) and undecided."""
    locked = await connection.fetchval(f"{_DUE} FOR UPDATE", now, number)
    return None if locked is None else await find_held(connection, number)


async def due(connection: asyncpg.Connection, now: datetime) -> list[int]:
    """Return the numbers of imports whose time has come by *now* (UTC), in the order of their times."""
    rows = await connection.fetch(_DUE, now, None)
    return [row["id"] for row in rows]


async def add_approval(connection: asyncpg.Connection, number: int, by: str, reason: str) -> None:
    """Note that *by* approves the import *number*; `BadParameter` where the same person did before."""
    done = await connection.fetchval(
        "INSERT INTO held_approval (held, person, by, reason) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT DO NOTHING RETURNING true",
        number,
        person_of(by),
        by,
        reason,
    )
    if not done:
        raise BadParameter(f"{by} has approved held import {number} before; another person has to")


async def approvals(connection: asyncpg.Connection, numbers: Iterable[int]) -> list[Approval]:
    """Return the approvals of imports, the oldest first."""
    rows = await connection.fetch(
        "SELECT held, person, by, reason, at FROM held_approval WHERE held = ANY($1::integer[]) ORDER BY at",
        list(numbers),
    )
    return [Approval(*row) for row in rows]


async def schedule(
    connection: asyncpg.Connection, number: int, by: str, reason: str, publish_at: datetime, remark: Text
) -> None:
    """Let the import *number* become public at *publish_at* (UTC), by the decision of *by*."""
    await connection.execute(
        "UPDATE held SET agreed_by = $2, reason = $3, publish_at = $4, remark = $5 WHERE id = $1",
        number,
        by,
        reason,
        publish_at,
        remark,
    )


async def unschedule(connection: asyncpg.Connection, number: int) -> None:
    """Take time and agreement away from the import *number*, which waits for the desk again."""
    await connection.execute(
        "UPDATE held SET agreed_by = NULL, reason = '', publish_at = NULL WHERE id = $1", number
    )
    await connection.execute("DELETE FROM held_approval WHERE held = $1", number)
