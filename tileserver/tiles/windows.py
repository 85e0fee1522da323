"""Windows of events in one tile: the canonical window and the digest of the events that a window selects.

The digest is the sum of the members' tokens, as that of a state in `tiles.index`. A window is made canonical
first: its limits become those of the events that it selects in the tile, and a choice of kinds that leaves
none of them out is none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tileserver.grid import TileAddress
from tileserver.model import Digest, Integers, Revision
from tileserver.store.event_window import EVERYTHING, EventWindow
from tileserver.tiles.events import EventIndex
from tileserver.times import Micros

_MEMORY = 4096  # windows that one tile remembers


class SelectedEvents(NamedTuple):
    """The digest of some events of one tile, and the canonical window that selects exactly this set."""

    digest: Digest
    window: EventWindow


class WindowView:
    """The events of one tile with its buffer, of all window layers together, in the tileset's order."""

    def __init__(self, layers: Sequence[EventIndex], address: TileAddress) -> None:
        self.has_layers = bool(layers)
        self._layers = layers
        self._address = address
        self._parts = [part for layer in layers for part in layer.near(address) if len(part.start)]
        self._found: dict[EventWindow, SelectedEvents | None] = {}
        self._zooms: dict[EventWindow, tuple[int, ...]] = {}  # of windows in `_found`

    def drawn(self, window: EventWindow) -> tuple[SelectedEvents, tuple[int, ...]] | None:
        """Return the events that *window* selects here, with `point_zooms`; ``None`` where there are none."""
        settled = self.settled(window)
        if settled is None:
            return None
        found = self.content(settled)
        return None if found is None else (found, self.point_zooms(settled))

    def settled(self, window: EventWindow) -> EventWindow | None:
        """Return *window* with limits at which something in the layers begins or ends; ``None`` for nothing.

        So a window up to now is the same one until something more is public.
        """
        first, last, end = [], [], []
        for layer in self._layers:
            starts, ends = layer.starts, layer.ends
            if (after := int(ends.searchsorted(window.first))) < len(ends):
                first.append(int(ends[after]))
            if begun := int(starts.searchsorted(window.last, side="right")):
                last.append(int(starts[begun - 1]))
            if over := int(ends.searchsorted(window.end, side="right")):
                end.append(int(ends[over - 1]))
        if not (first and last and end):
            return None
        limits = Micros(min(first)), Micros(max(last)), Micros(max(end))
        return EventWindow(*limits, window.revision, window.selection)

    def content(self, settled: EventWindow) -> SelectedEvents | None:
        """Return the content of a `settled` window here, from memory if asked before; ``None``: empty."""
        if settled not in self._found:
            if len(self._found) >= _MEMORY:
                self._found.clear()
                self._zooms.clear()
            self._found[settled] = self._find(settled)
        return self._found[settled]

    def point_zooms(self, settled: EventWindow) -> tuple[int, ...]:
        """Return how a `settled` window is drawn here, layer by layer.

        Per window layer the lowest zoom at which the window is drawn as points, where that lies above this
        tile's zoom; else 0. ``()`` where no layer is drawn as squares. All of the map decides about it, so it
        is the same for all tiles of a zoom.
        """
        if settled in self._zooms:
            return self._zooms[settled]
        zoom = self._address.z
        found = tuple(
            drawn if zoom < layer.squares_below and zoom < (drawn := layer.points_zoom(settled)) else 0
            for layer in self._layers
        )
        self._zooms[settled] = found = found if any(found) else ()
        return found

    @cached_property
    def legend_digest(self) -> Digest:
        """The digest of the codes of each layer, which squares say beside their counts."""
        spelled = repr([(layer.events.category, layer.events.vocabulary) for layer in self._layers])
        return Digest(int.from_bytes(hashlib.blake2b(spelled.encode(), digest_size=8).digest(), "big"))

    def may_have(self, point_zooms: tuple[int, ...]) -> bool:
        """Whether *point_zooms* is a value that the method `point_zooms` may return here."""
        if not point_zooms:
            return True
        own = zip(point_zooms, self._layers, strict=False)
        low = self._address.z
        return (
            len(point_zooms) == len(self._layers)
            and any(point_zooms)
            and all(each == 0 or low < each <= layer.squares_below for each, layer in own)
        )

    def _find(self, settled: EventWindow) -> SelectedEvents | None:
        chosen = [(part, which) for part in self._parts if (which := part.selected(settled)).any()]
        if not chosen:
            return None
        starts = [part.start[which] for part, which in chosen]
        ends = [part.end[which] for part, which in chosen]
        canonical = replace(
            settled,
            first=Micros(min(int(own.min()) for own in ends)),
            last=Micros(max(int(own.max()) for own in starts)),
            end=Micros(max(int(own.max()) for own in ends)),
        )
        if settled.selection.chosen:
            bare = replace(canonical, selection=EVERYTHING)
            if sum(int(part.selected(bare).sum()) for part in self._parts) == sum(map(len, starts)):
                canonical = bare
        members = [(part, part.in_period(canonical)) for part in self._parts]
        known_from, known_to, token = (
            np.concatenate([getattr(part, name)[which] for part, which in members])
            for name in ("known_from", "known_to", "token")
        )
        digest, revision = _known_as(known_from, known_to, token, settled.revision)
        return SelectedEvents(digest, replace(canonical, revision=revision))


def _known_as(
    known_from: Integers, known_to: Integers, token: Integers, revision: Revision
) -> tuple[Digest, Revision]:
    """Return the digest of the rows known in *revision*, and the oldest revision with that digest."""
    digest = Digest(int(token[(known_from <= revision) & (known_to > revision)].sum(dtype=np.uint64)))
    while True:
        newest_from = int(known_from[known_from <= revision].max())
        newest_to = int(known_to[known_to <= revision].max(initial=0))
        revision = Revision(max(newest_from, newest_to))
        came, went = token[known_from == revision], token[known_to == revision]
        if came.sum(dtype=np.uint64) != went.sum(dtype=np.uint64):
            return digest, revision
        revision = Revision(revision - 1)


NO_WINDOWS = WindowView([], TileAddress(0, 0, 0))
