"""Three databases that the public cannot tell apart until the horizon passes: with a secret, without, and
with another one in its place.

Everything secret is over, or begins, in the last microsecond of one local day, or is known to have begun on
that day, so that every layer with the same embargo gives it up at the same instant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
import numpy as np
from shapely.geometry import Point

from tests.shapes import Feature, fill, layer, theatre
from tileserver.declared import Category, Derivation, EmbargoClass
from tileserver.desk.importer import import_features, import_snapshots
from tileserver.desk.job import Job
from tileserver.ingest import RawFeature, RawSnapshot, Report
from tileserver.shape.project import to_mercator
from tileserver.store.catalogue import StoredLayer, add_theatre, load_layers
from tileserver.store.windows import POINT_LIMIT
from tileserver.times import TICK, Period

if TYPE_CHECKING:
    from tests.conftest import Databases

DAY = timedelta(days=1)
DAY_END = datetime(2024, 1, 9, 22, tzinfo=UTC)  # midnight in Kyiv: the secret's day is 9 January
SECRET = DAY_END - TICK
FIRST = datetime(2024, 1, 1, 6, tzinfo=UTC)
SECOND = datetime(2024, 1, 4, 6, tzinfo=UTC)

EMBARGO = timedelta(hours=48)
LONG = timedelta(days=7)  # of the layer `late`, and so of every tileset that has it

OLD_PLACE, SECRET_PLACE, OTHER_PLACE = (36.05, 48.05), (38.51, 48.51), (37.01, 47.51)

SIDES = {"occupied": "invader", "liberated": "defender"}
STATUSES = ("occupied", "liberated", "mutiny")  # mutiny is a status of the secret alone
DECLARED = theatre(
    layer(
        "control",
        category="status",
        categories=tuple(
            Category(
                code, {"en": code.title()}, "#aa2211", "#aa2211", priority=number, side=SIDES.get(code, "")
            )
            for number, code in enumerate(STATUSES)
        ),
    ),
    layer(
        "frontline", "lines", derived=Derivation("control", "invader", {"defender": "ukraine_land.geojson"})
    ),
    layer("events", "points", fields={"text": "what", "place": "where"}),
    layer("notes", "points"),
    layer("roads", "lines"),
    layer("late", "areas", embargo="7d"),
    id="toy",
    day_zone="Europe/Kyiv",
    bounds=(20.0, 43.0, 45.0, 54.0),
    centre=(35.0, 48.3, 5.0),
    embargo="48h",
    embargo_classes=(EmbargoClass("partners", "24h"),),
)

# As many events in one tile as it shows one by one: with the secret they are one too many, and are counted.
CROWD = theatre(
    layer(
        "events",
        "points",
        fields={"kind": "what"},
        category="kind",
        categories=tuple(Category(kind, {"en": kind}, "#aa2211", "#aa2211") for kind in ("shot", "shell")),
    ),
    id="crowd",
    day_zone="Europe/Kyiv",
    embargo="48h",
)


def _square(place: tuple[float, float], side: float) -> bytes:
    west, south = place
    ring = [
        [west, south],
        [west + side, south],
        [west + side, south + side],
        [west, south + side],
        [west, south],
    ]
    return json.dumps({"type": "Polygon", "coordinates": [ring]}).encode()


def _line(place: tuple[float, float]) -> bytes:
    return json.dumps(
        {"type": "LineString", "coordinates": [place, (place[0] + 0.03, place[1] + 0.02)]}
    ).encode()


def _dot(place: tuple[float, float]) -> bytes:
    return json.dumps({"type": "Point", "coordinates": place}).encode()


def _area(place: tuple[float, float], status: str, side: float = 0.1) -> RawFeature:
    return RawFeature(_square(place, side), {"status": status}, origin="drawn")


def _feature(geometry: bytes, text: str, start: datetime, end: datetime | None = None) -> RawFeature:
    return RawFeature(geometry, {"text": text}, Period(start, end), "drawn")


def _named(geometry: bytes, text: str, start: datetime, end: datetime) -> RawFeature:
    """An event that names its place."""
    return RawFeature(geometry, {"text": text, "place": f"{text}ville"}, Period(start, end), "drawn")


def _on_day(geometry: bytes, text: str) -> RawFeature:
    """A state that is known to have begun on the secret's day, and no closer."""
    return RawFeature(geometry, {"text": text}, Period(DAY_END - DAY, None), "drawn", "day")


WEST = (OLD_PLACE[0] - 0.1, OLD_PLACE[1])
HELD = (_area(WEST, "liberated"), _area(OLD_PLACE, "occupied"))


@dataclass(frozen=True)
class Told:
    """What a desk imports: states of ``control``, and features of the other layers."""

    states: Mapping[datetime, tuple[RawFeature, ...]]
    features: Mapping[str, tuple[RawFeature, ...]]


PUBLIC = Told(
    {FIRST: HELD, SECOND: (*HELD, _area((OLD_PLACE[0] + 0.1, OLD_PLACE[1]), "occupied"))},
    {
        "events": (_named(_dot(OLD_PLACE), "an event", FIRST, FIRST + DAY),),
        "notes": (_feature(_dot(OLD_PLACE), "a note", FIRST, SECOND),),
        "roads": tuple(_feature(_line(OLD_PLACE), f"the road of {at}", at) for at in (FIRST, SECOND)),
        "late": tuple(_feature(_square(OLD_PLACE, 0.1), f"the area of {at}", at) for at in (FIRST, SECOND)),
    },
)


def secret(place: tuple[float, float], word: str, state: tuple[RawFeature, ...]) -> Told:
    """Return one thing in every layer that the public may not know yet."""
    return Told(
        {SECRET: state},
        {
            "events": (_named(_dot(place), f"{word} event", DAY_END - DAY, DAY_END),),
            "notes": (_feature(_dot(place), f"{word} note", SECOND, DAY_END),),
            "roads": (_on_day(_line(place), f"{word} road"),),
            "late": (_on_day(_square(place, 0.1), f"{word} area"),),
        },
    )


# What was occupied shrinks, so that public faces end; beside it something begins.
THE_SECRET = secret(
    SECRET_PLACE,
    "secret",
    (HELD[0], _area(OLD_PLACE, "occupied", 0.05), _area(SECRET_PLACE, "mutiny")),
)
# The same imports with nothing in the first of them: what held yesterday holds today.
ANOTHER_SECRET = secret(OTHER_PLACE, "other", PUBLIC.states[SECOND])


def _shots(number: int, kind: str, start: datetime, first_id: int = 1) -> list[Feature]:
    """Events of one day, in a row within one tile."""
    ((west, north),) = to_mercator(np.array([OLD_PLACE])).tolist()
    return [
        Feature("events", Point(west + each, north), start, start + DAY, {"kind": kind}, id=first_id + each)
        for each in range(number)
    ]


THE_CROWD = _shots(POINT_LIMIT, "shot", FIRST)
ONE_TOO_MANY = _shots(1, "shot", DAY_END - DAY, first_id=POINT_LIMIT + 1)
ANOTHER_ONE = _shots(1, "shell", DAY_END - DAY, first_id=POINT_LIMIT + 2)


@dataclass(frozen=True)
class World:
    """The addresses of the three databases, and of a copy of the first one to be written to."""

    secret: str
    innocent: str
    other: str
    spare: str


def build_world(databases: Databases) -> World:
    """Write the public part once, copy it, and add the secrets to the copies."""
    innocent = databases.new()
    databases.run(innocent, lambda connection: add_theatre(connection, DECLARED))
    databases.run(innocent, lambda connection: tell(connection, PUBLIC, THE_CROWD))
    with_secret, with_other = databases.copy(innocent), databases.copy(innocent)
    databases.run(with_secret, lambda connection: tell(connection, THE_SECRET, ONE_TOO_MANY))
    databases.run(with_other, lambda connection: tell(connection, ANOTHER_SECRET, ANOTHER_ONE))
    spare = databases.copy(with_secret)
    # Servers read these for as long as the tests go on, and copies are made meanwhile.
    return World(databases.keep(with_secret), databases.keep(innocent), with_other, spare)


async def tell(connection: asyncpg.Connection, told: Told, crowd: Sequence[Feature]) -> None:
    """Import *told* as a desk does, each layer in a revision of its own; the crowd is the last one."""
    snapshots = [RawSnapshot(at, state, str(at)) for at, state in told.states.items()]
    report = Report(read=sum(map(len, told.states.values())))
    layers = await layers_of(connection)
    await import_snapshots(Job(connection, layers, "control", accept="drawn"), snapshots, report, "drawn")
    for name, features in told.features.items():
        report = Report(read=len(features))
        await import_features(Job(connection, layers, name, accept="drawn"), features, report, "drawn")
    await fill(connection, CROWD, crowd)


async def layers_of(connection: asyncpg.Connection) -> dict[str, StoredLayer]:
    """Return the layers of the toy theatre by name."""
    return {each.layer.name: each for each in await load_layers(connection) if each.ref.theatre == "toy"}
