"""One file of tiles in SQLite, bounded, each entry with a sum of its key and its bytes.

SQLite reads with plain reads here: a file that another program truncates or overwrites is an error, and
never a signal that ends the process, as where a file is mapped into memory. That rules out its write-ahead
log, whose index is mapped: a truncated ``-shm`` ended the reader by SIGBUS. With a rollback journal a reader
has to try again while another process commits, which took less than a tenth of the time at 3,200 tiles a
second (`Shelf.get_many` does so).
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from errno import ENOSPC
from pathlib import Path
from typing import Any

import structlog
import zstandard

from tileserver.disk import RESERVED, room_for_tiles
from tileserver.tiles.shelf_faults import DamagedFile, OutgrownFile, is_busy, is_doubtful, is_readonly
from tileserver.times import system_clock

log = structlog.get_logger()

FORMAT = 2  # of the table; another one has another file, so two versions of the server can share a folder
FILE = f"tiles-{FORMAT}.sqlite"

_PAGE = 8192
_WRITING_S = 5.0  # to wait while another process writes
# Every entry can be made again, and is summed: what a power cut takes or tears need not be prevented. The
# journal is a file, so a process may be killed at any time. What spills would lock readers out for long.
_PRAGMAS = (
    f"page_size = {_PAGE}",
    "journal_mode = PERSIST",
    "synchronous = OFF",
    "mmap_size = 0",
    "cache_spill = OFF",
    "cell_size_check = ON",
    "trusted_schema = OFF",
)
_COUNTS = ("page_count", "freelist_count")
_OVERHEAD = 80  # bytes of an entry beside its data, with both indexes
_HOUR = 3600
_REMEMBERED_H = 6  # a use is noted only if the one before is so long ago: most reads write nothing
_NOTES = 1024
_SLACK = 512  # pages that are freed at once where the file is full, at most a twentieth of it
_TOGETHER = 32  # entries that leave in one statement
_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS tile (
        key BLOB NOT NULL UNIQUE,   -- 16 bytes
        used INTEGER NOT NULL,      -- hours since 1970
        sum BLOB NOT NULL,          -- of key and data
        data BLOB NOT NULL          -- Zstandard; nothing for an empty tile
    )
    """,
    "CREATE INDEX IF NOT EXISTS tile_used ON tile (used)",
)


class ShelfFile:
    """A bounded file of tiles, for any number of threads and processes.

    Parameters
    ----------
    path : Path
        Made if it is not there. Where it may be read and not written to, ``put`` fails alone.
    capacity : int
        Bytes on disk. When there is no more room, what nobody asked for the longest leaves.

    Raises
    ------
    DamagedFile, OutgrownFile, sqlite3.Error, OSError
        The file cannot be opened, or cannot be used.
    """

    def __init__(self, path: Path, capacity: int) -> None:
        self.path = path
        self._pages = max(capacity // _PAGE, 16)
        self._notes: set[bytes] = set()  # keys that were used, and are to be noted so
        self._reading, self._writing = threading.Lock(), threading.RLock()
        # Making one takes longer than its work on a tile; used under the locks.
        self._pack, self._unpack = zstandard.ZstdCompressor(6), zstandard.ZstdDecompressor()
        self._damaged = 0
        self.is_readonly = False
        with ExitStack() as opened:
            self._writer = opened.enter_context(closing(self._connect()))
            self._prepare()
            self._reader = opened.enter_context(closing(self._connect()))
            self._reader.execute("PRAGMA busy_timeout = 0")
            self.inode = path.stat().st_ino
            opened.pop_all()

    def get(self, names: Sequence[str]) -> dict[str, bytes] | None:
        """Return the undamaged tiles among *names*, empty bytes for an empty tile.

        ``None`` where the file is being written to, or read by another thread: ask again.
        """
        keys = [_key(name) for name in names]
        if not self._reading.acquire(blocking=False):
            return None
        try:
            read = zip(names, keys, self._rows(keys), strict=True)
            found = ((name, self._unpacked(name, key, row)) for name, key, row in read)
            return {name: data for name, data in found if data is not None}
        except sqlite3.OperationalError as error:
            if is_busy(error):
                return None
            raise
        finally:
            self._reading.release()

    def has_many(self, names: Sequence[str]) -> set[str]:
        """Return the names of *names* under which something is kept, damaged or not."""
        with self._reading, _together(self._reader):
            query = "SELECT 1 FROM tile WHERE key = ?"
            return {name for name in names if self._reader.execute(query, (_key(name),)).fetchone()}

    def put(self, tiles: Iterable[tuple[str, bytes]]) -> int:
        """Keep *tiles*, all or none, and return their bytes on disk.

        Raises
        ------
        ValueError
            They take more than there may be.
        sqlite3.Error
            They cannot be written.
        """
        with self._writing:
            pack = self._pack.compress
            packed = [(_key(name), pack(data) if data else b"") for name, data in tiles]
        size = sum(len(data) for _, data in packed)
        if size > (self._pages - self._slack) * _PAGE:
            raise ValueError("there is no room for so much on disk; raise TILESERVER_SHELF_MB")
        with self._transaction() as writer:
            self._make_room(writer, _pages_for(packed))
            now = _now()
            writer.executemany(
                "INSERT OR REPLACE INTO tile (key, used, sum, data) VALUES (?, ?, ?, ?)",
                [(key, now, _sum(key, data), data) for key, data in packed],
            )
        return size

    def note_uses(self) -> None:
        """Write down which tiles were used, where that is long not said."""
        if self._notes:
            with self._transaction():
                """The uses are noted in any transaction."""

    @property
    def size(self) -> int:
        """Bytes that the tiles and their index take on disk."""
        with self._reading:
            return _taken(self._reader) * _PAGE

    def __len__(self) -> int:
        with self._reading:
            return int(self._reader.execute("SELECT count(*) FROM tile").fetchone()[0])

    @property
    def is_in_place(self) -> bool:
        """Whether the path still names the file that was opened."""
        try:
            return self.path.stat().st_ino == self.inode
        except OSError:
            return False

    def close(self) -> None:
        """Close the file; whoever uses the file still gets an error."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=_WRITING_S, isolation_level=None, check_same_thread=False
        )
        with ExitStack() as opened:
            opened.enter_context(closing(connection))
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            opened.pop_all()
        return connection

    def _prepare(self) -> None:
        """Check an existing file, or make the tables of a new file."""
        try:
            self._begin()
        except sqlite3.OperationalError as error:
            if not is_readonly(error):
                raise
            self.is_readonly = True
        try:
            self._writer.execute("SELECT key, used, sum, data FROM tile LIMIT 0")
        except sqlite3.OperationalError as error:
            raise DamagedFile("it has no such table") if is_doubtful(error) else error from error
        asked = "user_version", "page_count"
        told, pages = (self._writer.execute(f"PRAGMA {one}").fetchone()[0] for one in asked)
        if told != FORMAT:
            raise DamagedFile(f"its format is {told}, not {FORMAT}")
        if self.path.stat().st_size < pages * _PAGE:
            raise DamagedFile("it is shorter than it says")
        if pages > self._pages + self._slack:
            raise OutgrownFile("it is larger than TILESERVER_SHELF_MB")

    def _begin(self) -> None:
        with self._transaction() as writer:
            if not writer.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                for statement in (*_SCHEMA, f"PRAGMA user_version = {FORMAT}"):
                    writer.execute(statement)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection in one transaction, in which the uses are noted, too."""
        with self._writing:
            writer = self._writer
            with _together(writer, "BEGIN IMMEDIATE"):
                if self._notes:
                    notes, self._notes = self._notes, set()
                    query, now = "UPDATE tile SET used = ? WHERE key = ?", _now()
                    writer.executemany(query, [(now, key) for key in notes])
                yield writer

    @property
    def _slack(self) -> int:
        return min(self._pages // 20, _SLACK)

    def _make_room(self, writer: sqlite3.Connection, wanted: int) -> None:
        """Delete the tiles unused for longest, until *wanted* more pages are free."""
        size = int(writer.execute("PRAGMA page_count").fetchone()[0]) * _PAGE  # SQLite gives no room back
        bound = room_for_tiles(self._pages * _PAGE, size, self.path.parent) // _PAGE
        if _taken(writer) + wanted <= bound:
            return
        query = "DELETE FROM tile WHERE rowid IN (SELECT rowid FROM tile ORDER BY used, rowid LIMIT ?)"
        while _taken(writer) + wanted > bound - self._slack:
            if not writer.execute(query, (_TOGETHER,)).rowcount:
                break
        if _taken(writer) + wanted > bound and bound < self._pages:
            raise OSError(ENOSPC, f"less than {RESERVED >> 20} MB are free on its disk, left to PostgreSQL")

    def _rows(self, keys: list[bytes]) -> list[Any]:
        """Return the row of each of *keys*, several in one transaction, which halves the time of each."""
        query = "SELECT used, sum, data FROM tile WHERE key = ?"
        with _together(self._reader) if len(keys) > 1 else nullcontext():
            return [self._reader.execute(query, (key,)).fetchone() for key in keys]

    def _unpacked(self, name: str, key: bytes, row: tuple[object, object, object] | None) -> bytes | None:
        if row is None:
            return None
        used, told, data = row
        # A flipped bit may make another type of a value, too.
        if not (isinstance(used, int) and isinstance(data, bytes)) or told != _sum(key, data):
            self._damaged += 1
            if self._damaged.bit_count() == 1:  # the first, the second, the fourth: a bad disk fills no log
                log.error("a tile on disk is damaged, and is rendered anew", tile=name, damaged=self._damaged)
            return None
        if used < _now() - _REMEMBERED_H and len(self._notes) < _NOTES:
            self._notes.add(key)
        return self._unpack.decompress(data) if data else b""


@contextmanager
def _together(connection: sqlite3.Connection, begin: str = "BEGIN") -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _pages_for(packed: list[tuple[bytes, bytes]]) -> int:
    """Return the pages that entries take at most: a tile of some size has pages of its own."""
    size = sum(len(data) + _OVERHEAD for _, data in packed)
    return size * 3 // 2 // _PAGE + sum(len(data) > _PAGE // 4 for _, data in packed) + 8


def _taken(connection: sqlite3.Connection) -> int:
    """Return the pages in use."""
    pages, free = (connection.execute(f"PRAGMA {count}").fetchone()[0] for count in _COUNTS)
    return int(pages) - int(free)


def _key(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def _sum(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(key + data, digest_size=8).digest()


def _now() -> int:
    return int(system_clock().timestamp()) // _HOUR
