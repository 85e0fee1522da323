"""The change index: which state a tile has at an instant, as known in a revision, without a query.

A tile's state is the set of rows whose box meets the tile with its buffer, that are valid at the instant and
known in the revision. Its digest is the sum of its members' ids, each spread over 64 bits: equal states have
equal digests, whatever the day and the revision, and the chance that two others share one is that of two
random numbers of 64 bits. Along valid time the digests of all epochs are one running sum.

So neither the rest of the map, nor other days, nor an import that changes nothing here, nor one that is not
yet public, changes the digest of a tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tileserver.grid import BUFFER, EXTENT, WORLD_UNITS, TileAddress, band_at
from tileserver.model import Digest, Integers, Moment, Revision
from tileserver.store.index import NEVER, ROW, Rows
from tileserver.tiles.events import EventIndex
from tileserver.tiles.tokens import spread
from tileserver.tiles.windows import NO_WINDOWS, WindowView
from tileserver.times import OPEN, Micros, MicrosArray


class State(NamedTuple):
    """The digest of a state, and a moment at which the state holds."""

    digest: Digest
    moment: Moment


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
    """The change index of one tile: the rows of its state layers together, and the events of the others.

    Instants are microseconds since 1970, UTC. Revision 0 is before the first.
    """

    def __init__(self, states: Sequence[Rows], windows: WindowView = NO_WINDOWS) -> None:
        self.windows = windows
        self._rows = _together(states)
        self._epochs: dict[Revision, tuple[MicrosArray, Integers]] = {}

    def state(self, at: Micros, revision: Revision) -> State | None:
        """Return the state at *at*, as known in *revision*; ``None`` for an empty tile.

        Its moment is the canonical one: the beginning of the epoch, and the newest revision up to *revision*
        that touched the tile.
        """
        revision = self._step(revision)
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
        edges, _ = _running(there["known_from"], there["known_to"], spread(there["id"]))
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
        edges, _ = self.epochs(self._step(revision))
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
            self._epochs[revision] = _running(known["start"], known["end"], spread(known["id"]))
        return self._epochs[revision]

    def _step(self, revision: Revision) -> Revision:
        """Return the newest revision up to *revision* that touched the tile; 0 before the first."""
        place = int(self._revisions.searchsorted(revision, side="right"))
        return Revision(int(self._revisions[place - 1]) if place else 0)

    @cached_property
    def _revisions(self) -> Integers:
        every: Integers = np.unique(np.concatenate([self._rows["known_from"], self._rows["known_to"]]))
        return every[: every.searchsorted(NEVER)]


def _together(parts: Sequence[Rows]) -> Rows:
    """Return the rows of several layers as one; no two layers share an id."""
    return np.concatenate(parts) if parts else _NO_ROWS


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
