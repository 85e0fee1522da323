"""The events of a layer in memory: which lie in a tile, where they are too many, how many in each cell.

They stand in the order of a curve through the tiles of every zoom (Morton 1966), so those of a tile follow
one another. Tiles and cells are half-open: an event on an edge lies in one of them only, so cells add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tileserver.grid import BUFFER, EXTENT, TileAddress
from tileserver.model import Integers, Layer
from tileserver.store.events import PLACE_BITS
from tileserver.store.windows import CELL_BITS, CELLS, POINT_LIMIT, Cell
from tileserver.tiles.recent import Recent
from tileserver.tiles.selection import EVERYTHING, Selection
from tileserver.tiles.tokens import spread
from tileserver.times import Micros

POINTS_BY = 12  # the zoom from which there are points, however many
_MEMORY = 4096  # windows whose zoom is remembered
_BRIEF = 8  # times as many events in a tile: to find those of a window by time alone is faster; measured

Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asked:
    """A window: what starts by ``last`` and ends from ``first`` to ``until``, all inclusive, in microseconds.

    As known in ``revision``; of ``selection``.
    """

    first: Micros
    last: Micros
    until: Micros
    revision: int
    selection: Selection = EVERYTHING


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Some events of one layer, as columns; ``token`` names an event and its period by 64 bits."""

    start: Integers
    end: Integers
    since: Integers
    until: Integers
    code: Integers
    token: Integers
    category: str
    vocabulary: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.start)

    def part(self, which: slice | Integers | Mask) -> Events:
        """Return those at *which* places; views for a slice."""
        columns = {name: getattr(self, name)[which] for name in _COLUMNS}
        return Events(**columns, category=self.category, vocabulary=self.vocabulary)

    def in_period(self, window: Asked) -> Mask:
        """Return which of them *window* selects in whatever revision."""
        chosen: Mask = self.start <= window.last
        chosen &= self.end >= window.first
        chosen &= self.end <= window.until
        codes = window.selection.of(self.category)
        if codes:
            chosen &= np.array([False, *(code in codes for code in self.vocabulary)])[self.code]
        return chosen

    def selected(self, window: Asked) -> Mask:
        """Return which of them *window* selects."""
        chosen = self.in_period(window)
        chosen &= self.since <= window.revision
        chosen &= self.until > window.revision
        return chosen


_COLUMNS = ("start", "end", "since", "until", "code", "token")


class EventIndex:
    """All events of a layer, of all revisions; from `store.events.load_events`."""

    def __init__(self, rows: npt.NDArray[Any], layer: Layer) -> None:
        places = interleaved(rows["x"], rows["y"])
        rows, self._places = rows[order := np.argsort(places, kind="stable")], places[order]
        self._x, self._y = rows["x"].astype(np.int32), rows["y"].astype(np.int32)
        start, end, since, until = (
            rows[name].astype(np.int64) for name in ("start", "end", "since", "until")
        )
        # Two days of one event are two things to select, although they look the same.
        token = spread(spread(rows["id"]) + spread(start) * np.uint64(3) + spread(end) * np.uint64(5))
        codes = tuple(category.code for category in layer.categories)
        code = rows["code"].astype(np.int16)
        self.events = Events(start, end, since, until, code, token, layer.category, codes)
        self.starts, self._by_end = np.unique(start), np.sort(end)
        self.ends = np.unique(self._by_end)
        self.cells_below = cells_below(layer)
        self._edges: dict[int, Integers] = {}
        self._zooms: Recent[Asked, int] = Recent(_MEMORY)

    @property
    def bytes(self) -> int:
        """The memory that the events take."""
        columns = [getattr(self.events, name) for name in _COLUMNS]
        return sum(column.nbytes for column in (self._places, self._x, self._y, self._by_end, *columns))

    def near(self, address: TileAddress) -> list[Events]:
        """Return the events of the tile, and those of the strip around it that it is buffered with."""
        return [self.events.part(self._inside(address)), *self._around(address)]

    def points_zoom(self, window: Asked) -> int:
        """Return the lowest zoom at which no tile has more events of *window* than are drawn as points.

        From ``cells_below`` on there are points in any case. The same for every tile, so that neighbours
        agree. Some 10 ms a million events for a window that is new.
        """
        zoom = self._zooms.get(window)
        return self._zooms.keep(window, self._find_points_zoom(window)) if zoom is None else zoom

    def cells(self, address: TileAddress, window: Asked, points_zoom: int) -> tuple[Cell, ...]:
        """Count the events of *window* by cell of the tile and by code; cells without any are left out."""
        inside = self._inside(address)
        events = self.events.part(inside)
        chosen = events.selected(window)
        bits = 2 * (PLACE_BITS - address.z - CELL_BITS)
        which = (self._places[inside][chosen] >> bits) & (CELLS * CELLS - 1)
        kinds = len(events.vocabulary) + 1
        counts = np.bincount(which * kinds + events.code[chosen], minlength=CELLS * CELLS * kinds)
        return tuple(_cells(counts.reshape(-1, kinds), events.vocabulary, points_zoom))

    def is_brief(self, address: TileAddress, window: Asked) -> bool:
        """Whether the window has far fewer events, all over the map, than the tile at all times."""
        inside = self._inside(address)
        ends = self._by_end.searchsorted([window.first, window.until + 1])
        return bool((ends[1] - ends[0]) * _BRIEF <= inside.stop - inside.start)

    def _find_points_zoom(self, window: Asked) -> int:
        sums = np.concatenate([[0], np.cumsum(self.events.selected(window), dtype=np.int32)])
        for zoom in range(self.cells_below):
            if int(np.diff(sums[self._edges_at(zoom)]).max(initial=0)) <= POINT_LIMIT:
                return zoom
        return self.cells_below

    def _edges_at(self, zoom: int) -> Integers:
        """Return where the events of each tile of *zoom* begin, and where the last one's end."""
        if zoom not in self._edges:
            tiles = self._places >> (2 * (PLACE_BITS - zoom))
            inner = np.flatnonzero(np.diff(tiles)) + 1
            self._edges[zoom] = np.concatenate([[0], inner, [len(tiles)]])
        return self._edges[zoom]

    def _inside(self, address: TileAddress) -> slice:
        bits = 2 * (PLACE_BITS - address.z)
        first = int(interleaved(np.array([address.x]), np.array([address.y]))[0])
        edges = np.array([first, first + 1], dtype=np.int64) << bits
        start, stop = self._places.searchsorted(edges).tolist()
        return slice(start, stop)

    def _around(self, address: TileAddress) -> Iterator[Events]:
        side = 1 << (PLACE_BITS - address.z)
        margin = side * BUFFER / EXTENT
        west, north = address.x * side - margin, address.y * side - margin
        east, south = west + side + 2 * margin, north + side + 2 * margin
        for neighbour in _neighbours(address):
            there = self._inside(neighbour)
            x, y = self._x[there], self._y[there]
            # A place is the corner of a square; what lies anywhere in it may be in the strip.
            close = (x + 1 >= west) & (x <= east) & (y + 1 >= north) & (y <= south)
            if close.any():
                yield self.events.part(np.flatnonzero(close) + int(there.start))


def cells_below(layer: Layer) -> int:
    """Return the zoom from which the events of *layer* are points, however many there are.

    On its last zoom there are points; and no cell is smaller than coordinates of the layer are exact: it is
    ``360 / (CELLS * 2**zoom)`` degrees wide, and at 60 degrees of latitude half as high.
    """
    coarsest = 180 * int(10**layer.precision) // CELLS  # tiles along the equator whose cells are that small
    return min(POINTS_BY, layer.maxzoom, coarsest.bit_length())


def interleaved(x: Integers, y: Integers) -> npt.NDArray[np.int64]:
    """Return the places on the curve of columns *x* and rows *y*, both below 2^31."""
    places: npt.NDArray[np.int64] = _spaced(x) | (_spaced(y) << 1)
    return places


def _spaced(numbers: Integers) -> npt.NDArray[np.int64]:
    """Return *numbers* with a zero before each bit."""
    spaced = numbers.astype(np.int64)
    for shift, mask in _SPACING:
        spaced = (spaced | (spaced << shift)) & mask
    return spaced


_SPACING = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)
_GRID = np.arange(CELLS)
_PLACE_OF = np.argsort(interleaved(np.tile(_GRID, CELLS), np.repeat(_GRID, CELLS)))  # row * CELLS + column


def _cells(counts: Integers, vocabulary: tuple[str, ...], points_zoom: int) -> Iterator[Cell]:
    names = [f"count_{code}" for code in vocabulary]
    totals = counts.sum(axis=1)
    for which in np.flatnonzero(totals).tolist():
        y, x = divmod(int(_PLACE_OF[which]), CELLS)
        by_code = dict(zip(names, counts[which, 1:].tolist(), strict=True))
        said = {"cell": True, "count": int(totals[which]), "points_zoom": points_zoom, **by_code}
        yield Cell(x, y, said)


def _neighbours(address: TileAddress) -> Iterator[TileAddress]:
    side = 1 << address.z
    for x in (address.x - 1, address.x, address.x + 1):
        for y in (address.y - 1, address.y, address.y + 1):
            if (x, y) != (address.x, address.y) and 0 <= x < side and 0 <= y < side:
                yield TileAddress(address.z, x, y)
