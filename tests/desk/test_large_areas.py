"""Law: what an area of many cells is drawn as on a day does not depend on other days, nor on the imports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tileserver.desk.importer import import_snapshots
from tileserver.desk.job import Job, Outcome
from tileserver.ingest import RawFeature, RawSnapshot, Report
from tileserver.model import Moment, Revision
from tileserver.publish.comparison import load_pieces
from tileserver.shape.compare import Piece, Sieve
from tileserver.shape.measure import area_km2
from tileserver.shape.project import to_mercator
from tileserver.store.measures import load_status_areas
from tileserver.times import to_micros

if TYPE_CHECKING:
    from tests.desk.conftest import Desk

pytestmark = pytest.mark.db

NOON = datetime(2023, 11, 1, 12, tzinfo=UTC)
DAYS = [NOON + timedelta(days=day) for day in range(4)]
LAND = shapely.box(35.0, 47.0, 37.0, 48.5)  # dozens of cells of the finest band to each side
VILLAGE = shapely.box(36.03, 47.71, 36.05, 47.73)
NOTHING: tuple[tuple[str, shapely.Polygon], ...] = ()
ALL = (("liberated", LAND),)
HOLED = (*ALL, ("occupied", VILLAGE))  # the higher priority
TAKEN = (("occupied", LAND),)
HIDING = (*TAKEN, ("liberated", VILLAGE))

State = tuple[tuple[str, shapely.Polygon], ...]
states = st.sampled_from([NOTHING, ALL, HOLED, TAKEN, HIDING])
batches = st.lists(st.dictionaries(st.sampled_from(DAYS), states, min_size=1), min_size=2, max_size=3)


def import_states(desk: Desk, given: dict[datetime, State]) -> None:
    async def work(connection: asyncpg.Connection) -> Outcome:
        job = Job(connection, await desk.layers(connection), "control", accept="drawn")
        report = Report(read=sum(map(len, given.values())))
        return await import_snapshots(job, _snapshots(given), report, "drawn")

    desk.run(work)


def _snapshots(given: dict[datetime, State]) -> Iterable[RawSnapshot]:
    for at in sorted(given):
        features = [
            RawFeature(shapely.to_geojson(shape).encode(), {"status": status}, origin=f"{at}{status}")
            for status, shape in given[at]
        ]
        yield RawSnapshot(at, tuple(features), str(at))


def newest(desk: Desk) -> int:
    return int(desk.fetch("SELECT coalesce(max(id), 0) FROM revision")[0][0])


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches)
def test_the_order_and_the_batches_of_imports_leave_no_trace_in_large_faces(
    open_desk: Callable[[], Desk], imports: list[dict[datetime, State]]
) -> None:
    one, other = open_desk(), open_desk()
    known: dict[datetime, State] = {}
    for each in imports:
        import_states(one, each)
        known |= each
    import_states(other, known)
    assert one.faces(newest(one)) == other.faces(newest(other))


def test_a_village_taken_in_the_middle_of_a_large_area_is_all_that_changes_and_costs_few_faces(
    desk: Desk,
) -> None:
    import_states(desk, dict(zip(DAYS, (ALL, HIDING, HOLED, ALL), strict=True)))
    revision = newest(desk)
    moments = [Moment(to_micros(at), Revision(revision)) for at in DAYS]

    async def changed(connection: asyncpg.Connection) -> list[list[Piece]]:
        layers = await desk.layers(connection)
        pairs = [(moments[0], moments[2]), (moments[2], moments[3]), (moments[1], moments[2])]
        found = [await load_pieces(connection, layers["control"], *pair, Sieve()) for pair in pairs]
        return [[piece for piece in pieces if not piece.sliver] for pieces in found]

    (there,), (back,), (all_else,) = desk.run(changed)
    village = area_km2(shapely.transform(VILLAGE, to_mercator))
    assert (there.before, there.after) == ("liberated", "occupied")
    assert (back.before, back.after) == ("occupied", "liberated")
    assert there.km2 == back.km2 == pytest.approx(village, rel=1e-3)
    land = area_km2(shapely.transform(shapely.segmentize(LAND, 0.05), to_mercator))
    assert (all_else.before, all_else.after) == ("occupied", "liberated")
    assert all_else.km2 == pytest.approx(land - village, rel=1e-4)
    (cells,) = desk.fetch("SELECT count(*) FROM face WHERE valid @> $1::timestamptz", DAYS[0])[0]
    (again,) = desk.fetch("SELECT count(*) FROM face WHERE valid @> $1::timestamptz", DAYS[2])[0]
    assert 0 < again - cells < 400


def test_series_of_large_areas_add_up_to_what_the_areas_measure(desk: Desk) -> None:
    import_states(desk, dict(zip(DAYS, (ALL, HOLED, TAKEN, ALL), strict=True)))

    async def areas(connection: asyncpg.Connection) -> list[tuple[datetime, str, float]]:
        layers = await desk.layers(connection)
        found = await load_status_areas(connection, layers["control"], newest_revision, DAYS[-1])
        return [(each.at, each.status, each.km2) for each in found]

    newest_revision = newest(desk)
    held = {(at, status): km2 for at, status, km2 in desk.run(areas)}
    village = area_km2(shapely.transform(VILLAGE, to_mercator))
    whole = held[DAYS[0], "liberated"]
    dense = shapely.transform(shapely.segmentize(LAND, 0.05), to_mercator)
    assert whole == pytest.approx(area_km2(dense), rel=1e-4)
    assert held[DAYS[1], "liberated"] == pytest.approx(whole - village, rel=1e-6)
    assert held[DAYS[2], "occupied"] == pytest.approx(whole, rel=1e-12)
    assert held[DAYS[3], "liberated"] == whole
    assert held[DAYS[2], "liberated"] == held[DAYS[3], "occupied"] == 0
