"""The files inside an archive, a folder or a single file, in a given order and within limits.

Names in an archive are read as labels, never used as paths, and still one that escapes is refused:
an archive that holds it was not made by a publisher.
"""

from __future__ import annotations

import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import Any, BinaryIO, TypeAlias, cast

from tileserver.errors import HostileSource, UnreadableSource
from tileserver.ingest.limits import LIMITS, MB, Limits, read_bounded
from tileserver.ingest.report import printable

TAR_SUFFIXES = (".tar", ".tar.xz", ".tar.gz", ".tgz", ".tar.bz2")
BROKEN = (tarfile.TarError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, EOFError, OSError)

Order: TypeAlias = Callable[[str], Any]  # name -> sort key; members of equal keys keep their order


@dataclass(frozen=True, slots=True)
class Member:
    """One file: its name for reports, its bytes unpacked, and the reason where there are none."""

    name: str
    data: bytes
    error: str = ""


def is_tar(path: Path) -> bool:
    """Whether *path* has the name of a tar archive."""
    return path.name.lower().endswith(TAR_SUFFIXES)


def member_names(path: Path, limits: Limits = LIMITS) -> list[str]:
    """Return the names of the files in an archive or folder, or the file's own name; reads no content.

    A compressed archive has to be unpacked once for it (the 506 MB of the real one: 2 s).
    """
    if path.is_dir():
        return [str(file.relative_to(path)) for file in folder_files(path, limits)]
    if not path.exists():
        raise UnreadableSource(f"there is no file {path}")
    if not is_tar(path):
        return [path.name]
    with open_tar(path) as tar:
        return [info.name for info in checked_files(tar, path, limits)]


def read_members(path: Path, order: Order, limits: Limits = LIMITS) -> Iterator[Member]:
    """Yield the files of an archive, a folder or a single file in ascending *order* of their names.

    An archive already in order is streamed, one member in memory at a time; one that is not is unpacked
    once to an unnamed temporary file.

    Raises
    ------
    HostileSource
        Over a limit; a link, a device, an absolute name or one with ``..``.
    UnreadableSource
        Missing, broken, or cut off.
    """
    if path.is_dir():
        yield from _readfolder_files(path, order, limits)
    elif is_tar(path):
        keys = [order(name) for name in member_names(path, limits)]
        ascending = all(a <= b for a, b in pairwise(keys))
        yield from _stream_tar(path, limits) if ascending else _sort_tar(path, order, limits)
    else:
        with open_file(path) as stream:
            data = read_bounded(stream, limits.member_bytes, path.name)
        yield Member(printable(path.name), data)


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open one file for reading, ungzipped where its name ends in ``.gz``."""
    try:
        with path.open("rb") as packed:
            if path.suffix != ".gz":
                yield packed
                return
            with gzip.open(packed) as unpacked:
                yield cast(BinaryIO, unpacked)
    except FileNotFoundError as error:
        raise UnreadableSource(f"there is no file {path}") from error
    except BROKEN as error:
        raise UnreadableSource(f"{path.name} cannot be read: {error}; is it complete?") from error


def folder_files(path: Path, limits: Limits) -> list[Path]:
    """Return the files below the folder *path*, ascending by name; links are passed over."""
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.is_symlink())
    if len(files) > limits.members:
        raise HostileSource(f"{path.name} holds more than {limits.members} files")
    return files


def _readfolder_files(path: Path, order: Order, limits: Limits) -> Iterator[Member]:
    files = {str(file.relative_to(path)): file for file in folder_files(path, limits)}
    total = 0
    for name in sorted(files, key=order):
        with files[name].open("rb") as stream:
            member = _member(name, read_bounded(stream, limits.member_bytes, name), limits)
        total += len(member.data)
        check_total(total, path, limits)
        yield member


@contextmanager
def open_tar(path: Path) -> Iterator[tarfile.TarFile]:
    """Open a tar archive, compressed or not; `UnreadableSource` for a broken archive."""
    try:
        # Old archives name their files in other encodings; a name is only ever a label here.
        with tarfile.open(path, errors="replace") as tar:
            yield tar
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
    if size > limits.member_bytes:
        raise HostileSource(f"{shown} unpacks to more than {limits.member_bytes // MB} MB")


def check_total(total: int, path: Path, limits: Limits) -> None:
    """Raise `HostileSource` where *path* unpacks to *total* bytes and so is over the limit."""
    if total > limits.total_bytes:
        raise HostileSource(f"{path.name} unpacks to more than {limits.total_bytes // MB} MB")


def _stream_tar(path: Path, limits: Limits) -> Iterator[Member]:
    with open_tar(path) as tar:
        total = 0
        for info in checked_files(tar, path, limits):
            member = _member(info.name, _packed(tar, info), limits)
            total += len(member.data)
            check_total(total, path, limits)
            yield member


def _sort_tar(path: Path, order: Order, limits: Limits) -> Iterator[Member]:
    with TemporaryFile() as spool, open_tar(path) as tar:
        places: list[tuple[str, int, int]] = []
        for info in checked_files(tar, path, limits):
            places.append((info.name, spool.tell(), info.size))
            spool.write(_packed(tar, info))
        total = 0
        for name, start, size in sorted(places, key=lambda place: order(place[0])):
            spool.seek(start)
            member = _member(name, spool.read(size), limits)
            total += len(member.data)
            check_total(total, path, limits)
            yield member


def _packed(tar: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    stream = tar.extractfile(info)
    return b"" if stream is None else stream.read()


def _member(name: str, packed: bytes, limits: Limits) -> Member:
    """Return the member unpacked; one broken file does not make the whole archive unreadable."""
    if not name.endswith(".gz"):
        return Member(printable(name), packed)
    try:
        with gzip.open(BytesIO(packed)) as stream:
            return Member(printable(name), read_bounded(cast(BinaryIO, stream), limits.member_bytes, name))
    except BROKEN as error:
        return Member(printable(name), b"", f"cannot be unpacked: {error}")
