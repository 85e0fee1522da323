"""Packed files that swell: refused while unpacked, long before a disk is full or a minute gone."""

from __future__ import annotations

import bz2
import gzip
import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from tileserver.errors import HostileSource
from tileserver.ingest.containers.xz import XZ, XzFile
from tileserver.ingest.limits import MB, Limits

GZIP, BZIP2 = b"\x1f\x8b", b"BZh"
_STEP = 8 * MB  # of a step forward, between two looks


def check_swelling(unpacked: int, packed: int, most: int, name: str, limits: Limits) -> None:
    """Raise `HostileSource` where *packed* bytes of *name* are *unpacked* bytes: over *most* times as many.

    Nothing is said of less than `Limits.swelling_from` bytes: short files may be of blanks.
    """
    if unpacked > limits.swelling_from and unpacked > most * packed:
        raise HostileSource(f"{name} unpacks to more than {most:,} times its size, which no map does")


def is_packed(head: bytes) -> bool:
    """Whether a file that begins with *head* is packed by gzip, bzip2 or xz."""
    return head.startswith((GZIP, BZIP2, XZ))


@contextmanager
def open_unpacked(path: Path, head: bytes, limits: Limits, name: str = "") -> Iterator[BinaryIO]:
    """Open the bytes within a packed file for reading; `HostileSource` once the bytes swell, named *name*."""
    with ExitStack() as stack:
        packed: BinaryIO = stack.enter_context(path.open("rb"))
        most = limits.swelling
        if head.startswith(GZIP):
            inner = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=packed)))
        elif head.startswith(BZIP2):
            inner = cast(BinaryIO, stack.enter_context(bz2.BZ2File(packed)))
        else:
            inner, most = cast(BinaryIO, XzFile(packed, limits.unpacker_bytes)), limits.swelling_xz
        watched = _Watched(inner, packed, most, name or path.name, limits)
        yield stack.enter_context(io.BufferedReader(watched, MB))


class _Watched(io.RawIOBase):
    """Bytes unpacked from a file, with a look at how many came of how many at each step."""

    def __init__(self, inner: BinaryIO, packed: BinaryIO, most: int, name: str, limits: Limits) -> None:
        self._inner, self._packed, self._most, self._name = inner, packed, most, name
        self._limits = limits

    def readable(self) -> bool:
        """Return true: the file is for reading."""
        return True

    def seekable(self) -> bool:
        """Return true: a place can be stepped to."""
        return True

    def tell(self) -> int:
        """Return the number of unpacked bytes before this place."""
        return self._inner.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Step to the unpacked byte *offset*, or to the end of a shorter file."""
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("its end is not known")
        place = offset + (self.tell() if whence == io.SEEK_CUR else 0)
        while (here := self.tell()) + _STEP < place:
            if self._inner.seek(here + _STEP) < here + _STEP:
                return self.tell()
            self._look()
        self._inner.seek(place)
        self._look()
        return self.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill *buffer* as far as the next bytes go; return their number, 0 at the end."""
        found = self._inner.read(len(buffer))
        buffer[: len(found)] = found
        self._look()
        return len(found)

    def _look(self) -> None:
        check_swelling(self.tell(), self._packed.tell(), self._most, self._name, self._limits)
