"""The small world with two layers of events, two overlays, of which nothing is known of one, and a draft."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import shapely
from shapely.geometry import Point, box

from tests.shapes import layer
from tests.twins import USUAL, tell, world
from tileserver.declared import Category, Look, Source
from tileserver.desk.importer import import_features, import_snapshots
from tileserver.desk.job import Job
from tileserver.ingest import RawFeature, RawSnapshot, Report
from tileserver.model import Theatre
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.times import Period

_FIRST = datetime(2024, 3, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
LOOK = Look("#d98200", "#f0ab45", pattern="dots")


def several() -> Theatre:
    """The theatre ``twin`` with ``damage`` beside its events, and overlays ``claimed`` and ``rumoured``."""
    plain = world(USUAL)
    combat = msgspec.structs.replace(plain.layer("events"), declared_role="events", title={"en": "Combat"})
    damage = layer(
        "damage",
        "points",
        title={"en": "Damage"},
        fields={"kind": "what", "text": "what"},
        category="kind",
        categories=(Category("strike", {"en": "House hit"}, "#8a5a00", "#e0b35c"),),
        declared_role="events",
    )
    overlays = [
        layer(
            name,
            title={"en": name.title()},
            fields={},
            source=Source("nobody", "CC0-1.0", f"{name} by nobody"),
            declared_role="overlay",
            look=LOOK,
        )
        for name in ("claimed", "rumoured")
    ]
    draft = layer("draft", "points", title={"en": "Draft"}, declared_role="none")
    others = [combat if each.name == "events" else each for each in plain.layers]
    return msgspec.structs.replace(plain, layers=(*others, damage, *overlays, draft))


async def tell_several(connection: asyncpg.Connection) -> None:
    """Write it into an empty database: a house hit each day, and a claim that moves on the third."""
    await tell(connection, USUAL)
    await add_theatre(connection, several())
    layers = {each.layer.name: each for each in await load_layers(connection)}
    hits = [
        RawFeature(
            _geojson(Point(33.0, 49.0)),
            {"kind": "strike", "text": "A house was hit."},
            Period(_FIRST + number * _DAY, _FIRST + (number + 1) * _DAY),
        )
        for number in range(3)
    ]
    await import_features(Job(connection, layers, "damage", accept="drawn"), hits, Report(read=3), "drawn")
    claims = [
        RawSnapshot(
            _FIRST + day * _DAY, (RawFeature(_geojson(box(west, 48.2, 33.4, 48.9)), {}),), f"day {day}"
        )
        for day, west in ((0, 32.4), (2, 31.6))
    ]
    await import_snapshots(
        Job(connection, layers, "claimed", accept="drawn"), claims, Report(read=2), "drawn"
    )


def _geojson(geometry: shapely.Geometry) -> bytes:
    return shapely.to_geojson(geometry).encode()
