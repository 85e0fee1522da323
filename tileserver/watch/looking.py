"""Files found by a look: names, sizes and times; nothing is opened."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tileserver.errors import HostileSource, UnreadableSource
from tileserver.ingest.containers.sources import SHAPE_PARTS
from tileserver.ingest.limits import LIMITS

_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".swp", "~")


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file, a shapefile with its parts: the size in bytes, and the newest times in nanoseconds.

    ``modified`` is of the content; ``changed`` of anything, and nobody can set it. Both are by the clock of
    the file system, and only ever compared with what they were before.
    """

    path: Path
    size: int
    modified: int
    changed: int

    @property
    def label(self) -> str:
        """The path as text for the database, whatever its bytes."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    @property
    def stamp(self) -> tuple[int, int, int]:
        """Size and times; equal where nobody has touched the file."""
        return self.size, self.modified, self.changed


def look_at(patterns: tuple[str, ...]) -> list[Sighting]:
    """Return the files that *patterns* find: folders with all below, files, patterns; each once, by path.

    A path without a suffix at which there is nothing is a folder that is away; a file may yet come. Passed by
    are names that begin with a dot or end as unfinished downloads do, and links within folders.

    Raises
    ------
    UnreadableSource
        A folder is not there, or cannot be read: then nothing can be told of what is in it.
    HostileSource
        More files than the limit.
    """
    found: dict[Path, Sighting] = {}
    try:
        for path in (each for pattern in patterns for each in _files(pattern)):
            if path not in found and (seen := sight(path)) is not None:
                found[path] = seen
            if len(found) > LIMITS.members:
                raise HostileSource(f"there are more than {LIMITS.members:,} files")
    except OSError as error:
        raise UnreadableSource(f"a folder cannot be read: {error.strerror}: {error.filename}") from error
    return sorted(found.values(), key=lambda each: each.path)


def sight(path: Path) -> Sighting | None:
    """Return the sighting of one file; ``None`` where there is no plain file."""
    try:
        stats = [each.stat() for each in (path, *parts_of(path))]
    except OSError:
        return None
    if not path.is_file():
        return None
    return Sighting(
        path,
        sum(each.st_size for each in stats),
        max(each.st_mtime_ns for each in stats),
        max(each.st_ctime_ns for each in stats),
    )


def parts_of(path: Path) -> list[Path]:
    """Return the files beside a shapefile that are its parts; none of any other file."""
    if path.suffix.lower() != ".shp":
        return []
    return sorted(
        each
        for each in path.parent.iterdir()
        if each.stem == path.stem and each.suffix.lower() in SHAPE_PARTS and each.is_file()
    )


def _files(pattern: str) -> Iterator[Path]:
    path = Path(pattern)
    if path.is_dir():
        yield from _below(path)
    elif glob.has_magic(pattern) and not path.exists():
        root = _root(path)
        if not root.is_dir():
            raise UnreadableSource(f"there is no folder {root}")
        next(root.iterdir(), None)  # glob keeps silent about a folder that it may not read
        found = (Path(each) for each in glob.iglob(pattern, recursive=True))  # noqa: PTH207 - of an absolute path
        yield from (each for each in found if _counts(each) and not each.is_symlink())
    elif path.suffix and path.parent.is_dir():
        yield path  # whoever names a file may name a link
    else:
        raise UnreadableSource(f"there is no folder {path.parent if path.suffix else path}")


def _root(path: Path) -> Path:
    """Return the last folder of *path* before its first part that is a pattern."""
    return next(each for each in path.parents if not glob.has_magic(str(each)))


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _below(path)
        elif _counts(path):
            yield path


def _counts(path: Path) -> bool:
    """Whether *path* is a file of its own, by its name: neither unfinished, nor a part of another."""
    if path.suffix.lower() in SHAPE_PARTS:
        return not any(path.with_suffix(each).is_file() for each in (".shp", ".SHP"))
    return not path.name.startswith(".") and not path.name.lower().endswith(_UNFINISHED)
