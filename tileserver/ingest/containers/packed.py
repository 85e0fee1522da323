"""Archives, zip and tar, as names and streams; checked for bombs and escapes before a byte is unpacked."""

from __future__ import annotations

import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, cast

from tileserver.errors import HostileSource, UnreadableSource
from tileserver.ingest.containers.swelling import check_swelling
from tileserver.ingest.containers.tar import check_member, check_total, checked_files, is_tar, open_tar
from tileserver.ingest.limits import Limits

_TAIL = 66_000  # of a zip: 22 bytes and a comment of up to 65,535, after those of ZIP64
_DIRECTORY_BYTES = 32 << 20  # read whole by the library


@dataclass(frozen=True, slots=True)
class Packed:
    """The plain files of an open archive, and the way to the bytes of each.

    *is_ready* tells whether files asked for in that order can each be unpacked as its turn comes: always of
    a zip, of a tar in the order in which they lie there.
    """

    names: Sequence[str]
    open: Callable[[str], BinaryIO]
    is_ready: Callable[[Sequence[str]], bool]


def open_packed(path: Path, head: bytes, limits: Limits) -> AbstractContextManager[Packed] | None:
    """Return the archive in *path*, to be entered, by its first bytes; ``None`` for any other file."""
    if head.startswith(b"PK\x05\x06"):
        raise UnreadableSource(f"{path.name} is a zip archive that is empty; see how it was made")
    if head.startswith(b"PK\x03\x04"):
        return None if is_workbook(path) else _zip(path, limits)
    if is_tar(path.name) or head[257:262] == b"ustar":
        return _tar(path, limits)
    return None


def is_workbook(path: Path) -> bool:
    """Whether the zip archive in *path* is an Excel workbook."""
    with _open_zip(path) as archive:
        return "xl/workbook.xml" in archive.namelist()


@contextmanager
def _open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError) as error:
        raise UnreadableSource(
            f"{path.name} is a zip archive that is not complete ({error}); fetch it again"
        ) from error


def _check_directory(path: Path) -> None:
    """Refuse a zip whose list of files alone would fill the memory."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _TAIL))
        tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 20:
        return
    length = struct.unpack_from("<L", tail, at + 12)[0]
    at64 = tail.rfind(b"PK\x06\x06", 0, at)
    if length == 0xFFFFFFFF and at64 >= 0 and len(tail) >= at64 + 48:
        length = struct.unpack_from("<Q", tail, at64 + 40)[0]
    if length > _DIRECTORY_BYTES:
        raise HostileSource(f"{path.name} has a list of files of more than {_DIRECTORY_BYTES >> 20} MB")


@contextmanager
def _zip(path: Path, limits: Limits) -> Iterator[Packed]:
    with _open_zip(path) as archive:
        infos = {info.filename: info for info in _checked(archive, path, limits)}

        def opened(name: str) -> BinaryIO:
            if infos[name].flag_bits & 1:
                raise UnreadableSource(f"{name} in {path.name} is encrypted; unpack it with its password")
            return cast(BinaryIO, archive.open(infos[name]))

        yield Packed(list(infos), opened, lambda _: True)


def _checked(archive: zipfile.ZipFile, path: Path, limits: Limits) -> Iterator[zipfile.ZipInfo]:
    infos = archive.infolist()
    if len(infos) > limits.members:
        raise HostileSource(f"{path.name} holds more than {limits.members} files")
    total = 0
    for info in infos:
        kind = stat.S_IFMT(info.external_attr >> 16)
        is_plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
        check_member(info.filename, info.file_size, is_plain, path, limits)
        name = f"{info.filename[:80]!r} in {path.name}"
        check_swelling(info.file_size, info.compress_size, _most(info, limits), name, limits)
        total += info.file_size
        check_total(total, path, limits)
        if not info.is_dir():
            yield info


def _most(info: zipfile.ZipInfo, limits: Limits) -> int:
    """Return how many times its size a member may unpack to."""
    return limits.swelling_xz if info.compress_type == zipfile.ZIP_LZMA else limits.swelling


@contextmanager
def _tar(path: Path, limits: Limits) -> Iterator[Packed]:
    with open_tar(path, limits) as tar:
        infos: dict[str, tarfile.TarInfo] = {info.name: info for info in checked_files(tar, path, limits)}
    with open_tar(path, limits) as again:  # the first pass has unpacked all of it
        places = {name: info.offset for name, info in infos.items()}

        def opened(name: str) -> BinaryIO:
            stream = again.extractfile(infos[name])
            if stream is None:
                raise UnreadableSource(f"{name} in {path.name} has no bytes")
            return cast(BinaryIO, stream)

        yield Packed(
            list(infos), opened, lambda names: all(places[a] < places[b] for a, b in pairwise(names))
        )
