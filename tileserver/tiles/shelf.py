"""Tiles on disk, shared by all processes of a machine and kept beyond their end.

A key names a content, so nothing is ever invalidated. What was withdrawn keeps its bytes here, but nothing
names it any more.

SQLite, which reads with plain reads: a file that another program truncates or overwrites is an error, and
never a signal that ends the process, as with a file that is mapped into memory. Each entry carries a sum of
its key and its bytes, so what the disk changed is not there rather than wrong. A file whose structure is
damaged is put aside, and a new one begun.
"""

from __future__ import annotations

import fcntl
import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
import zstandard

from tileserver.config import Settings
from tileserver.errors import ShelfUnavailable
from tileserver.times import system_clock

log = structlog.get_logger()

_PAGE = 8192
_FILE = "tiles.sqlite"
_JOURNAL = "-journal"
# Result codes of a file that cannot be mended; the last is that of a table that is not there.
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ", "SQLITE_ERROR")
_PRAGMAS = (f"page_size = {_PAGE}", "journal_mode = PERSIST", "synchronous = OFF", "mmap_size = 0")
_COUNTS = ("page_count", "freelist_count")
_PATIENCE_S = 0.02  # of a reader while another process writes; then the tile is rendered
_WRITING_S = 5.0
_HOUR = 3600
_REMEMBERED_H = 6  # a use is noted only if the one before is so long ago: most reads write nothing
_NOTES = 512
_ROOM = 0.95  # of the capacity, to which the shelf is emptied when it is full
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


class Shelf:
    """A bounded store of tiles in a folder, for any number of processes to read and write.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    capacity : int
        Bytes on disk. When there is no more room, what nobody asked for the longest leaves.

    Raises
    ------
    ShelfUnavailable
        The folder cannot be made or written to.
    """

    def __init__(self, folder: Path, capacity: int) -> None:
        self._file = folder / _FILE
        self._pages = max(capacity // _PAGE, 16)
        self._lock = threading.RLock()
        self._notes: set[bytes] = set()  # keys that were used, and are to be noted so
        self._told = self._suffered = ""  # what the log has last
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._open()
        except (OSError, sqlite3.Error) as error:
            raise ShelfUnavailable(f"TILESERVER_SHELF cannot be opened: {error}") from error

    def get(self, name: str) -> bytes | None:
        """Return the tile *name*; empty bytes for an empty tile, ``None`` where none is kept or undamaged."""
        key = _key(name)
        try:
            row = self._reader.execute("SELECT used, sum, data FROM tile WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            self._suffer(error)
            return None
        if row is None:
            return None
        used, told, data = row
        # A flipped bit may make another type of a value, too.
        if not (isinstance(used, int) and isinstance(data, bytes)) or told != _sum(key, data):
            log.error("a tile on disk is damaged, and is rendered anew", tile=name)
            return None
        if used < _now() - _REMEMBERED_H and len(self._notes) < _NOTES:
            self._notes.add(key)
        return zstandard.decompress(data) if data else b""

    def has(self, name: str) -> bool:
        """Whether the tile *name* is there."""
        try:
            query = "SELECT 1 FROM tile WHERE key = ?"
            return self._reader.execute(query, (_key(name),)).fetchone() is not None
        except sqlite3.Error as error:
            self._suffer(error)
            return False

    def put(self, tiles: Iterable[tuple[str, bytes]]) -> int:
        """Keep *tiles*, all or none, and return their bytes.

        Raises
        ------
        ShelfUnavailable
            They cannot be written, or take more than there may be.
        """
        packed = [(_key(name), zstandard.compress(data, 6) if data else b"") for name, data in tiles]
        size = sum(len(data) for _, data in packed)
        if size > self._pages * _PAGE * _ROOM:
            raise ShelfUnavailable("there is no room for so much on disk; raise TILESERVER_SHELF_MB")
        try:
            with self._lock, self._writing() as writer:
                self._make_room(writer, size)
                now = _now()
                writer.executemany(
                    "INSERT OR REPLACE INTO tile (key, used, sum, data) VALUES (?, ?, ?, ?)",
                    [(key, now, _sum(key, data), data) for key, data in packed],
                )
        except sqlite3.Error as error:
            self._suffer(error)
            raise ShelfUnavailable(f"the tiles on disk cannot be written: {error}") from error
        return size

    def keep(self, name: str, data: bytes) -> None:
        """Keep a tile if possible; a reader is never failed for want of room or of a disk."""
        try:
            self.put([(name, data)])
        except ShelfUnavailable as error:
            if str(error) != self._told:
                log.warning("the shelf takes no more: new tiles are kept in memory alone", error=str(error))
            self._told = str(error)

    @property
    def size(self) -> int:
        """Bytes that the tiles and their index take on disk."""
        return self._taken(self._reader) * _PAGE

    def __len__(self) -> int:
        return int(self._reader.execute("SELECT count(*) FROM tile").fetchone()[0])

    def close(self) -> None:
        """Note the last uses, and close the file."""
        with self._lock:
            with suppress(sqlite3.Error), self._writing():
                pass
            self._reader.close()
            self._writer.close()

    def _open(self) -> None:
        self._reader = self._connect(_PATIENCE_S)
        self._writer = self._connect(_WRITING_S)
        with self._writing() as writer:
            for statement in _SCHEMA:
                writer.execute(statement)
        self._inode = self._file.stat().st_ino

    def _connect(self, patience_s: float) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._file, timeout=patience_s, isolation_level=None, check_same_thread=False
        )
        # Every entry can be made again, and is summed: what a power cut takes or tears need not be prevented.
        # The journal is a file, so a process may be killed at any time.
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the writing connection in one transaction, in which the uses are noted, too."""
        writer = self._writer
        writer.execute("BEGIN IMMEDIATE")
        try:
            if self._notes:
                notes, self._notes = self._notes, set()
                writer.executemany("UPDATE tile SET used = ? WHERE key = ?", [(_now(), key) for key in notes])
            yield writer
            writer.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                writer.execute("ROLLBACK")
            raise

    def _make_room(self, writer: sqlite3.Connection, size: int) -> None:
        """Delete the tiles unused for longest, until *size* more bytes fit."""
        wanted = size // _PAGE + 1
        if self._taken(writer) + wanted <= self._pages:
            return
        while self._taken(writer) + wanted > self._pages * _ROOM:
            gone = writer.execute(
                "DELETE FROM tile WHERE rowid IN (SELECT rowid FROM tile ORDER BY used, rowid LIMIT ?)",
                (_TOGETHER,),
            )
            if not gone.rowcount:
                return

    @staticmethod
    def _taken(connection: sqlite3.Connection) -> int:
        """Return the pages in use."""
        pages, free = (connection.execute(f"PRAGMA {count}").fetchone()[0] for count in _COUNTS)
        return int(pages) - int(free)

    def _suffer(self, error: sqlite3.Error) -> None:
        """Begin a new file where the old file is damaged; any other failure may pass."""
        name = getattr(error, "sqlite_errorname", "")
        if name in ("SQLITE_BUSY", "SQLITE_LOCKED"):
            return
        if str(error) != self._suffered:
            log.error("the shelf cannot be used", error=str(error), code=name)
        self._suffered = str(error)
        if name.startswith(_DAMAGED) or not self._file.exists():
            with suppress(OSError, sqlite3.Error):
                self._begin_anew()

    def _begin_anew(self) -> None:
        """Put the file aside, unless another process has done so already, and open a new file."""
        with self._lock, self._file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._reader.close()
            self._writer.close()
            if self._file.exists() and self._file.stat().st_ino == self._inode:
                aside = self._file.with_name(f"damaged-{int(system_clock().timestamp())}.sqlite")
                self._file.rename(aside)
                Path(f"{self._file}{_JOURNAL}").unlink(missing_ok=True)
                log.error("the file of the shelf is damaged, and was put aside", file=aside.name)
            self._open()


def open_shelf(settings: Settings) -> Shelf | None:
    """Return the shelf that *settings* name, if any."""
    return None if settings.shelf is None else Shelf(settings.shelf, settings.shelf_mb * 1024 * 1024)


def _key(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def _sum(key: bytes, data: bytes) -> bytes:
    return hashlib.blake2b(key + data, digest_size=8).digest()


def _now() -> int:
    return int(system_clock().timestamp()) // _HOUR
