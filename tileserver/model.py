"""Theatres and layers as declared, and the small types by which all rooms name layers, features and moments.

A theatre definition is data: the same structure is read from TOML, kept in the database as JSON and
handed to the front end, so it is declared once, here, and validated on every way in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, NamedTuple, NewType, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from tileserver.declared import (
    Category,
    Dates,
    Derivation,
    Direction,
    EmbargoClass,
    Hold,
    Look,
    Method,
    Source,
    Text,
)
from tileserver.errors import UnknownLayer, UnknownTileset
from tileserver.evidence import Evidence, FieldVocabulary
from tileserver.grid import Band, band_at
from tileserver.times import Micros

Value: TypeAlias = str | int | float | bool
Role: TypeAlias = Literal["areas", "front", "overlay", "events", "notes", "none"]  # as what the map draws it
ROLES: tuple[Role, ...] = ("areas", "front", "events", "notes")  # by which days are counted
SEVERAL: frozenset[Role] = frozenset(("overlay", "events"))  # of which a map may draw several layers
# From which rows a layer's tiles are cut: faces of areas with statuses, lines between such faces, features
# that hold at an instant, points that happened in a window of time.
DrawnAs: TypeAlias = Literal["faces", "face_lines", "features", "points"]

DIRECTION = "direction"  # the field by which notes are told from events; they are listed and numbered by it
# The numbers of different things are different types, so that a swap of two is an error of types.
LayerId = NewType("LayerId", int)  # the database's number of a layer
Revision = NewType("Revision", int)  # of a committed import or correction, ascending; 0 is before the first
Digest = NewType("Digest", int)  # 64 bits, unsigned: a sum over what a state or a window holds; 0 is nothing
Integers: TypeAlias = npt.NDArray[np.integer]  # columns of such numbers, shape (n,), of any width
ID_BITS = 53  # of an id in a tile: the whole numbers that JavaScript has

# How exactly it is known when something began, changed or ended; what is known to the day is public when
# that whole day is old enough.
Precision: TypeAlias = Literal["instant", "day"]


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named, dated data set.

    ``time`` is ``state`` where an instant shows what holds then (areas, lines), and ``window`` where a
    period shows all that happened in it (events, notes).
    """

    name: str
    kind: Literal["areas", "lines", "points"]
    time: Literal["state", "window"]
    title: Text
    source: Source
    fields: dict[str, str]  # property in the tile -> what it says
    reader: str = "geojson"  # the dialect that its files are written in
    mapping: str = ""  # in place of a reader: a shipped mapping, or a TOML file beside the definition
    mapping_text: str = ""  # that file, kept with the definition
    whole_state: bool = False  # is each file all that holds from its one date on?
    axes: Literal["auto", "lonlat", "latlon"] = "auto"  # what comes first in its files' coordinates
    dates: Dates = Dates()
    spellings: dict[str, str] = {}  # what files say -> code, whatever the case and the spaces
    join: str = ", "  # between the words of a list that becomes one text
    event_key: tuple[str, ...] = ()  # properties in its files by which an event is known again
    category: str = ""  # the property that carries the vocabulary
    categories: tuple[Category, ...] = ()
    vocabularies: tuple[FieldVocabulary, ...] = ()  # of other fields than the category
    evidence: Evidence | None = None  # points alone: which fields carry it, and how it is obeyed
    minzoom: int = 0
    maxzoom: int = 14
    bounds: tuple[float, float, float, float] | None = None  # where it may lie, if beyond the theatre's
    precision: int = 5  # decimals of a degree; no coordinate is published more exactly
    derived: Derivation | None = None
    embargo: str | None = None  # overrides the theatre's
    hold: Hold = Hold()
    look: Look | None = None  # of a layer without categories
    declared_role: Role | None = msgspec.field(default=None, name="role")  # None: as it follows from the rest

    @property
    def role(self) -> Role:
        """Role on the map and in documents, whatever the layer's name; ``none`` is served and not drawn.

        An ``overlay``, which has to be declared, lies over the areas and is off until a reader turns it on.
        Unless declared: areas are the areas, lines the front, and points that happened the events, or the
        notes where they have the field `DIRECTION`. Points that hold for a while have no role.
        """
        if self.declared_role is not None:
            return self.declared_role
        if self.kind == "points":
            happened: Role = "notes" if DIRECTION in self.fields else "events"
            return happened if self.time == "window" else "none"
        return "areas" if self.kind == "areas" else "front"

    @property
    def texts(self) -> tuple[str, ...]:
        """The properties that are long, and that a crowded tile goes without."""
        sources = self.evidence.sources if self.evidence else ""
        return tuple(name for name in self.fields if name.startswith(("text", "url")) or name == sources)

    @property
    def drawn_as(self) -> DrawnAs:
        """Rows from which its tiles are cut.

        ``faces`` are areas with statuses, made disjoint and generalised together; ``face_lines`` derive from
        them; all else is drawn as it was imported: ``features`` of a state, ``points`` of a window.
        """
        if self.derived is not None:
            return "face_lines"
        if self.time == "window":
            return "points"
        return "faces" if self.kind == "areas" and self.categories else "features"

    @property
    def drawn_from(self) -> str:
        """Name of the layer whose features are drawn: its own, or of the areas from which a line derives."""
        return self.name if self.derived is None else self.derived.layer

    @property
    def has_faces(self) -> bool:
        """Whether tiles are cut from the face table, band by band, rather than from features as imported."""
        return self.drawn_as in ("faces", "face_lines")

    @property
    def bands(self) -> tuple[Band, ...]:
        """Bands from which the zooms are drawn, ascending; measures are taken in the last band."""
        return tuple(dict.fromkeys(band_at(zoom) for zoom in range(self.minzoom, self.maxzoom + 1)))

    def sides(self) -> frozenset[str]:
        """The sides that statuses of the layer are on."""
        return frozenset(category.side for category in self.categories if category.side)

    def on_side(self, side: str) -> tuple[str, ...]:
        """The codes of the statuses on *side*, in the order of the legend."""
        return tuple(category.code for category in self.categories if category.side == side)

    def codes(self) -> frozenset[str]:
        """The codes of the layer's vocabulary."""
        return frozenset(category.code for category in self.categories)


class Theatre(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One conflict's map."""

    id: str
    title: Text
    day_zone: str
    bounds: tuple[float, float, float, float]  # west, south, east, north in degrees
    centre: tuple[float, float, float]  # longitude, latitude, zoom
    layers: tuple[Layer, ...]
    embargo: str = "48h"
    correction_window: str | None = None  # what became public longer ago is not corrected any more
    notice: Text = msgspec.field(default_factory=dict)  # shown on the map: what this is, and is not
    opens_at: str = ""  # the day a reader sees first, where that is not the latest one
    method: Method | None = None  # what the desk says of how the map is made
    sides: dict[str, Text] = {}  # side of a status -> its name in words
    directions: tuple[Direction, ...] = ()  # parts of the front, in the order in which they are told
    access: Literal["public", "keys"] = "public"  # who is shown any of it: everybody, or holders of keys
    embargo_classes: tuple[EmbargoClass, ...] = ()
    # Persons who have to have seen an import before it is public, with the one who imports.
    reviewers: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1

    def __post_init__(self) -> None:
        """Leave one layer in each role that follows from kind and time; the others are only served.

        It is the one that declares it, else the first that has statuses or derives from those that have,
        else the first. Several are drawn as events where each declares it.
        """
        first: dict[Role, Layer] = {}
        for layer in sorted(self.layers, key=lambda each: (each.declared_role is None, not each.has_faces)):
            first.setdefault(layer.role, layer)
        layers = tuple(
            layer
            if layer.declared_role is not None or layer.role == "none" or first[layer.role] is layer
            else msgspec.structs.replace(layer, declared_role="none")
            for layer in self.layers
        )
        if layers != self.layers:
            msgspec.structs.force_setattr(self, "layers", layers)

    def by_role(self, role: Role) -> Layer | None:
        """Return the first layer that the map draws as *role*, if any."""
        return next((layer for layer in self.layers if layer.role == role), None)

    def front_of(self, areas: Layer) -> Layer | None:
        """Return the first layer that derives from *areas*, which is their front, if any."""
        return next((each for each in self.layers if each.derived and each.drawn_from == areas.name), None)

    @property
    def told_sides(self) -> dict[str, Text]:
        """The sides of all statuses with their names, in the order of the legend; else by their code.

        Not in that of `sides`: the database keeps no order of a table.
        """
        there = dict.fromkeys(each.side for layer in self.layers for each in layer.categories if each.side)
        return {side: self.sides.get(side) or {"en": side.replace("_", " ").title()} for side in there}

    def layer(self, name: str) -> Layer:
        """Return the layer *name*; `UnknownLayer` lists the layers there are."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        there = ", ".join(layer.name for layer in self.layers)
        raise UnknownLayer(f"theatre {self.id} has no layer {name[:40]!r}; it has {there}")


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant of valid time, as known in a revision."""

    at: Micros
    revision: Revision


def hash_id(hashed: bytes) -> int:
    """Return the id in tiles that a hash, 8 bytes or more, stands for: its first 53 bits."""
    return int.from_bytes(hashed[:8], "big") >> (64 - ID_BITS)


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature as kept: repaired, projected, and known by the hash of its geometry and properties.

    ``feature_hash`` is 16 bytes, equal for equal features; ``wkb`` is EWKB, valid, in EPSG:3857. ``keyed_id``
    is the id of an event that has a key (`event_keys.event_id`), ``None`` for a feature that is known by its
    hash alone. The hash of an event is over its key as well.
    """

    feature_hash: bytes
    properties: dict[str, Value]
    wkb: bytes
    keyed_id: int | None = None

    @property
    def id(self) -> int:
        """The feature's id in tiles: the same in every state, revision and database.

        It names an event, whatever is said of it, where the event has a key; else what is said.
        """
        return hash_id(self.feature_hash) if self.keyed_id is None else self.keyed_id


class DatedFeature(NamedTuple):
    """A feature, or a face, by its hash, in the period ``[start, end)``; ``end=None`` holds still."""

    feature_hash: bytes
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class LayerRef:
    """``theatre.layer``."""

    theatre: str
    layer: str

    def __str__(self) -> str:
        return f"{self.theatre}.{self.layer}"

    @classmethod
    def parse(cls, text: str) -> LayerRef:
        """Parse ``theatre.layer``, such as ``ukraine.control``."""
        theatre, dot, layer = text.partition(".")
        if not (theatre and dot and layer) or "." in layer:
            raise UnknownTileset(
                f"{text[:80]!r} names no layer; write theatre.layer, such as ukraine.control"
            )
        return cls(theatre, layer)
