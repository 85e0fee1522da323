"""Laws: sums at every instant are those of the faces that hold then, and what differs is found, no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import TYPE_CHECKING

import asyncpg
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shapes import layer, theatre
from tileserver.declared import Category
from tileserver.model import Moment, Revision
from tileserver.store.catalogue import StoredLayer, add_theatre, load_layers
from tileserver.store.connect import prepare_connection
from tileserver.store.faces import CellKey, FaceRow, add_faces
from tileserver.store.measures import (
    load_differing_faces,
    load_measured_faces,
    load_polygons,
    load_status_areas,
)
from tileserver.store.revisions import open_revision
from tileserver.times import to_micros

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

START = datetime(1944, 6, 6, tzinfo=UTC)
STATUSES = ("held", "free")
KM2 = {"a": 1.25, "b": 0.1, "c": 1e-9, "d": 40.0000001}
names = count(1)

Place = tuple[int, str]  # a cell, and what the face in it is called
History = Mapping[Place, Sequence[int]]  # the hours at which it begins and ends, in turn
histories = st.dictionaries(
    st.tuples(st.integers(0, 2), st.sampled_from(sorted(KM2))),
    st.lists(st.integers(0, 20), min_size=1, max_size=4, unique=True).map(sorted),
    max_size=6,
)


def hour(number: int) -> datetime:
    return START + timedelta(hours=number)


def moment(number: int, revision: int) -> Moment:
    return Moment(to_micros(hour(number)), Revision(revision))


def periods(hours: Sequence[int]) -> Iterator[tuple[datetime, datetime | None]]:
    ends: list[datetime | None] = [*map(hour, hours), None]
    for start, end in list(pairwise(ends))[::2]:
        assert start is not None
        yield start, end


def status(place: Place) -> str:
    return STATUSES[ord(place[1]) % 2]


def face(place: Place, start: datetime, end: datetime | None, band: int) -> FaceRow:
    cell, name = place
    square = shapely.set_srid(shapely.box(cell, ord(name), cell + 1, ord(name) + 1), 3857)
    wkb = shapely.to_wkb(square, include_srid=True)
    said = {"status": status(place)}
    return FaceRow(CellKey(band, cell), ord(name), name.encode(), start, end, said, KM2[name], wkb)


async def new_layer(connection: asyncpg.Connection) -> StoredLayer:
    name = f"toy{next(names)}"
    words = {"en": "Word"}
    categories = tuple(Category(code, words, "#000000", "#ffffff") for code in STATUSES)
    control = layer("control", category="status", categories=categories, maxzoom=4)
    await prepare_connection(connection)
    await add_theatre(connection, theatre(control, id=name))
    return next(each for each in await load_layers(connection) if each.ref.theatre == name)


async def write(connection: asyncpg.Connection, stored: StoredLayer, history: History) -> int:
    """Write what holds in the next revision, in place of all that held before."""
    async with open_revision(connection) as writer:
        await connection.execute(
            "UPDATE face SET known = int8range(lower(known), $2) WHERE layer = $1 AND upper_inf(known)",
            stored.layer_id,
            writer.revision,
        )
        rows = [
            face(place, *period, band.lowest)
            for place, hours in history.items()
            for period in periods(hours)
            for band in stored.layer.bands
        ]
        await add_faces(writer, stored.layer_id, rows)
        await writer.commit_revision("drawn by hand", {})
        return writer.revision


def held(history: History, at: datetime) -> set[Place]:
    return {
        place
        for place, hours in history.items()
        for start, end in periods(hours)
        if start <= at and (end is None or at < end)
    }


@pytest.fixture(scope="module")
def dsn(databases: Databases) -> str:
    return databases.new()


@given(histories, st.integers(-1, 22))
@settings(max_examples=40)
def test_sums_at_every_instant_are_those_of_what_holds(
    databases: Databases, dsn: str, history: History, last: int
) -> None:
    async def work(connection: asyncpg.Connection) -> None:
        stored = await new_layer(connection)
        revision = await write(connection, stored, history)
        found = await load_status_areas(connection, stored, revision, hour(last))
        assert [(area.at, area.status) for area in found] == sorted((a.at, a.status) for a in found)
        assert all(area.at <= hour(last) for area in found)
        for number in range(-1, last + 1):
            expected: defaultdict[str, float] = defaultdict(float)
            for place in held(history, hour(number)):
                expected[status(place)] += KM2[place[1]]
            latest = {area.status: area.km2 for area in found if area.at <= hour(number)}
            assert {s: km2 for s, km2 in latest.items() if km2} == pytest.approx(expected, abs=1e-9)
        for each in STATUSES:
            own = [area for area in found if area.status == each]
            assert all(round(b.km2 - a.km2, 9) == round(b.net, 9) for a, b in pairwise(own))

    databases.run(dsn, work)


@given(histories, histories, st.integers(-1, 22), st.integers(-1, 22))
@settings(max_examples=40)
def test_faces_that_differ_are_those_of_one_state_and_not_of_the_other(
    databases: Databases, dsn: str, first: History, second: History, one: int, other: int
) -> None:
    async def work(connection: asyncpg.Connection) -> None:
        stored = await new_layer(connection)
        old = await write(connection, stored, first)
        new = await write(connection, stored, second)
        for before, revision in ((first, old), (second, new)):
            moments = moment(one, revision), moment(other, new)
            was, now = held(before, hour(one)), held(second, hour(other))
            found = await load_differing_faces(connection, stored, moments[0], moments[1])
            expected = [(place[0], status(place), True) for place in was - now]
            expected += [(place[0], status(place), False) for place in now - was]
            assert sorted((row.cell, row.status, row.before) for row in found) == sorted(expected)
            assert [row.cell for row in found] == sorted(row.cell for row in found)

    databases.run(dsn, work)


def test_before_the_first_instant_nothing_is_held(databases: Databases, dsn: str) -> None:
    async def work(connection: asyncpg.Connection) -> None:
        stored = await new_layer(connection)
        revision = await write(connection, stored, {(0, "a"): [1]})
        found = await load_differing_faces(connection, stored, None, moment(2, revision))
        assert [(row.cell, row.before) for row in found] == [(0, False)]
        assert await load_differing_faces(connection, stored, None, None) == []

    databases.run(dsn, work)


@given(histories, st.integers(-1, 22), st.integers(0, 5))
@settings(max_examples=20)
def test_faces_of_a_period_are_those_that_hold_at_some_time_in_it(
    databases: Databases, dsn: str, history: History, first: int, length: int
) -> None:
    async def work(connection: asyncpg.Connection) -> None:
        stored = await new_layer(connection)
        revision = await write(connection, stored, history)
        await write(connection, stored, {(0, "a"): [0]})
        span = hour(first), hour(first + length)
        found = await load_measured_faces(connection, stored, revision, *span)
        expected = {place for n in range(first, first + length + 1) for place in held(history, hour(n))}
        assert {(each.cell, each.feature_hash.decode()) for each in found} == expected
        assert all(each.km2 == KM2[each.feature_hash.decode()] for each in found)
        polygons = await load_polygons(connection, stored, revision, *span, [0, 2])
        assert set(polygons) == {(cell, name.encode()) for cell, name in expected if cell != 1}

    databases.run(dsn, work)
