"""Messages between the watcher and its process for imports: JSON, a line each."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from tileserver.watch.declared import WatchEntry

LONGEST = 4000  # characters of a text

Came: TypeAlias = Literal["imported", "unchanged", "held", "failed", "same", "moving", "away"]


class Errand(msgspec.Struct, frozen=True):
    """Question for the import of one file, unless its bytes have the hash *spared*, in hex.

    The path is in the bytes of the file system, which need not be UTF-8.
    """

    entry: WatchEntry
    path: bytes
    spared: str


class Reply(msgspec.Struct, frozen=True):
    """Answer to an errand: the result, the stamp of the file, the hash of its bytes in hex.

    ``same`` has the spared hash, ``moving`` changed while it was read, ``away`` found no database.
    """

    result: Came
    said: str = ""
    revision: int | None = None
    held: int | None = None
    hash: str = ""
    stamp: tuple[int, int, int] = (0, 0, 0)
