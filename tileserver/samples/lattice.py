"""Areas from a table of places: land shared out where the holders of places alone are known.

A lattice of points lies over the land, each belonging to its nearest place (slightly warped, so that
the result does not look like a crystal). Per day every point has the holder of its place; shares of
holders are averaged with the neighbouring points, except around each place, and the front is the line
on which the two largest shares are equal. That line is drawn once and used by both its sides, so the
areas of a day share their edges exactly. Averaging reaches only a few points far: a change here leaves
the line elsewhere as it was, to the last digit.

The land farther than a given reach from every place is claimed for nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROW = np.sqrt(3) / 2  # height of a row in a lattice of equal triangles
_JITTER = 0.28  # of the spacing; more would let triangles degenerate
_WARP = 0.22  # of the distance to the nearest place; a place itself never moves
_AT_ONCE = 4096  # points; bounds the memory of a table of all distances
_AVERAGING = 3  # rounds; the front bends over about as many points


@dataclass(frozen=True, slots=True)
class LatticeOptions:
    """Density, reach and precision of a lattice; lengths in metres of EPSG:3857, at 50 N 0.64 m long."""

    spacing_m: float = 7000.0  # between points where places are dense; twice that elsewhere
    dense_m: float = 42000.0  # places are dense where the second nearest is nearer than this
    reach_m: float = 170000.0  # land farther than this from every place is left out
    grid_m: float = 1.0  # every vertex lies on this grid
    seed: int = 1944


@dataclass(frozen=True, slots=True)
class Area:
    """A piece of land with one status: a polygon in EPSG:3857."""

    status: str
    shape: shapely.Polygon


@dataclass(frozen=True, slots=True)
class Lattice:
    """Points over the land of one theatre in EPSG:3857, the place of each, and the triangles between."""

    domain: BaseGeometry  # the land that is claimed, EPSG:3857
    edge: BaseGeometry  # its boundary as lines
    points: Floats  # (n, 2)
    tree: shapely.STRtree  # of the points
    place: Ints  # (n,) the place each point belongs to
    pinned: NDArray[np.bool_]  # (n,) true for a place and the points around it
    triangles: Ints  # (t, 3) into points
    pairs: Ints  # (e, 2) neighbouring points, both ways
    grid_m: float


def lay(places: Floats, land: BaseGeometry, options: LatticeOptions) -> Lattice:
    """Lay the lattice for *places* over *land*.

    Parameters
    ----------
    places : array of float, shape (p, 2)
        Metres of EPSG:3857; no two within one spacing of each other.
    land : Polygon or MultiPolygon
        Valid, EPSG:3857.
    options : LatticeOptions
        The same values give the same lattice, bit by bit.

    Raises
    ------
    ValueError
        There is no place, or two of them are too near to be drawn apart.
    """
    near = _tree(places)
    if not len(places) or _nearest_apart(near, places) < options.spacing_m:
        raise ValueError(f"places must be there, and {options.spacing_m:.0f} m apart")
    reach = shapely.union_all(shapely.buffer(shapely.points(places), options.reach_m, quad_segs=24))
    domain = shapely.set_precision(shapely.intersection(land, reach), options.grid_m)
    points = _points(places, domain, options)
    triangles = _triangles(points)
    sides = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    pairs = np.unique(np.concatenate([sides, sides[:, ::-1]]), axis=0)
    pinned = np.zeros(len(points), dtype=bool)
    pinned[: len(places)] = True
    pinned[pairs[pinned[pairs[:, 0]], 1]] = True
    owner = _owners(points, places, options)
    touching = pairs[pairs[:, 0] < len(places)]
    owner[touching[:, 1]] = touching[:, 0]
    owner[: len(places)] = np.arange(len(places))
    edge = shapely.boundary(domain)
    return Lattice(domain, edge, points, _tree(points), owner, pinned, triangles, pairs, options.grid_m)


def colour(lattice: Lattice, holders: Sequence[str]) -> list[Area]:
    """Return the areas when place *i* is held by ``holders[i]``.

    The areas are disjoint, share their edges exactly and together are the domain. Every place lies
    inside an area of its holder. Polygons come in a fixed order with a fixed first vertex, so what did
    not change is equal byte by byte.
    """
    statuses, code = np.unique(np.asarray(holders), return_inverse=True)
    share = _shares(lattice, code.astype(np.int64)[lattice.place], len(statuses))
    front = _front(lattice, share)
    lines = shapely.union_all([lattice.edge, *front], grid_size=lattice.grid_m)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inner = shapely.point_on_surface(faces)
    shapely.prepare(lattice.domain)
    inside = shapely.contains(lattice.domain, inner)
    faces, inner = faces[inside], inner[inside]
    owners = _holders(lattice, np.argmax(share, axis=1), faces, inner, len(statuses))
    faces = shapely.normalize(faces)
    areas = [Area(str(statuses[which]), face) for which, face in zip(owners, faces, strict=True)]
    return sorted(areas, key=lambda area: (area.status, area.shape.bounds))


def _holders(
    lattice: Lattice, largest: Ints, faces: NDArray[np.object_], inner: NDArray[np.object_], statuses: int
) -> Ints:
    """The status of each face: of most points inside; of the nearest point where no point is inside.

    The nearest point alone would not do: of a thin face it may lie across the front.
    """
    nearest = lattice.tree.nearest(inner)
    owners = largest[nearest]
    across = np.flatnonzero(~shapely.contains(faces, shapely.points(lattice.points[nearest])))
    face, point = lattice.tree.query(faces[across], predicate="contains")
    votes = np.zeros((len(across), statuses))
    np.add.at(votes, (face, largest[point]), 1)
    owners[across] = np.where(votes.any(axis=1), votes.argmax(axis=1), owners[across])
    return owners


def _nearest_apart(tree: shapely.STRtree, places: Floats) -> float:
    if len(places) < 2:
        return float("inf")
    found = tree.query_nearest(shapely.points(places), exclusive=True, return_distance=True)[1]
    return float(found.min())


def _points(places: Floats, domain: BaseGeometry, options: LatticeOptions) -> Floats:
    """Places first, then jittered points on and around the domain, denser where places are."""
    step, around = options.spacing_m, 6 * options.spacing_m
    west, south, east, north = shapely.bounds(domain)
    rows = np.arange(int((north - south + 2 * around) / (step * _ROW)) + 2)
    columns = np.arange(int((east - west + 2 * around) / step) + 2)
    row, column = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing="ij"))
    x = west - around + (column + (row % 2) / 2) * step
    y = south - around + row * step * _ROW
    # Every other row and column: a lattice of twice the spacing, shifted like the fine one.
    coarse = (row % 2 == 0) & ((column + (row // 2) % 2) % 2 == 0)
    jitter = np.random.default_rng(options.seed).uniform(-_JITTER, _JITTER, (len(x), 2)) * step
    points = np.column_stack([x, y])
    dense = _second_nearest(points, places) < options.dense_m
    points = points + jitter * np.where(coarse & ~dense, 1.6, 1.0)[:, None]
    kept = points[coarse | dense]
    wide = shapely.buffer(shapely.simplify(domain, step), around)
    shapely.prepare(wide)
    kept = kept[shapely.contains_xy(wide, kept)]
    return np.concatenate([places, kept[_away(kept, places) > 0.7 * step]])


def _tree(points: Floats) -> shapely.STRtree:
    return shapely.STRtree(shapely.get_parts(shapely.multipoints(points)))


def _away(points: Floats, places: Floats) -> Floats:
    """Distance from each point to the nearest place."""
    found = _tree(places).query_nearest(shapely.points(points), return_distance=True, all_matches=False)
    return np.asarray(found[1])


def _second_nearest(points: Floats, places: Floats) -> Floats:
    """Distance from each point to the second nearest place."""
    found = np.empty(len(points))
    for start in range(0, len(points), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        apart = _squared(points[part], places)
        found[part] = np.sqrt(
            np.partition(apart, min(1, len(places) - 1), axis=1)[:, min(1, len(places) - 1)]
        )
    return found


def _squared(points: Floats, places: Floats) -> Floats:
    x = points[:, 0, None] - places[None, :, 0]
    y = points[:, 1, None] - places[None, :, 1]
    squared: Floats = x * x + y * y
    return squared


def _owners(points: Floats, places: Floats, options: LatticeOptions) -> Ints:
    """The place each point belongs to: the nearest place, seen through smooth waves."""
    rng = np.random.default_rng(options.seed + 1)
    shift = np.zeros_like(points)
    for length in (9.0, 14.0, 23.0):
        for _ in range(3):
            turn, phase = rng.uniform(0, 2 * np.pi, 2), rng.uniform(0, 2 * np.pi, 2)
            for axis in (0, 1):
                along = points @ np.array([np.cos(turn[axis]), np.sin(turn[axis])])
                shift[:, axis] += np.sin(2 * np.pi * along / (length * options.spacing_m) + phase[axis]) / 3
    seen = points + shift * (_WARP * _away(points, places))[:, None]
    return np.asarray(_tree(places).nearest(shapely.points(seen)), dtype=np.int64)


def _triangles(points: Floats) -> Ints:
    """Delaunay triangles as indices into *points*."""
    corners = shapely.get_parts(shapely.delaunay_triangles(shapely.multipoints(points)))
    rings = shapely.get_coordinates(corners).reshape(-1, 4, 2)[:, :3].reshape(-1, 2)
    order = np.lexsort((points[:, 1], points[:, 0]))
    by_x = points[order]
    key = by_x[:, 0] + 1j * by_x[:, 1]  # complex numbers sort by the first part, then the second
    found = order[np.searchsorted(key, rings[:, 0] + 1j * rings[:, 1])]
    return np.asarray(found.reshape(-1, 3), dtype=np.int64)


def _shares(lattice: Lattice, code: Ints, statuses: int) -> Floats:
    """Share of each status at each point, shape (n, statuses): 1 for its own, then averaged."""
    own = np.eye(statuses)[code]
    share = own
    left, right = lattice.pairs[:, 0], lattice.pairs[:, 1]
    count = np.bincount(left, minlength=len(code)).astype(float)
    starts = np.searchsorted(left, np.arange(len(code)))
    for _ in range(_AVERAGING):
        around = np.add.reduceat(share[right], starts, axis=0) / count[:, None]
        share = (share + around) / 2
        share[lattice.pinned] = own[lattice.pinned]
    return share


def _front(lattice: Lattice, share: Floats) -> list[BaseGeometry]:
    """The lines between points whose largest shares are of different statuses, smoothed.

    They run from side to side through the triangles, and meet in the middle of one with three statuses.
    """
    largest = np.argmax(share, axis=1)
    corner = largest[lattice.triangles]
    mixed = lattice.triangles[(corner != corner[:, [1, 2, 0]]).any(axis=1)]
    if not len(mixed):
        return []
    # The lower point first, so that both triangles of a side find the very same crossing.
    a, b = np.minimum(mixed, mixed[:, [1, 2, 0]]), np.maximum(mixed, mixed[:, [1, 2, 0]])
    crossed = largest[a] != largest[b]
    at = _crossings(lattice.points, share, largest, a, b)
    two = crossed.sum(axis=1) == 2
    through = at[two][crossed[two]].reshape(-1, 2, 2)
    middle = np.broadcast_to(at[~two].mean(axis=1, keepdims=True), at[~two].shape)
    spokes = np.stack([at[~two], middle], axis=2).reshape(-1, 2, 2)
    pieces = shapely.multilinestrings(np.concatenate([through, spokes]))
    chains = [shapely.get_coordinates(line) for line in shapely.get_parts(shapely.line_merge(pieces))]
    ends = Counter(tuple(end) for chain in chains for end in (chain[0], chain[-1]))
    return [_smooth(chain, ends) for chain in chains]


def _crossings(points: Floats, share: Floats, largest: Ints, a: Ints, b: Ints) -> Floats:
    """Where between neighbours *a* and *b* their two statuses have equal shares; kept off both points."""
    at_a = share[a, largest[a]] - share[a, largest[b]]
    both = at_a + share[b, largest[b]] - share[b, largest[a]]
    t = np.divide(at_a, both, out=np.full_like(both, 0.5), where=both > 0).clip(0.15, 0.85)
    crossings: Floats = points[a] + t[..., None] * (points[b] - points[a])
    return crossings


def _smooth(chain: Floats, ends: Counter[tuple[float, ...]]) -> BaseGeometry:
    """Cut the corners twice (Chaikin 1974); ends stay, and a ring that nothing else touches has none."""
    ring = np.array_equal(chain[0], chain[-1]) and ends[tuple(chain[0])] == 2
    for _ in range(2):
        low, high = 0.75 * chain[:-1] + 0.25 * chain[1:], 0.25 * chain[:-1] + 0.75 * chain[1:]
        cut: Floats = np.stack([low, high], axis=1).reshape(-1, 2)
        chain = np.concatenate([cut, cut[:1]] if ring else [chain[:1], cut[1:-1], chain[-1:]])
    return shapely.LineString(chain)
