"""The same answers through PgBouncer, as a role that only reads, and from a standby, however it lags."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from starlette.testclient import TestClient

from tests.conftest import Databases
from tests.desk.conftest import Desk
from tests.web.postgres_kinds import bouncing, reading, streaming
from tests.web.worlds import Part, World, build
from tileserver.desk import audit
from tileserver.desk.corrections import withdraw_period
from tileserver.embedded.cluster import Cluster
from tileserver.grid import address_at
from tileserver.store.connect import Pool, connect
from tileserver.store.migrations import migrate, shipped_migrations
from tileserver.store.roles import make_roles

pytestmark = pytest.mark.db

FEB, MARCH, APRIL = (datetime(2024, month, 1, 12, tzinfo=UTC) for month in (2, 3, 4))
WORLD = World(
    parts=(
        Part("control", (0, 0), "occupied", FEB, MARCH),
        Part("control", (0, 0), "liberated", MARCH, None),
        Part("control", (1, 0), "occupied", FEB, None),
        Part("control", (1, 1), "unknown", MARCH, None),
        Part("roads", (0, 1), "unknown", FEB, None),
        Part("events", (1, 0), "occupied", MARCH, APRIL),
        Part("notes", (0, 0), "liberated", FEB, MARCH),
    ),
    imports=2,
    withdrawn=(),
    late=(),
    now=datetime(2026, 11, 22, tzinfo=UTC),
)
PLACES = [address_at(36.12, 48.05, zoom) for zoom in (0, 4, 7, 9, 12, 14)]
TILES = [f"/tiles/{name}/{place}.mvt" for name in ("ukraine", "ukraine.control") for place in PLACES]
ASKED = [
    *(f"{tile}?datetime={day}" for tile in TILES for day in ("2024-02-10", "2024-03-10")),
    f"/tiles/ukraine.events/{PLACES[2]}.mvt?datetime=2024-02-20/2024-03-20",
    f"/changes/ukraine/2024-02-10/2024-03-10/{PLACES[3]}.mvt",
    "/changes/ukraine.control/2024-02-10/2024-03-10.json",
    "/tilesets/ukraine",
    "/tilesets/ukraine/timeline",
    "/tilesets/ukraine.control/km2.json",
    "/tilesets/ukraine.control/km2.csv?revision=1",
    "/tilesets/ukraine.control/gains.csv?revision=1",
    "/styles/ukraine.json",
]
HERE = f"/tiles/ukraine.control/{PLACES[2]}.mvt?datetime=2024-02-10"


def answers(client: TestClient) -> list[tuple[str, int, bytes]]:
    """What each of `ASKED` is answered with, and then what history is made of."""
    found = [(url, client.get(url)) for url in ASKED]
    period = client.get("/tilesets/ukraine").json()["time"]["history"]["periods"][-1]["id"]
    found += [
        (url, client.get(url))
        for url in (
            f"/history/ukraine/{period}/{PLACES[3]}.mvt",
            f"/history/ukraine/{period}/faces/9.json",
            "/readyz",
        )
    ]
    wrong = [
        (url, answer.status_code, answer.text)
        for url, answer in found
        if answer.status_code not in (200, 204)
    ]
    assert not wrong
    return [(url, answer.status_code, answer.content) for url, answer in found]


def seconds_until(holds: Callable[[], bool], within: float = 15) -> float:
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < within
        time.sleep(0.05)
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def filled(databases: Databases) -> Desk:
    """A small world of layers of every role; read it, do not write to it."""
    desk = Desk(databases)
    build(desk, WORLD)
    return desk


@pytest.fixture(scope="module")
def expected(filled: Desk) -> list[tuple[str, int, bytes]]:
    with reading(filled.dsn) as client:
        return answers(client)


@pytest.fixture(scope="module")
def through(databases: Databases, filled: Desk) -> Iterator[Callable[[str], str]]:
    """PgBouncer before the databases of this run."""
    with bouncing(filled.dsn) as through:
        yield through


def test_pgbouncer_in_transaction_mode_changes_no_answer(
    filled: Desk, expected: list[tuple[str, int, bytes]], through: Callable[[str], str]
) -> None:
    with reading(through(filled.dsn)) as client:
        assert answers(client) == expected
        assert answers(client) == expected  # over sessions that others have used


def test_imports_and_commands_go_through_pgbouncer_and_a_server_behind_it_hears_of_them(
    databases: Databases, through: Callable[[str], str]
) -> None:
    desk = Desk(databases)
    with reading(through(desk.dsn)) as client:
        assert client.get(HERE).status_code == 204
        direct, desk.dsn = desk.dsn, through(desk.dsn)
        build(desk, WORLD)
        assert seconds_until(lambda: client.get(HERE).status_code == 200) < 3
        with reading(direct) as beside:
            assert beside.get(HERE).content == client.get(HERE).content


def test_settings_of_readers_hold_through_pgbouncer_and_leave_nothing_behind(
    filled: Desk, through: Callable[[str], str]
) -> None:
    async def run() -> None:
        pool = Pool(through(filled.dsn), 4, 5, 7)
        try:
            async with pool.acquire() as connection:
                assert await connection.fetchval("SHOW statement_timeout") == "7s"
                assert await connection.fetchval("SHOW max_parallel_workers_per_gather") == "0"
                with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                    await connection.execute("DELETE FROM theatre")
        finally:
            await pool.close()
        other = await connect(through(filled.dsn))
        assert await other.fetchval("SHOW statement_timeout") == "0"
        assert await other.fetchval("SHOW transaction_read_only") == "off"
        await other.close()

    asyncio.run(run())


def test_the_query_of_who_leaves_ends_behind_pgbouncer_too(
    filled: Desk, through: Callable[[str], str]
) -> None:
    running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%left alone%'"

    async def run() -> None:
        watcher, pool = await connect(filled.dsn), Pool(through(filled.dsn), 1, 5, 60)

        async def sleep() -> None:
            async with pool.acquire() as connection:
                await connection.fetchval("SELECT pg_sleep(50)::text || 'left alone'")

        task = asyncio.create_task(sleep())
        async with asyncio.timeout(10):
            while await watcher.fetchval(running) < 2:  # noqa: ASYNC110 - the watcher's own, and that one
                await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait({task})
        async with asyncio.timeout(1):
            while await watcher.fetchval(running) > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        async with pool.acquire() as connection:  # the only one is whole again
            assert await connection.fetchval("SELECT 1") == 1
        await pool.close()
        await watcher.close()

    asyncio.run(run())


@pytest.fixture(scope="module")
def roles(databases: Databases, filled: Desk) -> dict[str, str]:
    """Addresses of the same database for the two roles, which the statements of ``db roles`` made."""

    admin = filled.dsn.replace("tileserver@", "postgres@")

    async def grant(connection: asyncpg.Connection) -> None:
        await make_roles(connection, "serving", "importing")

    databases.run(admin, grant)
    return {name: filled.dsn.replace("tileserver@", f"{name}@") for name in ("serving", "importing")}


def test_the_serving_role_reads_all_and_writes_nothing(
    databases: Databases, roles: dict[str, str], expected: list[tuple[str, int, bytes]]
) -> None:
    with reading(roles["serving"]) as client:
        assert answers(client) == expected

    async def write(connection: asyncpg.Connection) -> None:
        await connection.execute("SET default_transaction_read_only = off")
        for statement in (
            "DELETE FROM face",
            "INSERT INTO revision VALUES (99, now(), '', '{}')",
            "CREATE TABLE x ()",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)

    databases.run(roles["serving"], write)


def test_the_importing_role_imports_corrects_and_makes_no_tables(
    databases: Databases, roles: dict[str, str]
) -> None:
    desk = Desk(databases)
    admin = desk.dsn.replace("tileserver@", "postgres@")

    async def grant(connection: asyncpg.Connection) -> None:
        await make_roles(connection, "serving", "importing")

    databases.run(admin, grant)
    desk.dsn = desk.dsn.replace("tileserver@", "importing@")
    build(desk, WORLD)
    with reading(desk.dsn.replace("importing@", "serving@")) as client:
        assert client.get(HERE).status_code == 200

    async def make(connection: asyncpg.Connection) -> None:
        for statement in (
            "CREATE TABLE x ()",
            "UPDATE audit_entry SET said = said",
            "DELETE FROM audit_entry",
            "TRUNCATE audit_entry",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        found = await audit.verify(connection)
        assert (found.entries > 1, found.broken) == (True, "")

    databases.run(desk.dsn, make)


def test_the_serving_role_sees_nothing_of_the_audit_log(databases: Databases, roles: dict[str, str]) -> None:
    async def read(connection: asyncpg.Connection) -> None:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("SELECT FROM audit_entry")

    databases.run(roles["serving"], read)


def test_roles_of_before_the_audit_log_add_to_it_or_see_nothing_of_it(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = databases.bare()
    admin = dsn.replace("tileserver@", "postgres@")
    before = [each for each in shipped_migrations() if each.number < _number("audit")]

    async def grant(connection: asyncpg.Connection) -> None:
        await make_roles(connection, "serving", "importing")

    with monkeypatch.context() as patch:
        patch.setattr("tileserver.store.migrations.shipped_migrations", lambda: before)
        databases.run(dsn, migrate)
        databases.run(admin, grant)
    databases.run(dsn, migrate)

    async def rights(connection: asyncpg.Connection) -> list[list[bool]]:
        kinds = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
        return [
            [
                await connection.fetchval("SELECT has_table_privilege($1, 'audit_entry', $2)", role, kind)
                for kind in kinds
            ]
            for role in ("serving", "importing")
        ]

    assert databases.run(dsn, rights) == [[False] * 5, [True, True, False, False, False]]


def _number(name: str) -> int:
    return next(each.number for each in shipped_migrations() if each.name == name)


def test_grants_hold_for_what_a_later_migration_makes(
    databases: Databases, filled: Desk, roles: dict[str, str]
) -> None:
    async def make(connection: asyncpg.Connection) -> None:
        await connection.execute("CREATE TABLE made_later (n int)")

    async def read(connection: asyncpg.Connection) -> None:
        assert await connection.fetchval("SELECT count(*) FROM made_later") == 0

    async def drop(connection: asyncpg.Connection) -> None:
        await connection.execute("DROP TABLE made_later")

    databases.run(filled.dsn, make)
    databases.run(roles["serving"], read)
    databases.run(filled.dsn, drop)


@dataclass
class Replicated:
    """A world on a primary, and the same address on its standby."""

    primary: Cluster
    standby: Cluster
    desk: Desk

    @property
    def copy(self) -> str:
        """The address on the standby."""
        return self.desk.dsn.replace(str(self.primary.socket_dir), str(self.standby.socket_dir))

    def on_standby(self, statement: str) -> None:
        """Run *statement* on the standby, as a superuser."""

        async def run() -> None:
            connection = await connect(self.copy.replace("tileserver@", "postgres@"))
            await connection.execute(statement)
            await connection.close()

        asyncio.run(run())


@pytest.fixture(scope="module")
def replicated() -> Iterator[Replicated]:
    """A small world, on a primary that has a standby."""
    with streaming() as (primary, standby):
        desk = Desk(Databases(primary.dsn))
        build(desk, WORLD)
        found = Replicated(primary, standby, desk)
        with reading(desk.dsn) as there:
            there.get(HERE)
        yield found


def _served(client: TestClient) -> Callable[[], bool]:
    return lambda: client.get(HERE).status_code == 200


def test_a_hot_standby_alone_is_served_from_and_followed(
    replicated: Replicated, expected: list[tuple[str, int, bytes]]
) -> None:
    with reading(replicated.copy) as client:
        seconds_until(_served(client))
        assert [each[:2] for each in answers(client)] == [each[:2] for each in expected]
        with reading(replicated.desk.dsn) as beside:
            assert answers(client)[:-1] == answers(beside)[:-1]
        before = client.get(HERE).content
        replicated.desk.import_states({datetime(2024, 2, 5, tzinfo=UTC): {(0, 1): "occupied"}})
        assert seconds_until(lambda: client.get(HERE).content != before) < 2.5


def test_a_standby_that_lags_shows_the_state_of_before_and_never_a_mixture(replicated: Replicated) -> None:
    """Rows of before under the names of now would be kept for good."""
    asked = f"/tiles/ukraine.control/{PLACES[3]}.mvt?datetime=2024-05-{{day}}"
    with reading(replicated.desk.dsn, DATABASE_READ_URL=replicated.copy) as client:
        seconds_until(_served(client))
        before = client.get(asked.format(day="01"))
        replicated.on_standby("SELECT pg_wal_replay_pause()")
        try:
            replicated.desk.import_states({datetime(2024, 4, 20, tzinfo=UTC): {(0, 0): "occupied"}})
            time.sleep(1.5)
            during = client.get(asked.format(day="02"))
            assert (during.status_code, during.content) == (200, before.content)
            assert client.get("/readyz").status_code == 200
        finally:
            replicated.on_standby("SELECT pg_wal_replay_resume()")
        assert seconds_until(lambda: client.get(asked.format(day="03")).content != before.content) < 3
        with reading(replicated.desk.dsn) as beside:
            for day in ("02", "03"):
                assert beside.get(asked.format(day=day)).content == client.get(asked.format(day=day)).content


def test_rows_are_never_read_of_a_standby_that_is_behind_the_catalogue(replicated: Replicated) -> None:
    """As behind one address of several standbys, of which the catalogue was read from the faster one."""
    cold = f"/tiles/ukraine.control/{PLACES[4]}.mvt?datetime=2024-05-20"
    with reading(replicated.desk.dsn, TILESERVER_POOL_WAIT="1") as client:
        seconds_until(_served(client))
        app: Any = client.app
        replicated.on_standby("SELECT pg_wal_replay_pause()")
        try:
            newest = app.state.current.read.marker
            replicated.desk.import_states({datetime(2024, 5, 10, tzinfo=UTC): {(0, 0): "liberated"}})
            seconds_until(lambda: app.state.current.read.marker != newest)
            app.state.current.pool.dsn = replicated.copy
            assert client.portal is not None
            client.portal.call(app.state.current.pool.close)
            refused = client.get(cold)
            assert refused.status_code == 503
            assert "lags behind" in refused.json()["detail"]
            assert int(refused.headers["retry-after"]) > 0
        finally:
            replicated.on_standby("SELECT pg_wal_replay_resume()")
        seconds_until(lambda: client.get(cold).status_code == 200)
        with reading(replicated.desk.dsn) as beside:
            assert beside.get(cold).content == client.get(cold).content


def test_a_withdrawal_that_the_standby_has_not_got_yet_is_obeyed_all_the_same(replicated: Replicated) -> None:
    roads = f"/tiles/ukraine.roads/{PLACES[3]}.mvt?datetime=2024-02-10"
    with reading(replicated.desk.dsn, DATABASE_READ_URL=replicated.copy) as client:
        seconds_until(lambda: client.get(roads).status_code == 200)
        replicated.on_standby("SELECT pg_wal_replay_pause()")
        try:
            replicated.desk.run(_withdraw_roads(replicated.desk))
            assert seconds_until(lambda: client.get(roads).status_code == 503) < 2
            assert "withdrawn" in client.get(roads).json()["detail"]
            assert client.get(HERE).status_code == 200
            time.sleep(1.2)
            assert client.get(roads).status_code == 503  # the standby still says otherwise
        finally:
            replicated.on_standby("SELECT pg_wal_replay_resume()")
        assert seconds_until(lambda: client.get(roads).status_code == 204) < 3


def _withdraw_roads(desk: Desk) -> Callable[[asyncpg.Connection], Any]:
    async def work(connection: asyncpg.Connection) -> None:
        layers = await desk.layers(connection)
        await withdraw_period(connection, layers, "roads", FEB, None, "a test", lambda _: True)

    return work


def test_the_primary_may_go_and_the_standby_is_promoted_without_a_restart(replicated: Replicated) -> None:
    """The last of these tests: nothing comes back from it."""
    with reading(replicated.desk.dsn, DATABASE_READ_URL=replicated.copy) as client:
        seconds_until(_served(client))
        replicated.primary.stop()
        cold = HERE.replace("02-10", "03-10")
        assert client.get(cold).status_code == 200
        ready = client.get("/readyz")
        assert ready.status_code == 200
        seconds_until(lambda: "primary" in client.get("/readyz").json().get("tasks", {}))
        late = HERE.replace("02-10", "07-10")
        before = client.get(late).content
        replicated.on_standby("SELECT pg_promote()")
        replicated.desk.dsn = replicated.copy
        replicated.desk.import_states({datetime(2024, 6, 10, tzinfo=UTC): {(0, 0): "occupied"}})
        with reading(replicated.copy) as beside:
            expected = beside.get(late).content
        assert expected != before
        seconds_until(lambda: client.get(late).content == expected, 5)
