"""The audit log: the acts of people, one entry for each, in the transaction of the act itself.

Entries are chained: each has the SHA-256 of the hash before it and of its own canonical JSON. Nobody can
change one, leave one out or add one in between without breaking every hash after it. See docs/audit.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

import asyncpg
import msgspec

from tileserver.store.connect import Connection
from tileserver.store.revisions import without_nul
from tileserver.times import format_instant

_LOCK = 7_266_004  # taken last of all locks, and held until the act is committed
_PAGE = 1000
START = bytes(32)  # the hash before the first entry

Deed: TypeAlias = Literal[
    "begin",
    "import",
    "hold",
    "accept",
    "reject",
    "approve",
    "schedule",
    "cancel",
    "publish",
    "rollback",
    "withdraw",
    "readmit",
    "remark",
    "theatre add",
    "theatre hide",
    "theatre unhide",
    "theatre remove",
    "places import",
    "places remove",
    "key add",
    "key revoke",
    "note add",
    "note edit",
    "note end",
    "note import",
    "event edit",
    "event end",
    "event release",
    "restore",
    "renew",
]


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person did.

    ``by`` is the name of a person, '' where none was given; ``layers`` are names within ``theatre``; the
    ``reason`` is the desk's own. ``details`` are plain JSON, and never hold a secret.
    """

    what: Deed
    by: str
    theatre: str = ""
    layers: tuple[str, ...] = ()
    revisions: tuple[int, ...] = ()
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Link(NamedTuple):
    """An entry in the chain: number, the hash of the entry before and its own, 32 bytes each, and text."""

    number: int
    previous: bytes
    hash: bytes
    said: str


def link_hash(previous: bytes, said: str) -> bytes:
    """Return the SHA-256, 32 bytes, of an entry *said* in canonical JSON after the hash *previous*."""
    return hashlib.sha256(previous + said.encode()).digest()


def canonical(entry: Mapping[str, Any]) -> str:
    """Return *entry* as canonical JSON: keys ascending, no space, UTF-8 unescaped."""
    return msgspec.json.encode(entry, order="deterministic").decode()


async def append(connection: Connection, act: Act) -> Link:
    """Add *act* at the end of the log, in the caller's transaction, as its last statement.

    Whoever appends next waits until that transaction ends. `AssertionError` outside of a transaction.
    """
    assert connection.is_in_transaction(), "an act and its entry stand or fall together"
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    number, previous, now = await connection.fetchrow(
        "SELECT coalesce(max(number), 0) + 1, coalesce((SELECT hash FROM audit_entry ORDER BY number DESC"
        " LIMIT 1), $1), clock_timestamp() FROM audit_entry",
        START,
    )
    said = canonical(
        {
            "number": number,
            "at": format_instant(now),
            "what": act.what,
            "by": _plain(act.by),
            "theatre": act.theatre,
            "layers": list(act.layers),
            "revisions": list(act.revisions),
            "reason": _plain(act.reason),
            "details": act.details,
        }
    )
    link = Link(number, previous, link_hash(previous, said), said)
    await connection.execute(
        "INSERT INTO audit_entry (number, previous, hash, said) VALUES ($1, $2, $3, $4)", *link
    )
    return link


def _plain(text: str) -> str:
    return without_nul(text.encode("utf-8", "replace").decode())


async def links(connection: Connection) -> AsyncIterator[Link]:
    """Give all entries, ascending by number, a page at a time."""
    after = 0
    while rows := await connection.fetch(
        "SELECT number, previous, hash, said FROM audit_entry WHERE number > $1 ORDER BY number LIMIT $2",
        after,
        _PAGE,
    ):
        for row in rows:
            yield Link(*row)
        after = rows[-1]["number"]


async def last_link(connection: Connection) -> Link:
    """Return the newest entry, whose hash is the head of the chain."""
    row = await connection.fetchrow(
        "SELECT number, previous, hash, said FROM audit_entry ORDER BY number DESC LIMIT 1"
    )
    return Link(*row)


async def find_links(
    connection: Connection,
    *,
    theatre: str = "",
    what: str = "",
    by: str = "",
    revision: int | None = None,
    most: int | None = None,
) -> list[Link]:
    """Return the newest *most* entries that fit *revision* and each text that is not empty, newest first."""
    rows = await connection.fetch(
        "SELECT number, previous, hash, said FROM audit_entry"
        " WHERE ($1 = '' OR said::jsonb ->> 'theatre' = $1) AND ($2 = '' OR said::jsonb ->> 'what' = $2)"
        " AND ($3 = '' OR said::jsonb ->> 'by' = $3)"
        " AND ($4::bigint IS NULL OR said::jsonb -> 'revisions' @> to_jsonb($4))"
        " ORDER BY number DESC LIMIT $5",
        theatre,
        what,
        by,
        revision,
        most,
    )
    return [Link(*row) for row in rows]


async def find_link(connection: asyncpg.Connection, number: int) -> Link | None:
    """Return the entry *number*; ``None`` where there is no such entry."""
    row = await connection.fetchrow(
        "SELECT number, previous, hash, said FROM audit_entry WHERE number = $1", number
    )
    return None if row is None else Link(*row)
