"""Faults of the shelf's file, told apart by whether the file can be used again, and how."""

from __future__ import annotations

import sqlite3

_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ", "SQLITE_FORMAT")


class DamagedFile(Exception):
    """A file shorter than its head says, or of another format than its name says."""


class OutgrownFile(Exception):
    """A file larger than its bound of today: SQLite gives no room back."""


# The third: of a length that flipped bits made absurd.
FAILURES = (sqlite3.Error, OSError, MemoryError, DamagedFile, OutgrownFile)


def is_busy(error: BaseException) -> bool:
    """Whether another process writes, which passes."""
    return _code(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def is_readonly(error: BaseException) -> bool:
    """Whether the file, or its folder, may be read and not written to."""
    return _code(error).startswith("SQLITE_READONLY") and _code(error) != "SQLITE_READONLY_DBMOVED"


def is_doubtful(error: BaseException) -> bool:
    """Whether the tables seem not to be there: gone, or not to be read while another process writes."""
    return _code(error) == "SQLITE_ERROR"


def is_damage(error: BaseException) -> bool:
    """Whether the file cannot be mended; a number that became a text which is none has no code."""
    is_known = isinstance(error, DamagedFile | OutgrownFile | MemoryError)
    return is_known or _code(error).startswith(_DAMAGED) or "Could not decode to UTF-8" in str(error)


def words_of(error: BaseException) -> str:
    """Return the fault in words, without the path."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _code(error: BaseException) -> str:
    return getattr(error, "sqlite_errorname", "")
