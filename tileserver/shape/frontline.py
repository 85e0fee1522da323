"""Front lines: edges of land that a side has taken from another, where land of another side begins.

The steps: unite the areas of each side; take the edges around them, none longer than `STEP`; leave out the
edges at home; open the uncovered land of the others, close the land of one's own; keep the edges from which
the nearest land of another side is near and in sight; bridge the bays.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiLineString
from shapely.geometry.base import BaseGeometry

from tileserver.shape.ground import Ground, Home, outline_tree
from tileserver.shape.plots import Plots, Remembered, together
from tileserver.shape.segments import Shapes, segments

NOBODY = ""  # the side of what is contested or unknown
STEP = 1000.0  # projected metres; no edge longer than this is judged by its middle alone
PLOT = 20  # margins; the least side of a plot

_NOWHERE = shapely.Polygon()


class _Edges(NamedTuple):
    """Edges around the areas of a side, EPSG:3857, none longer than `STEP`, in the order of the rings."""

    ends: npt.NDArray[np.float64]  # (n, 2, 2)
    ring: npt.NDArray[np.intp]  # (n,), the number of each one's ring
    middles: npt.NDArray[np.float64]  # (n, 2)
    abroad: npt.NDArray[np.bool_]  # (n,), whether outside its own land


class Fronts:
    """Drawer of fronts over one ground, for one set of areas after the other.

    The lines follow from the areas of the call alone. Unions, homes and plots of the call before are taken
    again where their input is the same, byte for byte: most of one day is that of the day before.
    """

    def __init__(self, where: Ground) -> None:
        self._where = where
        self._plots = Plots(max(PLOT * where.margin, where.reach), 3 * (where.margin + where.seam))
        self._opened: dict[tuple[str, str], Remembered] = defaultdict(
            lambda: Remembered(self._plots, self._open)
        )
        self._closed: dict[str, Remembered] = defaultdict(lambda: Remembered(self._plots, self._close))
        self._homes: dict[str, Home] = {}
        self._unions: dict[int, tuple[bytes, BaseGeometry]] = {}

    def lines(self, areas: Sequence[tuple[str, Sequence[BaseGeometry]]]) -> dict[str, BaseGeometry]:
        """Return the fronts by the side along whose edge each runs, EPSG:3857.

        Parameters
        ----------
        areas : sequence of (str, sequence of shapely geometries)
            A side and valid areas, EPSG:3857, of one status each; where two overlap the earlier one holds.

        Returns
        -------
        dict of str to shapely geometry
            MultiLineString, EPSG:3857, for each side that has a front. A day that changes one place gives the
            same lines elsewhere, but for stretches within `Ground.reach` of it.

        Notes
        -----
        The front runs along the edge of what a side's areas hold outside its own land (and the water nearer
        to it than to any other's), where another side holds land across that edge: beside it, beyond what is
        nobody's, or across water, within reach and with nothing of the side's own between. Bays of such a
        bank are bridged up to half the reach. So there is one line, what is contested lies in front of it,
        and neither a shore that one side has for itself is a front, nor a lagoon, nor a border. O(n log n).
        """
        painted, covered = self._painted(areas)
        edges = {side: self._edges(side, held) for side, held in painted.items() if side != NOBODY}
        taken = {side: each for side, each in edges.items() if each.abroad.any()}
        if not taken:
            return {}
        bare = {side: shapely.difference(land, covered) for side, land in self._where.lands.items()}
        wide = cache(lambda side: self._plots.outline(shapely.simplify(bare[side], self._where.margin / 20)))
        nobody = shapely.get_parts(painted.get(NOBODY, _NOWHERE))
        found = {}
        for side, each in sorted(taken.items()):
            plots = self._plots.near(each.middles[each.abroad], self._where.reach)
            others = [held for who, held in painted.items() if who not in (side, NOBODY)]
            for who in [who for who in bare if who != side]:
                others += self._opened[side, who].pieces(plots, wide(who))
            own = shapely.simplify(together([painted[side], bare.get(side, _NOWHERE)]), self._where.seam / 4)
            core = self._closed[side].pieces(plots, self._plots.outline(own))
            line = _facing(each, together(core), together(others), nobody, self._where)
            if not line.is_empty:
                found[side] = line
        return found

    def _painted(
        self, areas: Iterable[tuple[str, Sequence[BaseGeometry]]]
    ) -> tuple[dict[str, BaseGeometry], BaseGeometry]:
        """Return the land of each side's areas, disjoint, and all of the land that areas cover."""
        parts: dict[str, list[BaseGeometry]] = {}
        covered: BaseGeometry = _NOWHERE
        for number, (side, shapes) in enumerate(areas):
            if len(shapes):
                whole = self._union(number, shapes)
                parts.setdefault(side, []).append(shapely.difference(whole, covered))
                covered = shapely.union(covered, whole)
        return {side: shapely.union_all(own) for side, own in parts.items()}, covered

    def _union(self, number: int, shapes: Sequence[BaseGeometry]) -> BaseGeometry:
        spelled = b"".join(shapely.to_wkb(shapes))
        known = self._unions.get(number)
        if known is None or known[0] != spelled:
            known = self._unions[number] = spelled, shapely.union_all(shapes)
        return known[1]

    def _edges(self, side: str, land: BaseGeometry) -> _Edges:
        ends, ring = segments(shapely.segmentize(shapely.boundary(land), STEP))
        middles = ends.mean(axis=1)
        home = self._homes.setdefault(side, Home(side, self._where))
        return _Edges(ends, ring, middles, ~home.has(middles))

    def _open(self, land: BaseGeometry) -> BaseGeometry:
        """Return *land* with corners rounded, and without parts nowhere twice the margin wide."""
        margin = self._where.margin
        return shapely.buffer(shapely.buffer(land, -margin, quad_segs=2), margin, quad_segs=2)

    def _close(self, land: BaseGeometry) -> BaseGeometry:
        """Return *land* with its seams closed, and drawn in by the width of a seam."""
        seam = self._where.seam
        return shapely.buffer(shapely.buffer(land, seam, quad_segs=2), -2 * seam, quad_segs=2)


def _facing(
    edges: _Edges, core: BaseGeometry, foes: BaseGeometry, nobody: Shapes, where: Ground
) -> BaseGeometry:
    """Return the *edges* abroad from which *foes* are near and in sight, joined to lines, EPSG:3857.

    In sight: the shortest line to *foes*, or to land of nobody beside *foes*, does not cross *core*.
    """
    shapely.prepare([foes, core, *nobody])
    near = np.flatnonzero(edges.abroad)
    middles: Shapes = np.asarray(shapely.points(edges.middles[near]))
    there: npt.NDArray[np.bool_] = np.asarray(shapely.dwithin(foes, middles, where.reach))
    there[there] = ~shapely.intersects(core, middles[there])  # no seam of one side, no border
    near, middles = near[there], middles[there]
    if not len(near):
        return MultiLineString()
    between = nobody[shapely.dwithin(nobody, foes, where.seam)] if len(nobody) else nobody
    ahead = together([foes, *between])
    shapely.prepare(ahead)
    free = np.zeros(len(edges.ends), dtype=bool)
    free[near] = True
    seen = free.copy()
    seen[near] = ~shapely.intersects(core, _shortest_lines(middles, ahead))
    seen = _bridged(seen, free, edges.ends, edges.ring, where.reach / 2)
    lines = np.asarray(shapely.linestrings(edges.ends[seen]), dtype=object)
    parts = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    parts = parts[shapely.is_ring(parts) | (shapely.length(parts) > 2 * where.margin)]
    return MultiLineString(list(parts))


def _shortest_lines(places: Shapes, area: BaseGeometry) -> Shapes:
    """Return the shortest line from each of *places* to *area*, by an index of its outline.

    As `shapely.shortest_line` does, which looks at all of the outline for each place: of segments that are
    as near the first counts, and a place within the area is its own nearest.
    """
    found = np.asarray(shapely.linestrings(shapely.get_coordinates(places)[:, None, :].repeat(2, axis=1)))
    outside = np.flatnonzero(~shapely.intersects(area, places))
    if len(outside):
        outline = outline_tree(area)
        place, segment = outline.query_nearest(places[outside])
        first = np.full(len(outside), len(outline.geometries))
        np.minimum.at(first, place, segment)
        found[outside] = shapely.shortest_line(places[outside], outline.geometries[first])
    return found


def _bridged(
    seen: npt.NDArray[np.bool_],
    free: npt.NDArray[np.bool_],
    edges: npt.NDArray[np.float64],
    ring: npt.NDArray[np.intp],
    longest: float,
) -> npt.NDArray[np.bool_]:
    """Return *seen*, shape (n,), with the *free* edges in gaps up to *longest* metres: bays of a bank."""
    found = seen.copy()
    length = np.hypot(*(edges[:, 1] - edges[:, 0]).T)
    there = np.flatnonzero(seen)
    for before, after in itertools.pairwise(there):
        gap = slice(before + 1, after)
        if (
            after - before > 1
            and ring[before] == ring[after]
            and free[gap].all()
            and length[gap].sum() <= longest
        ):
            found[gap] = True
    return found
