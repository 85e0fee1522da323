"""How far what a tile draws lies from what the source says. All lengths are tile units of the tile's zoom."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.grid import BUFFER, EXTENT, TileAddress, address_at, band_at, tile_unit_m
from tileserver.shape.project import to_lonlat
from tileserver.tiles.text import decode_tile

MARGIN = 24.0  # what is looked at around a tile, so that what lies just outside is near, too
PIXEL = 8.0
SAMPLE = 2.0  # a boundary is looked at in steps of this, and at one vertex in each square of it

Shapes = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
State = dict[str, BaseGeometry]  # status -> what has it; disjoint

TILE = shapely.box(0, 0, EXTENT, EXTENT)
REACH = shapely.box(-MARGIN, -MARGIN, EXTENT + MARGIN, EXTENT + MARGIN)
BUFFERED = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)


@dataclass(frozen=True, slots=True)
class Triple:
    """A state, by the instant since which it held, and a tile."""

    at: datetime
    address: TileAddress

    @property
    def grid(self) -> float:
        """The side of the band's grid."""
        return 2.0 ** (self.address.z - band_at(self.address.z).lowest)


class Source:
    """What the source said: its features, and the instants at which one of them begins or ends."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], priority: Mapping[str, int]) -> None:
        self._status = np.array([row["status"] for row in rows])
        self._start = np.array([row["start"].timestamp() for row in rows])
        self._end = np.array([row["end"].timestamp() if row["end"] else np.inf for row in rows])
        self._shape = shapely.from_wkb([row["geom"] for row in rows])
        self._tree = shapely.STRtree(self._shape)
        self._ranked = sorted(priority, key=lambda status: (-priority[status], status))
        self.times = sorted({row["start"] for row in rows} | {row["end"] for row in rows} - {None})

    def triple(self, zoom: int, chance: random.Random) -> Triple:
        """Return a tile of *zoom* on or beside the edge of something, on some day."""
        at = chance.choice(self.times)
        then = at.timestamp()
        held = np.flatnonzero((self._start <= then) & (then < self._end) & (self._status != "outside"))
        corners = shapely.get_coordinates(self._shape[chance.choice(held.tolist())])
        lon, lat = to_lonlat(corners[[chance.randrange(len(corners))]])[0]
        tile = address_at(lon, lat, zoom)
        last = (1 << zoom) - 1
        x, y = (min(max(n + chance.choice((-1, 0, 0, 0, 1)), 0), last) for n in (tile.x, tile.y))
        return Triple(at, TileAddress(zoom, x, y))

    def cut(self, triple: Triple, box: BaseGeometry) -> tuple[npt.NDArray[np.str_], Shapes]:
        """Return the features that lie in *box*, of the tile's units, and what they have there."""
        unit, bounds = tile_unit_m(triple.address.z), triple.address.bounds
        origin, scale = np.array([bounds.west, bounds.north]), np.array([unit, -unit])
        found = self._tree.query(shapely.transform(box, lambda xy: xy * scale + origin), "intersects")
        then = triple.at.timestamp()
        found = np.sort(found[(self._start[found] <= then) & (then < self._end[found])])
        shapes = shapely.transform(self._shape[found], lambda xy: (xy - origin) / scale)
        return self._status[found], shapely.intersection(shapes, box)

    def content(self, triple: Triple, box: BaseGeometry) -> set[tuple[str, bytes]]:
        """Return what there is in *box*, to be compared."""
        found = zip(*self.cut(triple, box), strict=True)
        return {(str(status), shapely.normalize(shape).wkb) for status, shape in found}

    def state(self, triple: Triple) -> State:
        """Return what each status has in and around the tile; the higher has what two of them claim."""
        statuses, shapes = self.cut(triple, REACH)
        state: State = {}
        taken: BaseGeometry = shapely.Polygon()
        for status in self._ranked:
            own = areas(shapely.union_all(shapes[statuses == status]))
            left = areas(shapely.difference(own, taken))
            taken = shapely.union(taken, own)
            if not left.is_empty:
                state[status] = left
        return state


def areas(shape: BaseGeometry) -> BaseGeometry:
    """Return the areas in *shape*, without the lines and points at which others touch them."""
    parts = shapely.get_parts(shape)
    found: BaseGeometry = shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])
    return found


def drawn(data: bytes, layer: str) -> list[tuple[str, BaseGeometry]]:
    """Return status and geometry of each feature in a tile."""
    features = decode_tile(data).get(layer, [])
    return [(each["properties"].get("status", ""), each["geometry"]) for each in features]


def merged(features: Sequence[tuple[str, BaseGeometry]]) -> State:
    """Return what each status has of *features*."""
    statuses = sorted({status for status, _ in features})
    return {
        each: shapely.union_all([shape for status, shape in features if status == each]) for each in statuses
    }


def edge(state: State) -> Shapes:
    """Return the boundaries of all statuses, as lines."""
    polygons = shapely.get_parts(np.array([*state.values(), shapely.MultiPolygon()]))
    lines: Shapes = shapely.get_parts(shapely.boundary(shapely.get_parts(polygons)))
    return lines


def outline(state: State) -> Shapes:
    """Return the boundary of all that has a status, as lines."""
    return edge({"": shapely.union_all([*state.values(), shapely.MultiPolygon()])})


def inside(points: Floats) -> Floats:
    """Return the points that lie in the tile and on no side of it."""
    within: Floats = points[((points > 0.5) & (points < EXTENT - 0.5)).all(axis=1)]
    return within


def away(lines: Shapes, others: Shapes) -> tuple[Floats, Floats]:
    """Return points on *lines* in the tile, and how far each is from *others*, if only from infinity."""
    points = inside(shapely.get_coordinates(shapely.segmentize(lines, SAMPLE)))
    points = points[np.unique(np.floor(points / SAMPLE), axis=0, return_index=True)[1]]
    distances = np.full(len(points), np.inf)
    if len(points) and len(others):
        tree = shapely.STRtree(segments(others))
        _, distances = tree.query_nearest(dots(points), return_distance=True, all_matches=False)
    return points, distances


def narrow_parts(state: State, around: BaseGeometry, width: float) -> Shapes:
    """Return what an opening by half of *width* takes away of *state* and its gaps, *around* there."""
    found = []
    for shape in (shapely.intersection(shape, around) for shape in state.values()):
        for sign in (-1, 1):
            opened = shapely.buffer(shapely.buffer(shape, sign * width / 2), -sign * width / 2)
            found.append(shapely.symmetric_difference(shape, opened))
    parts = shapely.get_parts(np.array(found, dtype=object))
    narrow: Shapes = parts[shapely.get_dimensions(parts) == 2]
    return narrow


def missed(source: State, lines: Shapes, grid: float) -> tuple[float, int]:
    """Return how far the source's edges lie from *lines*, and how many parts are too narrow for that."""
    points, distances = away(edge(source), lines)
    far = np.flatnonzero(distances > PIXEL)
    places = dots(points[far])
    around = shapely.union_all(shapely.buffer(places, 6 * grid, quad_segs=1))
    narrow = narrow_parts(source, around, 2 * grid)
    point, part = shapely.STRtree(narrow).query(places, "dwithin", distance=0.1 * grid)
    distances[far[point]] = 0
    return float(distances.max(initial=0)), len(np.unique(part))


def area_off(source: State, shown: State) -> float:
    """Return the largest difference of areas in the tile, to what is allowed.

    Allowed are 0.1 %, or the boundary moved by one unit throughout.
    """
    worst = 0.0
    for status in source.keys() | shown.keys():
        one, other = (
            shapely.intersection(state.get(status, shapely.Polygon()), TILE) for state in (source, shown)
        )
        length = max(one.length, other.length)
        worst = max(worst, abs(one.area - other.area) / max(0.001 * one.area, length, 1e-9))
    return worst


def overlap(shapes: Sequence[BaseGeometry]) -> float:
    """Return the area that two of *shapes* have."""
    return float(sum(shape.area for shape in shapes) - shapely.union_all(list(shapes)).area)


def seam(here: State, there: State, column: int, row: int) -> float:
    """Return the longest stretch on which two neighbours differ where they meet.

    *there* is the tile *column* to the right and *row* below; looked at is a line on either side of the edge.
    """
    worst = 0.0
    shift = np.array([column, row]) * EXTENT
    moved = {status: shapely.transform(shape, lambda xy: xy + shift) for status, shape in there.items()}
    for beside in (EXTENT - 0.25, EXTENT + 0.25):
        ends = [(beside, 0), (beside, EXTENT)] if column else [(0, beside), (EXTENT, beside)]
        for status in here.keys() | there.keys():
            one, other = (
                shapely.intersection(shapely.LineString(ends), state.get(status, shapely.Polygon()))
                for state in (here, moved)
            )
            parts = shapely.get_parts(shapely.symmetric_difference(one, other))
            worst = max(worst, float(shapely.length(parts).max(initial=0)))
    return worst


def looseness(front: Sequence[BaseGeometry], held: Sequence[BaseGeometry]) -> float:
    """Return how far vertices of *front* lie from the edges of the *held* polygons."""
    if not front:
        return 0.0
    tree = shapely.STRtree(segments(shapely.boundary(list(held))))
    vertices = dots(shapely.get_coordinates(list(front)))
    return float(tree.query_nearest(vertices, return_distance=True, all_matches=False)[1].max())


def segments(lines: Shapes) -> Shapes:
    """Return *lines* piece by piece."""
    coordinates, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    pairs = np.stack([coordinates[:-1], coordinates[1:]], axis=1)[line[1:] == line[:-1]]
    return np.asarray(shapely.linestrings(pairs), dtype=object)


def dots(points: Floats) -> Shapes:
    """Return *points* as geometries."""
    return np.asarray(shapely.points(points), dtype=object)


def cells_box(triple: Triple) -> BaseGeometry:
    """Return the box of all cells of the band that the tile or its buffer draws from."""
    address = triple.address
    side = EXTENT * 2.0 ** (address.z - band_at(address.z).cell_zoom)
    corner = np.array([address.x, address.y]) * EXTENT
    low = np.floor((corner - BUFFER) / side) * side - corner
    high = np.ceil((corner + EXTENT + BUFFER) / side) * side - corner
    box: BaseGeometry = shapely.box(*low, *high)
    return box
