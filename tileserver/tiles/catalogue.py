"""What there is to serve, in memory: tilesets, their layers, and when each layer changes.

A `Catalogue` is one consistent reading of the database. It is never changed, only replaced whole, so a
request that holds one sees one state of knowledge from beginning to end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from tileserver.errors import BadParameter, LayerUnavailable, NotFound, UnknownTheatre
from tileserver.grid import TileAddress, band_at
from tileserver.model import Layer, LayerRef, Theatre
from tileserver.store.catalogue import Periods, StoredLayer, load_periods, load_stored
from tileserver.store.connect import Connection, reason_of, translated
from tileserver.store.days import NO_DAYS, KnownDays, load_days
from tileserver.store.events import load_events
from tileserver.store.index import load_rows
from tileserver.store.marker import Marker, load_marker
from tileserver.theatres import SAMPLES
from tileserver.tiles.events import EventIndex
from tileserver.tiles.index import NO_INDEX, LayerIndex, TileView
from tileserver.tiles.windows import WindowView
from tileserver.times import OPEN, day_zone, from_micros, local_day, parse_duration

log = structlog.get_logger()

MAX_LAYERS = 8
_NO_REVISION = 0

__all__ = ["Catalogue", "Missing", "Periods", "ServedLayer", "Tileset", "load_catalogue"]


@dataclass(frozen=True, slots=True)
class ServedLayer:
    """A layer as stored, its periods at the newest revision, and what changes where, in all of them.

    ``days`` are the instants that it knows to the day alone, in all of them; of a line those of its areas.
    """

    stored: StoredLayer
    periods: Periods
    index: LayerIndex = NO_INDEX
    days: KnownDays = NO_DAYS

    @property
    def embargo(self) -> timedelta:
        """How old its data must be to be public; of a line no less than of the areas that it shows."""
        return _embargo(self.stored)

    @property
    def is_state(self) -> bool:
        """Whether an instant shows what holds then, rather than a period all that happened in it."""
        return self.stored.layer.time == "state"


@dataclass(frozen=True, slots=True)
class Missing:
    """A layer that is not served, and why: it cannot be read, or what may be shown of it is not known."""

    stored: StoredLayer
    reason: str

    @property
    def is_in_doubt(self) -> bool:
        """Whether it is not even known how old its data must be to be public."""
        try:
            _embargo(self.stored)
        except BadParameter:
            return True
        return False


@dataclass(frozen=True, slots=True)
class Tileset:
    """One or several layers of one theatre that come in one tile, in the theatre's order."""

    name: str  # canonical: equal sets of layers that are served have equal names
    theatre: Theatre
    layers: tuple[ServedLayer, ...]
    missing: tuple[Missing, ...] = ()  # what was asked for and is not served now

    @property
    def embargo(self) -> timedelta:
        """The longest of its layers, also of those that are missing: without them no more is public."""
        return max(map(_embargo, self.asked))

    @property
    def asked(self) -> list[StoredLayer]:
        """All its layers, also those that are missing."""
        return [*(each.stored for each in self.layers), *(each.stored for each in self.missing)]

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose local days a plain date means."""
        return day_zone(self.theatre.day_zone)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees: the theatre, and wherever a layer may reach beyond it."""
        boxes = [
            self.theatre.bounds,
            *(each.stored.layer.bounds for each in self.layers if each.stored.layer.bounds),
        ]
        west, south, east, north = zip(*boxes, strict=True)
        return min(west), min(south), max(east), max(north)

    @property
    def zooms(self) -> tuple[int, int]:
        """The lowest and the highest zoom at which any layer has tiles."""
        layers = [served.stored.layer for served in self.layers]
        return min(layer.minzoom for layer in layers), max(layer.maxzoom for layer in layers)

    @property
    def bands(self) -> list[int]:
        """The lowest zooms of the bands that its zooms are drawn from, ascending."""
        low, high = self.zooms
        return sorted({band_at(zoom).lowest for zoom in range(low, high + 1)})

    @property
    def revisions(self) -> list[int]:
        """The revisions that touched any of the layers, ascending."""
        return sorted({revision for served in self.layers for revision in served.stored.revisions})

    @property
    def edition(self) -> int:
        """How often what past revisions of any of the layers held was rewritten; it only grows."""
        return sum(served.stored.edition for served in self.layers)

    @property
    def declared(self) -> list[Layer]:
        """Its layers as the theatre declares them."""
        return [served.stored.layer for served in self.layers]

    @property
    def events(self) -> dict[int, EventIndex]:
        """The events of its window layers, by the key of the layer."""
        return {each.stored.layer_id: each.index.events for each in self.layers if each.index.events}

    @contextmanager
    def complete(self) -> Iterator[None]:
        """Say of what is not found within that it may be there, while a layer is missing."""
        try:
            yield
        except NotFound as error:
            if self.missing:
                names = ", ".join(str(each.stored.ref) for each in self.missing)
                raise LayerUnavailable(f"{names} is not served now, so this cannot be told") from error
            raise

    def view(self, address: TileAddress) -> TileView:
        """Return what the change index knows of one tile."""
        states = [
            served.index.near(address, has_bands=served.stored.layer.has_faces)
            for served in self.layers
            if served.is_state
        ]
        return TileView(states, WindowView([*self.events.values()], address))

    def revision(self, asked: int | None) -> int:
        """Return the newest revision up to *asked* that touched the tileset; 0 before the first."""
        known = [revision for revision in self.revisions if asked is None or revision <= asked]
        return known[-1] if known else _NO_REVISION


def _embargo(stored: StoredLayer) -> timedelta:
    theatre, layer = stored.theatre, stored.layer
    shown = [layer, theatre.layer(layer.drawn_from)]
    return max(parse_duration(each.embargo or theatre.embargo) for each in shown)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every theatre and layer, at one moment; of what cannot be served, why."""

    theatres: dict[str, Theatre]
    layers: dict[LayerRef, ServedLayer]
    missing: dict[LayerRef, Missing] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)  # theatres, by id
    behind: dict[LayerRef, str] = field(default_factory=dict)  # served as they were before a newer revision
    marker: Marker = field(default_factory=dict)

    def tileset(self, name: str) -> Tileset:
        """Return the tileset *name*: ``theatre``, ``theatre.layer``, or several with commas.

        Repeated layers count once and the order asked for does not matter. Layers that are missing are
        left out of it, and of its name: what is kept or linked to under that name stays true when they
        come back.

        Raises
        ------
        LayerUnavailable
            Nothing of it can be served, or it is not known how old what is must be to be public.
        UnknownTheatre, UnknownLayer, UnknownTileset
            A theatre or layer that is not there, or what is no name of either.
        BadParameter
            Too many layers, or layers of two theatres: their days may differ.
        """
        parts = name.split(",")
        if len(parts) > MAX_LAYERS:
            raise BadParameter(f"{len(parts)} layers in one tile; at most {MAX_LAYERS} can be asked for")
        refs = {ref for part in parts for ref in self._refs(part)}
        theatres = {ref.theatre for ref in refs}
        if len(theatres) > 1:
            raise BadParameter(f"{name[:80]!r} mixes theatres; the layers of one tile are of one theatre")
        theatre = self.theatres[theatres.pop()]
        layers = tuple(layer for ref, layer in self.layers.items() if ref in refs)
        missing = tuple(each for ref, each in self.missing.items() if ref in refs)
        if (missing and not layers) or any(each.is_in_doubt for each in missing):
            raise LayerUnavailable(
                "; ".join(f"{each.stored.ref} is not served now: {each.reason}" for each in missing)
            )
        everything = sum(ref.theatre == theatre.id for ref in (*self.layers, *self.missing))
        canonical = (
            theatre.id if len(layers) == everything else ",".join(str(each.stored.ref) for each in layers)
        )
        return Tileset(canonical, theatre, layers, missing)

    def without(self, refs: Collection[LayerRef], reason: str) -> Catalogue:
        """Return the same without the layers *refs*, which are missing because of *reason*."""
        gone = {ref: Missing(self.layers[ref].stored, reason) for ref in refs if ref in self.layers}
        kept = {ref: served for ref, served in self.layers.items() if ref not in gone}
        return replace(self, layers=kept, missing={**self.missing, **gone})

    def _refs(self, part: str) -> list[LayerRef]:
        theatre = part.partition(".")[0]
        if theatre in self.unreadable:
            raise LayerUnavailable(f"theatre {theatre} is not served now: {self.unreadable[theatre]}")
        if part in self.theatres:
            return [ref for ref in (*self.layers, *self.missing) if ref.theatre == part]
        if "." not in part:
            there = ", ".join(self.theatres) or "none yet"
            raise UnknownTheatre(f"there is no theatre {part[:40]!r}; there are: {there}")
        ref = LayerRef.parse(part)
        if ref.theatre not in self.theatres:
            there = ", ".join(self.theatres) or "none yet"
            raise UnknownTheatre(f"there is no theatre {ref.theatre[:40]!r}; there are: {there}")
        self.theatres[ref.theatre].layer(ref.layer)
        return [ref]

    def newest_import(self, theatre: str) -> datetime | None:
        """When data last came into *theatre*, or ``None`` while it is empty."""
        times = [each.stored.newest_import for ref, each in self.layers.items() if ref.theatre == theatre]
        return max((time for time in times if time), default=None)

    def default_theatre(self, declared: str = "") -> str | None:
        """The theatre that is shown where none is asked for: the one that the operator has *declared*.

        Without that it is the first one that was added and has data; a sample only while there is no other.
        `None` where what is declared is not there: a map of another war is no answer.
        """
        if declared:
            return declared if declared in self.theatres else None
        filled = [theatre for theatre in self.theatres if self.newest_import(theatre)]
        real = [theatre for theatre in filled if theatre not in SAMPLES]
        sample = [theatre for theatre in reversed(SAMPLES) if theatre in filled]
        return next(iter([*real, *sample, *self.theatres]), None)


async def load_catalogue(connection: Connection, before: Catalogue | None = None) -> Catalogue:
    """Read the catalogue; what no revision has touched since *before* is reused.

    A layer that cannot be read, whatever the reason, is missing from it and takes no other away. If it has
    only got a newer revision, it is served as it was *before*.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found = await load_stored(connection)
        shown = [each for each in found.layers if not each.hidden]
        reading = Catalogue({}, {}, unreadable=found.unreadable, marker=await load_marker(connection))
        for stored in shown:
            reading.theatres[stored.theatre.id] = stored.theatre
            known = before.layers.get(stored.ref) if before else None
            try:
                # What goes wrong goes wrong within: the transaction goes on.
                with translated():
                    async with connection.transaction():
                        reading.layers[stored.ref] = await _load_layer(connection, stored, known)
            except Exception as error:
                if connection.is_closed():
                    raise
                log.error("layer not read", layer=str(stored.ref), exc_info=error)
                _set_aside(reading, stored, known, reason_of(error))
    return reading


async def _load_layer(connection: Connection, stored: StoredLayer, known: ServedLayer | None) -> ServedLayer:
    if known and _same_content(known.stored, stored):
        return replace(known, stored=stored)
    _embargo(stored)
    newest = stored.revisions[-1] if stored.revisions else _NO_REVISION
    periods = await load_periods(connection, stored, newest)
    _refuse_uncountable(periods, day_zone(stored.theatre.day_zone))
    days = await load_days(connection, stored)
    return ServedLayer(stored, periods, await _load_index(connection, stored), days)


def _refuse_uncountable(periods: Periods, zone: ZoneInfo) -> None:
    """Raise `OverflowError` unless every edge is within a local day that can be counted."""
    edges = periods.edges[periods.edges < OPEN]
    for edge in (edges[:1], edges[-1:]):
        for micros in edge.tolist():
            at = from_micros(micros)
            for day in (at - timedelta(days=2), at + timedelta(days=2)):
                local_day(day, zone)


def _set_aside(reading: Catalogue, stored: StoredLayer, known: ServedLayer | None, reason: str) -> None:
    """Let *reading* have the layer as it was *known*, if all of that may still be shown, or miss it."""
    if known and _same_promise(known.stored, stored):
        reading.layers[stored.ref] = known
        reading.behind[stored.ref] = reason
    else:
        reading.missing[stored.ref] = Missing(stored, reason)


async def _load_index(connection: Connection, stored: StoredLayer) -> LayerIndex:
    if stored.layer.time == "state":
        return LayerIndex.of(await load_rows(connection, stored))
    rows = await load_events(connection, stored)
    return LayerIndex({}, {}, await asyncio.to_thread(EventIndex, rows, stored.layer))


def _same_content(one: StoredLayer, other: StoredLayer) -> bool:
    mine, theirs = ((each.layer_id, each.revisions, each.edition, each.layer) for each in (one, other))
    return mine == theirs


def _same_promise(one: StoredLayer, other: StoredLayer) -> bool:
    """Whether nothing of what was shown of *one* has been withdrawn or declared otherwise since."""
    mine, theirs = ((each.layer_id, each.edition, each.layer, each.theatre) for each in (one, other))
    return mine == theirs
