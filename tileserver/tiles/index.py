"""The change index: which state a tile has at an instant, as known in a revision, without a query.

A tile's state is the set of rows whose box meets the tile with its buffer, that are valid at the instant and
known in the revision. Its digest is the sum of its members' tokens, numbers of 64 bits: equal states have
equal digests, whatever the day and the revision, and the chance that two others share one is that of two
random numbers of 64 bits. Along valid time the digests of all epochs are one running sum.

So neither the rest of the map, nor other days, nor an import that changes nothing here, nor one that is not
yet public, changes the digest of a tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import ceil, floor
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tileserver.grid import BAND_BY_ZOOM, BUFFER, EXTENT, WORLD_UNITS, TileAddress
from tileserver.model import Digest, Integers, Moment, Revision
from tileserver.store.index import NEVER, ROW, Rows
from tileserver.tiles.events import EventIndex
from tileserver.tiles.updates import Updates
from tileserver.tiles.windows import NO_WINDOWS, WindowView
from tileserver.times import OPEN, Micros, MicrosArray

_NARROWER = (0, 2, 4, 6, 8)  # widths of slabs, as powers of two below the widest
_SLAB_BYTES = 20  # of a row: its place and four edges

Edges: TypeAlias = npt.NDArray[np.int32]


class State(NamedTuple):
    """The digest of a state, and a moment at which the state holds."""

    digest: Digest
    moment: Moment


class LayerIndex:
    """The changes of one layer: its rows by band, each ascending by its western edge, or its events.

    Parameters
    ----------
    bands : dict of int to Rows
        From `store.index.load_rows`; none for a window layer.
    has_bands : bool
        Whether each band of zooms has rows of its own, rather than all of them those of band 0.
    events : EventIndex, optional
        Of a window layer.
    """

    def __init__(
        self, bands: dict[int, Rows], *, has_bands: bool = False, events: EventIndex | None = None
    ) -> None:
        self.bands = bands
        self.events = events
        own = {band: (rows, _slabs(rows)) for band, rows in bands.items()}
        self._at_zoom = [own.get(band.lowest if has_bands else 0, (_NO_ROWS, ())) for band in BAND_BY_ZOOM]

    @property
    def bytes(self) -> int:
        """The memory that the rows take."""
        rows = sum(rows.nbytes + len(rows) * _SLAB_BYTES for rows in self.bands.values())
        return rows + (self.events.bytes if self.events else 0)

    @cached_property
    def updates(self) -> Updates:
        """Edges of the layer with the revisions that told of each, by the finest rows; worked out once."""
        if self.events is not None:
            return Updates.of_events(self.events.events)
        return Updates.of_rows(self.bands[max(self.bands)] if self.bands else _NO_ROWS)

    def at_zoom(self, zoom: int) -> Rows:
        """Return the rows that *zoom* is drawn from."""
        return self._at_zoom[zoom][0]

    def near(self, address: TileAddress) -> Rows:
        """Return the rows whose box meets the tile with its buffer."""
        rows, slabs = self._at_zoom[address.z]
        side = WORLD_UNITS / (1 << address.z)
        margin = side * BUFFER / EXTENT
        west, east = ceil(address.x * side - margin), floor((address.x + 1) * side + margin)
        north, south = ceil(address.y * side - margin), floor((address.y + 1) * side + margin)
        places = [slab.near(west, north, east, south) for slab in slabs]
        found: Rows = rows[np.concatenate(places)] if places else rows
        return found


class _Slab(NamedTuple):
    """Places, and edges of the boxes, of rows at most ``widest`` world units wide.

    Ascending by the western edge. The edges are columns of their own, and are searched for numbers of their
    own type: a search in a field of rows, or for a wider type, first copies the whole field.
    """

    places: Integers
    west: Edges
    north: Edges
    east: Edges
    south: Edges
    widest: int

    def near(self, west: int, north: int, east: int, south: int) -> Integers:
        """Return the places of the rows whose box meets a box of the given edges."""
        first = self.west.searchsorted(np.int32(west - self.widest))
        last = self.west.searchsorted(np.int32(east), side="right")
        meets = self.east[first:last] >= west
        meets &= self.north[first:last] <= south
        meets &= self.south[first:last] >= north
        return self.places[first:last][meets]


def _slabs(rows: Rows) -> tuple[_Slab, ...]:
    """Sort *rows* by width, so that few wide rows do not make the search among the others long."""
    width = rows["east"] - rows["west"]
    bounds = sorted({int(width.max(initial=0)) >> shift for shift in _NARROWER})
    slabs = []
    for above, widest in zip((-1, *bounds), bounds, strict=False):
        places = np.flatnonzero((width > above) & (width <= widest)).astype(np.int32)
        if len(places):
            west, north, east, south = (rows[edge][places] for edge in ("west", "north", "east", "south"))
            slabs.append(_Slab(places, west, north, east, south, widest))
    return tuple(slabs)


_NO_ROWS: Rows = np.empty(0, dtype=ROW)
NO_INDEX = LayerIndex({})


class TileView:
    """The change index of one tile: the rows of its state layers together, and the events of the others.

    Instants are microseconds since 1970, UTC. Revision 0 is before the first.
    """

    def __init__(self, states: Sequence[Rows], windows: WindowView = NO_WINDOWS) -> None:
        self.windows = windows
        self._rows = np.concatenate(states) if states else _NO_ROWS  # no two layers share a token
        self._epochs: dict[Revision, tuple[MicrosArray, Integers]] = {}

    def state(self, at: Micros, revision: Revision) -> State | None:
        """Return the state at *at*, as known in *revision*; ``None`` for an empty tile.

        Its moment is the canonical one: the beginning of the epoch, and the newest revision up to *revision*
        that touched the tile.
        """
        revision = self.step(revision)
        edges, digests = self.epochs(revision)
        place = int(edges.searchsorted(at, side="right")) - 1
        if place < 0 or not digests[place]:
            return None
        return State(Digest(int(digests[place])), Moment(Micros(int(edges[place])), revision))

    def known_from(self, moment: Moment) -> Revision:
        """Return the oldest revision from which on the tile has the same content at *moment*.

        Every revision from there up to that of the moment gives it that content; 0 if it never had any.
        """
        rows = self._rows
        there = rows[(rows["start"] <= moment.at) & (moment.at < rows["end"])]
        edges, _ = _running(there["known_from"], there["known_to"], there["token"])
        place = int(edges.searchsorted(moment.revision, side="right"))
        return Revision(int(edges[place - 1]) if place else 0)

    def find_state(self, digest: Digest, upto: Micros) -> State | None:
        """Return the state of that digest, at a moment by the instant *upto*; the newest revision first."""
        for each in reversed(self._revisions.tolist()):
            revision = Revision(each)
            edges, digests = self.epochs(revision)
            places = np.flatnonzero(digests[: edges.searchsorted(upto, side="right")] == np.uint64(digest))
            if len(places):
                return State(digest, Moment(Micros(int(edges[places[-1]])), revision))
        return None

    def validity(self, at: Micros, revision: Revision) -> tuple[Micros | None, Micros | None]:
        """Return the epoch ``[start, end)`` around *at*, as known in *revision*; ``None`` is unbounded."""
        edges, _ = self.epochs(self.step(revision))
        place = int(edges.searchsorted(at, side="right"))
        following = Micros(int(edges[place])) if place < len(edges) else OPEN
        return Micros(int(edges[place - 1])) if place else None, None if following == OPEN else following

    def epochs(self, revision: Revision) -> tuple[MicrosArray, Integers]:
        """Return the instants at which the state changes, ascending, and its digest from each on.

        Two arrays of one shape (n,), int64 and uint64; the digest 0 is an empty tile.
        """
        if revision not in self._epochs:
            rows = self._rows
            known = rows[(rows["known_from"] <= revision) & (revision < rows["known_to"])]
            self._epochs[revision] = _running(known["start"], known["end"], known["token"])
        return self._epochs[revision]

    def step(self, revision: Revision) -> Revision:
        """Return the newest revision up to *revision* that touched the tile; 0 before the first."""
        place = int(self._revisions.searchsorted(revision, side="right"))
        return Revision(int(self._revisions[place - 1]) if place else 0)

    @cached_property
    def _revisions(self) -> Integers:
        every: Integers = np.unique(np.concatenate([self._rows["known_from"], self._rows["known_to"]]))
        return every[: every.searchsorted(NEVER)]


def _running(starts: Integers, ends: Integers, tokens: Integers) -> tuple[MicrosArray, Integers]:
    """Return, ascending, the edges at which the sum of the tokens changes, and the sum from each on.

    Half-open ``[start, end)`` of shape (n,) each, on any axis; sums are modulo 2^64.
    """
    values = np.concatenate([starts, ends]).astype(np.int64)
    order = np.argsort(values, kind="stable")
    values = values[order]
    sums = np.cumsum(np.concatenate([tokens, ~tokens + np.uint64(1)])[order], dtype=np.uint64)
    last = np.ones(len(values), dtype=bool)
    last[:-1] = values[1:] != values[:-1]
    values, sums = values[last], sums[last]
    changed = sums != np.concatenate([np.zeros(1, np.uint64), sums])[:-1]
    return values[changed], sums[changed]
