"""The events of a layer in memory: in a tile, as points where there are not too many, else by square.

They stand in the order of a curve through the tiles of every zoom (Morton 1966), so those of a tile follow
one another. Tiles and squares are half-open: an event on an edge lies in one of them only, so squares add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tileserver.grid import BUFFER, EXTENT, TileAddress
from tileserver.model import Integers, Layer
from tileserver.store.cuts import EventSquare
from tileserver.store.event_window import EventWindow
from tileserver.store.events import PLACE_BITS
from tileserver.store.index import spread
from tileserver.store.windows import POINT_LIMIT, SQUARE_BITS, SQUARES
from tileserver.tiles.recent import Recent

POINTS_BY = 12  # the zoom from which there are points, however many
_MEMORY = 4096  # windows whose zoom is remembered
_BRIEF = 8  # times as many events in a tile: to find those of a window by time alone is faster; measured
_COSTLY = 1_000  # events that PostGIS goes through, for some 4 ms; measured

Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Some events of one layer, as columns of shape (n,).

    Parameters
    ----------
    start, end : array of int64
        The period of each, half-open, in microseconds since 1970, UTC.
    known_from, known_to : array of int64
        The revisions that know it, half-open.
    code : array of int16
        The place of its code in *vocabulary*, from 1; 0 for a code that is not declared.
    token : array of uint64
        A number for the event with its period; sums of them tell sets of events apart.
    category : str
        The property that has the code.
    vocabulary : tuple of str
        The codes of the layer's legend.
    """

    start: Integers
    end: Integers
    known_from: Integers
    known_to: Integers
    code: Integers
    token: Integers
    category: str
    vocabulary: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.start)

    def part(self, which: slice | Integers | Mask) -> Events:
        """Return the events at *which* places; views for a slice."""
        columns = {name: getattr(self, name)[which] for name in _COLUMNS}
        return Events(**columns, category=self.category, vocabulary=self.vocabulary)

    def in_period(self, window: EventWindow) -> Mask:
        """Return a mask of the events that *window* selects, known in whatever revision."""
        chosen: Mask = self.start <= window.last
        chosen &= self.end >= window.first
        chosen &= self.end <= window.end
        if window.selection.chosen and (codes := window.selection.of(self.category)):
            chosen &= np.array([False, *(code in codes for code in self.vocabulary)])[self.code]
        return chosen

    def selected(self, window: EventWindow) -> Mask:
        """Return a mask of the events that *window* selects."""
        chosen = self.in_period(window)
        chosen &= self.known_from <= window.revision
        chosen &= self.known_to > window.revision
        return chosen


_COLUMNS = ("start", "end", "known_from", "known_to", "code", "token")


class EventIndex:
    """All events of a layer, of all revisions; from `store.events.load_events`."""

    def __init__(self, rows: npt.NDArray[Any], layer: Layer) -> None:
        places = interleaved(rows["x"], rows["y"])
        rows, self._places = rows[order := np.argsort(places, kind="stable")], places[order]
        self._x, self._y = rows["x"].astype(np.int32), rows["y"].astype(np.int32)
        start, end, known_from, known_to = (
            rows[name].astype(np.int64) for name in ("start", "end", "known_from", "known_to")
        )
        # Two days of one event are two things to select, although they look the same; so are two texts of it.
        token = spread(spread(rows["content"]) + spread(start) * np.uint64(3) + spread(end) * np.uint64(5))
        codes = tuple(category.code for category in layer.categories)
        code = rows["code"].astype(np.int16)
        self.events = Events(start, end, known_from, known_to, code, token, layer.category, codes)
        self.starts, self._by_end = np.unique(start), np.sort(end)
        self.ends = np.unique(self._by_end)
        self.squares_below = squares_below(layer)
        self.texts = layer.texts
        self._edges: dict[int, Integers] = {}
        self._zooms: Recent[EventWindow, int] = Recent(_MEMORY)

    @property
    def bytes(self) -> int:
        """The memory that the events take."""
        columns = [getattr(self.events, name) for name in _COLUMNS]
        return sum(column.nbytes for column in (self._places, self._x, self._y, self._by_end, *columns))

    def boxes(self, which: Mask | None = None) -> dict[str, Integers]:
        """Return the squares of all events, or of a part (*which*), each once, by edge in world units."""
        places = np.column_stack([self._x, self._y])
        x, y = np.unique(places if which is None else places[which], axis=0).astype(np.int64).T
        return {"west": x, "north": y, "east": x + 1, "south": y + 1}

    def near(self, address: TileAddress) -> list[Events]:
        """Return the events of the tile, and of the strip around the tile that is its buffer."""
        x, y = np.array([(address.x, address.y), *_neighbours(address)]).T
        first = interleaved(x, y)
        bits = 2 * (PLACE_BITS - address.z)
        edges = self._places.searchsorted([first << bits, (first + 1) << bits])
        inside, *around = (slice(start, stop) for start, stop in edges.T.tolist())
        return [self.events.part(inside), *self._in_strip(address, around)]

    def points_zoom(self, window: EventWindow) -> int:
        """Return the lowest zoom at which no tile has more events of *window* than are drawn as points.

        From ``squares_below`` on there are points in any case. The same for every tile, so that neighbours
        agree. Some 10 ms a million events for a window that is new.
        """
        zoom = self._zooms.get(window)
        return self._zooms.keep(window, self._find_points_zoom(window)) if zoom is None else zoom

    def squares(self, address: TileAddress, window: EventWindow, points_zoom: int) -> tuple[EventSquare, ...]:
        """Count the events of *window* by square of the tile and by code; empty squares are left out."""
        inside = self._inside(address)
        events = self.events.part(inside)
        chosen = events.selected(window)
        bits = 2 * (PLACE_BITS - address.z - SQUARE_BITS)
        which = (self._places[inside][chosen] >> bits) & (SQUARES * SQUARES - 1)
        kinds = len(events.vocabulary) + 1
        counts = np.bincount(which * kinds + events.code[chosen], minlength=SQUARES * SQUARES * kinds)
        return tuple(_squares(counts.reshape(-1, kinds), events.vocabulary, points_zoom))

    def is_brief(self, address: TileAddress, window: EventWindow) -> bool:
        """Whether the window has far fewer events, all over the map, than the tile at all times."""
        in_window, in_tile = self._numbers(address, window)
        return in_window * _BRIEF <= in_tile

    def is_costly(self, address: TileAddress, window: EventWindow) -> bool:
        """Whether many events have to be gone through to draw the window here as points."""
        return min(self._numbers(address, window)) > _COSTLY

    def _numbers(self, address: TileAddress, window: EventWindow) -> tuple[int, int]:
        """Return how many events the window has all over the map, and the tile at all times."""
        inside = self._inside(address)
        first, end = self._by_end.searchsorted([window.first, window.end + 1]).tolist()
        return end - first, inside.stop - inside.start

    def _find_points_zoom(self, window: EventWindow) -> int:
        sums = np.concatenate([[0], np.cumsum(self.events.selected(window), dtype=np.int32)])
        for zoom in range(self.squares_below):
            if int(np.diff(sums[self._edges_at(zoom)]).max(initial=0)) <= POINT_LIMIT:
                return zoom
        return self.squares_below

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

    def _in_strip(self, address: TileAddress, around: list[slice]) -> Iterator[Events]:
        side = 1 << (PLACE_BITS - address.z)
        margin = side * BUFFER / EXTENT
        west, north = address.x * side - margin, address.y * side - margin
        east, south = west + side + 2 * margin, north + side + 2 * margin
        for there in around:
            x, y = self._x[there], self._y[there]
            # A place is the corner of a square; what lies anywhere in it may be in the strip.
            close = (x + 1 >= west) & (x <= east) & (y + 1 >= north) & (y <= south)
            if close.any():
                yield self.events.part(np.flatnonzero(close) + int(there.start))


def squares_below(layer: Layer) -> int:
    """Return the zoom from which the events of *layer* are points, however many there are.

    On its last zoom there are points; and no square is smaller than coordinates of the layer are exact: it is
    ``360 / (SQUARES * 2**zoom)`` degrees wide, and at 60 degrees of latitude half as high.
    """
    coarsest = 180 * int(10**layer.precision) // SQUARES  # tiles along the equator with squares that small
    return min(POINTS_BY, layer.maxzoom, coarsest.bit_length())


def interleaved(x: Integers, y: Integers) -> npt.NDArray[np.int64]:
    """Return the places on the curve of columns *x* and rows *y*: the bits of both, in turns.

    Arrays of one shape (n,), whole world units or tile numbers from 0 to below 2^31; int64 comes back.
    """
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
_GRID = np.arange(SQUARES)
_PLACE_OF = np.argsort(
    interleaved(np.tile(_GRID, SQUARES), np.repeat(_GRID, SQUARES))
)  # row * SQUARES + column


def _squares(counts: Integers, vocabulary: tuple[str, ...], points_zoom: int) -> Iterator[EventSquare]:
    names = [f"count_{code}" for code in vocabulary]
    totals = counts.sum(axis=1)
    for which in np.flatnonzero(totals).tolist():
        y, x = divmod(int(_PLACE_OF[which]), SQUARES)
        by_code = dict(zip(names, counts[which, 1:].tolist(), strict=True))
        said = {"cell": True, "count": int(totals[which]), "points_zoom": points_zoom, **by_code}
        yield EventSquare(x, y, said)


def _neighbours(address: TileAddress) -> Iterator[tuple[int, int]]:
    """Yield column and row of the tiles around *address* that are in the matrix."""
    side = 1 << address.z
    for x in (address.x - 1, address.x, address.x + 1):
        for y in (address.y - 1, address.y, address.y + 1):
            if (x, y) != (address.x, address.y) and 0 <= x < side and 0 <= y < side:
                yield x, y
