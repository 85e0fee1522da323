"""The ground of a picture: land, water and borders from the basemap's archives, and features with names."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pmtiles.reader import MemorySource, Reader

from tileserver.errors import Unavailable
from tileserver.grid import TileAddress
from tileserver.picture.html import Html
from tileserver.picture.palette import palette
from tileserver.picture.press.decoded import FINE, Shape, path_of, shapes_of
from tileserver.picture.press.ink import draw, group, interpolated, path
from tileserver.picture.press.view import View

CREDIT = "Natural Earth · © OpenStreetMap contributors (ODbL) · GeoNames (CC BY 4.0)"
_ARCHIVES = ("world", "regions")  # the later one lies above
_TILES = 256  # decompressed and kept, some kilobytes each

Layers = Mapping[str, Sequence[Shape]]


class Archive:
    """An archive of the basemap; raises `Unavailable` where the set-up has built none."""

    def __init__(self, path: Path) -> None:
        try:
            self._reader = Reader(MemorySource(path.read_bytes()))  # type: ignore[no-untyped-call]
        except OSError as error:
            why = f"pictures need the basemap; {path.name}: {error.strerror}; run make setup"
            raise Unavailable(why) from error
        header: dict[str, Any] = self._reader.header()  # type: ignore[no-untyped-call]
        self.zooms: tuple[int, int] = header["min_zoom"], header["max_zoom"]

    @lru_cache(_TILES)  # noqa: B019
    def tile(self, address: TileAddress) -> bytes:
        """Return the MVT of a tile; nothing where there is none."""
        data: bytes = self._reader.get(address.z, address.x, address.y) or b""  # type: ignore[no-untyped-call]
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


@lru_cache(4)
def _archive(path: Path, changed: int) -> Archive:
    return Archive(path)


def ground_layers(folder: str, view: View) -> dict[str, dict[str, list[Shape]]]:
    """Return the features in *view*, in pixels, of each archive in *folder*, by archive and layer."""
    found: dict[str, dict[str, list[Shape]]] = {}
    for name in _ARCHIVES:
        where = Path(folder) / f"{name}.pmtiles"
        archive = _archive(where, where.stat().st_mtime_ns if where.is_file() else 0)
        own = found.setdefault(name, {})
        for address in view.tiles(*archive.zooms):
            for layer, shapes in shapes_of(archive.tile(address), address, view).items():
                own.setdefault(layer, []).extend(shapes)
    return found


def land(layers: Mapping[str, Layers], view: View, theme: str) -> Html:
    """Return the sea and the land, below all else."""
    colours = palette(theme)
    sea = draw("rect", width=view.width, height=view.height, fill=colours["water"])
    parts = [_area(layers[name].get("land", ()), colours["land"]) for name in _ARCHIVES]
    return Html(sea + group("land", *parts))


def water_and_borders(layers: Mapping[str, Layers], view: View, theme: str) -> Html:
    """Return lakes and rivers, then borders, which lie over the areas."""
    colours, regions, world = palette(theme), layers["regions"], layers["world"]
    lakes = path_of(regions.get("water", ()))
    # The shore lies below: where a tile ends, the water of the next one is drawn over its edge.
    shore = path(
        lakes, fill="none", stroke=colours["coast"], stroke_width=1.6 * FINE, stroke_linejoin="round"
    )
    water = path(lakes, fill=colours["water"])
    width = interpolated(view.camera.zoom, [(3, 0.6), (8, 1.3)]) * FINE
    borders = [*world.get("border", ()), *world.get("outer", ()), *regions.get("border", ())]
    line = path(
        path_of(borders),
        fill="none",
        stroke=colours["border"],
        stroke_width=width,
        stroke_dasharray=f"{3 * width:.0f} {2 * width:.0f}",
        stroke_linejoin="round",
    )
    return Html(group("water", shore, water) + group("borders", line))


def _area(shapes: Sequence[Shape], colour: str) -> Html:
    return path(path_of(shapes), fill=colour)
