"""Turns on disk, known again after the next start of the server."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import zstandard

from tileserver.publish.turns import Passed, TurnKey, Way

FORMAT = 1  # of the file; raised where the same faces come to other gains, too
_FILE, _LOCK = f"gains-{FORMAT}.kept", "gains.lock"
_SUM = 16  # bytes at the beginning: of all that follows
_MOST = 64 << 20  # bytes of a file that is read

_Row = tuple[TurnKey, list[tuple[Way, float]]]


class TurnFile:
    """A file of turns in *folder*, which any number of processes share; damage is as if nothing were kept."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._lock = folder / _LOCK

    def read(self) -> Iterator[tuple[TurnKey, Passed]]:
        """Yield the turns on disk; none where the file is away or damaged."""
        with suppress(OSError, msgspec.MsgspecError, zstandard.ZstdError):
            data = self._path.read_bytes()
            if data[:_SUM] == _sum(data[_SUM:]):
                packed = zstandard.ZstdDecompressor().decompress(data[_SUM:], max_output_size=_MOST)
                for key, passed in msgspec.msgpack.decode(packed, type=list[_Row]):
                    yield key, dict(passed)

    def write(self, kept: Mapping[TurnKey, Passed], rules: Collection[bytes]) -> None:
        """Replace the bytes of the file by turns *kept* under *rules*; a full disk changes nothing."""
        rows = [(key, [*passed.items()]) for key, passed in kept.items() if key[0] in rules]
        data = zstandard.ZstdCompressor().compress(msgspec.msgpack.encode(rows))
        new = self._path.with_suffix(".new")
        with suppress(OSError):
            new.write_bytes(_sum(data) + data)
            new.replace(self._path)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Say whether no other process works out turns, and let none meanwhile; yes without a folder."""
        try:
            lock = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            yield True
            return
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
        finally:
            os.close(lock)


def _sum(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_SUM).digest()
