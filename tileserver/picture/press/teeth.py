"""Teeth along a front, on the side of the land that the front's side holds, as on the page's map.

Lines of a tile run along the edges of the areas of the same tile, whose land is always on the right of a ring
(MVT 2.1, 4.3.3.3): so the edges tell on which side of a line the land is, whichever way the line runs.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tileserver.declared import Category
from tileserver.grid import BUFFER, EXTENT
from tileserver.model import Layer
from tileserver.picture.html import Html
from tileserver.picture.palette import palette
from tileserver.picture.press.decoded import FINE, Shape
from tileserver.picture.press.ink import draw, interpolated, path

FIRST_ZOOM = 5.5
_SPACING = ((FIRST_ZOOM, 34.0), (9.0, 38.0))  # pixels between two teeth, by zoom
_SIZES = ((FIRST_ZOOM, 0.5), (7.0, 0.7), (10.0, 1.15))
_WIDE, _HIGH, _LOW = 4.6, 8.4, 1.4  # half the foot, the tip, and the casing's foot, in pixels at size 1
_CASING = 2.0
_TO_BEGIN = 53.0  # pixels before the first tooth, of which whole spacings are left out
_KEYS = 64  # to a pixel: corners of a line and of an area are the same numbers of the same tile

_Path: TypeAlias = npt.NDArray[np.float64]
_Edge: TypeAlias = tuple[int, int, int, int]


class Tooth(NamedTuple):
    """A tooth: the middle of its foot, in pixels, and the direction of its tip, of length 1."""

    x: float
    y: float
    dx: float
    dy: float


def faced_areas(layer: Layer, layers: Sequence[Layer]) -> Layer | None:
    """Return the one of *layers* whose edge the line *layer* is; ``None`` where there is none with sides."""
    derived = layer.derived
    return next((each for each in layers if derived and each.name == derived.layer), None)


def facing_status(layer: Layer, areas: Layer) -> Category | None:
    """Return the first status of the side that the line *layer* is drawn for."""
    side = "" if layer.derived is None else layer.derived.side
    return next((each for each in areas.categories if side and each.side == side), None)


def land_of_side(layer: Layer, areas: Layer, shapes: Sequence[Shape]) -> list[Shape]:
    """Return the *shapes* of *areas*, in pixels, that the side of the line *layer* holds."""
    side = "" if layer.derived is None else layer.derived.side
    ours = {each.code for each in areas.categories if side and each.side == side}
    return [each for each in shapes if each.properties.get(areas.category) in ours]


def teeth_of(lines: Sequence[Shape], our_side: Sequence[Shape], zoom: float) -> list[Tooth]:
    """Return the teeth of *lines* towards *our_side*, both in pixels at *zoom*; none from afar."""
    if zoom < FIRST_ZOOM:
        return []
    edges = _edges(our_side)
    whole = math.floor(zoom)  # the page lays a tile out once, for its own zoom
    spacing = interpolated(whole, _SPACING) * 2 ** (zoom - whole)
    return [
        tooth
        for shape in lines
        for run in shape.paths
        if (turn := _turn(run, edges))
        for tooth in _along(run, turn, spacing, _tile_of(shape))
    ]


def drawn_teeth(
    teeth: Sequence[Tooth], colour: str, theme: str, zoom: float, factor: float
) -> tuple[Html, Html]:
    """Return *teeth* after their casing, in units of a path, *factor* times as large as on the page."""
    size = interpolated(zoom, _SIZES) * factor
    legs = "".join(_legs(each, size, _LOW) for each in teeth)
    casing = path(legs, fill="none", stroke=palette(theme)["casing"], stroke_width=_CASING * size * FINE)
    return casing, path("".join(_legs(each, size, 0.0) for each in teeth), fill=colour)


def tooth_swatch(x: float, y: float, colour: str) -> Html:
    """Return a tooth of the legend, its foot at *x* and *y*."""
    return draw("path", d=f"M{x - 4:g} {y:g}H{x + 4:g}L{x:g} {y + 6:g}z", fill=colour)


def _legs(tooth: Tooth, size: float, foot: float) -> str:
    x, y, dx, dy = tooth
    places = ((-_WIDE, foot), (0.0, _HIGH), (_WIDE, foot))
    at = [(x + (b * dx + a * dy) * size, y + (b * dy - a * dx) * size) for a, b in places]
    return "M" + "L".join(f"{round(px * FINE)} {round(py * FINE)}" for px, py in at)


def _edges(our_side: Sequence[Shape]) -> Mapping[_Edge, int]:
    found: defaultdict[_Edge, int] = defaultdict(int)
    for shape in our_side:
        for ring in shape.paths:
            for edge in _steps(ring):
                found[edge] += 1
    return found


def _steps(run: _Path) -> Iterator[_Edge]:
    keys = np.rint(run * _KEYS).astype(np.int64)
    yield from map(tuple, np.hstack((keys[:-1], keys[1:])).tolist())


def _turn(run: _Path, edges: Mapping[_Edge, int]) -> int:
    """Return 1 where the land is on the right of *run*, -1 where on its left, 0 where nothing tells."""
    votes = sum(edges.get(edge, 0) - edges.get((*edge[2:], *edge[:2]), 0) for edge in _steps(run))
    return (votes > 0) - (votes < 0)


def _tile_of(shape: Shape) -> tuple[float, float, float, float]:
    """Return the edges of the tile of *shape*, in pixels, without the strip around."""
    left, top, right, bottom = shape.cut
    strip = (right - left) * BUFFER / (EXTENT + 2 * BUFFER)
    return left + strip, top + strip, right - strip, bottom - strip


def _along(run: _Path, turn: int, spacing: float, tile: tuple[float, float, float, float]) -> Iterator[Tooth]:
    """Yield the teeth of *run* within its *tile*; teeth in the strip around belong to the next tile."""
    steps = np.diff(run, axis=0)
    lengths = np.hypot(*steps.T)
    ends = np.cumsum(lengths)
    left, top, right, bottom = tile
    for at in np.arange(_TO_BEGIN % spacing, ends[-1], spacing).tolist():
        number = int(np.searchsorted(ends, at, side="right"))
        if number >= len(steps) or not lengths[number]:
            continue
        dx, dy = (steps[number] / lengths[number]).tolist()
        x, y = (run[number] + steps[number] * ((at - ends[number]) / lengths[number] + 1)).tolist()
        if left <= x < right and top <= y < bottom:
            yield Tooth(x, y, -dy * turn, dx * turn)
