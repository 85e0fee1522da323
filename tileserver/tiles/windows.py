"""Windows of events in one tile: which of them select the same, and what that is called.

What is selected is named by the sum of its members' tokens, as states are in `tiles.index`. A window is made
canonical first: its limits become those of the events that it selects in the tile, and a choice of kinds that
leaves none of them out is none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tileserver.grid import TileAddress
from tileserver.model import Integers
from tileserver.tiles.events import Asked, EventIndex
from tileserver.tiles.selection import EVERYTHING
from tileserver.times import Micros

_MEMORY = 4096  # windows that one tile remembers


class Window(NamedTuple):
    """A content of one tile: its name, and the canonical window that selects it."""

    name: int
    asked: Asked


class WindowView:
    """What is known of the events of one tile with its buffer; of several layers together."""

    def __init__(self, layers: Sequence[EventIndex], address: TileAddress) -> None:
        self._layers = layers
        self._address = address
        self._parts = [part for layer in layers for part in layer.near(address) if len(part)]
        self._found: dict[Asked, Window | None] = {}

    def window(self, asked: Asked) -> Window | None:
        """Return the canonical window that selects here what *asked* does; ``None`` for nothing."""
        settled = self._settled(asked)
        if settled is None:
            return None
        if settled not in self._found:
            if len(self._found) >= _MEMORY:
                self._found.clear()
            self._found[settled] = self._find(settled)
        return self._found[settled]

    def zooms(self, asked: Asked) -> tuple[int, ...]:
        """Return, of each layer, the zoom from which *asked* is drawn as points; 0 where this one's is.

        All of the map decides about it, so it is the same for all tiles of a zoom. Empty where there are
        points alone.
        """
        settled = self._settled(asked)
        if settled is None:
            return ()
        zoom = self._address.z
        found = tuple(
            drawn if zoom < layer.cells_below and zoom < (drawn := layer.points_zoom(settled)) else 0
            for layer in self._layers
        )
        return found if any(found) else ()

    @cached_property
    def legend(self) -> int:
        """A name, by 64 bits, of what cells say beside their counts: the codes of each layer."""
        spelled = repr([(layer.events.category, layer.events.vocabulary) for layer in self._layers])
        return int.from_bytes(hashlib.blake2b(spelled.encode(), digest_size=8).digest(), "big")

    def has_zooms(self, zooms: tuple[int, ...]) -> bool:
        """Whether *zooms* are such that `zooms` may have returned them."""
        if not zooms:
            return True
        own = zip(zooms, self._layers, strict=False)
        low = self._address.z
        return (
            len(zooms) == len(self._layers)
            and any(zooms)
            and all(each == 0 or low < each <= layer.cells_below for each, layer in own)
        )

    def _settled(self, asked: Asked) -> Asked | None:
        """Return *asked* with limits at which something in the layers begins or ends.

        So a window up to now is the same one until something more is public.
        """
        ends = [layer.ends for layer in self._layers]
        first = [own[own.searchsorted(asked.first) :][:1] for own in ends]
        until = [own[: own.searchsorted(asked.until, side="right")][-1:] for own in ends]
        starts = [layer.starts for layer in self._layers]
        last = [own[: own.searchsorted(asked.last, side="right")][-1:] for own in starts]
        limits = [np.concatenate(each) for each in (first, last, until)] if self._layers else []
        if not all(map(len, limits)) or not limits:
            return None
        return replace(
            asked,
            first=Micros(int(limits[0].min())),
            last=Micros(int(limits[1].max())),
            until=Micros(int(limits[2].max())),
        )

    def _find(self, asked: Asked) -> Window | None:
        chosen = [(part, which) for part in self._parts if (which := part.selected(asked)).any()]
        if not chosen:
            return None
        starts = [part.start[which] for part, which in chosen]
        ends = [part.end[which] for part, which in chosen]
        canonical = replace(
            asked,
            first=Micros(min(int(own.min()) for own in ends)),
            last=Micros(max(int(own.max()) for own in starts)),
            until=Micros(max(int(own.max()) for own in ends)),
        )
        if asked.selection:
            bare = replace(canonical, selection=EVERYTHING)
            if sum(int(part.selected(bare).sum()) for part in self._parts) == sum(map(len, starts)):
                canonical = bare
        held = [(part, part.in_period(canonical)) for part in self._parts]
        since, until, token = (
            np.concatenate([getattr(part, name)[which] for part, which in held])
            for name in ("since", "until", "token")
        )
        name, revision = _known_since(since, until, token, asked.revision)
        return Window(name, replace(canonical, revision=revision))


def _known_since(since: Integers, until: Integers, token: Integers, revision: int) -> tuple[int, int]:
    """Return the name of what is known in *revision*, and the revision from which on that has been so."""
    name = int(token[(since <= revision) & (until > revision)].sum(dtype=np.uint64))
    while True:
        revision = int(max(since[since <= revision].max(), until[until <= revision].max(initial=0)))
        came, went = token[since == revision], token[until == revision]
        if came.sum(dtype=np.uint64) != went.sum(dtype=np.uint64):
            return name, revision
        revision -= 1


NO_WINDOWS = WindowView([], TileAddress(0, 0, 0))
