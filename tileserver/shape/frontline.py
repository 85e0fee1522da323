"""The front line: where what a side has taken of others' land meets what others hold."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiLineString
from shapely.geometry.base import BaseGeometry

from tileserver.grid import WORLD

NOBODY = ""  # the side of what is contested or unknown
STEP = 1000.0  # projected metres; no edge longer than this is judged by its middle alone

Shapes: TypeAlias = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Ground:
    """Whose the land is that no area covers, and what is near, in EPSG:3857."""

    lands: Mapping[str, BaseGeometry]  # side -> its own land
    outlines: Mapping[str, shapely.STRtree]  # side -> the segments around its land
    reach: float  # projected metres, as all below
    margin: float
    border: float
    seam: float


def ground(
    lands: Mapping[str, BaseGeometry], *, reach_m: float, margin_m: float, border_m: float, seam_m: float
) -> Ground:
    """Return what fronts are drawn over.

    Parameters
    ----------
    lands : mapping of str to shapely geometry
        Side to Polygon or MultiPolygon, EPSG:3857: who holds what no area covers. The lands are disjoint.
    reach_m : float
        True metres. Two sides face each other across water, or land that is nobody's, no wider than this.
    margin_m : float
        True metres. A strip of uncovered land nowhere twice as wide is nobody's: two outlines of one coast.
    border_m : float
        True metres. An edge this near to a side's own land is that land's border, not its front.
    seam_m : float
        True metres. Held areas with a gap of less than twice this between them are taken to touch.

    Notes
    -----
    EPSG:3857 stretches true metres by the secant of the latitude, taken at the centre of all lands.
    """
    middle = shapely.centroid(shapely.multipoints([shapely.centroid(land) for land in lands.values()]))
    stretch = 1 / math.cos(math.atan(math.sinh(middle.y / WORLD * math.pi)))
    for land in lands.values():
        shapely.prepare(land)
    outlines = {
        side: shapely.STRtree(np.asarray(shapely.linestrings(_segments(shapely.boundary(land))[0])))
        for side, land in lands.items()
    }
    return Ground(lands, outlines, *(metres * stretch for metres in (reach_m, margin_m, border_m, seam_m)))


def front_lines(
    areas: Sequence[tuple[str, Sequence[BaseGeometry]]], where: Ground
) -> dict[str, BaseGeometry]:
    """Return the fronts by the side along whose edge they run.

    Parameters
    ----------
    areas : sequence of (str, sequence of shapely geometries)
        A side and valid areas, EPSG:3857, of one status each; where two overlap the earlier one holds.
    where : Ground
        From `ground`.

    Returns
    -------
    dict of str to shapely geometry
        MultiLineString, EPSG:3857, for each side that has a front. A day that changes one place gives the
        same lines elsewhere, but for stretches within `Ground.reach` of it.

    Notes
    -----
    The front runs along the edge of what a side's areas hold outside its own land (and the water nearer to
    it than to any other's), where another side holds land across that edge: beside it, beyond what is
    nobody's, or across water, within reach and with nothing of the side's own between. Bays of such a bank
    are bridged up to half the reach. So there is one line, what is contested lies in front of it, and
    neither a shore that one side has for itself is a front, nor a lagoon, nor a border. O(n log n).
    """
    painted, covered = _painted(areas)
    edges = {side: _edges(held, side, where) for side, held in painted.items() if side != NOBODY}
    if not any(each.abroad.any() for each in edges.values()):
        return {}
    bare = {side: shapely.difference(land, covered) for side, land in where.lands.items()}
    wide = cache(lambda side: _opened(bare[side], where.margin))
    nobody = shapely.get_parts(painted.get(NOBODY, shapely.Polygon()))
    found = {}
    for side in sorted(side for side, each in edges.items() if each.abroad.any()):
        others = [held for who, held in painted.items() if who not in (side, NOBODY)]
        others += [wide(who) for who in bare if who != side]
        own = _together([painted[side], bare.get(side, shapely.Polygon())])
        line = _facing(edges[side], own, _together(others), nobody, where)
        if not line.is_empty:
            found[side] = line
    return found


class _Edges(NamedTuple):
    """The edges around what a side holds, none longer than `STEP`, in order."""

    ends: npt.NDArray[np.float64]  # (n, 2, 2)
    ring: npt.NDArray[np.intp]  # (n,), the number of each one's ring
    middles: Shapes  # (n,) points
    abroad: npt.NDArray[np.bool_]  # (n,), whether outside its own land


def _edges(held: BaseGeometry, side: str, where: Ground) -> _Edges:
    ends, ring = _segments(shapely.segmentize(shapely.boundary(held), STEP))
    middles = shapely.points(ends.mean(axis=1)) if len(ends) else np.empty(0, dtype=object)
    return _Edges(ends, ring, middles, ~_at_home(middles, side, where))


def _painted(
    areas: Iterable[tuple[str, Sequence[BaseGeometry]]],
) -> tuple[dict[str, BaseGeometry], BaseGeometry]:
    """Return what each side's areas hold, and all of it."""
    parts: dict[str, list[BaseGeometry]] = {}
    covered: BaseGeometry = shapely.Polygon()
    for side, shapes in areas:
        whole = shapely.union_all(shapes)
        parts.setdefault(side, []).append(shapely.difference(whole, covered))
        covered = shapely.union(covered, whole)
    return {side: shapely.union_all(own) for side, own in parts.items()}, covered


def _opened(land: BaseGeometry, margin: float) -> BaseGeometry:
    """Return *land* without its parts that are nowhere twice *margin* wide, and with round corners."""
    outline = shapely.simplify(land, margin / 20)
    return shapely.buffer(shapely.buffer(outline, -margin, quad_segs=2), margin, quad_segs=2)


def _together(areas: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return the parts of *areas* as one, to measure distances to; they may overlap."""
    parts = (
        np.concatenate([shapely.get_parts(area) for area in areas]) if areas else np.empty(0, dtype=object)
    )
    found: BaseGeometry = shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])
    return found


def _facing(
    edges: _Edges, own: BaseGeometry, foes: BaseGeometry, nobody: Shapes, where: Ground
) -> BaseGeometry:
    """Return the *edges* from which *foes* are seen, outside the side's own land."""
    shapely.prepare([foes, *nobody])
    near = np.flatnonzero(edges.abroad)
    near = near[shapely.dwithin(foes, edges.middles[near], where.reach)]
    if not len(near):
        return MultiLineString()
    between = nobody[shapely.dwithin(nobody, foes, where.seam)] if len(nobody) else nobody
    ahead = _together([foes, *between])
    closed = shapely.buffer(shapely.simplify(own, where.seam / 4), where.seam, quad_segs=2)
    core = shapely.buffer(closed, -2 * where.seam, quad_segs=2)
    shapely.prepare([ahead, core])
    near = near[~shapely.intersects(core, edges.middles[near])]  # no seam of one side, no border
    free = np.zeros(len(edges.ends), dtype=bool)
    free[near] = True
    seen = free.copy()
    seen[near] = ~shapely.intersects(core, _shortest_lines(edges.middles[near], ahead))
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
        outline = shapely.STRtree(np.asarray(shapely.linestrings(_segments(shapely.boundary(area))[0])))
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
    """Return *seen* with the *free* edges in gaps of one ring no longer than *longest*: bays of a bank."""
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


def _at_home(places: Shapes, side: str, where: Ground) -> npt.NDArray[np.bool_]:
    """Whether *places* are on the land of *side*, or on water and nearer to it than to any other's."""
    home = where.lands.get(side)
    if home is None:
        return np.zeros(len(places), dtype=bool)
    found: npt.NDArray[np.bool_] = shapely.dwithin(home, places, where.border)
    abroad = [who for who in where.lands if who != side]
    water = ~found
    for who in abroad:
        water &= ~shapely.intersects(where.lands[who], places)
    if abroad and water.any():
        to_others = np.min([_distances(where.outlines[who], places[water]) for who in abroad], axis=0)
        found[water] = _distances(where.outlines[side], places[water]) < to_others
    return found


def _distances(outline: shapely.STRtree, places: Shapes) -> npt.NDArray[np.float64]:
    """Return how far each of *places* is from the nearest segment, shape (n,)."""
    _, found = outline.query_nearest(places, all_matches=False, return_distance=True)
    return np.asarray(found)


def _segments(lines: BaseGeometry) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """Return the segments of *lines* in their order, shape (n, 2, 2), and the number of each one's line."""
    coordinates, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    together = line[1:] == line[:-1]
    return np.stack([coordinates[:-1][together], coordinates[1:][together]], axis=1), line[:-1][together]
