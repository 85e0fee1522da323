"""Law: what is written is read back equal, whatever a file says; what could not be is stopped at the door."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tileserver.desk.prepare import Preparer, make_feature
from tileserver.desk.storable import EXACT, FIRST, LAST, is_storable, storable_properties
from tileserver.findings import Finding
from tileserver.ingest import RawFeature, Report
from tileserver.model import Value
from tileserver.store.revisions import FeatureRow, NothingChanged, open_revision
from tileserver.times import TICK, Period

if TYPE_CHECKING:
    from tests.desk.conftest import Desk


def geometry(kind: str, coordinates: Any) -> bytes:
    return json.dumps({"type": kind, "coordinates": coordinates}).encode()


YEAR_1, YEAR_9999 = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

texts = st.text(st.characters(codec=None), max_size=30)  # NUL and halves of surrogate pairs too
numbers = (
    st.integers(-(2**80), 2**80)
    | st.floats()
    | st.sampled_from([-0.0, 5e-324, 1.7e308, 1e16, 2**53, -(2**53), 2**63, 2**64])
)
values: st.SearchStrategy[Value] = texts | numbers | st.booleans()
properties = st.dictionaries(st.sampled_from(["direction", "text_en", "from", "x" * 5000]), values)
edges = st.sampled_from(
    [YEAR_1, YEAR_1 + TICK, FIRST, datetime(1970, 1, 1, tzinfo=UTC), LAST, LAST + TICK, YEAR_9999]
)
instants = edges | st.datetimes(timezones=st.just(UTC))
lists = st.recursive(
    st.floats() | st.integers(-200, 200), lambda inner: st.lists(inner, max_size=5), max_leaves=40
)
kinds = st.sampled_from(["Point", "LineString", "Polygon", "MultiPolygon", "GeometryCollection"])
geometries = st.builds(
    lambda kind, each: json.dumps({"type": kind, "coordinates": each}).encode(), kinds, lists
)
places = st.lists(st.floats(-200, 200), min_size=2, max_size=4)
points = st.builds(lambda at: json.dumps({"type": "Point", "coordinates": at}).encode(), places)
features = st.builds(
    lambda shape, said, start, end: RawFeature(shape, said, Period(start, end), "drawn"),
    geometries,
    properties,
    instants,
    instants | st.none(),
)


def at_bakhmut(value: Value) -> RawFeature:
    period = Period(datetime(2023, 5, 14, tzinfo=UTC), None)
    return RawFeature(geometry("Point", [37.9999, 48.5956]), {"direction": value}, period, "drawn")


@pytest.fixture(scope="module")
def door(open_desk: Callable[[], Desk]) -> Desk:
    """A desk over a database that nothing stays in."""
    return open_desk()


@pytest.mark.db
@settings(max_examples=40)
@given(st.lists(features, max_size=8))
@example(
    [
        at_bakhmut(n)
        for n in (
            1e15,
            9007199254740991.0,
            1e16,
            1.7e308,
            5e-324,
            -0.0,
            2**60,
            -(2**53),
            1.0,
            0.1,
            True,
            "a\0b\ud800",
            "",
        )
    ]
)
def test_what_is_written_is_read_back_equal(door: Desk, drawn: list[RawFeature]) -> None:
    async def work(connection: asyncpg.Connection) -> None:
        layer = (await door.layers(connection))["notes"]
        report = Report(read=len(drawn))
        preparer = Preparer(door.theatre, layer.layer, report)
        prepared = [(preparer.prepare(each), each.period) for each in drawn]
        kept = {
            (feature.feature_hash, period.start, period.end): feature
            for feature, period in prepared
            if feature and period
        }
        report.imported = sum(feature is not None for feature, _ in prepared)
        assert report.balances
        async with open_revision(connection) as writer:
            rows = [FeatureRow.of(each, start, end) for (_, start, end), each in kept.items() if start]
            await writer.add_features(layer.layer_id, rows)
            assert {
                (each.feature_hash, each.start, each.end) for each in await writer.current(layer.layer_id)
            } == kept.keys()
            there = await writer.features(layer.layer_id, [key for key, _, _ in kept])
            for key, feature in there.items():
                assert feature == preparer.features[key]
                assert make_feature(shapely.from_wkb(feature.wkb), feature.properties).feature_hash == key
            await writer.quarantine(
                layer.layer_id, [(q.finding, q.origin, q.raw) for q in report.quarantined]
            )
            raise NothingChanged

    door.run(work)


def test_the_zero_time_and_the_end_of_the_calendar_are_stopped_at_the_door(door: Desk) -> None:
    """The driver writes and reads both as infinities; they came back as dates that nothing could compare."""
    for start, end in ((YEAR_1, None), (FIRST, YEAR_9999), (YEAR_9999, None)):
        report = Report()
        preparer = Preparer(door.theatre, door.theatre.layer("notes"), report)
        point = RawFeature(b'{"type":"Point","coordinates":[37.5,48.5]}', {}, Period(start, end), "f#0")
        assert preparer.prepare(point) is None
        assert [each.finding for each in report.quarantined] == [Finding.ABSURD_DATE]


@given(st.dictionaries(st.text(max_size=3), values))
@example({"id": 2**60, "z": -0.0, "n": math.nan, "t": "a\0b\ud800"})
def test_properties_that_can_be_stored_stay_as_they_are(drawn: dict[str, Value]) -> None:
    once, findings = storable_properties(drawn)
    assert storable_properties(once) == (once, ())
    for name, value in drawn.items():
        if name not in once:
            assert isinstance(value, float)
            assert not math.isfinite(value)
        elif isinstance(value, str):
            assert len(str(once[name])) <= len(value)
        elif abs(value) > EXACT:
            assert once[name] == str(value)
        else:
            assert once[name] == value
    assert bool(findings) == any(
        once.get(name) != value and not _is_nothing(value) for name, value in drawn.items()
    ) or any(_is_nothing(value) for value in drawn.values())


def _is_nothing(value: Value) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


@given(st.lists(instants, min_size=2, max_size=2))
def test_a_period_can_be_stored_if_it_lies_within_the_calendar(ends: Sequence[datetime]) -> None:
    start, end = ends
    assert is_storable(Period(start, end)) == (FIRST <= start < end <= LAST)
    assert not is_storable(Period(None, end))
