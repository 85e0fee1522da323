"""The opening of the shelf's file: a damaged file is put aside, and a new file begun."""

from __future__ import annotations

import fcntl
from pathlib import Path

import structlog

from tileserver.tiles.shelf_faults import FAILURES, OutgrownFile, is_damage
from tileserver.tiles.shelf_file import ShelfFile

log = structlog.get_logger()

_LOCK = "tiles.lock"
_ASIDE = "damaged.sqlite"  # the last one only: a bad disk must not fill itself
_ATTEMPTS = 3


def open_file(path: Path, capacity: int) -> ShelfFile:
    """Open the file at *path* of at most *capacity* bytes, or begin a new file where the old file is damaged.

    Raises
    ------
    OSError, sqlite3.Error
        The file cannot be opened, or a damaged file cannot be put aside.
    """
    for _ in range(_ATTEMPTS):
        inode = path.stat().st_ino if path.exists() else 0
        try:
            return ShelfFile(path, capacity)
        except FAILURES as error:
            if not is_damage(error):
                raise
            put_aside(path, inode, error)
    return ShelfFile(path, capacity)


def put_aside(path: Path, inode: int, error: BaseException) -> None:
    """Take the damaged file with that *inode* out of the way, unless another process has done so already."""
    with path.with_name(_LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists() or path.stat().st_ino != inode:
            return
        if isinstance(error, OutgrownFile):
            path.unlink()
        else:
            path.rename(path.with_name(_ASIDE))
            log.error("the file of the shelf was put aside as damaged", file=_ASIDE, error=str(error))
        Path(f"{path}-journal").unlink(missing_ok=True)
