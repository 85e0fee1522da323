"""Geometries worked out plot by plot, and anew only where the surroundings changed.

The plane is parted into square plots. A geometry for one plot is worked out from the areas in its *window*,
the plot with a halo around it, and cut to the plot::

    +---------------------+
    |  window     halo    |      The outlines in the window are the same as last time: so is the result, and
    |    +-----------+    |      it is taken from last time. The halo is as wide as the result looks around.
    |    |   plot    |    |
    |    |           |    |
    |    +-----------+    |
    |                     |
    +---------------------+

All coordinates are metres of EPSG:3857.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.shape.segments import Shapes, segments

Plot: TypeAlias = tuple[int, int]  # column to the east and row to the north, from the origin
Points: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plots:
    """Partition of the plane into squares of *side* metres, whose windows reach *halo* metres farther."""

    side: float
    halo: float

    def box(self, plot: Plot) -> BaseGeometry:
        """Return the square of *plot*, EPSG:3857."""
        return self._square(plot, 0.0)

    def window(self, plot: Plot) -> BaseGeometry:
        """Return the square of *plot* with its halo, EPSG:3857."""
        return self._square(plot, self.halo)

    def _square(self, plot: Plot, beyond: float) -> BaseGeometry:
        west, south = plot[0] * self.side, plot[1] * self.side
        box: BaseGeometry = shapely.box(
            west - beyond, south - beyond, west + self.side + beyond, south + self.side + beyond
        )
        return box

    def near(self, places: Points, distance: float) -> list[Plot]:
        """Return, ascending, at least all plots within *distance* metres of *places*, shape (n, 2)."""
        column, row = np.floor(places / self.side).T
        there = np.unique(column + 1j * row)
        rings = int(np.ceil(distance / self.side))
        steps = range(-rings, rings + 1)
        around = {(int(each.real) + x, int(each.imag) + y) for each in there for x in steps for y in steps}
        return sorted(around)

    def outline(self, area: BaseGeometry) -> Outline:
        """Sort the segments around *area*, EPSG:3857, by the plots whose windows each may touch."""
        ends, _ = segments(shapely.boundary(area))
        first = np.floor((ends.min(axis=1) - self.halo) / self.side).astype(np.int64)
        wide, high = (np.floor((ends.max(axis=1) + self.halo) / self.side).astype(np.int64) - first + 1).T
        which = np.repeat(np.arange(len(ends)), wide * high)
        step = np.arange(len(which)) - np.repeat(np.cumsum(wide * high) - wide * high, wide * high)
        plots = first[which] + np.stack(np.divmod(step, high[which]), axis=1)
        order = np.lexsort((which, plots[:, 1], plots[:, 0]))
        plots, which = plots[order], which[order]
        starts = np.flatnonzero(np.any(np.diff(plots, axis=0, prepend=plots[:1] - 1), axis=1))
        spelled = {
            (int(plots[start, 0]), int(plots[start, 1])): ends[which[start:stop]].tobytes()
            for start, stop in itertools.pairwise([*starts, len(plots)])
        }
        shapely.prepare(area)
        return Outline(area, shapely.get_parts(area), spelled)


@dataclass(frozen=True, slots=True)
class Outline:
    """An area in EPSG:3857, and its segments by plot: the float64 pairs of both ends, in order, as bytes."""

    area: BaseGeometry
    parts: Shapes  # its polygons
    segments: dict[Plot, bytes]

    def within(self, plot: Plot, side: float) -> bytes:
        """Return bytes that are the same for areas alike in the window of *plot*, a square of that *side*."""
        found = self.segments.get(plot)
        if found is not None:
            return found
        covered = shapely.intersects_xy(self.area, (plot[0] + 0.5) * side, (plot[1] + 0.5) * side)
        return b"all" if covered else b""


class Remembered:
    """A geometry for each plot, a function of the part of an area in the plot's window.

    Keeps what it found for the area of last time, for the plots that were asked for.
    """

    def __init__(self, plots: Plots, work: Callable[[BaseGeometry], BaseGeometry]) -> None:
        self._plots = plots
        self._work = work
        self._found: dict[Plot, tuple[bytes, BaseGeometry]] = {}

    def pieces(self, wanted: Iterable[Plot], outline: Outline) -> list[BaseGeometry]:
        """Return the function's geometry of each plot, cut to the plot, EPSG:3857, without empty pieces."""
        before, self._found = self._found, {}
        for plot in wanted:
            spelled = outline.within(plot, self._plots.side)
            known = before.get(plot)
            if known is None or known[0] != spelled:
                parts = shapely.intersection(outline.parts, self._plots.window(plot))
                known = spelled, shapely.intersection(self._work(together(parts)), self._plots.box(plot))
            self._found[plot] = known
        return [piece for _, piece in self._found.values() if not piece.is_empty]


def together(areas: Sequence[BaseGeometry] | Shapes) -> BaseGeometry:
    """Return all polygons of *areas*, EPSG:3857, as one geometry; invalid where two touch."""
    parts = shapely.get_parts(np.asarray(areas, dtype=object))
    found: BaseGeometry = shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])
    return found
