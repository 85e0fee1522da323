"""A server says how much waits for the desk, and since when: no name, no path, no reason to be unready."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, settings_for
from tests.watch.conftest import within
from tileserver.store.catalogue import add_theatre
from tileserver.store.connect import Connection, Pool
from tileserver.store.migrations import shipped_migrations
from tileserver.store.roles import make_roles
from tileserver.store.watching import (
    Declared,
    WatchedFile,
    Watcher,
    begin_watching,
    desk_waiting,
    keep_file,
    note_look,
)
from tileserver.theatres import load_theatre
from tileserver.web.app import create_app
from tileserver.web.desk_news import DeskNews
from tileserver.web.sampling import Figure, of_desk

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

HELD = (
    "INSERT INTO held (layer, origin, digest, rulings, judged, report, since)"
    " SELECT id, 'secret.geojson', '\\x00', '[]', 0, '{}', '2026-11-20 10:00:00.5+00' FROM layer"
    " WHERE name = 'control'"
)
FAILED = WatchedFile(
    "e", "/secret/a.csv", 1, 2, 3, b"", b"", "failed", "it is secret", None, None, NOW, 1, NOW
)


@pytest.fixture
def dsn(databases: Databases) -> str:
    """A database with a held import, and a watched file that fails."""
    found = databases.new()

    async def work(connection: Connection) -> None:
        await add_theatre(connection, load_theatre("ukraine"))
        await connection.execute(HELD)
        declared = [
            Declared("e", "ukraine.notes", "/secret", "1m"),
            Declared("well", "ukraine.notes", "/b", "1m"),
        ]
        await begin_watching(connection, Watcher("host", 1, NOW), declared)
        await note_look(connection, "e", NOW - timedelta(hours=2), "")
        await keep_file(connection, FAILED)
        await note_look(connection, "e", NOW - timedelta(hours=1), "")
        await note_look(connection, "well", NOW, "")

    databases.run(found, work)
    return found


def ready(client: TestClient) -> Any:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    return answer.json()


def test_readyz_and_figures_say_how_much_waits_and_nothing_of_what(dsn: str) -> None:
    app = create_app(settings_for(dsn), lambda: NOW)
    with TestClient(app) as client:
        within(lambda: "warnings" in ready(client))
        said = ready(client)
        assert said["status"] == "ok"
        assert said["warnings"] == {
            "held": {"imports": 1, "since": "2026-11-20T10:00:00Z"},
            "watch": {"failing": 1, "since": "2026-11-22T11:00:00Z"},
        }
        assert "secret" not in json.dumps(said)
        assert "control" not in json.dumps(said["warnings"])


def test_the_figures_are_those_of_readyz_and_the_age_of_the_look_that_was_well_longest_ago(dsn: str) -> None:
    async def run() -> list[Figure]:
        pool = Pool(dsn, 1, 5, 5)
        news = DeskNews(pool, lambda: NOW)
        read = asyncio.Event()
        following = asyncio.create_task(news.follow(read.set))
        await read.wait()
        following.cancel()
        await pool.close()
        return list(of_desk(news)())

    assert asyncio.run(run()) == [
        ("imports_held", 1, ()),
        ("watch_failing", 1, ()),
        ("watch_well_age_seconds", 7200, ()),
    ]


def test_all_is_said_to_be_well_again_once_it_is(databases: Databases, dsn: str) -> None:
    async def work(connection: Connection) -> None:
        await connection.execute("UPDATE held SET state = 'rejected'")
        await connection.execute("UPDATE watched_file SET result = 'unchanged'")
        await note_look(connection, "e", NOW, "")
        found = await desk_waiting(connection)
        assert (found.held, found.failing, found.well_at) == (0, 0, NOW)
        await note_look(connection, "e", NOW + timedelta(hours=1), "there is no folder")
        found = await desk_waiting(connection)
        assert (found.failing, found.failing_from, found.well_at) == (1, NOW + timedelta(hours=1), NOW)

    databases.run(dsn, work)


def test_the_role_that_serves_reads_the_numbers_and_no_row_behind_them(
    databases: Databases, dsn: str
) -> None:
    admin = dsn.replace("tileserver@", "postgres@")

    async def grant(connection: Connection) -> None:
        await make_roles(connection, "serving", "importing")

    async def read(connection: Connection) -> None:
        assert (await desk_waiting(connection)).held == 1
        for table in ("watch_entry", "watched_file", "watcher", "held"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"SELECT FROM {table}")

    async def write(connection: Connection) -> None:
        await keep_file(connection, FAILED)

    databases.run(admin, grant)
    databases.run(dsn.replace("tileserver@", "serving@"), read)
    databases.run(dsn.replace("tileserver@", "importing@"), write)


def test_a_role_that_served_before_the_migration_reads_the_numbers_alone(
    databases: Databases,
) -> None:
    dsn = databases.new()
    (made,) = (each.statements for each in shipped_migrations() if each.name == "watch")

    async def grant(connection: Connection) -> None:
        await connection.execute("DROP VIEW desk_waiting; DROP TABLE watched_file, watch_entry, watcher")
        await make_roles(connection, "serving", "importing")

    async def migrate_now(connection: Connection) -> None:
        await connection.execute(made)

    async def read(connection: Connection) -> None:
        assert (await desk_waiting(connection)).held == 0
        for table in ("watch_entry", "watched_file", "watcher"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(f"SELECT FROM {table}")

    async def write(connection: Connection) -> None:
        await begin_watching(connection, Watcher("host", 1, NOW), [])

    databases.run(dsn.replace("tileserver@", "postgres@"), grant)
    databases.run(dsn, migrate_now)
    databases.run(dsn.replace("tileserver@", "serving@"), read)
    databases.run(dsn.replace("tileserver@", "importing@"), write)
