"""How long an answer is known: until the horizon moves, or another catalogue is read."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import NOW, Databases, Work
from tests.shapes import Feature, dot, fill, in_tile, layer, square, theatre
from tests.web.wires import Reply
from tests.web.wound import Clock, serving_at, told
from tileserver.grid import TileAddress
from tileserver.store.catalogue import add_theatre
from tileserver.store.connect import Connection
from tileserver.store.theatres import set_hidden
from tileserver.tiles.horizon import STRIDE
from tileserver.tiles.locate import Located
from tileserver.tiles.version import Version
from tileserver.web.follower import OBEYED_S
from tileserver.web.hot import Basis, HotAnswers, Lookup

pytestmark = pytest.mark.db

PLACE = TileAddress(2, 2, 1)
EMBARGO = timedelta(hours=48)
OLD = datetime(2024, 1, 1, tzinfo=UTC)
DUE = datetime(2024, 1, 10, 6, 0, 40, tzinfo=UTC)
MOVE = DUE + EMBARGO + timedelta(seconds=20)  # when horizons move after the secret is due
SOON = timedelta(milliseconds=20)  # a stride is taken to end some microseconds early
DECLARED = theatre(layer("control"), layer("events", "points"), embargo="48h")
PUBLIC = [
    Feature("control", in_tile(PLACE, square(100, 100, 500)), OLD, None, {"status": "older"}),
    Feature("events", in_tile(PLACE, dot(50, 50)), OLD, OLD + timedelta(days=1), {"text": "early"}),
]
SECRET = [
    Feature("control", in_tile(PLACE, square(100, 100, 500)), OLD, DUE, {"status": "older"}),
    Feature("control", in_tile(PLACE, square(100, 100, 900)), DUE, None, {"status": "newer"}, id=3),
    PUBLIC[1],
    Feature("events", in_tile(PLACE, dot(60, 60)), OLD + timedelta(days=8), DUE, {"text": "secret"}, id=4),
]
NEWS = (  # which all say something else once the secret is public
    f"/tiles/toy.control/{PLACE}.mvt",
    f"/tiles/toy.control/{PLACE}.mvt?datetime=latest",
    f"/tiles/toy.control/{PLACE}.mvt?datetime=2024-01-10",
    f"/tiles/toy.control/{PLACE}.mvt?datetime=2099-01-01",
    f"/tiles/toy.control/{PLACE}.mvt?datetime=2024-01-10&revision=1",
    f"/tiles/toy.events/{PLACE}.mvt?datetime=2024-01-09",
    f"/tiles/toy/{PLACE}.mvt?datetime=2024-01-10",
    f"/tiles/toy/{PLACE}.mvt?datetime=../..",
    "/tilesets",
    "/tilesets/toy",
    "/tilesets/toy.control/timeline",
)


def _filled(databases: Databases, features: list[Feature]) -> str:
    dsn = databases.new()

    async def write(connection: Connection) -> None:
        await fill(connection, DECLARED, features)

    databases.run(dsn, write)
    return dsn


@pytest.fixture(scope="module")
def worlds(databases: Databases) -> tuple[str, str]:
    """A database with the secret, and one that is the same until the secret is public."""
    return _filled(databases, SECRET), _filled(databases, PUBLIC)


def test_answers_are_known_to_the_move_of_the_horizon_with_a_secret_and_without(
    worlds: tuple[str, str], stack: ExitStack
) -> None:
    """A second ask is answered before the framework, whatever the path and the world; one after it is not."""
    for dsn, has_secret in zip(worlds, (True, False), strict=True):
        clock = Clock(MOVE - timedelta(hours=1))
        app, line = serving_at(stack, dsn, clock)
        clock.wind(MOVE - timedelta(seconds=1.5))
        for _ in range(2):  # the first time a catalogue may still be read at the start
            early = {path: told(line.ask(path)) for path in NEWS}
        assert clock() < MOVE, "the machine is too slow for this test"
        asked = was_known = 0
        late: dict[str, Reply] = {}
        while len(late) < len(NEWS):
            for path in NEWS:
                before, known = clock(), app.state.hot.answered
                reply = line.ask(path)
                if clock() < MOVE - SOON:
                    asked, was_known = asked + 1, was_known + app.state.hot.answered - known
                if clock() < MOVE:
                    assert told(reply) == early[path], path
                elif before >= MOVE:
                    late[path] = reply
        assert asked > len(NEWS)
        assert was_known == asked
        for path in NEWS:
            is_news = has_secret or path in ("/tilesets", "/tilesets/toy")  # which say where the horizon is
            assert (told(late[path]) != early[path]) == is_news, path


def test_what_is_begun_before_a_move_and_ready_after_it_is_not_known(
    worlds: tuple[str, str], stack: ExitStack
) -> None:
    app, line = serving_at(stack, worlds[0], Clock(MOVE))
    hot: HotAnswers = app.state.hot
    start = {"status": 200, "headers": [(b"cache-control", b"public, max-age=60"), (b"etag", b'"a"')]}
    dated = Lookup(f"/tiles/toy.control/{PLACE}.mvt?datetime=2024-01-10".encode())
    basis = hot.basis()
    assert basis.end - time.monotonic() <= STRIDE.total_seconds()
    over = Basis(basis.catalogue, time.monotonic())
    for lookup in (Lookup(b"/tilesets"), dated):
        hot.keep(lookup, over, start, b"before", {})
        assert line.ask(lookup.target.decode()).body != b"before"
    of_before = {"located": Located(Version(), None)}
    hot.clear()
    hot.keep(dated, basis, start, b"before", of_before)
    assert line.ask(dated.target.decode()).body != b"before"


def test_a_clock_set_forward_makes_nothing_known_public_and_set_back_is_obeyed_within_a_stride(
    worlds: tuple[str, str], stack: ExitStack
) -> None:
    clock = Clock(MOVE - timedelta(microseconds=1))
    app, line = serving_at(stack, worlds[0], clock)
    path = NEWS[2]
    early = line.ask(path)
    assert b"older" in early.body
    assert app.state.current.stride_end() - time.monotonic() < 0.001
    clock.at = MOVE
    assert b"newer" in line.ask(path).body
    clock.at = MOVE - timedelta(days=1)
    assert 59 < app.state.current.stride_end() - time.monotonic() <= 60
    app.state.hot.clear()
    assert line.ask(path).body == early.body


async def _withdraw(connection: Connection) -> None:
    """What `withdraw` does, and as suddenly."""
    await connection.execute("DELETE FROM feature_version WHERE layer IN (SELECT id FROM layer)")
    await connection.execute("UPDATE layer SET edition = edition + 1")


async def _draw_elsewhere(connection: Connection) -> None:
    """Let a newer revision know another shape from the same day on."""
    await connection.execute(
        "UPDATE feature_version SET known = int8range(1, 2) WHERE layer IN (SELECT id FROM layer)"
    )
    elsewhere = Feature("control", in_tile(PLACE, square(2000, 2000, 900)), OLD, id=2)
    await fill(connection, DECLARED, [elsewhere])


async def _hide(connection: Connection) -> None:
    """What `theatre hide` does."""
    assert await set_hidden(connection, "toy", hidden=True)


async def _embargo(connection: Connection) -> None:
    """Let a definition be added again in which nothing is old enough."""
    await add_theatre(connection, theatre(*DECLARED.layers, embargo="99999d"))


@pytest.mark.parametrize("happens", [_withdraw, _draw_elsewhere, _hide, _embargo])
def test_nothing_outlives_its_catalogue_in_any_worker(
    databases: Databases, stack: ExitStack, happens: Work[None]
) -> None:
    dsn = _filled(databases, PUBLIC)
    workers = [serving_at(stack, dsn, Clock(NOW)) for _ in range(2)]
    dated = f"/tiles/toy.control/{PLACE}.mvt?datetime=2024-03-01"
    paths = (f"/tiles/toy/{PLACE}.mvt?datetime=2024-01-01", dated, *NEWS[:4], "/tilesets", "/tilesets/toy")
    before = {path: told(workers[0][1].ask(path)) for path in paths}
    location = workers[0][1].ask(dated).header("content-location")
    for app, line in workers:
        for path in (*paths, location):
            line.ask(path)
        known = app.state.hot.answered
        assert [told(line.ask(path)) for path in paths] == list(before.values())
        assert line.ask(location).body == before[dated][-1]
        assert app.state.hot.answered == known + len(paths) + 1
    databases.run(dsn, happens)
    ends = time.monotonic() + OBEYED_S
    for _, line in workers:
        same = set(paths)
        while same and time.monotonic() < ends:
            same = {path for path in same if told(line.ask(path)) == before[path]}
        assert not same
        assert (line.ask(location).status == 404) == (happens is not _draw_elsewhere)
