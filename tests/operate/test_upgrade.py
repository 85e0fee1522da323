"""A database of an earlier version is brought up to date, and says what the same imports say today.

`at_0013.sql.gz` was written by pg_dump over what the code of schema 0013 had made of the example island:
areas, and events, of which some were withdrawn.
"""

from __future__ import annotations

import asyncio
import gzip
import subprocess
from pathlib import Path

import pytest

from tests.bench.loading import run_cli
from tests.conftest import Databases
from tests.endurance.stage import ISLAND
from tests.operate.said import tables_of, tiles_of
from tileserver.embedded.installation import choose, installations
from tileserver.errors import SchemaMismatch
from tileserver.store import migrations
from tileserver.store.migrations import check_schema, migrate, shipped_migrations

pytestmark = pytest.mark.db

BEFORE = Path(__file__).with_name("at_0013.sql.gz")


def make(dsn: str) -> None:
    """Do what was done before the dump: imports, and a withdrawal."""
    run_cli(dsn, "theatre", "add", str(ISLAND / "merrow.toml"))
    for layer in ("zones", "battles"):
        run_cli(dsn, "import", f"merrow.{layer}", str(ISLAND / f"{layer}.geojson"))
    words = ("--reason", "by mistake", "--from", "2024-05-10", "--to", "2024-05-12", "--yes")
    run_cli(dsn, "withdraw", "merrow.battles", *words)


@pytest.fixture(scope="module")
def old(databases: Databases) -> str:
    """The database as it was."""
    dsn = databases.bare()
    psql = choose(installations(), None, Path()).bindir / "psql"
    argv, text = [str(psql), "-Xq", "-v", "ON_ERROR_STOP=1", dsn], gzip.decompress(BEFORE.read_bytes())
    done = subprocess.run(argv, input=text, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return dsn


def test_it_is_brought_up_to_date_by_the_command_and_shows_what_imports_of_today_show(
    databases: Databases, old: str
) -> None:
    upgraded = databases.copy(old)
    run_cli(upgraded, "migrate")
    databases.run(upgraded, check_schema)
    today = databases.new()
    make(today)
    own, other = asyncio.run(tables_of(upgraded)), asyncio.run(tables_of(today))
    assert own.keys() == other.keys()
    assert own["face"] == other["face"]
    assert tiles_of(upgraded) == tiles_of(today)


def test_a_version_of_before_says_that_it_is_newer_and_leaves_it_alone(
    databases: Databases, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgraded = databases.copy(old)
    databases.run(upgraded, migrate)
    before = asyncio.run(tables_of(upgraded))
    shipped = [each for each in shipped_migrations() if each.number <= 12]
    monkeypatch.setattr(migrations, "shipped_migrations", lambda: shipped)
    for attempt in (migrate, check_schema):
        with pytest.raises(SchemaMismatch, match="install the newer version"):
            databases.run(upgraded, attempt)
    assert asyncio.run(tables_of(upgraded)) == before


def test_an_upgrade_that_fails_leaves_the_schema_and_every_row(
    databases: Databases, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = databases.copy(old)
    before = asyncio.run(tables_of(own))
    broken = [*shipped_migrations(), migrations.Migration(9999, "broken", "DELETE FROM face; SELECT 1 / 0")]
    monkeypatch.setattr(migrations, "shipped_migrations", lambda: broken)
    with pytest.raises(Exception, match="division by zero"):
        databases.run(own, migrate)
    assert asyncio.run(tables_of(own)) == before
