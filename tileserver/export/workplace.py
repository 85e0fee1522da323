"""The workplace of an export: a hidden folder beside its files to be, with the tiles drawn so far.

An export that was cut off leaves that folder and nothing else, and the next one to the same place takes from
it every tile whose name is the same still.
"""

from __future__ import annotations

import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tileserver import __version__
from tileserver.errors import BadParameter, BadRequest, ImportFailed

_DRAWN = "drawn.sqlite"
_SCHEMA = """
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = TRUNCATE;
    PRAGMA synchronous = OFF;
    BEGIN EXCLUSIVE;
    CREATE TABLE IF NOT EXISTS drawn (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
    COMMIT;
"""
# What packs a tile decides its bytes too.
_PACKED_BY = f"{__version__} {zlib.ZLIB_RUNTIME_VERSION}"


class DrawnTiles:
    """Tiles by names, packed with gzip, empty tiles too, which outlive the process.

    A name says all that a tile's bytes follow from.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._new: list[tuple[str, bytes]] = []

    def get(self, name: str) -> bytes | None:
        """Return the tile called *name*; ``None`` where none was drawn."""
        question = "SELECT data FROM drawn WHERE name = ?"
        found = self._connection.execute(question, (_key(name),)).fetchone()
        return None if found is None else bytes(found[0])

    def put(self, name: str, data: bytes) -> None:
        """Add a tile, which `keep` makes last."""
        self._new.append((_key(name), data))

    def keep(self) -> None:
        """Write the tiles that were put since the last time, all or none."""
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO drawn VALUES (?, ?)", self._new)
        self._new.clear()

    @property
    def number(self) -> int:
        """How many there are."""
        (found,) = self._connection.execute("SELECT count(*) FROM drawn").fetchone()
        return int(found)


@dataclass(frozen=True, slots=True)
class Workplace:
    """A hidden *folder*, and the tiles that were *drawn* for an export so far."""

    folder: Path
    drawn: DrawnTiles


def place_of_work(path: Path, is_folder: bool) -> Path:
    """Return the folder in which an export to *path* works."""
    return path / ".unfinished" if is_folder else path.with_name(f".{path.name}.unfinished")


def drawn_before(folder: Path) -> int:
    """Return how many tiles an export that was cut off left in *folder*; 0 while another works there."""
    file = folder / _DRAWN
    if not file.is_file():
        return 0
    with suppress(sqlite3.Error), closing(sqlite3.connect(file, timeout=0)) as connection:
        return DrawnTiles(connection).number
    return 0


@contextmanager
def workplace(folder: Path) -> Iterator[Workplace]:
    """Lend the workplace in *folder*, which goes when all is done, and stays with its tiles if cut off.

    `BadParameter` where nothing can be written there, or another process works there: then nothing stays.
    """
    with _made(folder), closing(_opened(folder)) as connection:
        _tidy(folder)
        place, is_kept = Workplace(folder, DrawnTiles(connection)), False
        try:
            yield place
        except (BadRequest, ImportFailed, OSError, sqlite3.Error):
            raise  # the next would end there too, and where there is no room it is not to fill up with tiles
        except BaseException:
            is_kept = place.drawn.number > 0
            raise
        finally:
            if is_kept:
                _tidy(folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Have *folder* meanwhile, and leave no new folder around *folder* empty."""
    made = [each for each in folder.parents if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadParameter(f"{folder.parent} cannot be written: {reason}") from error
    finally:
        for each in made:
            with suppress(OSError):
                each.rmdir()


def _opened(folder: Path) -> sqlite3.Connection:
    """Open the tiles in *folder*; a file that a lost machine left unreadable is begun anew."""
    try:
        return _connected(folder / _DRAWN)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise BadParameter(
                f"another export works in {folder}; wait for it, or name another file"
            ) from error
        raise
    except sqlite3.DatabaseError:
        (folder / _DRAWN).unlink()
        return _connected(folder / _DRAWN)


def _connected(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=0)
    try:
        connection.executescript(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _tidy(folder: Path) -> None:
    """Remove all but the tiles: parts of files that nobody finishes."""
    for each in folder.iterdir():
        if each.is_dir():
            shutil.rmtree(each, ignore_errors=True)
        elif not each.name.startswith(_DRAWN):
            each.unlink(missing_ok=True)


def _key(name: str) -> str:
    return f"{_PACKED_BY} {name}"
