"""The things the server talks about, as frozen values: theatres and layers declared, features read.

A theatre definition is data: the same structure is read from TOML, kept in the database as JSON and
handed to the front end, so it is declared once, here, and validated on every way in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from tileserver.errors import UnknownTileset
from tileserver.times import Period

Value: TypeAlias = str | int | float | bool
Text: TypeAlias = dict[str, str]  # language code -> words


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a layer's data comes from, and under which terms."""

    publisher: str
    licence: str
    attribution: str  # plain text, shown on every map that draws the layer
    url: str = ""


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value of a layer's vocabulary, as a legend shows it."""

    code: str
    label: Text
    colour: str
    colour_dark: str
    pattern: Literal["none", "hatch", "dots"] = "none"
    priority: int = 0  # where two statuses overlap, the higher one holds
    scope: Literal["theatre", "anywhere"] = "theatre"  # may it lie outside the theatre's bounds?


class Derivation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a line layer follows from an area layer: the edge of the statuses in *held*, on *land*."""

    layer: str
    held: tuple[str, ...]
    land: str  # file beside the definition: the land on which a front can run
    margin_m: float = 3000.0  # metres; an edge nearer to the land's own edge is coast or border, not front


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
    category: str = ""  # the property that carries the vocabulary
    categories: tuple[Category, ...] = ()
    minzoom: int = 0
    maxzoom: int = 14
    precision: int = 5  # decimals of a degree; no coordinate is published more exactly
    derived: Derivation | None = None
    embargo: str | None = None  # overrides the theatre's

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
    notice: Text = msgspec.field(default_factory=dict)  # shown on the map: what this is, and is not
    opens_at: str = ""  # the day a reader sees first, where that is not the latest one

    def layer(self, name: str) -> Layer:
        """Return the layer *name*, or raise `UnknownTileset` naming those there are."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        there = ", ".join(layer.name for layer in self.layers)
        raise UnknownTileset(f"theatre {self.id} has no layer {name[:40]!r}; it has {there}")


@dataclass(frozen=True, slots=True)
class RawFeature:
    """One feature as a file has it, before anything is checked.

    ``geometry`` is the text of a GeoJSON geometry in longitude and latitude: bytes, so that a geometry
    that was seen before is recognised without being parsed.
    """

    geometry: bytes
    properties: Mapping[str, Value] = field(default_factory=dict)
    period: Period | None = None  # None: holds as long as the snapshot it came in
    origin: str = ""  # file and place in it, for the report


@dataclass(frozen=True, slots=True)
class RawSnapshot:
    """The whole state of a layer as a file has it, from *at* on."""

    at: datetime
    features: tuple[RawFeature, ...]
    origin: str


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
