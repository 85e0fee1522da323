"""Law: every migration runs once, in order, whoever starts at the same time; a failed one leaves nothing."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec
import pytest

from tileserver.errors import SchemaMismatch
from tileserver.model import Theatre
from tileserver.store import migrations
from tileserver.store.connect import connect
from tileserver.store.migrations import Migration, check_schema, migrate, shipped_migrations
from tileserver.theatres import load_lands, load_theatre
from tileserver.theatres.check import check_theatre

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db


async def _applied(connection: asyncpg.Connection) -> list[int]:
    return [
        row["number"] for row in await connection.fetch("SELECT number FROM migration ORDER BY applied, 1")
    ]


async def _tables(connection: asyncpg.Connection) -> set[str]:
    rows = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'spatial_ref_sys'"
    )
    return {row["tablename"] for row in rows}


def test_shipped_migrations_are_numbered_from_one_without_a_gap() -> None:
    assert [migration.number for migration in shipped_migrations()] == list(
        range(1, len(shipped_migrations()) + 1)
    )


def test_migrations_are_applied_in_order_and_once_each(databases: Databases) -> None:
    dsn = databases.bare()
    assert databases.run(dsn, migrate) == shipped_migrations()
    assert databases.run(dsn, migrate) == []
    assert databases.run(dsn, _applied) == [migration.number for migration in shipped_migrations()]
    databases.run(dsn, check_schema)


def test_two_connections_that_migrate_together_do_it_once(databases: Databases) -> None:
    dsn = databases.bare()

    async def both() -> list[list[Migration]]:
        connections = [await connect(dsn) for _ in range(4)]
        try:
            return await asyncio.gather(*(migrate(connection) for connection in connections))
        finally:
            for connection in connections:
                await connection.close()

    done = asyncio.run(both())
    assert sorted(map(len, done)) == [0, 0, 0, len(shipped_migrations())]


def test_two_processes_that_start_together_both_succeed_and_one_migrates(databases: Databases) -> None:
    dsn = databases.bare()
    argv = [sys.executable, "-m", "tileserver", "migrate"]
    environment = {**os.environ, "DATABASE_URL": dsn}
    started = [
        subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ended = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0, 0], ended
    applied = "".join(f"applied {each.number:04} {each.name}\n" for each in shipped_migrations())
    assert sorted(out for out, _ in ended) == [applied, "nothing to do\n"]


def test_a_database_of_a_newer_version_is_refused_and_left_alone(databases: Databases) -> None:
    dsn = databases.new()
    newer = shipped_migrations()[-1].number + 1

    async def pretend(connection: asyncpg.Connection) -> None:
        await connection.execute("INSERT INTO migration (number, name) VALUES ($1, 'of tomorrow')", newer)

    databases.run(dsn, pretend)
    before = databases.run(dsn, _applied)
    for attempt in (migrate, check_schema):
        with pytest.raises(SchemaMismatch, match=f"has migration {newer:04}.*install the newer version"):
            databases.run(dsn, attempt)
    assert databases.run(dsn, _applied) == before


def test_a_database_without_a_schema_says_which_command_makes_one(databases: Databases) -> None:
    with pytest.raises(SchemaMismatch, match="no schema yet; run: tileserver migrate"):
        databases.run(databases.bare(), check_schema)


def test_a_database_behind_the_code_says_which_migration_it_lacks(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = databases.new()
    behind = [*shipped_migrations(), Migration(9999, "next_year", "CREATE TABLE next_year ()")]
    monkeypatch.setattr(migrations, "shipped_migrations", lambda: behind)
    with pytest.raises(SchemaMismatch, match="lacks 9999 next_year; run: tileserver migrate"):
        databases.run(dsn, check_schema)
    assert databases.run(dsn, migrate) == behind[-1:]
    databases.run(dsn, check_schema)


def test_a_migration_that_fails_leaves_nothing_behind(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = databases.bare()
    broken = [
        *shipped_migrations(),
        Migration(9998, "half", "CREATE TABLE half ()"),
        Migration(9999, "broken", "CREATE TABLE other (); SELECT 1 / 0"),
    ]
    monkeypatch.setattr(migrations, "shipped_migrations", lambda: broken)
    with pytest.raises(asyncpg.DivisionByZeroError):
        databases.run(dsn, migrate)
    assert databases.run(dsn, _tables) == set()
    monkeypatch.undo()
    assert databases.run(dsn, migrate) == shipped_migrations()


def test_a_role_that_may_not_make_the_schema_is_told_what_would_do(databases: Databases) -> None:
    async def make_plain(connection: asyncpg.Connection) -> None:
        await connection.execute("CREATE DATABASE plain TEMPLATE template0")  # PostGIS is in template1

    dsn = databases.new()
    databases.run(dsn, make_plain)
    plain = re.sub("/test_[0-9]+", "/plain", dsn)
    with pytest.raises(SchemaMismatch, match=r"permission denied to create extension.*tileserver migrate"):
        databases.run(plain, migrate)
    assert databases.run(plain, _tables) == set()


def test_a_standby_is_not_migrated_and_says_so(databases: Databases) -> None:
    async def as_on_a_standby(connection: asyncpg.Connection) -> None:
        await connection.execute("SET default_transaction_read_only = on")
        await migrate(connection)

    with pytest.raises(SchemaMismatch, match=r"read-only transaction.*tileserver migrate"):
        databases.run(databases.bare(), as_on_a_standby)


def _of_before_sides(theatre: Theatre) -> dict[str, Any]:
    """Return a definition as it was kept when fronts were drawn around statuses, on one land."""
    definition: dict[str, Any] = msgspec.to_builtins(theatre)
    del definition["sides"]
    for layer in definition["layers"]:
        for category in layer["categories"]:
            del category["side"]
        if layer["derived"]:
            layer["derived"] = {
                "layer": "control",
                "held": ["occupied", "occupied_before_2022"],
                "land": "ukraine_land.geojson",
                "margin_m": 3000.0,
                "seam_m": 100.0,
            }
    return definition


def test_a_definition_of_before_statuses_had_sides_is_served_on(database: str, databases: Databases) -> None:
    sides = next(each for each in shipped_migrations() if each.name == "sides")
    old = _of_before_sides(load_theatre("ukraine"))

    async def work(connection: asyncpg.Connection) -> Theatre:
        await connection.execute("INSERT INTO theatre (id, definition) VALUES ('ukraine', $1)", old)
        await connection.execute(sides.statements)
        kept = await connection.fetchval("SELECT definition FROM theatre")
        await connection.execute(sides.statements)
        assert kept == await connection.fetchval("SELECT definition FROM theatre")
        return msgspec.convert(kept, Theatre)

    theatre = databases.run(database, work)
    check_theatre(theatre)
    assert theatre.layer("control").on_side("held") == ("occupied", "occupied_before_2022")
    assert theatre.layer("control").sides() == {"held", "other"}
    assert load_lands(theatre, theatre.layer("frontline")).keys() == {"other"}
    assert [layer.name for layer in theatre.layers] == [layer["name"] for layer in old["layers"]]
