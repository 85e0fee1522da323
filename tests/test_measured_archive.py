"""Law: what the faces of a real autumn measure is what its source polygons do, at every instant.

The sources overlap themselves, and were made disjoint by priority here as there. In the 54 snapshots of
October and November 2023: "occupied" and "occupied_before_2022" along the old line of contact in Donetsk
and Luhansk oblasts (0.01 km2), "unknown" and "occupied" along the front (up to 0.03 km2), "liberated" and
"unknown" (up to 0.02 km2), "liberated" and "occupied" (0.002 km2); and polygons of "liberated" each other
(up to 0.09 km2). "outside" overlaps nothing.

Measured once over the whole archive, 1,143 snapshots from April 2022 to December 2024: no status at no
instant is farther than 0.006 % from its source. There the sources overlap more, and early: "occupied" and
"unknown" by 826 km2 on 4 April 2022 around Chernihiv and 49 km2 later that month, "occupied" and
"occupied_before_2022" by up to 19 km2 until July 2022, "liberated" and "occupied" by up to 5 km2; polygons
of "liberated" each other by 87 km2 around 1 June 2022, of "occupied" by 14 km2 in April 2022.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import asyncpg
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from tests.conftest import NOW, TWO_MONTHS
from tests.desk.conftest import Desk
from tests.gains_source import held_by_day
from tileserver.model import Moment, Revision
from tileserver.publish.comparison import comparison_of, load_pieces
from tileserver.publish.comparison_sides import load_transfers, sides_fields
from tileserver.publish.gains import PER_KM2, Gains
from tileserver.publish.gains_document import balance
from tileserver.publish.gains_service import GainsService
from tileserver.publish.measures import load_series, net_by_day
from tileserver.publish.turns import Way
from tileserver.shape.compare import Sieve
from tileserver.shape.holders import NOBODY, Transfer
from tileserver.shape.measure import area_km2
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Pool
from tileserver.store.measures import StatusArea, load_areas, load_status_areas
from tileserver.tiles.catalogue import load_catalogue
from tileserver.tiles.current import Current
from tileserver.times import Micros, day_period, to_micros

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = [pytest.mark.db, pytest.mark.data]

STRAIGHT_M = 5000.0  # an edge is straight on the map; a geodesic between ends farther apart would not be
Measured = dict[str, float]
Result = TypeVar("Result")


@pytest.fixture(scope="module")
def desk(databases: Databases, archive_database: str) -> Desk:
    """October and November 2023, with a state of the year before and one of the year after."""
    return Desk(databases, databases.copy(archive_database))


async def measured(connection: asyncpg.Connection) -> tuple[StoredLayer, list[StatusArea]]:
    stored = next(each for each in (await load_catalogue(connection)).layers.values()).stored
    return stored, await load_status_areas(connection, stored, stored.revisions[-1], NOW)


def at_each_instant(areas: list[StatusArea]) -> dict[datetime, Measured]:
    held: Measured = {}
    found = {}
    for area in areas:
        held[area.status] = area.km2
        found[area.at] = dict(held)
    return found


def ask(desk: Desk, work: Callable[[Current], Awaitable[Result]]) -> Result:
    """Run *work* as a reader's question."""

    async def run() -> Result:
        pool = Pool(desk.dsn, 2, 60, 60)
        try:
            return await work(Current(pool, lambda: NOW))
        finally:
            await pool.close()

    return asyncio.run(run())


class Source:
    """Measures source polygons, made disjoint by priority; each union is made once."""

    def __init__(self, priority: dict[str, int]) -> None:
        self._priority = priority
        self._unions: dict[frozenset[bytes], BaseGeometry] = {}

    def km2(self, features: list[tuple[str | None, bytes]]) -> Measured:
        by_status: defaultdict[str, set[bytes]] = defaultdict(set)
        for status, wkb in features:
            by_status[str(status)].add(wkb)
        found: Measured = {}
        above: list[BaseGeometry] = []
        for status in sorted(by_status, key=lambda status: -self._priority[status]):
            own = self._union(frozenset(by_status[status]))
            found[status] = area_km2(shapely.difference(own, shapely.union_all(above)))
            above.append(own)
        return found

    def _union(self, wkbs: frozenset[bytes]) -> BaseGeometry:
        if wkbs not in self._unions:
            whole = shapely.union_all([shapely.from_wkb(wkb) for wkb in wkbs])
            self._unions[wkbs] = shapely.segmentize(whole, STRAIGHT_M)
        return self._unions[wkbs]


def test_the_series_is_within_a_thousandth_of_the_source_at_every_instant(desk: Desk) -> None:
    async def work(connection: asyncpg.Connection) -> None:
        stored, areas = await measured(connection)
        source = Source({each.code: each.priority for each in stored.layer.categories})
        instants = at_each_instant(areas)
        assert len(instants) > 50
        for at, held in instants.items():
            features = await load_areas(
                connection, stored, Moment(to_micros(at), Revision(stored.revisions[-1])), "status"
            )
            assert {s: km2 for s, km2 in held.items() if km2} == pytest.approx(
                source.km2(features), rel=1e-3
            ), at

    desk.run(work)


def test_net_of_a_change_is_the_difference_of_the_series(desk: Desk) -> None:
    async def work(connection: asyncpg.Connection) -> None:
        stored, areas = await measured(connection)
        instants = at_each_instant(areas)
        ends = list(instants)
        for before, after in ((ends[1], ends[-2]), (ends[21], ends[22]), (ends[41], ends[11])):
            moments = [Moment(to_micros(at), Revision(stored.revisions[-1])) for at in (before, after)]
            pieces = await load_pieces(connection, stored, moments[0], moments[1], Sieve())
            net = {status: own.net for status, own in comparison_of(pieces).balances().items()}
            held, holds = instants[before], instants[after]
            expected = {status: holds.get(status, 0.0) - held.get(status, 0.0) for status in net}
            assert net == pytest.approx(expected, abs=0.01)
            assert any(piece.sliver for piece in pieces)

    desk.run(work)


def test_the_days_add_up_to_the_series(desk: Desk) -> None:
    async def work(connection: asyncpg.Connection) -> None:
        stored, areas = await measured(connection)
        tileset = (await load_catalogue(connection)).tileset(str(stored.ref))
        series = await load_series(connection, tileset, stored.revisions[-1], NOW)
        assert len(series.days) == 704  # among them those without a snapshot
        net = net_by_day(areas, tileset)
        for status, figures in series.km2.items():
            assert sum(net[day].get(status, 0.0) for day in net) == pytest.approx(figures[-1], abs=0.05)

    desk.run(work)


# Land that was Russia's own and uncovered, and then was drawn as occupied: it passed to nobody.
DRAWN_OVER_THE_BORDER = {date(2023, 11, 3)}


def test_what_russia_gained_on_a_day_is_how_much_more_its_areas_have_in_the_source(desk: Desk) -> None:
    """But for 0.05 km2, by the grid of the faces; also by what was drawn anew."""

    async def work(current: Current) -> Gains:
        tileset = (await current.catalogue()).tileset("ukraine.control")
        return await GainsService(current, 1 << 24).gains(tileset, tileset.revision(None))

    gains, source = ask(desk, work), held_by_day(TWO_MONTHS)
    assert len(source) > 50
    for before, day in pairwise(source):
        passed = gains.between(before + timedelta(1), day)
        net = sum(
            amount * ((way.after == "russia") - (way.before == "russia")) for way, amount in passed.items()
        )
        if day not in DRAWN_OVER_THE_BORDER:
            assert net / PER_KM2 == pytest.approx(source[day] - source[before], abs=0.05), day


def test_the_days_of_gains_add_up_to_a_comparison_of_the_two_states(desk: Desk) -> None:
    """All kinds exactly; movement alone for Russia, but for what was a strip on the way alone."""

    async def work(current: Current) -> list[tuple[dict[Way, int], list[Transfer]]]:
        tileset = (await current.catalogue()).tileset("ukraine.control")
        stored, revision = tileset.layers[0].stored, tileset.revision(None)
        gains, found = await GainsService(current, 1 << 24).gains(tileset, revision), []
        for first, last in ((date(2023, 10, 1), date(2023, 11, 30)), (date(2023, 11, 8), date(2023, 11, 9))):
            ends = [day_period(day, tileset.zone).end for day in (first, last)]
            moments = [Moment(Micros(to_micros(end) - 1), revision) for end in ends if end]
            async with current.pool.acquire() as connection:
                pieces = await load_pieces(connection, stored, moments[0], moments[1], Sieve())
            passed = await load_transfers(current.pool, stored, moments[0], moments[1], pieces)
            found.append((gains.between(first + timedelta(1), last), passed))
        return found

    for days, compared in ask(desk, work):
        for holder in ("russia", "ukraine", NOBODY):
            net = sum(
                amount * ((way.after == holder) - (way.before == holder)) for way, amount in days.items()
            )
            expected = sum(each.km2 * ((each.after == holder) - (each.before == holder)) for each in compared)
            assert net / PER_KM2 == pytest.approx(expected, abs=0.1), holder
        (russia,) = sides_fields(compared, [{"id": "russia"}])["sides"]
        gained, lost = balance(days, "russia")
        assert (gained - lost) / PER_KM2 == pytest.approx(russia["net"], abs=1.5)
