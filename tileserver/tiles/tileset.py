"""A tileset: layers of a theatre that come in the same tile, and everything that follows from the choice."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from tileserver.errors import BadParameter, LayerUnavailable, NotFound
from tileserver.grid import TileAddress, band_at
from tileserver.model import DrawnAs, Layer, Revision, Theatre
from tileserver.store.catalogue import Periods, StoredLayer
from tileserver.store.days import NO_DAYS, KnownDays
from tileserver.tiles.events import EventIndex
from tileserver.tiles.index import NO_INDEX, LayerIndex, TileView
from tileserver.tiles.selection import selectable
from tileserver.tiles.windows import WindowView
from tileserver.times import day_zone, parse_duration

NO_REVISION = Revision(0)  # before the first


@dataclass(frozen=True, slots=True)
class ServedLayer:
    """Layer as stored, with its periods at the newest revision and its change index over all revisions.

    ``days`` are the instants that it knows to the day alone, in all of them; of a line those of its areas.
    """

    stored: StoredLayer
    periods: Periods
    index: LayerIndex = NO_INDEX
    days: KnownDays = NO_DAYS
    drawn_as: DrawnAs = field(init=False)
    is_state: bool = field(init=False)  # shows an instant what holds then, or a period what happened in it?

    def __post_init__(self) -> None:
        object.__setattr__(self, "drawn_as", self.stored.layer.drawn_as)
        object.__setattr__(self, "is_state", self.stored.layer.time == "state")

    def view(self, address: TileAddress) -> TileView:
        """Return the change index of a tile, for this layer alone."""
        if self.is_state:
            return TileView([self.index.near(address)])
        return TileView([], WindowView([self.index.events] if self.index.events else [], address))


@dataclass(frozen=True, slots=True)
class Missing:
    """Layer that is not served, with the reason: unreadable, or with unknown limits to its public part."""

    stored: StoredLayer
    reason: str

    @property
    def is_in_doubt(self) -> bool:
        """Whether not even the embargo of the layer is known."""
        try:
            embargo_of(self.stored)
        except BadParameter:
            return True
        return False


@dataclass(frozen=True)
class Tileset:
    """Layers of a theatre that come in the same tile, in the theatre's order.

    A catalogue has one object of each; everything that follows from its layers is worked out once.
    """

    name: str  # canonical: equal sets of layers that are served have equal names
    theatre: Theatre
    layers: tuple[ServedLayer, ...]
    missing: tuple[Missing, ...] = ()  # what was asked for and is not served now
    ceiling: Revision = NO_REVISION  # the newest there is, of any tileset

    @cached_property
    def label(self) -> str:
        """The tileset's name with the missing layers: embargo and documents depend on both."""
        return "-".join((self.name, *(str(each.stored.ref) for each in self.missing)))

    @cached_property
    def embargo(self) -> timedelta:
        """Longest embargo of all its layers, missing layers too: without a layer no more becomes public."""
        return max(map(embargo_of, self.asked))

    @cached_property
    def correction_window(self) -> timedelta | None:
        """How long a public day is still corrected; ``None``: for ever."""
        declared = self.theatre.correction_window
        return None if declared is None else parse_duration(declared)

    @cached_property
    def asked(self) -> tuple[StoredLayer, ...]:
        """All its layers, missing layers too."""
        return (*(each.stored for each in self.layers), *(each.stored for each in self.missing))

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone whose local days a plain date means."""
        return day_zone(self.theatre.day_zone)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees: the theatre's, and wherever a layer may reach beyond."""
        boxes = [
            self.theatre.bounds,
            *(each.stored.layer.bounds for each in self.layers if each.stored.layer.bounds),
        ]
        west, south, east, north = zip(*boxes, strict=True)
        return min(west), min(south), max(east), max(north)

    @cached_property
    def zooms(self) -> tuple[int, int]:
        """The lowest and the highest zoom at which any layer has tiles."""
        layers = [served.stored.layer for served in self.layers]
        return min(layer.minzoom for layer in layers), max(layer.maxzoom for layer in layers)

    @cached_property
    def centre_zoom(self) -> int:
        """The theatre's own zoom as a whole number, within the zooms of the tileset."""
        low, high = self.zooms
        return min(max(round(self.theatre.centre[2]), low), high)

    @cached_property
    def bands(self) -> tuple[int, ...]:
        """The lowest zooms of the bands that its zooms are drawn from, ascending."""
        low, high = self.zooms
        return tuple(sorted({band_at(zoom).lowest for zoom in range(low, high + 1)}))

    @cached_property
    def revisions(self) -> tuple[int, ...]:
        """The revisions that touched any of the layers, ascending."""
        return tuple(sorted({revision for served in self.layers for revision in served.stored.revisions}))

    @cached_property
    def newest(self) -> Revision:
        """The newest revision that touched any of the layers; 0 before the first."""
        return Revision(self.revisions[-1]) if self.revisions else NO_REVISION

    @cached_property
    def edges(self) -> list[int]:
        """The instants at which any of its state layers changes, as known now, ascending; microseconds."""
        own = [served.periods.edges for served in self.layers if served.is_state]
        found: list[int] = np.unique(np.concatenate(own)).tolist() if own else []
        return found

    @cached_property
    def ends(self) -> list[int]:
        """The instants at which any event of its window layers ends, ascending; as `edges`."""
        own = [served.periods.ends for served in self.layers if not served.is_state]
        found: list[int] = np.unique(np.concatenate(own)).tolist() if own else []
        return found

    def prepare(self) -> Tileset:
        """Work out at once all that the first request would have to wait for."""
        _ = self.embargo, self.correction_window, self.zone, self.zooms, self.selectable, self.days
        _ = self.indexes, self.events, self.newest, self.edges, self.ends
        return self

    @cached_property
    def edition(self) -> int:
        """Number of rewritings of past revisions, over all layers; only grows."""
        return sum(served.stored.edition for served in self.layers)

    @cached_property
    def declared(self) -> tuple[Layer, ...]:
        """Its layers as declared by the theatre."""
        return tuple(served.stored.layer for served in self.layers)

    @cached_property
    def selectable(self) -> dict[str, tuple[str, ...]]:
        """The categories that events can be chosen by, each with its codes, as declared."""
        return selectable(self.declared)

    @cached_property
    def days(self) -> tuple[KnownDays, ...]:
        """The instants that are known to the day alone, of each state layer that has any."""
        return tuple(each.days for each in self.layers if each.is_state and len(each.days.at))

    @cached_property
    def indexes(self) -> tuple[LayerIndex, ...]:
        """The change index of each layer."""
        return tuple(served.index for served in self.layers)

    @cached_property
    def events(self) -> dict[int, EventIndex]:
        """The events of its window layers, by the id of the layer."""
        return {each.stored.layer_id: each.index.events for each in self.layers if each.index.events}

    @contextmanager
    def complete(self) -> Iterator[None]:
        """While a layer is missing, turn `NotFound` within into `LayerUnavailable`: nobody can tell."""
        try:
            yield
        except NotFound as error:
            if self.missing:
                names = ", ".join(str(each.stored.ref) for each in self.missing)
                raise LayerUnavailable(f"{names} is not served now, so this cannot be told") from error
            raise

    def view(self, address: TileAddress) -> TileView:
        """Return the change index of a tile, all layers together."""
        states = [served.index.near(address) for served in self.layers if served.is_state]
        return TileView(states, WindowView([*self.events.values()], address))

    def whole(self, zoom: int) -> TileView:
        """Return the change index of the state layers all over the map, as drawn at *zoom*."""
        return TileView([served.index.at_zoom(zoom) for served in self.layers if served.is_state])

    def revision(self, asked: int | None) -> Revision:
        """Return the newest revision up to *asked* that touched the tileset; 0 before the first.

        Raises
        ------
        BadParameter
            There is no such revision, or not yet: then the answer would be another once there is.
        """
        if asked is None:
            return self.newest
        if not 0 < asked <= max(self.ceiling, self.newest):
            raise BadParameter(f"revision {asked} does not exist, or not yet")
        upto = bisect_right(self.revisions, asked)
        return Revision(self.revisions[upto - 1]) if upto else NO_REVISION


def embargo_of(stored: StoredLayer) -> timedelta:
    """Return how old the data of *stored* must be to be public; of a line no less than of its areas."""
    theatre, layer = stored.theatre, stored.layer
    shown = [layer, theatre.layer(layer.drawn_from)]
    return max(parse_duration(each.embargo or theatre.embargo) for each in shown)
