"""Small worlds with layers of every role, whose parts come, go, are withdrawn and lie under embargo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
from hypothesis import strategies as st

from tests.desk.conftest import Cell, Desk, square
from tests.shapes import layer
from tileserver.desk.corrections import withdraw_period
from tileserver.desk.importer import import_features
from tileserver.desk.job import Job
from tileserver.ingest import RawFeature, Report
from tileserver.model import Layer, Theatre, Value
from tileserver.store.catalogue import add_theatre
from tileserver.times import Period

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2024, 1, 30, 12, tzinfo=UTC)  # shortly before a month; clocks change two months later
SPAN = 75  # days in which things begin and end
STATUSES = ("occupied", "liberated", "unknown")
STATES = ("control", "sketches", "roads")
WINDOWS = ("events", "notes")


@dataclass(frozen=True)
class Part:
    """A feature of *layer* in a square of the lattice, from when until when."""

    layer: str
    cell: Cell
    code: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class World:
    """What is imported, in which order, what is withdrawn then, and when somebody looks at it."""

    parts: tuple[Part, ...]
    imports: int
    withdrawn: tuple[tuple[str, datetime, datetime | None], ...]
    late: tuple[str, ...]  # the layers with an embargo of five days instead of two
    now: datetime


def declare(like: Theatre, late: Sequence[str]) -> Theatre:
    """Return the theatre *like* with a layer of every role, those in *late* with a longer embargo."""
    layers = [
        *(each for each in like.layers if each.name in ("control", "frontline")),
        layer("sketches", fields={"code": "who"}),
        layer("roads", "lines", fields={"code": "which"}),
        layer("events", "points", fields={"code": "what"}),
        layer("notes", "points", fields={"code": "what"}),
    ]
    return msgspec.structs.replace(like, layers=tuple(_with_embargo(each, late) for each in layers))


def _with_embargo(declared: Layer, late: Sequence[str]) -> Layer:
    return msgspec.structs.replace(declared, embargo="5d" if declared.name in late else None)


def build(desk: Desk, world: World) -> None:
    """Import the parts of *world* into a new database, and withdraw what it withdraws."""

    async def work(connection: asyncpg.Connection) -> None:
        await add_theatre(connection, declare(desk.theatre, world.late))
        size = -(-len(world.parts) // world.imports)
        for some in (world.parts[first : first + size] for first in range(0, len(world.parts), size)):
            for name in dict.fromkeys(part.layer for part in some):
                features = [_feature(part) for part in some if part.layer == name]
                layers = await desk.layers(connection)
                job = Job(connection, layers, name, accept="drawn")
                await import_features(job, features, Report(read=len(features)), "drawn")
        for name, start, end in world.withdrawn:
            layers = await desk.layers(connection)
            await withdraw_period(connection, layers, name, start, end, "a test", lambda _: True)

    desk.run(work)


def _feature(part: Part) -> RawFeature:
    properties: dict[str, Value] = {"status" if part.layer == "control" else "code": part.code}
    geometry = json.dumps(_geometry(part)).encode()
    return RawFeature(geometry, properties, Period(part.start, part.end), f"{part}")


def _geometry(part: Part) -> dict[str, Any]:
    drawn = square(part.cell)
    corners: list[list[float]] = drawn["coordinates"][0]
    if part.layer == "roads":
        return {"type": "LineString", "coordinates": corners[:3]}
    if part.layer in WINDOWS:
        return {"type": "Point", "coordinates": corners[2]}
    found: dict[str, Any] = drawn
    return found


_places = st.tuples(st.integers(0, 3), st.integers(0, 2))
# Often at an edge of a month, where a period may begin, or at midnight in Kyiv, where a day does.
_moments = (
    st.integers(0, SPAN * 24).map(lambda n: START + n * HOUR)
    | st.integers(0, SPAN).map(lambda n: START + n * DAY - 14 * HOUR)
    | st.sampled_from([datetime(2024, 2, 29, 22, tzinfo=UTC), datetime(2024, 3, 31, 21, tzinfo=UTC)])
)


@st.composite
def _parts(draw: st.DrawFn) -> Part:
    name = draw(st.sampled_from([*STATES, *STATES, *WINDOWS]))
    start = draw(_moments)
    if name in WINDOWS:
        end: datetime | None = start + draw(st.sampled_from([HOUR, DAY, DAY, 9 * DAY, 40 * DAY]))
    else:
        end = draw(st.none() | st.integers(1, 40).map(lambda n: start + n * DAY) | st.just(start + HOUR))
    return Part(name, draw(_places), draw(st.sampled_from(STATUSES)), start, end)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any world; some layers never have anything."""
    parts = draw(st.lists(_parts(), min_size=1, max_size=14, unique=True))
    quiet = draw(st.sets(st.sampled_from([*STATES, *WINDOWS]), max_size=3))
    kept = tuple(part for part in parts if part.layer not in quiet) or (parts[0],)
    withdrawn = draw(
        st.lists(
            st.tuples(
                st.sampled_from([*STATES, *WINDOWS]),
                _moments,
                st.none() | st.integers(1, 50),
            ),
            max_size=2,
        )
    )
    return World(
        kept,
        draw(st.integers(1, 3)),
        tuple((name, at, None if days is None else at + days * DAY) for name, at, days in withdrawn),
        tuple(sorted(draw(st.sets(st.sampled_from([*STATES, *WINDOWS]), max_size=2)))),
        START + draw(st.integers(1, 150 * 24)) * HOUR,
    )
