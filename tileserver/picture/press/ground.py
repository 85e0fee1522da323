"""The ground of a picture: land, water and borders from the basemap's archives, and features with names."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pmtiles.reader import MemorySource, Reader

from tileserver.errors import Unavailable
from tileserver.grid import TileAddress
from tileserver.picture.html import Html, join
from tileserver.picture.palette import palette
from tileserver.picture.press.decoded import FINE, Shape, outline_of, path_of, shapes_of
from tileserver.picture.press.ink import draw, group, interpolated, path
from tileserver.picture.press.view import View

CREDIT = "Natural Earth · © OpenStreetMap contributors (ODbL) · GSHHG and WDBII (LGPL) · GeoNames (CC BY 4.0)"
_ARCHIVES = ("world", "regions")  # the later one lies above
_UNSEEN = 0.5  # pixels by which a line of the ground may leave its course
_SPECK = 1.5  # pixels: an area that is less high and less wide is not seen
_TILES = 256  # decompressed and kept, some kilobytes each
COARSE_FROM = 10.5  # the zoom from which the ground is coarser than one would think, as on the page
_SEEN_THROUGH = 0.4  # opacity of inland water from a little nearer on

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


@lru_cache(2)  # the days of an animation have one ground
def ground_layers(folder: str, view: View) -> dict[str, dict[str, list[Shape]]]:
    """Return the features in *view*, in pixels, of each archive in *folder*, by archive and layer."""
    found: dict[str, dict[str, list[Shape]]] = {}
    for name in _ARCHIVES:
        where = Path(folder) / f"{name}.pmtiles"
        archive = _archive(where, where.stat().st_mtime_ns if where.is_file() else 0)
        own = found.setdefault(name, {})
        for address in view.tiles(*archive.zooms):
            for layer, shapes in shapes_of(archive.tile(address), address, view).items():
                own.setdefault(layer, []).extend(map(_plainer, shapes))
    return found


def _plainer(shape: Shape) -> Shape:
    """Return *shape*, in pixels, without corners that nobody sees, and without specks.

    Tiles have the detail of twice the size, and half of a far picture's bytes would be shore. What a tile
    cuts off lies in the strip around it, so neighbours that are made plainer each for itself leave no gap.
    """
    if shape.kind == "Point":
        return shape
    lines = shapely.simplify(_lines(shape.paths), _UNSEEN, preserve_topology=False)
    paths = [shapely.get_coordinates(line) for line in lines]
    return shape._replace(paths=[path for path in paths if shape.kind != "Polygon" or _is_seen(path)])


def _is_seen(ring: npt.NDArray[np.float64]) -> bool:
    return len(ring) > 3 and bool((np.ptp(ring, axis=0) >= _SPECK).any())


def _lines(paths: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.object_]:
    """Return *paths*, shape (n, 2) each, as lines."""
    places = np.repeat(np.arange(len(paths)), [len(path) for path in paths])
    return np.asarray(shapely.linestrings(np.concatenate(paths), indices=places), dtype=object)


def present(shape: Shape, day: str) -> bool:
    """Whether a feature of the ground, in pixels, was there on *day*, ``YYYY-MM-DD``; most have no dates."""
    since, until = shape.properties.get("from", ""), shape.properties.get("to", "")
    return str(since) <= day and (not until or day < str(until))


def land(layers: Mapping[str, Layers], view: View, theme: str) -> Html:
    """Return the sea and the land, below all else."""
    colours = palette(theme)
    sea = draw("rect", width=view.width, height=view.height, fill=colours["water"])
    parts = [path(path_of(layers[name].get("land", ())), fill=colours["land"]) for name in _ARCHIVES]
    return Html(sea + group("land", *parts))


def above_areas(layers: Mapping[str, Layers], view: View, theme: str, day: str) -> Html:
    """Return water, rivers, railways and borders of *day*, which lie over the areas."""
    regions, zoom = layers["regions"], view.camera.zoom
    world = layers["world"]
    wide = (*world.get("border", ()), *world.get("outer", ()))
    borders = _there((*regions.get("border", ()), *wide), day)
    return join(
        (
            _water(_there(regions.get("water", ()), day), theme, zoom),
            _rivers(_there((*world.get("river", ()), *regions.get("river", ())), day), theme, zoom),
            _rails(regions.get("rail", ()), theme, zoom),
            _dashed("oblasts", [each for each in borders if each.properties.get("level") == 1], theme, zoom),
            _dashed("borders", [each for each in borders if each.properties.get("level") != 1], theme, zoom),
        )
    )


def _there(shapes: Sequence[Shape], day: str) -> list[Shape]:
    return [each for each in shapes if present(each, day)]


def _water(lakes: Sequence[Shape], theme: str, zoom: float) -> Html:
    """Return water with shores; from near by, inland water is seen through.

    So a town that the source has in a river's flood plain stands on land, here as on the page.
    """
    clear = interpolated(zoom, [(COARSE_FROM - 1, 1.0), (COARSE_FROM + 0.5, _SEEN_THROUGH)])
    if clear == 1.0:
        return group("water", *_shored(lakes, theme, None))
    sea = [each for each in lakes if each.properties.get("kind") == "sea"]
    inland = [each for each in lakes if each.properties.get("kind") != "sea"]
    return group("water", *_shored(inland, theme, clear), *_shored(sea, theme, None))


def _shored(waters: Sequence[Shape], theme: str, opacity: float | None) -> tuple[Html, Html]:
    """Return *waters* of an *opacity*, each with its shore line."""
    colours = palette(theme)
    edge = {"stroke": colours["coast"], "stroke_width": 0.8 * FINE, "stroke_linejoin": "round"}
    area = path(path_of(waters), fill=colours["water"], fill_opacity=opacity)
    return area, path(outline_of(waters), fill="none", stroke_opacity=opacity, **edge)


def _rivers(rivers: Sequence[Shape], theme: str, zoom: float) -> Html:
    drawn = []
    for width in sorted({each.properties.get("width", 1) for each in rivers}):
        own = [
            each
            for each in rivers
            if each.properties.get("width", 1) == width and not each.properties.get("lake")
        ]
        stops = [(4, 0.15 + 0.25 * width), (9, 0.4 + 0.7 * width), (13, 2.6 * width)]
        drawn.append(
            path(
                path_of(own),
                fill="none",
                stroke=palette(theme)["river"],
                stroke_width=interpolated(zoom, stops, 1.5) * FINE,
                stroke_linejoin="round",
                stroke_linecap="round",
            )
        )
    return group("rivers", *drawn)


def _rails(rails: Sequence[Shape], theme: str, zoom: float) -> Html:
    if not 5 <= zoom < 8:
        return Html()
    look = {
        "stroke": palette(theme)["rail"],
        "stroke_width": interpolated(zoom, [(5, 0.4), (8, 0.9)]) * FINE,
        "stroke_opacity": interpolated(zoom, [(5, 0.4), (6.5, 0.9), (7.4, 0.9), (8, 0)]),
    }
    return group("railways", path(path_of(rails), fill="none", **look))


def _dashed(name: str, shapes: Sequence[Shape], theme: str, zoom: float) -> Html:
    is_inner = name == "oblasts"
    stops = [(5, 0.5), (9, 1.1)] if is_inner else [(3, 0.6), (8, 1.4)]
    width = interpolated(zoom, stops) * FINE
    dash, gap = (1.5, 2.5) if is_inner else (3, 2)
    line = path(
        path_of(shapes),
        fill="none",
        stroke=palette(theme)["oblast" if is_inner else "border"],
        stroke_width=width,
        stroke_dasharray=f"{dash * width:.0f} {gap * width:.0f}",
        stroke_linejoin="round",
    )
    return group(name, line)
