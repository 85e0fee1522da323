"""A database of an earlier version is brought up to date, and says what the same imports say today.

The dumps beside were written by pg_dump over what earlier versions had made of the example island (`dumped`).
"""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path

import pytest

from tests.bench.loading import run_cli
from tests.conftest import ROOT, Databases
from tests.operate.dumped import UNRELEASED, dumps, make, program, read, schema_of
from tests.operate.said import tables_of, tiles_of
from tileserver.embedded.cluster import Cluster
from tileserver.errors import SchemaMismatch
from tileserver.store import migrations
from tileserver.store.migrations import check_schema, migrate, shipped_migrations

pytestmark = pytest.mark.db


@pytest.fixture(scope="module", params=dumps())
def version(request: pytest.FixtureRequest) -> str:
    """The version that made the database."""
    return str(request.param)


@pytest.fixture(scope="module")
def old(databases: Databases, version: str) -> str:
    """The database as it was."""
    dsn = databases.bare()
    argv = [str(program("psql")), "-Xq", "-v", "ON_ERROR_STOP=1", dsn]
    done = subprocess.run(argv, input=read(version), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return dsn


def test_there_is_a_database_of_each_release_since_the_first_that_kept_one() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = {*re.findall(r"^## (\d+\.\d+\.\d+) - ", changelog, re.MULTILINE)} - {"0.1.0"}
    assert {*dumps()} == {UNRELEASED, *released}


def test_it_is_brought_up_to_date_by_the_command_and_shows_what_imports_of_today_show(
    databases: Databases, old: str, version: str
) -> None:
    upgraded = databases.copy(old)
    run_cli(upgraded, "migrate")
    databases.run(upgraded, check_schema)
    run_cli(upgraded, "audit", "verify")
    today = databases.new()
    make(today, version)
    own, other = asyncio.run(tables_of(upgraded)), asyncio.run(tables_of(today))
    assert own.keys() == other.keys()
    assert own["face"] == other["face"]
    assert tiles_of(upgraded) == tiles_of(today)


def test_a_backup_of_before_is_restored_by_the_version_of_today(old: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    file, data = tmp_path / "before.dump", tmp_path / "data"
    plain = ("--no-owner", "--no-acl", "--no-comments", "--exclude-table-data=*.spatial_ref_sys")
    options = ("--format=custom", *plain, f"--file={file}", old)
    subprocess.run([program("pg_dump"), *options], check=True)
    run_cli("", "db", "restore", str(file), more={"TILESERVER_DATA_DIR": str(data)})
    cluster = Cluster.at(data)
    with cluster.running() as dsn:
        run_cli(dsn, "check")
        run_cli(dsn, "audit", "verify")
        assert tiles_of(dsn)
    assert cluster.remove()


def test_a_version_of_before_says_that_it_is_newer_and_leaves_it_alone(
    databases: Databases, old: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgraded = databases.copy(old)
    databases.run(upgraded, migrate)
    before = asyncio.run(tables_of(upgraded))
    shipped = [each for each in shipped_migrations() if each.number < schema_of(version)]
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
