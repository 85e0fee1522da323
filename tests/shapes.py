"""Hand-made layers, features and databases, small enough to be drawn on paper."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import asyncpg
import shapely
from shapely.geometry import Point, box

from tileserver.declared import Source
from tileserver.grid import TileAddress, tile_unit_m
from tileserver.model import Layer, LayerId, LayerRef, Revision, Theatre
from tileserver.store.catalogue import Periods, StoredLayer, add_theatre, load_layers
from tileserver.store.connect import prepare_connection
from tileserver.store.revisions import FeatureRow, open_revision
from tileserver.tiles.tileset import ServedLayer, Tileset

Kind = Literal["areas", "lines", "points"]
TERMS = Source("a desk", "CC0-1.0", "drawn by hand")


def layer(name: str, kind: Kind = "areas", **changes: Any) -> Layer:
    """A layer that says nothing of itself; points are a window, all else is a state."""
    time: Literal["state", "window"] = "window" if kind == "points" else "state"
    declared: dict[str, Any] = {
        "title": {"en": name.title()},
        "source": TERMS,
        "fields": {"status": "who", "text": "what"},
        **changes,
    }
    return Layer(name=name, kind=kind, time=time, **declared)


def theatre(*layers: Layer, **changes: Any) -> Theatre:
    """The theatre ``toy``: the whole world, in UTC, without an embargo unless asked for."""
    declared: dict[str, Any] = {
        "id": "toy",
        "title": {"en": "Toy"},
        "day_zone": "UTC",
        "bounds": (-180.0, -85.05, 180.0, 85.05),
        "centre": (0.0, 0.0, 2.0),
        "embargo": "0s",
        **changes,
    }
    return Theatre(layers=layers, **declared)


def tileset_of(times: Sequence[str], own: Sequence[Periods], revisions: tuple[int, ...] = (1,)) -> Tileset:
    """A tileset in memory alone, of layers of these times with these periods."""
    layers = [
        layer(f"l{number}", "points" if time == "window" else "areas") for number, time in enumerate(times)
    ]
    whole = theatre(*layers)
    served = tuple(
        ServedLayer(
            StoredLayer(
                LayerId(n), LayerRef("toy", each.name), whole, each, tuple(map(Revision, revisions)), None
            ),
            periods,
        )
        for n, (each, periods) in enumerate(zip(layers, own, strict=True), 1)
    )
    return Tileset("toy", whole, served)


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature of *layer*: where, from when until when, and what it says."""

    layer: str
    geometry: shapely.Geometry
    start: datetime
    end: datetime | None = None
    properties: dict[str, Any] = field(default_factory=dict)
    id: int = 0  # 0: counted


def in_tile(address: TileAddress, geometry: shapely.Geometry) -> shapely.Geometry:
    """Return *geometry* from tile units of *address*, y down, to metres: draw on the tile's own paper."""
    bounds, unit = address.bounds, tile_unit_m(address.z)
    return shapely.transform(geometry, lambda xy: xy * [unit, -unit] + [bounds.west, bounds.north])


def square(x: float, y: float, side: float) -> shapely.Geometry:
    """A square by its first corner."""
    return box(x, y, x + side, y + side)


def dot(x: float, y: float) -> shapely.Geometry:
    """A point."""
    return Point(x, y)


async def fill(connection: asyncpg.Connection, declared: Theatre, features: Sequence[Feature]) -> int:
    """Add the theatre and write *features* as one revision; return its number."""
    await prepare_connection(connection)
    await add_theatre(connection, declared)
    keys = {
        each.layer.name: each.layer_id
        for each in await load_layers(connection)
        if each.ref.theatre == declared.id
    }
    async with open_revision(connection) as writer:
        for name in dict.fromkeys(each.layer for each in features):
            rows = [_row(n, each) for n, each in enumerate(features, 1) if each.layer == name]
            await writer.add_features(keys[name], rows)
        await writer.commit_revision("drawn by hand", {})
        return writer.revision


def _row(number: int, feature: Feature) -> FeatureRow:
    wkb = shapely.to_wkb(shapely.set_srid(feature.geometry, 3857), include_srid=True)
    said = repr((feature.layer, sorted(feature.properties.items()))).encode()
    content = hashlib.blake2b(wkb + said, digest_size=16).digest()
    return FeatureRow(
        feature.id or number, content, feature.start, feature.end, dict(feature.properties), wkb
    )
