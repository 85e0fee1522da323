"""One export: archives of the same tileset into a file, or into a folder under names of their bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from tileserver.errors import BadParameter
from tileserver.export.archive import Written, new_archive, replacing
from tileserver.export.container import SUFFIXES
from tileserver.export.delta import write_delta
from tileserver.export.excerpt import Excerpt, TileSource
from tileserver.export.metadata import metadata_of
from tileserver.export.workplace import Workplace, place_of_work, workplace

Show: TypeAlias = Callable[[str, int, int | None], None]
Base: TypeAlias = Excerpt | Path | None  # an archive to be written, one that is there, or none


@dataclass(frozen=True, slots=True)
class Target:
    """Where archives go: a *path* whose suffix names the format, or a folder, of files with *suffix*."""

    path: Path
    suffix: str

    @property
    def is_folder(self) -> bool:
        """Whether names follow from bytes."""
        return self.path.suffix not in SUFFIXES

    @property
    def works_in(self) -> Path:
        """The folder in which an export to this target works."""
        return place_of_work(self.path, self.is_folder)


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


@dataclass(frozen=True, slots=True)
class Export:
    """Archives of *parts* at *target*; of a part with a base in *bases* a delta alone."""

    source: TileSource
    parts: Sequence[Excerpt]
    bases: Sequence[Base]
    target: Target
    show: Show
    of_deltas: bool = False  # is the list one of deltas?

    def __post_init__(self) -> None:
        if not self.parts:
            raise BadParameter("nothing of that time is public or has changed: there is no archive to write")
        if len(self.parts) > 1 and not self.target.is_folder:
            periods = ", ".join(str(each.period) for each in self.parts)
            raise BadParameter(f"these are {len(self.parts)} archives, so name a folder for them: {periods}")

    async def run(self) -> list[Written]:
        """Write the archives, and in a folder their list; return all in the order of the parts."""
        with workplace(self.target.works_in) as work:
            return await self.run_at(work)

    async def run_at(self, work: Workplace) -> list[Written]:
        """Write the archives as `run` does, in the workplace *work*."""
        pairs = zip(self.parts, self.bases, strict=True)
        made = [await self._make(work, *each) for each in pairs]
        if self.target.is_folder:
            kind = "-deltas" if self.of_deltas else ""
            _write_list(self.target.path / f"{_stem(self.parts[0])}{kind}.json", self.parts, made)
        return made

    async def _make(self, work: Workplace, part: Excerpt, base: Base) -> Written:
        said = await self._metadata(part)
        target, name = self.target, label(part, said)
        path = target.path / f"{name}{target.suffix}" if target.is_folder else target.path
        if base is None:
            written = await self._write(work, path, part, said)
        else:
            written, name = await self._write_difference(work, path, part, said, base), f"{name}-delta"
        return written.renamed(name) if target.is_folder else written

    async def _write_difference(
        self, work: Workplace, path: Path, part: Excerpt, said: dict[str, Any], base: Excerpt | Path
    ) -> Written:
        """Write the difference of *part* from *base* to *path*; whole archives lie at *work* meanwhile."""
        whole = work.folder / f"whole{path.suffix}"
        await self._write(work, whole, part, said)
        if isinstance(base, Path):
            return write_delta(base, whole, path, work.folder)
        before = work.folder / f"base{path.suffix}"
        await self._write(work, before, base, await self._metadata(base))
        return write_delta(before, whole, path, work.folder)

    async def _write(self, work: Workplace, path: Path, part: Excerpt, said: dict[str, Any]) -> Written:
        name = label(part, said)
        with replacing(path, work.folder) as unfinished:
            with new_archive(unfinished) as archive:
                tiles = self.source.read(part, work.drawn, lambda *done: self.show(name, *done))
                async for address, data in tiles:
                    archive.put(address, data)
                archive.finish(said)
            written = archive.written(unfinished)
        return replace(written, path=path)

    async def _metadata(self, part: Excerpt) -> dict[str, Any]:
        current, tileset = self.source.tiles.current, part.tileset
        known = await current.periods_at(tileset, tileset.revision(part.revision))
        return metadata_of(part, current.clock(), known)


def label(part: Excerpt, said: dict[str, Any]) -> str:
    """Return a name for *part* with the metadata *said*: for files, and for the progress bar."""
    if part.period is not None:
        return f"{_stem(part)}-{part.period}"
    when = part.spelled or said["time"]["last_day"] or "empty"
    return f"{_stem(part)}-{when}".replace("/", "_").replace(":", "")


def _stem(part: Excerpt) -> str:
    name = part.tileset.name.replace(",", "+")
    return name if part.period is None else f"{name}-history"


def _write_list(path: Path, parts: Sequence[Excerpt], made: Sequence[Written]) -> None:
    """Write the list of the newest archives, by name: a client asks for the list first, and again."""
    listed = [
        {
            "file": each.path.name,
            "bytes": each.bytes,
            "sha256": each.sha256,
            "tiles": each.tiles,
            "period": None if part.period is None else str(part.period),
        }
        for part, each in zip(parts, made, strict=True)
    ]
    document = {"tileset": parts[0].tileset.name, "archives": listed}
    with replacing(path) as unfinished:
        unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
