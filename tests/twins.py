"""One small world, told twice: its layers have the usual names, or others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

import asyncpg
import shapely
from shapely.geometry import Point, box

from tests.conftest import Databases
from tests.shapes import layer, theatre
from tileserver.declared import Category, Derivation
from tileserver.desk.importer import import_features, import_snapshots
from tileserver.desk.job import Job
from tileserver.ingest import RawFeature, RawSnapshot, Report
from tileserver.model import Theatre
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.store.connect import prepare_connection
from tileserver.times import Period

USUAL = {each: each for each in ("control", "frontline", "events", "notes")}
OTHER = {"control": "zones", "frontline": "trace", "events": "battles", "notes": "texts"}

_FIRST = datetime(2024, 3, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def world(names: Mapping[str, str]) -> Theatre:
    """The theatre ``twin``: areas, their front, events and notes, called as *names* says."""
    statuses = (
        Category("held", {"en": "Held"}, "#b2381f", "#ff9a80", pattern="hatch", priority=2, side="held"),
        Category("freed", {"en": "Freed"}, "#2166ac", "#7cc0ff", priority=1, side="freed"),
    )
    kinds = tuple(Category(code, {"en": code}, "#444444", "#cccccc") for code in ("battle", "strike"))
    return theatre(
        layer(
            names["control"],
            title={"en": "Control"},
            fields={"status": "who"},
            category="status",
            categories=statuses,
        ),
        layer(
            names["frontline"],
            "lines",
            title={"en": "Front line"},
            fields={},
            derived=Derivation(names["control"], "held", {"freed": "ukraine_land.geojson"}),
        ),
        layer(
            names["events"],
            "points",
            title={"en": "Events"},
            fields={"kind": "what", "text": "what", "date": "when"},
            category="kind",
            categories=kinds,
        ),
        layer(
            names["notes"],
            "points",
            title={"en": "Notes"},
            fields={"direction": "where", "text_en": "what", "from": "first day", "to": "last day"},
        ),
        id="twin",
        bounds=(28.0, 46.0, 38.0, 52.0),
        centre=(33.0, 49.5, 6.0),
    )


async def tell(connection: asyncpg.Connection, names: Mapping[str, str]) -> None:
    """Write the world into an empty database: three days of two areas and an event, a note of two days."""
    await prepare_connection(connection)
    await add_theatre(connection, world(names))
    layers = {each.layer.name: each for each in await load_layers(connection)}
    states = _states()
    read = Report(read=sum(len(each.features) for each in states))
    await import_snapshots(Job(connection, layers, names["control"], accept="drawn"), states, read, "drawn")
    for name, features in (("events", _events()), ("notes", _notes())):
        read = Report(read=len(features))
        await import_features(Job(connection, layers, names[name], accept="drawn"), features, read, "drawn")


def stores(databases: Databases) -> tuple[str, str]:
    """Return the addresses of two new databases: the world with the usual names, and with others."""
    usual, other = databases.new(), databases.new()
    databases.run(usual, partial(tell, names=USUAL))
    databases.run(other, partial(tell, names=OTHER))
    return usual, other


def _states() -> list[RawSnapshot]:
    return [
        RawSnapshot(
            _FIRST + number * _DAY,
            (
                RawFeature(_geojson(box(33.0 - 0.4 * number, 48.5, 35.0, 50.0)), {"status": "held"}),
                RawFeature(_geojson(box(31.0, 48.5, 33.0 - 0.4 * number, 50.0)), {"status": "freed"}),
            ),
            f"day {number}",
        )
        for number in range(3)
    ]


def _events() -> list[RawFeature]:
    return [
        RawFeature(
            _geojson(Point(32.0 + number, 49.0)),
            {"kind": kind, "text": "Guns were heard.", "date": (_FIRST + number * _DAY).date().isoformat()},
            Period(_FIRST + number * _DAY, _FIRST + (number + 1) * _DAY),
        )
        for number, kind in enumerate(("battle", "strike", "battle"))
    ]


def _notes() -> list[RawFeature]:
    said = {"direction": "East", "text_en": "It moves.", "from": "2024-03-02", "to": "2024-03-03"}
    return [RawFeature(_geojson(Point(33.5, 49.7)), said, Period(_FIRST + _DAY, _FIRST + 3 * _DAY))]


def _geojson(geometry: shapely.Geometry) -> bytes:
    return shapely.to_geojson(geometry).encode()
