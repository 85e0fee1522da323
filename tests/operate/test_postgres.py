"""A standby, backup, loss, restore to a moment and a move, by docker/postgres: equal in rows and bytes."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.bench.loading import run_cli
from tests.conftest import ROOT
from tests.endurance.news import Desk
from tests.endurance.stage import ISLAND
from tests.operate.postgres import PASSWORDS, Machine, Postgres, machine
from tests.operate.said import tables_of, tiles_of
from tests.web.postgres_kinds import reading
from tileserver.desk.audit import newest_entries
from tileserver.embedded.cluster import Cluster
from tileserver.store.connect import connect
from tileserver.times import format_instant

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
def place() -> Iterator[Machine]:
    """A machine with a primary that has a theatre and its first import, and a standby."""
    with machine() as made:
        primary = made.primary()
        made.standby(primary)
        run_cli(primary.dsn, "theatre", "add", str(ISLAND / "merrow.toml"))
        run_cli(primary.dsn, "import", "merrow.zones", str(ISLAND / "zones.geojson"))
        yield made


def _caught_up(primary: Postgres, standby: Postgres) -> None:
    wanted = primary.psql("SELECT pg_current_wal_flush_lsn()")
    deadline = time.monotonic() + 30
    while standby.psql(f"SELECT pg_last_wal_replay_lsn() >= '{wanted}'") != "t":
        assert time.monotonic() < deadline, standby.log()
        time.sleep(0.05)


def test_a_standby_that_the_script_made_follows_over_its_slot_and_is_read_from(place: Machine) -> None:
    primary, standby = place.servers[:2]
    _caught_up(primary, standby)
    assert primary.psql("SELECT slot_name, active FROM pg_replication_slots") == "standby|t"
    assert primary.psql("SELECT application_name, state FROM pg_stat_replication") == "standby|streaming"
    assert asyncio.run(tables_of(standby.dsn)) == asyncio.run(tables_of(primary.dsn))
    assert tiles_of(standby.dsn) == tiles_of(primary.dsn)
    assert PASSWORDS["REPLICATION_PASSWORD"] in (standby.pgdata / "postgresql.auto.conf").read_text()


def test_a_standby_that_died_goes_on_with_its_own_data(place: Machine) -> None:
    primary, standby = place.servers[:2]
    made_at = (standby.pgdata / "backup_label.old").stat().st_ino
    standby.kill()
    primary.psql("CREATE TABLE while_it_was_away ()")
    standby.start()
    _caught_up(primary, standby)
    assert standby.psql("SELECT to_regclass('while_it_was_away') IS NOT NULL") == "t"
    assert (standby.pgdata / "backup_label.old").stat().st_ino == made_at
    primary.psql("DROP TABLE while_it_was_away")


def test_an_archived_file_is_never_another_one(place: Machine, tmp_path: Path) -> None:
    archive, script = place.folder / "backup/wal", place.folder / "archive.sh"
    file = place.folder / "some"
    file.write_bytes(b"first")
    place.run([str(script), str(file), "0" * 24])
    place.run([str(script), str(file), "0" * 24])  # again: PostgreSQL had not heard of it
    file.write_bytes(b"other")
    assert place.run([str(script), str(file), "0" * 24], check=False).returncode == 1
    assert (archive / ("0" * 24)).read_bytes() == b"first"
    (archive / ("0" * 24)).unlink()


def test_after_the_loss_of_all_data_it_is_as_between_two_imports(place: Machine) -> None:
    primary, standby = place.servers[:2]
    copy = Path(primary.script("backup.sh"))
    assert (copy / "backup_manifest").exists()
    time.sleep(1.1)
    run_cli(primary.dsn, "import", "merrow.battles", str(ISLAND / "battles.geojson"))
    rows, tiles = asyncio.run(tables_of(primary.dsn)), tiles_of(primary.dsn)
    moment = datetime.fromisoformat(primary.psql("SELECT clock_timestamp()"))
    time.sleep(0.1)
    desk = Desk(primary.dsn, place.folder, 3600)
    desk.begin()  # imports that are to be forgotten
    desk.close()
    assert asyncio.run(tables_of(primary.dsn)) != rows
    _until_archived(place, primary)
    for server in (primary, standby):
        server.kill()
        shutil.rmtree(server.pgdata)
        place.own(server.pgdata)

    assert primary.script("restore.sh", str(moment)) == f"from {copy}"
    primary.start()
    _until_open(primary)
    assert asyncio.run(tables_of(primary.dsn)) == rows
    assert tiles_of(primary.dsn) == tiles
    assert "recovery" not in (primary.pgdata / "postgresql.auto.conf").read_text()

    before = _periods(primary)
    assert before
    run_cli(
        primary.dsn, "db", "renew", "--yes", "--by", "Nia", "--reason", "a lost disk", "--backup", copy.name
    )
    assert not before & _periods(primary)
    entry = _newest_entry(primary.dsn)
    assert (entry["what"], entry["by"], entry["reason"]) == ("renew", "Nia", "a lost disk")
    assert entry["details"]["backup"] == copy.name
    assert entry["details"]["committed"] <= entry["details"]["replayed"] <= format_instant(moment)
    assert tiles_of(primary.dsn) == tiles

    standby.start()  # copied anew: its folder is empty
    _caught_up(primary, standby)
    assert tiles_of(standby.dsn) == tiles
    primary.script("backup.sh")


def _newest_entry(dsn: str) -> dict[str, Any]:
    """The newest entry of the audit log, whose chain holds."""
    run_cli(dsn, "audit", "verify")

    async def ask() -> dict[str, Any]:
        connection = await connect(dsn)
        try:
            return (await newest_entries(connection, most=1))[0]
        finally:
            await connection.close()

    return asyncio.run(ask())


def _until_archived(place: Machine, primary: Postgres) -> None:
    wanted = primary.psql("SELECT pg_walfile_name(pg_switch_wal())")
    deadline = time.monotonic() + 30
    while not (place.folder / "backup/wal" / wanted).exists():
        assert time.monotonic() < deadline, primary.log()
        time.sleep(0.1)


def _until_open(primary: Postgres) -> None:
    deadline = time.monotonic() + 60
    while primary.psql("SELECT pg_is_in_recovery()") != "f":
        assert time.monotonic() < deadline, primary.log()
        time.sleep(0.1)


def _periods(primary: Postgres) -> set[str]:
    with reading(primary.dsn) as client:
        history = client.get("/tilesets/merrow").json()["time"]["history"]
    return {each["id"] for each in history["periods"]}


def test_copies_that_are_kept_are_as_many_as_asked_and_the_archive_has_what_they_need(
    place: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    primary = place.servers[0]
    monkeypatch.setenv("KEEP", "1")
    time.sleep(1.1)
    kept = primary.script("backup.sh")
    assert [str(each) for each in (place.folder / "backup/base").iterdir()] == [kept]
    first = (Path(kept) / "backup_label").read_text().partition("(file ")[2][:24]
    assert min(each.name for each in (place.folder / "backup/wal").iterdir() if len(each.name) == 24) >= first


def _command(data: Path, *words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    argv = [sys.executable, "-m", "tileserver", *words]
    done = subprocess.run(
        argv, env=environment | {"TILESERVER_DATA_DIR": str(data)}, cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="ts-moved-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_the_embedded_cluster_is_kept_in_a_file_lost_restored_and_moved(place: Machine, folder: Path) -> None:
    first, second, file = folder / "first", folder / "second", folder / "kept.dump"
    _command(first, "theatre", "add", str(ISLAND / "merrow.toml"))
    for name in ("zones", "battles"):
        _command(first, "import", f"merrow.{name}", str(ISLAND / f"{name}.geojson"))
    _command(first, "db", "start")
    one = Cluster.at(first)
    rows, tiles = asyncio.run(tables_of(one.dsn)), tiles_of(one.dsn)
    head = _newest_entry(one.dsn)["hash"]
    _command(first, "db", "backup", str(file))
    assert one.remove()
    shutil.rmtree(first)

    _command(second, "db", "restore", str(file), "--by", "Nia", "--reason", "a lost disk")
    two = Cluster.at(second)
    with two.running():
        restored = asyncio.run(tables_of(two.dsn))
        assert restored.pop("audit_entry") != rows["audit_entry"]  # it says that it was restored
        assert restored == {name: digest for name, digest in rows.items() if name != "audit_entry"}
        entry = _newest_entry(two.dsn)
        assert (entry["what"], entry["by"], entry["reason"]) == ("restore", "Nia", "a lost disk")
        assert entry["details"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert (entry["details"]["backup"], entry["details"]["revision"]) == ("kept.dump", 2)
        assert entry["previous"] == head
        assert tiles_of(two.dsn) == tiles
        again = subprocess.run(
            [sys.executable, "-m", "tileserver", "db", "restore", str(file)],
            env={**os.environ, "TILESERVER_DATA_DIR": str(second)}, cwd=ROOT, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert again.returncode == 2
        assert "has data" in again.stderr
    assert two.remove()

    elsewhere = place.servers[0]
    elsewhere.psql("CREATE DATABASE moved")
    dsn = elsewhere.dsn.replace("/tileserver", "/moved").replace("moved:", "tileserver:")
    file.chmod(0o644)
    elsewhere.machine.run(["psql", "-q", "-c", "CREATE EXTENSION postgis", dsn])
    options = ["--no-owner", "--no-acl", "--exit-on-error", "--single-transaction", "--dbname", dsn]
    elsewhere.machine.run(["pg_restore", *options, str(file)])
    assert asyncio.run(tables_of(dsn)) == rows
    assert tiles_of(dsn) == tiles


def test_a_file_that_is_no_backup_leaves_no_data_behind(folder: Path) -> None:
    file = folder / "cut.dump"
    file.write_bytes(b"PGDMP and then nothing")
    argv = [sys.executable, "-m", "tileserver", "db", "restore", str(file)]
    environment = {**os.environ, "TILESERVER_DATA_DIR": str(folder / "data"), "DATABASE_URL": ""}
    done = subprocess.run(argv, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "pg_restore failed" in done.stderr
    assert Cluster.at(folder / "data").status().state == "absent"
