"""Tar archives, packed by gzip, bzip2, xz or not at all: opened in bounded memory, checked before use."""

from __future__ import annotations

import gzip
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from tileserver.errors import HostileSource, UnreadableSource
from tileserver.ingest.containers.swelling import is_packed, open_unpacked
from tileserver.ingest.limits import MB, Limits

TAR_SUFFIXES = (".tar", ".tar.xz", ".tar.gz", ".tgz", ".tar.bz2")
BROKEN = (tarfile.TarError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError, OSError)
_HEAD = 8  # bytes by which a packing is told


def is_tar(name: str) -> bool:
    """Whether *name* is that of a tar archive."""
    return name.lower().endswith(TAR_SUFFIXES)


@contextmanager
def open_tar(path: Path, limits: Limits) -> Iterator[tarfile.TarFile]:
    """Open a tar archive, compressed or not; `UnreadableSource` for a broken archive."""
    try:
        with ExitStack() as stack:
            stream: BinaryIO = stack.enter_context(path.open("rb"))
            head = stream.read(_HEAD)
            stream.seek(0)
            if is_packed(head):
                stream = stack.enter_context(open_unpacked(path, head, limits))
            # Old archives name their files in other encodings; a name is only ever a label here.
            yield stack.enter_context(tarfile.open(fileobj=stream, mode="r:", errors="replace"))
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
