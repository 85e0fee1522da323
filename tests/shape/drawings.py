"""Areas as hypothesis draws them, around a corner at which four cells of a quadtree meet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from tileserver.grid import WORLD, WORLD_UNITS
from tileserver.shape.clips import Clip

STATUSES = {"high": 60, "middle": 50, "low": 30, "lower": 30}  # two of the same priority


def points(span: float) -> st.SearchStrategy[tuple[float, float]]:
    """Points of a square of twice *span*, often on lines that cut it in eighths; cells meet in its middle."""
    lattice = st.integers(0, 16).map(lambda n: n * span / 8)
    halves = st.integers(0, int(4 * span)).map(lambda n: n / 2)
    one = lattice | halves | st.floats(0, 2 * span).map(lambda n: round(n, 6))
    return st.tuples(one, one)


def polygons(span: float) -> st.SearchStrategy[BaseGeometry]:
    """Boxes, triangles, rings that cross themselves, strips thin and thick, specks, and boxes with a hole."""
    at = points(span)
    boxes = st.tuples(at, at).map(lambda two: shapely.MultiPoint(two).envelope)
    rings = st.lists(at, min_size=3, max_size=9).map(shapely.Polygon)
    strips = st.builds(
        lambda ends, width: shapely.LineString(ends).buffer(width, cap_style="flat"),
        st.tuples(at, at),
        st.sampled_from([1e-6, 0.1, 0.5, 1.0, 3.0]),
    )
    specks = st.builds(
        lambda middle, size: shapely.Point(middle).buffer(size, quad_segs=2), at, st.floats(0.01, 1.5)
    )
    holed = st.tuples(boxes, boxes).map(lambda two: shapely.difference(*two))
    return st.one_of(boxes, rings, strips, specks, holed)


def tidy(shapes: list[BaseGeometry]) -> BaseGeometry:
    """Return one valid area, as importing makes it; it may be empty."""
    mended = [shapely.make_valid(shape, method="structure", keep_collapsed=False) for shape in shapes]
    parts = shapely.get_parts(shapely.union_all(mended))
    found: BaseGeometry = shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])
    return found


def areas(span: float) -> st.SearchStrategy[BaseGeometry]:
    """An area of one to three polygons."""
    drawn = st.lists(polygons(span), min_size=1, max_size=3).map(tidy)
    return drawn.filter(lambda area: not area.is_empty)


def metres(shape: BaseGeometry, origin: tuple[float, float], unit: float) -> BaseGeometry:
    """Return *shape*, drawn in units of *unit* world units from *origin* on, in metres of EPSG:3857."""
    scale = 2 * WORLD / WORLD_UNITS
    moved: BaseGeometry = shapely.transform(
        shape, lambda xy: (xy + origin) * unit * scale * [1, -1] + [-WORLD, WORLD]
    )
    return moved


def part(root: Clip, z: int, x: int, y: int) -> Clip | None:
    """Return what lies in the cell."""
    found: Clip | None = root
    for level in range(z - 1, -1, -1):
        quarter = ((x >> level) & 1) + 2 * ((y >> level) & 1)
        found = found.children()[quarter] if found else None
    return found


def segments(lines: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """Return the segments of *lines*, each from west to east or else from south to north, shape (n, 2, 2)."""
    coordinates, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    pairs: npt.NDArray[np.float64] = np.stack([coordinates[:-1], coordinates[1:]], axis=1)
    pairs = pairs[line[1:] == line[:-1]]
    (ax, ay), (bx, by) = pairs[:, 0].T, pairs[:, 1].T
    turned = (ax > bx) | ((ax == bx) & (ay > by))
    pairs[turned] = pairs[turned][:, ::-1]
    return pairs
