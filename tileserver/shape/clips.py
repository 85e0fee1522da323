"""Geometries cut into the cells of a quadtree, each clip known by a hash of its geometry.

Coordinates are *world units*: one is a tile unit at zoom 14, x to the east and y to the south from the
north-western corner of the Mercator square, as in tile addresses. The edges of cells are whole numbers
there, so that a geometry is cut at the same coordinates for both cells that meet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.grid import UNIT_ZOOM, WORLD, WORLD_UNITS

SMALL = float(1 << 2 * (UNIT_ZOOM - 2))  # square world units; a part that is smaller may vanish at some zoom

KEPT = 200_000  # vertices; of what has more no parts are kept, but cut again where something changes

# Zooms; a smaller block stays cells, though one area has it to itself: where a front moves, what is drawn
# changes in the block that it enters, and in that alone.
BLOCK = 2

_NO_PARTS = np.empty((0, 3))

Points: TypeAlias = npt.NDArray[np.float64]


@dataclass(eq=False, slots=True, weakref_slot=True)
class Clip:
    """The part of a geometry in the cell ``z/x/y``; the same object wherever the same part was cut.

    ``clip_hash``: 16 bytes over all the rest. ``small``: the geometry's small parts that lie here, a point
    in each and its area, shape (n, 3).
    """

    clip_hash: bytes
    z: int
    x: int
    y: int
    geometry: BaseGeometry
    small: Points
    full: bool  # whether it covers the cell
    _children: tuple[Clip | None, ...] | None = field(default=None)

    def children(self) -> tuple[Clip | None, ...]:
        """Return the parts in the four cells below, ``None`` where there is nothing.

        Cut once, but where there are so many vertices that the parts at all zooms would fill the memory.
        """
        if self._children is not None:
            return self._children
        found = tuple(self._child(quarter) for quarter in range(4))
        if shapely.get_num_coordinates(self.geometry) <= KEPT:
            self._children = found
        return found

    def _child(self, quarter: int) -> Clip | None:
        z, x, y = self.z + 1, 2 * self.x + (quarter & 1), 2 * self.y + (quarter >> 1)
        west, north, east, south = cell_box(z, x, y)
        if self.full:
            return _interned(z, x, y, shapely.box(west, north, east, south), _NO_PARTS)
        left, top, right, bottom = self.geometry.bounds
        if left >= east or right <= west or top >= south or bottom <= north:
            return None
        part = self.geometry
        if not (west <= left and right <= east and north <= top and bottom <= south):
            part = _cut(self.geometry, shapely.box(west, north, east, south))
        return (
            None if part.is_empty else _interned(z, x, y, part, _within(self.small, west, north, east, south))
        )


_clips: WeakValueDictionary[bytes, Clip] = WeakValueDictionary()


def plant(geometry: BaseGeometry) -> Clip:
    """Return the root of the quadtree over *geometry*: valid polygons or lines, EPSG:3857."""
    placed = shapely.transform(geometry, _to_units)
    small = _NO_PARTS
    if shapely.get_dimensions(geometry) == 2:
        if not placed.is_valid:  # by the last digit, where its parts touch: nothing could be cut from it
            placed = shapely.make_valid(placed, method="structure", keep_collapsed=False)
        parts = shapely.get_parts(placed)
        areas = shapely.area(parts)
        slight = areas < SMALL
        inside = shapely.get_coordinates(shapely.point_on_surface(parts[slight]))
        small = np.column_stack([inside, areas[slight]])
    return _interned(0, 0, 0, shapely.set_srid(placed, 0), small)


def cell_box(z: int, x: int, y: int) -> tuple[int, int, int, int]:
    """Return the west, north, east and south edge of a cell, in world units."""
    side = WORLD_UNITS >> z
    return x * side, y * side, (x + 1) * side, (y + 1) * side


StatusClip: TypeAlias = tuple[str, Clip]  # a status, and the part of a cell that it has; or a front


class DifferingCell(NamedTuple):
    """The cell ``z/x/y``, *above* zooms over the zoom asked for, and the clips of the second state there."""

    above: int
    z: int
    x: int
    y: int
    parts: frozenset[StatusClip]


def differing_cells(
    before: Collection[StatusClip],
    after: Collection[StatusClip],
    zoom: int,
    is_whole: Callable[[Collection[StatusClip]], bool],
) -> Iterator[DifferingCell]:
    """Yield the cells in which two states differ, with the clips of the second state there.

    Parameters
    ----------
    before, after : collection of (str, Clip)
        States: statuses (or fronts) and the roots of their clips, as `plant` makes roots.
    zoom : int
        Of the cells.
    is_whole : callable
        Whether what lies in a cell is to be drawn as one, without a look at what is below. Such a cell
        stands for all that lie in it, if it is `BLOCK` zooms above *zoom* at least; they then have nothing.

    Notes
    -----
    What a cell has follows from the one state alone. What two states share is not looked into, nor what is
    whole: O(what changed of the edges).
    """
    nothing: frozenset[StatusClip] = frozenset()
    pending = [(0, 0, 0, frozenset(before), frozenset(after))]
    while pending:
        z, x, y, old, new = pending.pop()
        if old == new:
            continue
        above = zoom - z
        if above == 0:
            yield DifferingCell(above, z, x, y, new)
            continue
        if above >= BLOCK:
            was, becomes = is_whole(old), is_whole(new)
            if was or becomes:
                yield DifferingCell(above, z, x, y, new if becomes else nothing)
            old, new = nothing if was else old, nothing if becomes else new
        for quarter in range(4) if old != new else ():
            below = (z + 1, 2 * x + (quarter & 1), 2 * y + (quarter >> 1))
            pending.append((*below, _quarter(old, quarter), _quarter(new, quarter)))


def _quarter(state: frozenset[StatusClip], quarter: int) -> frozenset[StatusClip]:
    return frozenset((name, part) for name, clip in state if (part := clip.children()[quarter]) is not None)


def _interned(z: int, x: int, y: int, geometry: BaseGeometry, small: Points) -> Clip:
    # A geometry that fits a smaller cell is the part of both, and one on an edge of both sides.
    spelled = shapely.to_wkb(geometry) + small.tobytes() + f"{z}/{x}/{y}".encode()
    clip_hash = hashlib.blake2b(spelled, digest_size=16).digest()
    clip = _clips.get(clip_hash)
    if clip is None:
        side = WORLD_UNITS >> z
        clip = Clip(clip_hash, z, x, y, geometry, small, full=geometry.area == float(side) * side)
        _clips[clip_hash] = clip
    return clip


def _cut(geometry: BaseGeometry, box: BaseGeometry) -> BaseGeometry:
    """Return the part of *geometry* in *box*, in the dimension of *geometry*; empty where the two only touch.

    Not `shapely.clip_by_rect`, which is quicker, but loses or adds whole areas where a vertex lies on the
    box: every second clip has such vertices, on the sides that its parent was cut at.
    """
    found: BaseGeometry = shapely.intersection(geometry, box)
    dimension = shapely.get_dimensions(geometry)
    if shapely.get_dimensions(found) == dimension and found.geom_type != "GeometryCollection":
        return found
    parts = shapely.get_parts(found)
    parts = parts[shapely.get_dimensions(parts) == dimension]
    found = shapely.multipolygons(parts) if dimension == 2 else shapely.multilinestrings(parts)
    return found


def _within(small: Points, west: int, north: int, east: int, south: int) -> Points:
    if not len(small):
        return small
    x, y = small[:, 0], small[:, 1]
    return small[(west <= x) & (x < east) & (north <= y) & (y < south)]


def _to_units(metres: Points) -> Points:
    scale = WORLD_UNITS / (2 * WORLD)
    return np.column_stack([(metres[:, 0] + WORLD) * scale, (WORLD - metres[:, 1]) * scale])
