"""Tiles that changed from one public state of knowledge to another, found by the change index alone.

First the rows that the two do not share, as far as each is public: what they meet may have changed. Then each
of these tiles is compared, moment by moment. So the work follows from what is public, like the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tileserver.grid import BoundsLonLat, TileAddress
from tileserver.model import Integers, Revision
from tileserver.store.index import Rows, spread
from tileserver.tiles.covered import Boxes, places_met_by
from tileserver.tiles.events import EventIndex, Events
from tileserver.tiles.horizon import Horizon
from tileserver.tiles.index import LayerIndex, TileView
from tileserver.tiles.locate import locate
from tileserver.tiles.tileset import Tileset
from tileserver.times import OPEN, Micros, Period

_THREE, _FIVE = np.uint64(3), np.uint64(5)


class Standing(NamedTuple):
    """A revision, which knows a tileset, and a horizon, up to which all is public."""

    revision: Revision
    horizon: Horizon


@dataclass(frozen=True, slots=True)
class Changes:
    """The question which tiles of *tileset* differ between two standings.

    Parameters
    ----------
    tileset : Tileset
    before, now : Standing
    period : Period or None
        Compared are the tiles that this half-open period is answered with; ``None``: the tiles of all time.
        Of window layers, all events of a tile are then compared and, below the zoom from which all layers
        are drawn as points, every tile with events is taken to differ where any event does: what is drawn
        as squares follows from all of the map.
    """

    tileset: Tileset
    before: Standing
    now: Standing
    period: Period | None = None

    def candidates(
        self, zoom: int, bounds: BoundsLonLat | None = None, after: TileAddress | None = None
    ) -> Iterator[TileAddress]:
        """Yield where tiles at *zoom* may differ, in *bounds*, by column, then row; beyond *after* alone."""
        boxes: list[Boxes] = []
        for index in self.tileset.indexes:
            if index.events is not None:
                boxes.append(self._changed_events(index.events, zoom))
            elif len(rows := self._changed_rows(index, zoom)):
                boxes.append(rows)
        x, y = places_met_by(boxes, zoom, bounds)
        if after is not None and after.z == zoom:
            beyond = (x > after.x) | ((x == after.x) & (y > after.y))
            x, y = x[beyond], y[beyond]
        yield from (TileAddress(zoom, *place) for place in zip(x.tolist(), y.tolist(), strict=True))

    def differs(self, address: TileAddress) -> bool:
        """Whether the tile differs; a fraction of a millisecond."""
        view = self.tileset.view(address)
        if self.period is not None:
            was, now = (
                locate(view, each.revision, self.period, each.horizon).version
                for each in (self.before, self.now)
            )
            return was != now
        return self._states_differ(view) or self._events_differ(address)

    def _states_differ(self, view: TileView) -> bool:
        (edges, digests), (others, other_digests) = (
            _public_epochs(view, each) for each in (self.before, self.now)
        )
        return not (np.array_equal(edges, others) and np.array_equal(digests, other_digests))

    def _events_differ(self, address: TileAddress) -> bool:
        for events in self.tileset.events.values():
            near = events.near(address)
            before, now = (_sum_of(near, each) for each in (self.before, self.now))
            crowded = address.z < events.squares_below and (before.number or now.number)
            if before != now or (crowded and len(self._changed_events(events, address.z)["west"])):
                return True
        return False

    def _changed_rows(self, index: LayerIndex, zoom: int) -> Rows:
        """Return the rows at *zoom* whose public part is in one of the standings alone."""
        rows = index.at_zoom(zoom)
        (one, ends), (other, other_ends) = (_public_rows(rows, each) for each in (self.before, self.now))
        same = one & other & (ends == other_ends)
        places, others = np.flatnonzero(one & ~same), np.flatnonzero(other & ~same)
        mine, theirs = _marks(rows, places, ends), _marks(rows, others, other_ends)
        places, others = places[~np.isin(mine, theirs)], others[~np.isin(theirs, mine)]
        found: Rows = rows[np.concatenate([places, others])]
        return found

    def _changed_events(self, index: EventIndex, zoom: int) -> dict[str, Integers]:
        """Return the squares of the events that only one standing has; of all where *zoom* is crowded."""
        one, other = (_public_events(index.events, each) for each in (self.before, self.now))
        changed = one ^ other
        tokens = index.events.token
        if not np.setxor1d(tokens[changed & one], tokens[changed & other]).size:
            changed = np.zeros_like(changed)
        crowded = self.period is None and zoom < index.squares_below and changed.any()
        return index.boxes(one | other if crowded else changed)


class _Sum(NamedTuple):
    """Number of events, and a sum that tells the set from others."""

    number: int
    digest: int


def _public_epochs(view: TileView, standing: Standing) -> tuple[Integers, Integers]:
    """Return the public changes of the states of a tile: the instants, and the digest from each on."""
    edges, digests = view.epochs(view.step(standing.revision))
    public = edges <= standing.horizon.state
    return edges[public], digests[public]


def _public_rows(rows: Rows, standing: Standing) -> tuple[npt.NDArray[np.bool_], Integers]:
    """Return which rows are public, and their ends: none where that is not."""
    known = (rows["known_from"] <= standing.revision) & (standing.revision < rows["known_to"])
    ends = np.where(rows["end"] <= standing.horizon.state, rows["end"], OPEN)
    return known & (rows["start"] <= standing.horizon.state), ends


def _public_events(events: Events, standing: Standing) -> npt.NDArray[np.bool_]:
    known = (events.known_from <= standing.revision) & (standing.revision < events.known_to)
    public: npt.NDArray[np.bool_] = known & (events.end <= standing.horizon.ended)
    return public


def _marks(rows: Rows, which: Integers, ends: Integers) -> npt.NDArray[Any]:
    """Return a number for each of the rows at *which* places with its public period."""
    chosen = rows[which]
    return spread(chosen["token"] + spread(chosen["start"]) * _THREE + spread(ends[which]) * _FIVE)


def _sum_of(near: Sequence[Events], standing: Standing) -> _Sum:
    number, digest = 0, np.uint64(0)
    for part in near:
        tokens = part.token[_public_events(part, standing)]
        number, digest = number + len(tokens), digest + tokens.sum(dtype=np.uint64)
    return _Sum(number, int(digest))


def changed_tiles(
    changes: Changes, zooms: Sequence[int], bounds: BoundsLonLat | None, after: TileAddress | None
) -> Iterator[tuple[TileAddress, bool]]:
    """Yield candidates by zoom, column and row, beyond *after*, each with whether the tile differs."""
    for zoom in zooms:
        if after is None or zoom >= after.z:
            for address in changes.candidates(zoom, bounds, after):
                yield address, changes.differs(address)


def standing_at(revision: Revision, horizon: Horizon, public: Horizon | None) -> Standing:
    """Return the standing at *revision* with the earlier of two horizons, *horizon* and *public*."""
    if public is None:
        return Standing(revision, horizon)
    ended, state = (Micros(min(pair)) for pair in zip(horizon, public, strict=True))
    return Standing(revision, Horizon(ended, state))
