"""Law: no answer may be kept for long while it can still change by rule, and what is settled may."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from tests.conftest import Databases
from tests.shapes import Feature, dot, fill, in_tile, layer, square, theatre
from tests.web.wires import Reply
from tests.web.wound import Clock, serving_at, told
from tileserver.declared import EmbargoClass
from tileserver.grid import TileAddress
from tileserver.store.connect import Connection
from tileserver.store.days import add_days
from tileserver.store.revisions import open_revision
from tileserver.tiles.audience import declared_for
from tileserver.times import parse_duration
from tileserver.web.follower import OBEYED_S
from tileserver.web.represent import SETTLED

pytestmark = pytest.mark.db

PLACE, BESIDE = TileAddress(2, 2, 1), TileAddress(2, 0, 0)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
WINDOW = 20  # days
DECLARED = theatre(layer("control"), layer("events", "points"), embargo="48h", correction_window=f"{WINDOW}d")


def _area(start: float, end: float | None, status: str, side: float) -> Feature:
    stop = None if end is None else FIRST + end * DAY
    drawn = in_tile(PLACE, square(100, 100, side))
    return Feature("control", drawn, FIRST + start * DAY, stop, {"status": status}, id=int(side))


def _event(start: float, end: float) -> Feature:
    number = int(start * 24)
    where = in_tile(PLACE, dot(50 + number % 900, 50))
    return Feature(
        "events", where, FIRST + start * DAY, FIRST + end * DAY, {"text": f"{start}"}, id=1000 + number
    )


# Epochs of hours and of weeks, one that never ends, and one that is known to its day alone; events of an
# hour, of a day, and as long as the window; and a place where nothing ever is.
WORLD = [
    _area(0, 3.5, "occupied", 300),
    _area(3.5, 4, "liberated", 400),
    _area(4, 30, "occupied", 500),
    _area(30, 40, "liberated", 600),
    _area(40, None, "occupied", 700),
    _event(0, 1),
    _event(2, 2 + 1 / 24),
    _event(5, 5 + WINDOW),
    _event(6, 7),
    _event(31, 32),
]
SETS = ("toy", "toy.control", "toy.events", "toy.control,toy.events")
WHENS = (
    *(f"datetime=2024-01-{day:02}" for day in (1, 2, 3, 4, 5, 6, 9, 30, 31)),
    "datetime=2024-01-04T12:00:00Z",
    "datetime=2024-01-04T12:00:01Z",
    "datetime=2024-02-02",
    "datetime=2024-06-01",
    "datetime=2023-06-01",
    "datetime=latest",
    "datetime=..%2F2024-01-05",
    "datetime=2024-01-02%2F2024-01-06",
    "datetime=2024-01-02%2F..",
    "datetime=..%2F..",
    "datetime=2024-01-05&revision=1",
    "",
    "revision=1",
)
TIMELESS = {
    "",
    "revision=1",
    "datetime=latest",
    "datetime=..%2F..",
    "datetime=2024-01-02%2F..",
    "datetime=2024-06-01",
}
OLD = {when for when in WHENS if "2024-01" in when and "-3" not in when} - TIMELESS
ASKED = (
    *(f"/tiles/{name}/{PLACE}.mvt?{when}" for name, when in product(SETS, WHENS)),
    *(f"/tiles/{name}/{BESIDE}.mvt?{when}" for name, when in product(SETS[:2], WHENS)),
    *(f"/dated/toy/{when}/{PLACE}.mvt" for when in ("2024-01-02", "2024-01-30", "latest", "2024-01-06@1")),
    f"/tiles/toy/{PLACE}.pbf?datetime=2024-01-02",
    "/collections/toy/tiles/WebMercatorQuad/2/1/2?datetime=2024-01-02",
    "/arcgis/rest/services/toy/2024-01-02/VectorTileServer/tile/2/1/2.pbf",
)


async def _write(connection: Connection) -> None:
    await fill(connection, DECLARED, WORLD)
    async with open_revision(connection) as writer:
        layer_id = await connection.fetchval("SELECT id FROM layer WHERE name = 'control'")
        await add_days(writer, layer_id, {FIRST + 30 * DAY: FIRST + 31 * DAY})
        await writer.commit_revision("a day", {})


def _is_long(reply: Reply) -> bool:
    is_long = "s-maxage" in reply.header("cache-control")
    assert is_long <= (reply.header("surrogate-key") == "toy")
    assert not is_long or reply.header("cache-control") == SETTLED
    return is_long


@pytest.fixture(scope="module")
def dsn(databases: Databases) -> str:
    """A database with the world."""
    dsn = databases.new()
    databases.run(dsn, _write)
    return dsn


def test_what_may_be_kept_for_long_never_changes_afterwards(dsn: str, stack: ExitStack) -> None:
    clock = Clock(FIRST)
    app, line = serving_at(stack, dsn, clock)
    kept: dict[str, tuple[int, str, str, bytes]] = {}
    for step in (*range(0, 72, 4), 120, 240):
        clock.at = FIRST + step * DAY + 5 * HOUR
        app.state.hot.clear()
        for path in (*ASKED, *ASKED):  # the second time from memory, where spellings share what is kept
            reply = line.ask(path)
            if path in kept:
                assert told(reply) == kept[path], (path, step)
                assert _is_long(reply) or "database-away" in reply.header("cache-status"), (path, step)
            elif _is_long(reply):
                kept[path] = told(reply)
    timeless = [path for path in ASKED if "/latest/" in path or path.startswith("/tiles/")]
    assert [path for path in timeless if path.partition("?")[2] in TIMELESS and path in kept] == []
    assert [path for path in ASKED if path.partition("?")[2] in OLD and path not in kept] == []
    assert [path for path in ASKED[-3:] if path not in kept] == []


def test_days_after_the_newest_that_was_told_stay_open(dsn: str, stack: ExitStack) -> None:
    _, line = serving_at(stack, dsn, Clock(FIRST + 900 * DAY))
    assert _is_long(line.ask(f"/tiles/toy/{PLACE}.mvt?datetime=2024-01-31"))
    for when in ("2024-03-01", "2024-06-01"):
        assert not _is_long(line.ask(f"/tiles/toy/{PLACE}.mvt?datetime={when}"))


def test_a_day_is_settled_at_the_end_of_the_window_and_not_before(dsn: str, stack: ExitStack) -> None:
    clock = Clock(FIRST)
    app, line = serving_at(stack, dsn, clock)
    settled = FIRST + DAY + timedelta(hours=48, days=WINDOW)  # the first of January
    for at, is_long in ((settled - HOUR, False), (settled, True)):
        clock.at = at
        app.state.hot.clear()
        reply = line.ask(f"/tiles/toy/{PLACE}.mvt?datetime=2024-01-01")
        assert _is_long(reply) == is_long
        again = line.ask(
            f"/tiles/toy/{PLACE}.mvt?datetime=2024-01-01", {"If-None-Match": reply.header("etag")}
        )
        assert (again.status, again.header("cache-control")) == (304, reply.header("cache-control"))
        time_block = json.loads(line.ask("/tilesets/toy").body)["time"]
        assert time_block["correction_window"] == f"PT{WINDOW * 24}H"
        until = (at - timedelta(hours=48, days=WINDOW)).isoformat().replace("+00:00", "Z")
        assert time_block["settled"] == until


def test_nothing_is_kept_for_long_where_nothing_is_to_be_kept(dsn: str, stack: ExitStack) -> None:
    _, line = serving_at(stack, dsn, Clock(FIRST + 200 * DAY), TILESERVER_MAX_AGE="0")
    reply = line.ask(f"/tiles/toy/{PLACE}.mvt?datetime=2024-01-02")
    assert reply.header("cache-control") == "public, max-age=0"


def test_while_the_database_is_away_nothing_is_kept_for_long(dsn: str, stack: ExitStack) -> None:
    app, line = serving_at(stack, dsn, Clock(FIRST + 200 * DAY))
    path = f"/tiles/toy/{PLACE}.mvt?datetime=2024-01-02"
    assert _is_long(line.ask(path))
    pulse, ends = app.state.follower.pulse, time.monotonic() + 20
    reply = line.ask(path)
    while "database-away" not in reply.header("cache-status") and time.monotonic() < ends:
        pulse.beat_at = time.monotonic() - OBEYED_S - 1  # until the next beat, in half a second at most
        reply = line.ask(path)
    assert "database-away" in reply.header("cache-status")
    assert reply.header("cache-control") == "public, max-age=60"


def test_the_window_ends_for_an_embargo_class_when_it_ends_for_all() -> None:
    early = theatre(
        layer("control"),
        embargo="48h",
        correction_window="20d",
        embargo_classes=(EmbargoClass("partners", "24h"),),
    )
    seen = declared_for("partners", early)
    waits = [
        parse_duration(each.embargo) + parse_duration(each.correction_window or "") for each in (early, seen)
    ]
    assert waits[0] == waits[1]
