"""The change index: which content a tile has at an instant, as known in a revision, without a query.

A tile's content is the set of versions whose box meets the tile with its buffer, that are valid at the
instant and known in the revision. It is named by the sum of its members' ids, each spread over 64 bits: equal
contents have equal names, whatever the day and the revision, and the chance that two others share one is
that of two random numbers of 64 bits. Along valid time the names of all epochs are one running sum.

So neither the rest of the map, nor other days, nor an import that changes nothing here, nor one that is not
yet public, changes the name of a tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tileserver.grid import BUFFER, EXTENT, WORLD_UNITS, TileAddress, band_at
from tileserver.model import Integers
from tileserver.store.index import NEVER, ROW, Rows
from tileserver.tiles.events import EventIndex
from tileserver.tiles.tokens import spread
from tileserver.tiles.windows import NO_WINDOWS, WindowView
from tileserver.times import OPEN, Micros


class Spot(NamedTuple):
    """The name of a content, and an instant (microseconds) and a revision at which it is found."""

    name: int
    at: Micros
    revision: int


@dataclass(frozen=True, slots=True, eq=False)
class LayerIndex:
    """What changes in one layer: its rows by band, each ascending by its western edge, or its events."""

    bands: dict[int, Rows]
    widest: dict[int, int]
    events: EventIndex | None = None

    @classmethod
    def of(cls, bands: dict[int, Rows]) -> LayerIndex:
        """Index *bands*, as `store.index.load_rows` returns them."""
        widest = {band: int((rows["east"] - rows["west"]).max(initial=0)) for band, rows in bands.items()}
        return cls(bands, widest)

    @property
    def bytes(self) -> int:
        """The memory that the rows take."""
        rows = sum(rows.nbytes for rows in self.bands.values())
        return rows + (self.events.bytes if self.events else 0)

    def at_zoom(self, zoom: int, *, has_bands: bool) -> Rows:
        """Return the rows that *zoom* is drawn from."""
        return self.bands.get(band_at(zoom).lowest if has_bands else 0, _NO_ROWS)

    def near(self, address: TileAddress, *, has_bands: bool) -> Rows:
        """Return the rows whose box meets the tile with its buffer."""
        band = band_at(address.z).lowest if has_bands else 0
        rows = self.at_zoom(address.z, has_bands=has_bands)
        if not len(rows):
            return rows
        side = WORLD_UNITS / (1 << address.z)
        margin = side * BUFFER / EXTENT
        west, east = address.x * side - margin, (address.x + 1) * side + margin
        north, south = address.y * side - margin, (address.y + 1) * side + margin
        first = rows["west"].searchsorted(west - self.widest[band])
        last = rows["west"].searchsorted(east, side="right")
        some = rows[first:last]
        meets = (some["east"] >= west) & (some["north"] <= south) & (some["south"] >= north)
        found: Rows = some[meets]
        return found


_NO_ROWS: Rows = np.empty(0, dtype=ROW)
NO_INDEX = LayerIndex({}, {})


class TileView:
    """What the index knows of one tile: the state layers' rows together, and the window layers' events."""

    def __init__(self, states: Sequence[Rows], windows: WindowView = NO_WINDOWS) -> None:
        self.windows = windows
        self._state = _together(states)
        self._epochs: dict[int, tuple[Integers, Integers]] = {}

    def state(self, at: int, revision: int) -> Spot | None:
        """Return the content at *at*, as known in *revision*; ``None`` where there is none."""
        revision = self._step(revision)
        edges, names = self.epochs(revision)
        place = int(edges.searchsorted(at, side="right")) - 1
        if place < 0 or not names[place]:
            return None
        return Spot(int(names[place]), Micros(int(edges[place])), revision)

    def since(self, at: int, revision: int) -> int:
        """Return the revision since which the content at *at* has been what it is as known in *revision*."""
        rows = self._state
        there = rows[(rows["start"] <= at) & (at < rows["end"])]
        edges, _ = _running(there["since"], there["until"], spread(there["id"]))
        place = int(edges.searchsorted(revision, side="right"))
        return int(edges[place - 1]) if place else 0

    def find(self, name: int, upto: int) -> Spot | None:
        """Return where the content *name* is found by the instant *upto*; the newest revision first."""
        for revision in reversed(self._revisions.tolist()):
            edges, names = self.epochs(revision)
            places = np.flatnonzero(names[: edges.searchsorted(upto, side="right")] == np.uint64(name))
            if len(places):
                return Spot(name, Micros(int(edges[places[-1]])), revision)
        return None

    def validity(self, at: Micros, revision: int) -> tuple[Micros | None, Micros | None]:
        """Return since when and until when the content around *at* is the same, as known in *revision*."""
        edges, _ = self.epochs(self._step(revision))
        place = int(edges.searchsorted(at, side="right"))
        following = Micros(int(edges[place])) if place < len(edges) else OPEN
        return Micros(int(edges[place - 1])) if place else None, None if following == OPEN else following

    def epochs(self, revision: int) -> tuple[Integers, Integers]:
        """Return the instants at which the state changes, ascending, and the name it has from each on."""
        if revision not in self._epochs:
            rows = self._state
            known = rows[(rows["since"] <= revision) & (revision < rows["until"])]
            self._epochs[revision] = _running(known["start"], known["end"], spread(known["id"]))
        return self._epochs[revision]

    def _step(self, revision: int) -> int:
        """Return the newest revision up to *revision* that touched the tile; 0 before the first."""
        place = int(self._revisions.searchsorted(revision, side="right"))
        return int(self._revisions[place - 1]) if place else 0

    @cached_property
    def _revisions(self) -> Integers:
        every: Integers = np.unique(np.concatenate([self._state["since"], self._state["until"]]))
        return every[: every.searchsorted(NEVER)]


def _together(parts: Sequence[Rows]) -> Rows:
    """Return the rows of several layers as one; no two layers share an id."""
    return np.concatenate(parts) if parts else _NO_ROWS


def _running(starts: Integers, ends: Integers, tokens: Integers) -> tuple[Integers, Integers]:
    """Return, ascending, where the sum of what holds changes, and the sum from there on (modulo 2^64)."""
    values = np.concatenate([starts, ends]).astype(np.int64)
    order = np.argsort(values, kind="stable")
    values = values[order]
    sums = np.cumsum(np.concatenate([tokens, ~tokens + np.uint64(1)])[order], dtype=np.uint64)
    last = np.ones(len(values), dtype=bool)
    last[:-1] = values[1:] != values[:-1]
    values, sums = values[last], sums[last]
    changed = sums != np.concatenate([np.zeros(1, np.uint64), sums])[:-1]
    return values[changed], sums[changed]
