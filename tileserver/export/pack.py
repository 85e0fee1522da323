"""Offline packs: an archive with all that draws its tiles, in one ZIP for an app.

::

    manifest.json  what is in it, with bytes and SHA-256      style.json      for MapLibre Native
    tiles.pmtiles  or .mbtiles                                places.geojson  names of places
    fonts/         glyphs, with their licence                 sprites/        signs
    faces/         of history: the side files of the bands

Paths in the style begin with `FOLDER`, for which an app puts the path of the folder where the pack lies.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from tileserver.errors import BadParameter
from tileserver.export.archive import Written, replacing, sha256_of
from tileserver.export.excerpt import Excerpt, TileSource
from tileserver.export.making import Export, Show, Target
from tileserver.export.metadata import moment_of
from tileserver.export.workplace import place_of_work, workplace
from tileserver.history.calendar import DAY
from tileserver.publish.changed import newest_public, public_text
from tileserver.publish.history_style import history_style, shown_day
from tileserver.publish.lettering import (
    FONTS,
    RANGE,
    RANGES,
    SPRITE_FILES,
    font_licence,
    glyph_range,
    sprite_file,
)
from tileserver.publish.places import load_places, places_document
from tileserver.publish.style import theatre_style
from tileserver.publish.time_query import TimeQuery

PACK = ".zip"  # suffix by which a pack is asked for
FOLDER = "PACK_FOLDER"  # in the style: an absolute path, which begins with a slash

_STAMP = (1980, 1, 1, 0, 0, 0)  # of every file: the first that a ZIP can say
_PACKED_ALREADY = (".pmtiles", ".mbtiles", ".png")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Pack:
    """One part of *source*, with its archive of the format *suffix*, to be one file."""

    source: TileSource
    part: Excerpt
    suffix: str
    show: Show

    async def write(self, path: Path) -> Written:
        """Write the pack to *path*, or leave the file of before; equal parts make equal bytes."""
        with workplace(place_of_work(path, is_folder=False)) as work:
            # Before the tiles: what becomes public meanwhile is told again, and not left out.
            public = await self._public()
            archive = work.folder / f"tiles{self.suffix}"
            export = Export(self.source, [self.part], [None], Target(archive, self.suffix), self.show)
            (tiles,) = await export.run_at(work)
            files = {name: data async for name, data in self._files()}
            manifest = self._manifest(tiles, files, public)
            with replacing(path, work.folder) as unfinished:
                _zip(unfinished, {"manifest.json": manifest, **files}, archive)
                size, digest = unfinished.stat().st_size, sha256_of(unfinished)
        return replace(tiles, path=path, bytes=size, sha256=digest)

    async def _files(self) -> AsyncIterator[tuple[str, bytes]]:
        """Yield everything but the tiles, by path, ascending."""
        part, current = self.part, self.source.tiles.current
        moment = moment_of(part, current.clock())
        if part.period is not None:
            for band in (each for each in part.tileset.bands if each <= part.zooms[-1]):
                faces = await self.source.history.faces(part.tileset, part.period, band)
                yield f"faces/{band}.json", faces.body.data
        for name, data in _letters():
            yield name, data
        async with current.pool.acquire() as connection:
            places = places_document(await load_places(connection, part.tileset, moment))
        yield "places.geojson", msgspec.json.encode(places)
        for name in SPRITE_FILES:
            yield f"sprites/{name}", sprite_file(name)
        yield "style.json", msgspec.json.encode(self._style())

    def _style(self) -> dict[str, Any]:
        part, base = self.part, f"file://{FOLDER}"
        if part.period is None:
            style = theatre_style(part.tileset, base, TimeQuery(part.spelled, part.revision), "mobile")
        else:
            style = history_style(part.tileset, base, part.period, self._last_day())
            style["metadata"]["tileserver:history"]["faces"] = f"{base}/faces/{{band}}.json"
        scheme = "pmtiles://file://" if self.suffix == ".pmtiles" else "mbtiles://"
        whole = style["sources"]["tileserver"]
        style["sources"] = {
            "tileserver": {
                "type": "vector",
                "url": f"{scheme}{FOLDER}/tiles{self.suffix}",
                "attribution": whole["attribution"],
            },
            "places": {"type": "geojson", "data": f"{base}/places.geojson"},
        }
        return style

    def _last_day(self) -> date:
        period = self.part.period
        assert period is not None
        if period.end is not None:
            return period.end - DAY
        return shown_day(self.part.tileset, TimeQuery(), self.source.tiles.current.clock())

    async def _public(self) -> str:
        """Return how much is public now, in the words of a list of changed tiles."""
        part, current = self.part, self.source.tiles.current
        known = await current.periods_at(part.tileset, part.tileset.revision(part.revision))
        # Of now, and not of the pack's day: a note on the day may end long after.
        return public_text(newest_public(part.tileset, known, current.horizon(part.tileset)))

    def _manifest(self, tiles: Written, files: dict[str, bytes], public: str) -> bytes:
        sizes = {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
        sizes[f"tiles{self.suffix}"] = tiles.bytes, tiles.sha256
        listed = [
            {"path": name, "bytes": size, "sha256": digest} for name, (size, digest) in sorted(sizes.items())
        ]
        part = self.part
        document = {
            "tileset": part.tileset.name,
            "revision": part.tileset.revision(part.revision),
            "edition": part.tileset.edition,
            "public": public,
            "datetime": part.spelled,
            "period": None if part.period is None else str(part.period),
            "tiles": tiles.tiles,
            "files": listed,
        }
        return msgspec.json.format(msgspec.json.encode(document)) + b"\n"


def single(parts: list[Excerpt]) -> Excerpt:
    """Return the one of *parts*; `BadParameter` for none and for several, which are no pack."""
    if len(parts) == 1:
        return parts[0]
    periods = ", ".join(str(each.period) for each in parts)
    raise BadParameter(f"a pack holds one archive, and of that time there are {len(parts)}: {periods}")


def _letters() -> Iterator[tuple[str, bytes]]:
    """Yield every range of every font, as on a disk nobody answers for a missing range."""
    for font in FONTS:
        for code in RANGES:
            yield f"fonts/{font}/{code}-{code + RANGE - 1}.pbf", glyph_range(font, code)
    yield "fonts/OFL.txt", font_licence()


def _zip(path: Path, files: dict[str, bytes], archive: Path) -> None:
    """Write *files*, by path, and last the *archive*, with nothing of this machine and this moment."""
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in files.items():
            packed.writestr(_entry(name), data)
        with (
            archive.open("rb") as tiles,
            packed.open(_entry(archive.name), "w", force_zip64=True) as out,
        ):
            while chunk := tiles.read(_CHUNK):
                out.write(chunk)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _STAMP)
    entry.create_system, entry.external_attr = 3, 0o644 << 16  # Unix, whatever this is
    packed = zipfile.ZIP_STORED if name.endswith(_PACKED_ALREADY) else zipfile.ZIP_DEFLATED
    entry.compress_type = packed
    return entry
