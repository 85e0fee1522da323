"""Watched files in the database: one watcher at a time, and how each file was read last."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

import asyncpg

from tileserver.store.servers import is_pooled

_LOCK = 7_266_003  # the watcher's; no import waits for it

Result: TypeAlias = Literal["imported", "unchanged", "held", "failed"]


@dataclass(frozen=True, slots=True)
class WatchedFile:
    """A file at its last reading: the hash of its bytes, the hash of its terms, and the result.

    Times of the file are in nanoseconds by the clock of its file system, all others in UTC. It is missing
    from ``gone_at`` on, inclusive.
    """

    entry: str
    path: str
    size: int
    modified: int
    changed: int
    hash: bytes
    terms: bytes
    result: Result
    said: str
    revision: int | None
    held: int | None
    read_at: datetime
    failures: int = 0
    next_try: datetime | None = None
    gone_at: datetime | None = None

    @property
    def stamp(self) -> tuple[int, int, int]:
        """Size and times; equal where nobody has touched the file."""
        return self.size, self.modified, self.changed


@dataclass(frozen=True, slots=True)
class WatchedEntry:
    """An entry as declared, its last looks in UTC, and the instant from which, inclusive, something fails."""

    entry: str
    layer: str
    files: str
    every: str
    is_declared: bool
    looked_at: datetime | None
    well_at: datetime | None
    trouble: str
    failing_from: datetime | None


class Declared(NamedTuple):
    """An entry to be declared."""

    entry: str
    layer: str
    files: str
    every: str


class Watcher(NamedTuple):
    """The process that watches, or did so last; the instant of its begin in UTC."""

    host: str
    process: int
    began: datetime


class DeskWaiting(NamedTuple):
    """Work that waits for the desk: numbers, first instants in UTC, inclusive, the last look all well."""

    held: int
    held_from: datetime | None
    failing: int
    failing_from: datetime | None
    well_at: datetime | None


_FILE = (
    "entry, path, size, modified, changed, hash, terms, result, said, revision, held, read_at, failures,"
    " next_try, gone_at"
)
_ENTRY = "entry, layer, files, every, is_declared, looked_at, well_at, trouble, failing_from"
_KEEP = f"""
    INSERT INTO watched_file ({_FILE})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    ON CONFLICT (entry, path) DO UPDATE SET ({_FILE}) = ROW (excluded.*)
"""
# A held import that was decided is the desk's word on the file.
_FILES = """
    SELECT entry, path, size, modified, changed, hash, terms,
        CASE WHEN h.state = 'accepted' THEN 'imported' ELSE result END AS result,
        CASE h.state WHEN 'accepted' THEN 'accepted by the desk' WHEN 'rejected' THEN 'rejected by the desk'
            ELSE said END AS said,
        coalesce(f.revision, h.revision) AS revision,
        CASE WHEN h.state = 'waiting' THEN held END AS held, read_at, failures, next_try, gone_at
    FROM watched_file f LEFT JOIN held h ON h.id = f.held
    WHERE $1 = '' OR entry = $1 ORDER BY entry, path
"""
_LOOKED = """
    UPDATE watch_entry e SET looked_at = $2, trouble = $3,
        well_at = CASE WHEN $3 = '' AND NOT failing THEN $2 ELSE well_at END,
        failing_from = CASE WHEN $3 = '' AND NOT failing THEN NULL ELSE coalesce(failing_from, $2) END
    FROM (SELECT EXISTS (
        SELECT FROM watched_file WHERE entry = $1 AND result = 'failed' AND gone_at IS NULL) AS failing) AS f
    WHERE e.entry = $1
"""
_AT_WORK = """
    SELECT EXISTS (
        SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE locktype = 'advisory' AND classid = 0 AND objid = $1::bigint::oid AND granted
            AND datname = current_database())
"""


@asynccontextmanager
async def sole_watcher(connection: asyncpg.Connection) -> AsyncIterator[bool]:
    """Be the only watcher of the database as long as *connection* lasts; yield whether nobody else is.

    Through a pooler, which gives each transaction another session, it is one transaction, and *connection* is
    of no use for anything else.
    """
    if await is_pooled(connection):
        async with connection.transaction():
            yield await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK)
        return
    yield await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK)


async def begin_watching(
    connection: asyncpg.Connection, watcher: Watcher, declared: Sequence[Declared]
) -> None:
    """Say who watches from now on, and which entries; others of before stay, and are no longer declared."""
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO watcher (host, process, began) VALUES ($1, $2, $3)"
            " ON CONFLICT (is_only) DO UPDATE SET (host, process, began) = ROW ($1, $2, $3)",
            *watcher,
        )
        await connection.execute("UPDATE watch_entry SET is_declared = false")
        await connection.executemany(
            "INSERT INTO watch_entry (entry, layer, files, every) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (entry) DO UPDATE SET (layer, files, every, is_declared) = ROW ($2, $3, $4, true)",
            declared,
        )


async def find_watcher(connection: asyncpg.Connection) -> tuple[Watcher | None, bool]:
    """Return who watches, or did so last, and whether anybody does at this moment."""
    row = await connection.fetchrow("SELECT host, process, began FROM watcher")
    return (None if row is None else Watcher(*row)), await connection.fetchval(_AT_WORK, _LOCK)


async def list_entries(connection: asyncpg.Connection) -> list[WatchedEntry]:
    """Return every entry that was ever declared, by name."""
    return [
        WatchedEntry(*row) for row in await connection.fetch(f"SELECT {_ENTRY} FROM watch_entry ORDER BY 1")
    ]


async def list_files(connection: asyncpg.Connection, entry: str = "") -> list[WatchedFile]:
    """Return the files of *entry*, or of all, by path; a held file with the decision of the desk, if any."""
    return [WatchedFile(*row) for row in await connection.fetch(_FILES, entry)]


async def keep_file(connection: asyncpg.Connection, file: WatchedFile) -> None:
    """Keep how a file was read."""
    await connection.execute(
        _KEEP,
        file.entry,
        file.path,
        *file.stamp,
        file.hash,
        file.terms,
        file.result,
        file.said,
        file.revision,
        file.held,
        file.read_at,
        file.failures,
        file.next_try,
        file.gone_at,
    )


async def touch_file(
    connection: asyncpg.Connection, entry: str, path: str, stamp: tuple[int, int, int]
) -> None:
    """Keep a new *stamp* of a file of equal content, which is there."""
    await connection.execute(
        "UPDATE watched_file SET (size, modified, changed, gone_at) = ROW ($3::bigint, $4::bigint,"
        " $5::bigint, NULL::timestamptz) WHERE entry = $1 AND path = $2",
        entry,
        path,
        *stamp,
    )


async def note_gone(connection: asyncpg.Connection, entry: str, paths: Sequence[str], at: datetime) -> None:
    """Note that files are missing since *at*, UTC."""
    await connection.execute(
        "UPDATE watched_file SET gone_at = $3 WHERE entry = $1 AND path = ANY ($2)", entry, list(paths), at
    )


async def note_look(connection: asyncpg.Connection, entry: str, at: datetime, trouble: str) -> None:
    """Note a look at *entry* at the instant *at*, UTC, and the trouble with the entry as a whole, if any."""
    await connection.execute(_LOOKED, entry, at, trouble)


async def forget_files(connection: asyncpg.Connection, entry: str, path: str) -> int:
    """Forget how the files of *entry*, or its file *path* alone, were read; return the number of files."""
    done = await connection.execute(
        "DELETE FROM watched_file WHERE entry = $1 AND ($2 = '' OR path = $2)", entry, path
    )
    return int(done.split()[-1])


async def desk_waiting(connection: asyncpg.Connection) -> DeskWaiting:
    """Return the amount of work that waits for the desk, without names."""
    return DeskWaiting(*await connection.fetchrow("SELECT * FROM desk_waiting"))
