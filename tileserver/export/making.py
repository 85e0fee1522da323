"""One export: archives of the same tileset into a file, or into a folder under names of their excerpt."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from tileserver.errors import BadParameter
from tileserver.export.archive import Written, replacing, write
from tileserver.export.container import SUFFIXES
from tileserver.export.excerpt import Excerpt, TileSource
from tileserver.export.metadata import metadata_of

Show: TypeAlias = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Target:
    """Where archives go: a *path* whose suffix names the format, or a folder, of files with *suffix*."""

    path: Path
    suffix: str

    @property
    def is_folder(self) -> bool:
        """Whether names follow from excerpt."""
        return self.path.suffix not in SUFFIXES


def target_of(path: Path, form: str) -> Target:
    """Return the target that a command names; *form* is that of the files in a folder."""
    if path.suffix in SUFFIXES:
        return Target(path, path.suffix)
    if f".{form}" not in SUFFIXES:
        known = ", ".join(suffix.removeprefix(".") for suffix in SUFFIXES)
        raise BadParameter(f"there is no format {form[:20]!r}; there are: {known}")
    if path.exists() and not path.is_dir():
        raise BadParameter(f"{path} is neither a folder nor an archive by its name")
    return Target(path, f".{form}")


async def make(source: TileSource, parts: Sequence[Excerpt], target: Target, show: Show) -> list[Written]:
    """Write an archive for each of *parts*, and in a folder their list; return all in that order.

    `BadParameter` for no archive at all, or several where there is one file for them.
    """
    if not parts:
        raise BadParameter("nothing of that time is public, so there is no archive to write")
    if len(parts) > 1 and not target.is_folder:
        periods = ", ".join(str(each.period) for each in parts)
        raise BadParameter(f"these are {len(parts)} archives, so name a folder for them: {periods}")
    made = [await _make_one(source, each, target, show) for each in parts]
    if target.is_folder:
        _write_list(target.path / f"{_stem(parts[0])}.json", parts, made)
    return made


async def metadata(source: TileSource, excerpt: Excerpt) -> dict[str, Any]:
    """Return the metadata of an archive with *excerpt*."""
    current, tileset = source.tiles.current, excerpt.tileset
    known = await current.periods_at(tileset, tileset.revision(excerpt.revision))
    return metadata_of(excerpt, current.clock(), known)


def label(excerpt: Excerpt, said: dict[str, Any]) -> str:
    """Return a name for *excerpt* with the metadata *said*: for files, and for the progress bar."""
    if excerpt.period is not None:
        return f"{_stem(excerpt)}-{excerpt.period}"
    when = excerpt.spelled or said["time"]["last_day"] or "empty"
    return f"{_stem(excerpt)}-{when}".replace("/", "_").replace(":", "")


async def _make_one(source: TileSource, excerpt: Excerpt, target: Target, show: Show) -> Written:
    said = await metadata(source, excerpt)
    name = label(excerpt, said)
    path = target.path / f"{name}{target.suffix}" if target.is_folder else target.path
    tiles = source.read(excerpt, lambda done, total: show(name, done, total))
    written = await write(path, tiles, said)
    return written.renamed(name) if target.is_folder else written


def _stem(excerpt: Excerpt) -> str:
    name = excerpt.tileset.name.replace(",", "+")
    return name if excerpt.period is None else f"{name}-history"


def _write_list(path: Path, parts: Sequence[Excerpt], made: Sequence[Written]) -> None:
    """Write the list of the newest archives, by name: a client asks for the list first, and again."""
    listed = [
        {
            "file": each.path.name,
            "bytes": each.bytes,
            "sha256": each.sha256,
            "tiles": each.tiles,
            "period": None if excerpt.period is None else str(excerpt.period),
        }
        for excerpt, each in zip(parts, made, strict=True)
    ]
    document = {"tileset": parts[0].tileset.name, "archives": listed}
    with replacing(path) as part:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + os.linesep.encode())
