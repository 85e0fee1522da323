"""The catalogue in memory: tilesets, their layers, and when each layer changes.

A `Catalogue` is one consistent reading of the database. It is never changed, only replaced whole, so a
request that holds one sees one state of knowledge from beginning to end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import TypeAlias
from zoneinfo import ZoneInfo

import structlog

from tileserver.errors import BadParameter, LayerUnavailable, UnknownTheatre
from tileserver.model import LayerRef, Revision, Theatre
from tileserver.store.catalogue import Periods, StoredLayer, load_periods, load_stored
from tileserver.store.connect import Connection, reason_of, translated
from tileserver.store.days import load_days
from tileserver.store.events import load_events
from tileserver.store.index import load_rows
from tileserver.store.instance import database_identity
from tileserver.store.marker import Marker, load_marker
from tileserver.theatres import SAMPLES
from tileserver.tiles.events import EventIndex
from tileserver.tiles.index import LayerIndex
from tileserver.tiles.recent import Recent
from tileserver.tiles.tileset import NO_REVISION, Missing, ServedLayer, Tileset, embargo_of
from tileserver.times import OPEN, day_zone, from_micros, local_day

log = structlog.get_logger()

_Content: TypeAlias = tuple[tuple[LayerRef, ...], tuple[LayerRef, ...]]  # layers served, layers missing

MAX_LAYERS = 8
_NAMES = 512  # under which tilesets were asked for: permutations of layers, so there are many


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every theatre and layer at the moment of reading; layers that cannot be served with the reason."""

    theatres: dict[str, Theatre]
    layers: dict[LayerRef, ServedLayer]
    missing: dict[LayerRef, Missing] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)  # theatres, by id
    behind: dict[LayerRef, str] = field(default_factory=dict)  # served as they were before a newer revision
    marker: Marker = field(default_factory=dict)
    serial: int = field(default_factory=count().__next__, init=False, compare=False)  # names this reading
    database: str = ""  # which of all databases there are; what is kept outside of the process is named by it
    tilesets: Recent[str, Tileset] = field(
        default_factory=lambda: Recent(_NAMES), init=False, repr=False, compare=False
    )
    _built: Recent[_Content, Tileset] = field(
        default_factory=lambda: Recent(_NAMES), init=False, repr=False, compare=False
    )

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
        return self.tilesets.get(name) or self.tilesets.keep(name, self._tileset(name))

    def whole(self, theatre: str) -> Tileset:
        """Return the tileset of all layers of *theatre*, an id; errors are the same as of `tileset`."""
        if theatre not in {*self.theatres, *self.unreadable}:
            there = ", ".join(self.theatres) or "none yet"
            raise UnknownTheatre(f"there is no theatre {theatre[:40]!r}; there are: {there}")
        return self.tileset(theatre)

    def _tileset(self, name: str) -> Tileset:
        parts = name.split(",")
        if len(parts) > MAX_LAYERS:
            raise BadParameter(f"{len(parts)} layers in one tile; at most {MAX_LAYERS} can be asked for")
        refs = {ref for part in parts for ref in self._refs(part)}
        theatres = {ref.theatre for ref in refs}
        if len(theatres) > 1:
            raise BadParameter(f"{name[:80]!r} mixes theatres; the layers of one tile are of one theatre")
        theatre = self.theatres[theatres.pop()]
        layers = tuple(ref for ref in self.layers if ref in refs)
        missing = tuple(each for ref, each in self.missing.items() if ref in refs)
        if (missing and not layers) or any(each.is_in_doubt for each in missing):
            raise LayerUnavailable(
                "; ".join(f"{each.stored.ref} is not served now: {each.reason}" for each in missing)
            )
        content = layers, tuple(each.stored.ref for each in missing)
        everything = sum(ref.theatre == theatre.id for ref in (*self.layers, *self.missing))
        canonical = theatre.id if len(layers) == everything else ",".join(map(str, layers))
        return self._built.get(content) or self._built.keep(
            content,
            Tileset(canonical, theatre, tuple(self.layers[ref] for ref in layers), missing, self.newest),
        )

    def served(self) -> Iterator[tuple[str, Tileset]]:
        """Yield each theatre and layer that is served now, by its name; layers behind their theatre."""
        for theatre in self.theatres:
            own = [str(ref) for ref in self.layers if ref.theatre == theatre]
            for name in (theatre, *own):
                with suppress(LayerUnavailable):
                    yield name, self.tileset(name)

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

    @property
    def newest(self) -> Revision:
        """The newest revision of the database, of any layer; 0 before the first."""
        stored = [
            *(each.stored for each in self.layers.values()),
            *(each.stored for each in self.missing.values()),
        ]
        of_layers = (revision for each in stored for revision in each.revisions[-1:])
        return Revision(max((0, *of_layers, *(mark.newest for mark in self.marker.values()))))

    def newest_import(self, theatre: str) -> datetime | None:
        """Instant at which data last came into *theatre*; ``None`` while the theatre is empty."""
        times = [each.stored.newest_import for ref, each in self.layers.items() if ref.theatre == theatre]
        return max((time for time in times if time), default=None)

    def default_theatre(self, declared: str = "") -> str | None:
        """Return the theatre shown where a reader asks for none: the theatre *declared* by the operator.

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
    """Read the catalogue; layers untouched by any revision since *before* are reused.

    A layer that cannot be read, whatever the reason, is missing from it and takes no other away. If it has
    only got a newer revision, it is served as it was *before*.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        found = await load_stored(connection)
        shown = [each for each in found.layers if not each.hidden]
        marker, database = await load_marker(connection), await database_identity(connection)
        reading = Catalogue({}, {}, unreadable=found.unreadable, marker=marker, database=database)
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
    embargo_of(stored)
    newest = stored.revisions[-1] if stored.revisions else NO_REVISION
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
    """Put the layer as *known* into *reading* if all may still be shown, else among the missing."""
    if known and _same_promise(known.stored, stored):
        reading.layers[stored.ref] = known
        reading.behind[stored.ref] = reason
    else:
        reading.missing[stored.ref] = Missing(stored, reason)


async def _load_index(connection: Connection, stored: StoredLayer) -> LayerIndex:
    if stored.layer.time == "state":
        return LayerIndex(await load_rows(connection, stored), has_bands=stored.layer.has_faces)
    rows = await load_events(connection, stored)
    return LayerIndex({}, events=await asyncio.to_thread(EventIndex, rows, stored.layer))


def _same_content(one: StoredLayer, other: StoredLayer) -> bool:
    mine, theirs = ((each.layer_id, each.revisions, each.edition, each.layer) for each in (one, other))
    return mine == theirs


def _same_promise(one: StoredLayer, other: StoredLayer) -> bool:
    """Whether nothing shown of the first layer has been withdrawn or declared otherwise since."""
    mine, theirs = ((each.layer_id, each.edition, each.layer, each.theatre) for each in (one, other))
    return mine == theirs
