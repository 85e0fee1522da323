"""Plain files on this disk, out of folders, archives and packed files, each with its name for people.

Whatever is packed is unpacked to a temporary folder, under names of our own, one file at a time; a library
that reads it then sees a plain file with nothing beside it that could lead elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, TypeAlias
from zipfile import BadZipFile

from tileserver.errors import HostileSource, UnreadableSource
from tileserver.ingest.containers.packed import Packed, open_packed
from tileserver.ingest.containers.swelling import is_packed, open_unpacked
from tileserver.ingest.containers.tar import BROKEN, TAR_SUFFIXES, check_total
from tileserver.ingest.formats import HEAD
from tileserver.ingest.limits import LIMITS, MB, Limits
from tileserver.ingest.report import printable

NESTED = 2  # archives within archives, as a KMZ in a zip
SHAPE_PARTS = (".shx", ".dbf", ".prj", ".cpg")  # read with their .shp, and never by themselves
_BESIDE_SHAPES = (*SHAPE_PARTS, ".sbn", ".sbx", ".qix", ".qpj", ".qmd", ".qml", ".sld", ".shp.xml")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".ico", ".svg", ".webp", ".bmp")
_WORDS = ("", ".txt", ".md")
_ABOUT = ("readme", "license", "licence")
_NOISE = ("__MACOSX/", "Thumbs.db", "desktop.ini")

Wanted: TypeAlias = Callable[[str], bool]  # of a member's path
Order: TypeAlias = Callable[[str], Any]  # path -> sort key; members of equal keys keep their order


@dataclass(frozen=True, slots=True)
class PlainFile:
    """A plain file to be read as tables, or the reason why a member of an archive or folder is none.

    *head* are its first bytes, at most `HEAD`; *parts* those of a shapefile by their suffixes.
    """

    member: str
    path: Path
    head: bytes = b""
    parts: Mapping[str, Path] = field(default_factory=dict)
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """Terms on which a path is opened: the limits, the members and their order."""

    limits: Limits
    wanted: Wanted
    order: Order | None
    depth: int = 0
    unpacked: Counter[str] = field(default_factory=Counter)  # "bytes", of all that was unpacked so far


def plain_name(name: str) -> str:
    """Return the *name* of a file without the suffix of its packing, which may be taken off or not."""
    return name.removesuffix(".gz").removesuffix(".xz").removesuffix(".bz2")


def is_no_data(member: str) -> bool:
    """Whether *member*, by its name, is a picture, as icons of a KMZ are, or words about its neighbours."""
    name = PurePosixPath(member.lower())
    return name.suffix in _PICTURES or (name.suffix in _WORDS and name.stem.startswith(_ABOUT))


def member_names(path: Path, limits: Limits = LIMITS) -> list[str]:
    """Return the paths of the files in an archive or folder, none for a single file.

    The errors are those of `open_sources`.
    """
    found: list[str] = []

    def note(member: str) -> bool:
        found.append(printable(member))
        return False

    for _ in open_sources(path, Opening(limits, note, None)):
        pass  # a single file, which is not asked for, or an archive within that is broken
    return found


@contextmanager
def open_only(path: Path, limits: Limits = LIMITS) -> Iterator[PlainFile]:
    """Open the only file in *path*, plain, packed or in an archive.

    `UnreadableSource` where it holds several or none; in all else as `open_sources`.
    """
    names = member_names(path, limits)
    if len(names) > 1:
        raise UnreadableSource(f"{path.name} holds {len(names):,} files; give one of them")
    with closing(open_sources(path, Opening(limits, lambda _: True, None))) as sources:
        found = next(sources, None)
        if found is None:
            raise UnreadableSource(f"{path.name} holds no file that is to be read")
        if found.trouble:
            raise UnreadableSource(f"{path.name} cannot be read: {found.trouble}")
        yield found


def open_sources(path: Path, opening: Opening) -> Generator[PlainFile, None, None]:
    """Yield the plain files in a folder, an archive, a packed or a plain file; each until the next.

    Raises
    ------
    UnreadableSource
        Missing, broken, cut off or encrypted as a whole; a single member that is broken has a trouble.
    HostileSource
        Over a limit; a link, a device, a name that is absolute or has ``..``.
    """
    if path.is_dir():
        yield from _folder(path, opening)
        return
    if not path.is_file():
        raise UnreadableSource(f"there is no file {path}")
    beside = {file.name.lower(): file for file in path.parent.iterdir()} if _is_shape(path.name) else {}
    yield from _opened("", path, _parts(path.name, beside), opening)


def _folder(path: Path, opening: Opening) -> Iterator[PlainFile]:
    there = sorted(file for file in path.rglob("*") if file.is_file() and not file.is_symlink())
    if len(there) > opening.limits.members:
        raise HostileSource(f"{path.name} holds more than {opening.limits.members} files")
    files = {str(file.relative_to(path)): file for file in there}
    lowered = {name.lower(): file for name, file in files.items()}
    for name in _chosen(list(files), opening):
        yield from _member(name, files[name], _parts(name, lowered), opening)


def _opened(member: str, path: Path, parts: Mapping[str, Path], opening: Opening) -> Iterator[PlainFile]:
    """Yield the plain files in one file: itself, or the members of an archive."""
    if opening.depth > NESTED:
        raise HostileSource(f"{member} is packed more than {NESTED} times over")
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    inner = replace(opening, depth=opening.depth + 1)
    packed = open_packed(path, head, opening.limits)
    if packed is not None:
        with packed as archive:
            yield from _archive(member, archive, inner)
    elif is_packed(head):
        with TemporaryDirectory(prefix="tileserver-") as room:
            plain = Path(room) / f"data{Path(path.stem).suffix[:16]}"
            name = member or path.name
            with open_unpacked(path, head, opening.limits, name) as stream:
                _spool(stream, plain, name, opening)
            yield from _opened(member, plain, {}, inner)
    else:
        yield PlainFile(member, path, head, parts)


def _archive(member: str, archive: Packed, opening: Opening) -> Iterator[PlainFile]:
    by_path = {f"{member}/{name}" if member else name: name for name in archive.names}
    chosen = _chosen(list(by_path), opening)
    lowered = {path.lower(): name for path, name in by_path.items()}
    together = any(_is_shape(path) for path in chosen) or not archive.is_ready([by_path[p] for p in chosen])
    with TemporaryDirectory(prefix="tileserver-") as name:
        room = Path(name)
        spooled: dict[str, Path] = {}
        if together:
            needed = {by_path[path] for path in chosen}
            for path in filter(_is_shape, chosen):
                stem = path.lower()[: -len(".shp")]
                needed |= {lowered[stem + part] for part in SHAPE_PARTS if stem + part in lowered}
            for each in (each for each in archive.names if each in needed):
                spooled[each] = _unpack(archive, each, room / _own_name(len(spooled), each), opening)
        for path in chosen:
            parts = _parts(path, {low: spooled[each] for low, each in lowered.items() if each in spooled})
            file = spooled.get(by_path[path])
            try:
                plain = file or _unpack(archive, by_path[path], room / _own_name(0, path), opening)
            except UnreadableSource as error:
                yield PlainFile(printable(path), room, trouble=str(error))
                continue
            yield from _member(path, plain, parts, opening)
            if file is None:
                plain.unlink()


def _member(name: str, path: Path, parts: Mapping[str, Path], opening: Opening) -> Iterator[PlainFile]:
    """Yield the plain files in a member; a broken member does not make its neighbours unreadable."""
    try:
        yield from _opened(printable(name), path, parts, opening)
    except UnreadableSource as error:
        yield PlainFile(printable(name), path, trouble=str(error))


def _unpack(archive: Packed, name: str, to: Path, opening: Opening) -> Path:
    with archive.open(name) as stream:
        return _spool(stream, to, name, opening)


def _spool(stream: BinaryIO, to: Path, name: str, opening: Opening) -> Path:
    """Copy *stream*, a file unpacked on the way, to the file *to*."""
    limits, size = opening.limits, 0
    try:
        with to.open("wb") as out:
            while chunk := stream.read(MB):
                size += len(chunk)
                opening.unpacked["bytes"] += len(chunk)
                if size > limits.spooled_bytes:
                    raise HostileSource(f"{name} unpacks to more than {limits.spooled_bytes // MB} MB")
                check_total(opening.unpacked["bytes"], Path(name), limits)
                out.write(chunk)
    except (
        *BROKEN,
        BadZipFile,
        RuntimeError,
        NotImplementedError,
    ) as error:  # the last two of zip: encrypted, or unknown
        raise UnreadableSource(f"{printable(name)} cannot be unpacked: {error}; is it complete?") from error
    return to


def _chosen(names: list[str], opening: Opening) -> list[str]:
    """Return the names of the members to read, in order; leaves out parts of shapefiles, and noise."""
    shapes = {name.lower()[: -len(".shp")] for name in names if _is_shape(name)}
    chosen = [
        name
        for name in names
        if not _is_noise(name) and not _is_beside(name.lower(), shapes) and _is_wanted(name, opening)
    ]
    return sorted(chosen, key=opening.order) if opening.order else chosen


def _is_wanted(name: str, opening: Opening) -> bool:
    """Whether to read *name*; an archive is always opened, and its members are asked for."""
    return name.lower().endswith((".zip", ".kmz", *TAR_SUFFIXES)) or opening.wanted(name)


def _is_noise(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") for part in parts) or any(each in name for each in _NOISE)


def _is_beside(lowered: str, shapes: set[str]) -> bool:
    return any(lowered.endswith(end) and lowered[: -len(end)] in shapes for end in _BESIDE_SHAPES)


def _is_shape(name: str) -> bool:
    return name.lower().endswith(".shp")


def _parts(name: str, lowered: Mapping[str, Path]) -> dict[str, Path]:
    """Return the parts of the shapefile *name* by suffix, of all files by their names in small letters."""
    if not _is_shape(name):
        return {}
    stem = name.lower()[: -len(".shp")]
    found = {part: lowered.get(stem + part) for part in SHAPE_PARTS}
    return {part: path for part, path in found.items() if path is not None and not path.is_symlink()}


def _own_name(number: int, name: str) -> str:
    """Return a name for an unpacked file, of which only the last suffix is the publisher's."""
    suffix = PurePosixPath(name).suffix[:16]
    return f"{number}{suffix}" if suffix.isascii() and suffix[1:].isalnum() else f"{number}"
