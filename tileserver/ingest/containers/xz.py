"""Files packed by xz, unpacked in bounded memory."""

from __future__ import annotations

import io
import lzma
from typing import BinaryIO

from tileserver.ingest.limits import MB

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
