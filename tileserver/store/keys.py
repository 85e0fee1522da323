"""Keys of partners in the database, and how often each was used on which day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

import asyncpg

from tileserver.errors import BadParameter, SchemaMismatch
from tileserver.store.connect import connect, translated

_READ = """
SELECT id, secret_hash, label, tilesets, embargo_class, origins, per_minute, per_month,
    created, expires, revoked
FROM api_key WHERE generation > $1 ORDER BY created, id
"""
_USED = """
SELECT api_key, sum(requests)::bigint FROM api_key_usage
WHERE day >= $1 AND ($2::text[] IS NULL OR api_key = ANY($2))
GROUP BY api_key
"""
_COUNT = """
INSERT INTO api_key_usage (api_key, day, requests, refused)
SELECT used.* FROM unnest($1::text[], $2::date[], $3::bigint[], $4::bigint[])
    AS used (api_key, day, requests, refused) JOIN api_key ON id = used.api_key
ON CONFLICT (api_key, day) DO UPDATE
SET requests = api_key_usage.requests + EXCLUDED.requests, refused = api_key_usage.refused + EXCLUDED.refused
"""


class StoredKey(NamedTuple):
    """A key as stored; ``secret_hash`` is 32 bytes, quotas are requests, ``None`` for any number.

    Instants are UTC; the key is good in the half-open period up to ``expires`` or ``revoked``.
    """

    id: str
    secret_hash: bytes
    label: str
    tilesets: tuple[str, ...]  # patterns
    embargo_class: str  # '' for the public's horizon
    origins: tuple[str, ...]  # of pages that may use it, none for any
    per_minute: int | None
    per_month: int | None
    created: datetime
    expires: datetime | None
    revoked: datetime | None

    @property
    def has_quota(self) -> bool:
        """Whether requests of the key are counted against a quota."""
        return self.per_minute is not None or self.per_month is not None


class KeysRead(NamedTuple):
    """Keys written after an earlier reading, up to ``generation``, and requests of each in a month."""

    generation: int
    keys: list[StoredKey]
    used: Mapping[str, int]


class DayOfUse(NamedTuple):
    """How often a key was used on a day of UTC, and how often that was refused."""

    key_id: str
    day: date
    requests: int
    refused: int


async def add_key(connection: asyncpg.Connection, new: StoredKey) -> None:
    """Store *new*; servers hear of the key at once."""
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO api_key VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            *new,
            await _next_generation(connection),
        )


async def revoke_key(connection: asyncpg.Connection, key_id: str) -> bool:
    """Revoke a key for good, at once for all servers; whether the key was good before."""
    async with connection.transaction():
        revoked = await connection.fetchval(
            "UPDATE api_key SET revoked = now(), generation = $2"
            " WHERE id = $1 AND revoked IS NULL RETURNING true",
            key_id,
            await _next_generation(connection),
        )
    return bool(revoked)


async def _next_generation(connection: asyncpg.Connection) -> int:
    await connection.execute("SELECT pg_notify('tileserver_revision', '')")
    generation: int = await connection.fetchval(
        "UPDATE api_key_state SET generation = generation + 1 RETURNING generation"
    )
    return generation


async def read_keys(connection: asyncpg.Connection, after: int, month: date) -> KeysRead:
    """Return the keys written after the generation *after*, and requests from the day *month* on."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        generation = await connection.fetchval("SELECT generation FROM api_key_state")
        keys = [_stored(row) for row in await connection.fetch(_READ, after)]
        return KeysRead(generation, keys, dict(await connection.fetch(_USED, month, None)))


async def read_keys_of(dsn: str, after: int, month: date) -> KeysRead:
    """Return the same over a connection of its own to the server at *dsn*: readers do not delay a revocation.

    Raises
    ------
    StoreUnavailable
        The server does not answer.
    """
    connection = await connect(dsn)
    try:
        return await read_keys(connection, after, month)
    finally:
        await connection.close(timeout=10)


async def find_keys(connection: asyncpg.Connection) -> list[StoredKey]:
    """Return all keys, the oldest first."""
    return [_stored(row) for row in await connection.fetch(_READ, -1)]


async def find_key(connection: asyncpg.Connection, key_id: str) -> StoredKey:
    """Return the key of that id; `BadParameter` lists some that there are."""
    found = await find_keys(connection)
    for each in found:
        if each.id == key_id:
            return each
    there = ", ".join(f"{each.id} ({each.label})" for each in found[-5:]) or "none yet"
    raise BadParameter(f"there is no key {key_id[:40]!r}; the last ones are: {there}")


async def add_usage(dsn: str, days: Sequence[DayOfUse], month: date) -> Mapping[str, int]:
    """Add *days* to the usage stored at *dsn*, and return requests from the day *month* on, by key.

    Raises
    ------
    StoreUnavailable, StoreBusy
        The server does not answer.
    SchemaMismatch
        It takes no writes from us.
    """
    connection = await connect(dsn)
    try:
        with translated():
            async with connection.transaction():
                await connection.execute(
                    "SET TRANSACTION READ WRITE"
                )  # a role that serves does not by itself
                await connection.execute(_COUNT, *map(list, zip(*sorted(days), strict=True)))
                return dict(await connection.fetch(_USED, month, sorted({each.key_id for each in days})))
    except (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError) as error:
        raise SchemaMismatch(
            "usage of keys cannot be written: run tileserver db roles, and see that DATABASE_URL is a primary"
        ) from error
    finally:
        await connection.close(timeout=10)


async def find_usage(connection: asyncpg.Connection, first: date, key_id: str = "") -> list[DayOfUse]:
    """Return the days of use from the day *first* on, inclusive, of one key or of all, ascending."""
    rows = await connection.fetch(
        "SELECT api_key, day, requests, refused FROM api_key_usage"
        " WHERE day >= $1 AND ($2 = '' OR api_key = $2) ORDER BY day, api_key",
        first,
        key_id,
    )
    return [DayOfUse(*row) for row in rows]


def _stored(row: asyncpg.Record) -> StoredKey:
    values = dict(row)
    return StoredKey(**{**values, "tilesets": tuple(values["tilesets"]), "origins": tuple(values["origins"])})
