"""Tar archives, packed by gzip, bzip2, xz or not at all: opened in bounded memory, checked before use."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from tileserver.errors import HostileSource, UnreadableSource
from tileserver.ingest.limits import MB, Limits

TAR_SUFFIXES = (".tar", ".tar.xz", ".tar.gz", ".tgz", ".tar.bz2")
BROKEN = (tarfile.TarError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError, OSError)
XZ = b"\xfd7zXZ\x00"
_CHUNK = 1 << 16


class XzFile(io.RawIOBase):
    """Bytes packed by xz as a file that is read on; a step back begins anew.

    A few bytes of a header can ask for gigabytes of memory, and `lzma.LZMAFile` gives as much; here *bound*
    bytes are the most. `lzma.LZMAError` for more, and for what is broken; `EOFError` for what is cut off.
    """

    def __init__(self, packed: BinaryIO, bound: int) -> None:
        """Begin at the first byte of *packed*."""
        self._packed, self._bound = packed, bound
        self._restart()

    def _restart(self) -> None:
        self._packed.seek(0)
        self._decoder = self._new()
        self._place = 0
        self._is_over = False

    def _new(self) -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=self._bound)

    def readable(self) -> bool:
        """Return true: the file is for reading."""
        return True

    def seekable(self) -> bool:
        """Return true: a place can be stepped to."""
        return True

    def tell(self) -> int:
        """Return the number of unpacked bytes before this place."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Step to the unpacked byte *offset*, or to the end of a shorter file."""
        if whence == io.SEEK_END:
            raise io.UnsupportedOperation("its end is not known")
        place = offset + (self._place if whence == io.SEEK_CUR else 0)
        if place < self._place:
            self._restart()
        while self._place < place and self._next(min(place - self._place, MB)):
            pass
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill *buffer* as far as the next bytes go; return their number, 0 at the end."""
        found = self._next(len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def _next(self, most: int) -> bytes:
        while not self._is_over:
            if self._decoder.eof:
                self._begin_stream()
                continue
            packed = self._packed.read(_CHUNK) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not packed:
                raise EOFError("it is cut off")
            found = self._decoder.decompress(packed, most)
            self._place += len(found)
            if found:
                return found
        return b""

    def _begin_stream(self) -> None:
        """Go on with the stream that follows, if any: several may be written one after the other."""
        rest = (self._decoder.unused_data + self._packed.read(_CHUNK)).lstrip(b"\0")
        self._is_over = not rest
        if rest:
            self._packed.seek(self._packed.tell() - len(rest))
            self._decoder = self._new()


def is_tar(name: str) -> bool:
    """Whether *name* is that of a tar archive."""
    return name.lower().endswith(TAR_SUFFIXES)


@contextmanager
def open_tar(path: Path, limits: Limits) -> Iterator[tarfile.TarFile]:
    """Open a tar archive, compressed or not; `UnreadableSource` for a broken archive."""
    try:
        with ExitStack() as stack:
            stream: BinaryIO = stack.enter_context(path.open("rb"))
            if stream.read(len(XZ)) == XZ:
                stream = io.BufferedReader(XzFile(stream, limits.unpacker_bytes), MB)
            stream.seek(0)
            # Old archives name their files in other encodings; a name is only ever a label here.
            yield stack.enter_context(tarfile.open(fileobj=stream, errors="replace"))
    except BROKEN as error:
        why = str(error).partition("\n")[0].rstrip(":")
        raise UnreadableSource(f"{path.name} cannot be read as an archive: {why}") from error


def checked_files(tar: tarfile.TarFile, path: Path, limits: Limits) -> Iterator[tarfile.TarInfo]:
    """Yield the files of *tar* once their headers have passed every limit."""
    total = 0
    for count, info in enumerate(tar, start=1):
        if count > limits.members:
            raise HostileSource(f"{path.name} holds more than {limits.members} files")
        if info.isdir():
            continue
        check_member(info.name, info.size, info.isreg(), path, limits)
        total += info.size
        check_total(total, path, limits)
        yield info


def check_member(name: str, size: int, is_plain: bool, path: Path, limits: Limits) -> None:
    """Raise `HostileSource` where one file of the archive *path* is not plain, escapes or is too large."""
    shown = f"{name[:80]!r} in {path.name}"
    label = PurePosixPath(name.replace("\\", "/"))
    if not is_plain:
        raise HostileSource(f"{shown} is a link or a device; only plain files are read")
    if label.is_absolute() or ".." in label.parts:
        raise HostileSource(f"{shown} points outside the archive")
    if size > limits.spooled_bytes:
        raise HostileSource(f"{shown} unpacks to more than {limits.spooled_bytes // MB} MB")


def check_total(total: int, path: Path, limits: Limits) -> None:
    """Raise `HostileSource` where *path* unpacks to *total* bytes and so is over the limit."""
    if total > limits.total_bytes:
        raise HostileSource(f"{path.name} unpacks to more than {limits.total_bytes // MB} MB")
