"""Law: in any world each period that a document lists answers, and equals the snapshots of its days."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, example, given, settings
from starlette.testclient import TestClient

from tests.conftest import settings_for
from tests.desk.conftest import Desk
from tests.web.histories import DAY, EPOCH_DAY, Reader, pieces_of
from tests.web.worlds import Part, World, build, worlds
from tileserver.grid import address_at
from tileserver.times import day_zone, local_day
from tileserver.web.app import create_app

if TYPE_CHECKING:
    from tests.conftest import Databases

WORLDS = int(os.environ.get("TILESERVER_TEST_WORLDS", "15"))  # about a second each
PLACES = [address_at(36.25, 48.15, zoom) for zoom in range(15)]
PICTURES = [PLACES[zoom] for zoom in (0, 5, 8, 12)]
TILESETS = ("ukraine", "ukraine.control", "ukraine.events,ukraine.control", "ukraine.sketches,ukraine.notes")
ZONE = day_zone("Europe/Kyiv")

pytestmark = pytest.mark.db


def answers_everywhere(client: TestClient, reader: Reader) -> None:
    """Ask for each period at each zoom, and for its side files."""
    for period in reader.periods:
        for address in PLACES:
            answer = client.get(reader.url(period["id"], address))
            assert answer.status_code in (200, 204), (period, address, answer.text)
        for band in reader.block["bands"]:
            answer = client.get(f"/history/{reader.tileset}/{period['id']}/faces/{band}.json")
            assert answer.status_code == 200, (period, band, answer.text)


def told_days(world: World) -> set[date]:
    """The days on which something of *world* begins or ends, with those beside them."""
    ends = [at for part in world.parts for at in (part.start, part.end) if at is not None]
    ends += [at for _, start, end in world.withdrawn for at in (start, end) if at is not None]
    return {local_day(at, ZONE) + off * DAY for at in ends for off in (-1, 0, 1)}


def holds_to_the_snapshots(reader: Reader, told: set[date]) -> None:
    """Compare each day at one zoom, and at others the days of *told* and those at the edges of periods."""
    for period in reader.periods:
        days = [EPOCH_DAY + number * DAY for number in range(period["first"], period["end"])]
        for day in days:
            is_told = day in told or day in (days[0], days[-1])
            for address in PICTURES if is_told else PICTURES[1:2]:
                shown = pieces_of(reader.layers(period["id"], address), (day - EPOCH_DAY).days)
                assert shown == reader.snapshot(day, address), (period, day, address)


def check(databases: Databases, world: World) -> None:
    desk = Desk(databases)
    build(desk, world)
    app = create_app(settings_for(desk.dsn), lambda: world.now)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Accept-Encoding"] = "identity"
        for tileset in TILESETS:
            reader = Reader(client, tileset)
            answers_everywhere(client, reader)
            holds_to_the_snapshots(reader, told_days(world))
    databases.drop(desk.dsn)


MARCH, APRIL = datetime(2024, 3, 10, 22, tzinfo=UTC), datetime(2024, 4, 1, 10, tzinfo=UTC)
BATTLE = Part("events", (0, 0), "battle", APRIL, APRIL + DAY)
HELD = Part("control", (0, 0), "occupied", MARCH, None)


@pytest.mark.parametrize(
    "state",
    [
        HELD,
        Part("sketches", (0, 0), "plan", MARCH, None),
        Part("roads", (0, 0), "m3", MARCH, MARCH + 9 * DAY),
    ],
    ids=lambda part: part.layer,
)
def test_the_open_period_shows_the_state_that_changed_last_before_it(
    databases: Databases, state: Part
) -> None:
    check(databases, World((state, BATTLE), 1, (), (), APRIL + timedelta(days=12)))


def test_the_open_period_is_there_where_no_state_is_public_yet(databases: Databases) -> None:
    late = Part("control", (0, 0), "occupied", APRIL + 4 * DAY, None)
    check(databases, World((late, BATTLE), 1, (), ("control",), APRIL + timedelta(days=7)))


@given(worlds())
@example(World((HELD, BATTLE), 1, (("control", MARCH, None),), (), APRIL + timedelta(days=12)))
@settings(max_examples=WORLDS, phases=[Phase.explicit, Phase.generate])  # what fails is seen as it is
def test_in_any_world_each_listed_period_answers_and_equals_the_snapshots_of_its_days(
    databases: Databases, world: World
) -> None:
    check(databases, world)
