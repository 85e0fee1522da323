"""The desk says when an import is public, and who else has to look at it first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tests.cli.conftest import Run, snapshot
from tileserver.desk.due_thread import publishing_due
from tileserver.store.roles import make_roles
from tileserver.times import format_instant, system_clock

if TYPE_CHECKING:
    from tests.conftest import Databases

pytestmark = pytest.mark.db

FIRST = 1699563600


@pytest.fixture
def dsn(run: Run, database: str) -> str:
    """A database with a theatre and no data."""
    run("theatre", "add", "ukraine", dsn=database)
    return database


def in_time(**later: float) -> str:
    return format_instant(datetime.now(UTC) + timedelta(**later))


def listed(run: Run, dsn: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("held", "list", "--all", "--json", dsn=dsn).out)
    return found


def test_an_import_for_later_says_so_is_listed_and_can_be_taken_back(
    run: Run, dsn: str, tmp_path: Path
) -> None:
    file, at = str(snapshot(tmp_path)), in_time(days=30)
    done = run("import", "ukraine.control", file, "--publish-at", at, "--by", "Al", dsn=dsn)
    assert (done.code, done.err) == (0, "")
    assert f"ukraine.control: kept as 1, and is public at {at}; read 1" in done.out
    assert "tileserver held cancel 1" in done.out
    assert f"public at {at}" in run("held", "list", dsn=dsn).out
    assert f", by Al, public at {at}\n" in run("held", "show", "1", dsn=dsn).out
    assert run("held", "publish-due", dsn=dsn).out == "nothing is due\n"
    (found,) = listed(run, dsn)
    assert (found["publish_at"], found["agreed_by"], found["imported_by"]) == (at, "Al", "Al")
    assert run("held", "cancel", "1", "--by", "Bo", "--reason", "too soon", dsn=dsn).code == 0
    (found,) = listed(run, dsn)
    assert (found["state"], found["publish_at"], found["agreed_by"]) == ("waiting", None, None)
    again = run("held", "accept", "1", "--reason", "so be it", "--publish-at", at, dsn=dsn)
    assert (again.code, f"is public at {at}" in again.out) == (0, True)
    assert json.loads(run("revisions", "--json", dsn=dsn).out) == []


@pytest.mark.parametrize("text", ["2020-01-01T00:00:00Z", "2020-01-01", "../2030-01-01", "soon"])
def test_a_time_that_is_over_or_none_is_refused(run: Run, dsn: str, tmp_path: Path, text: str) -> None:
    done = run("import", "ukraine.control", str(snapshot(tmp_path)), "--publish-at", text, dsn=dsn)
    assert done.code == 2
    assert listed(run, dsn) == []


def test_what_is_over_its_time_is_listed_as_overdue_and_published_by_the_command(
    run: Run, dsn: str, tmp_path: Path, databases: Databases
) -> None:
    run("import", "ukraine.control", str(snapshot(tmp_path)), "--publish-at", in_time(days=1), dsn=dsn)
    late = "UPDATE held SET publish_at = now() - interval '2 minutes'"
    databases.run(dsn, lambda connection: connection.execute(late))
    assert "overdue" in run("held", "list", dsn=dsn).out
    done = run("held", "publish-due", "--json", dsn=dsn)
    assert (done.code, json.loads(done.out)[0]["outcome"]["revision"]) == (0, 1)
    assert "accepted in revision 1" in run("held", "show", "1", dsn=dsn).out


def test_a_second_person_approves_by_command_and_the_first_cannot(run: Run, dsn: str, tmp_path: Path) -> None:
    declared = tmp_path / "two.toml"
    declared.write_text("reviewers = 2\n" + run("theatre", "show", "ukraine", dsn=dsn).out)
    assert run("theatre", "add", str(declared), dsn=dsn).code == 0
    done = run("import", "ukraine.control", str(snapshot(tmp_path)), "--by", "Al", dsn=dsn)
    assert done.code == 0
    assert "kept as 1, and waits for another person; read 1" in done.out
    assert "tileserver held approve 1 --by NAME" in done.out
    assert "waits for 1 more to approve" in run("held", "list", dsn=dsn).out
    refused = run("held", "approve", "1", "--by", "AL", dsn=dsn)
    assert (refused.code, "another person has to approve it" in refused.err) == (2, True)
    assert run("held", "accept", "1", "--reason", "me", "--by", "al", dsn=dsn).code == 2
    assert run("held", "approve", "1", "--by", "Bo", "--reason", "seen", dsn=dsn).code == 0
    assert "approved by Bo: seen" in run("held", "show", "1", dsn=dsn).out
    assert len(json.loads(run("revisions", "--json", dsn=dsn).out)) == 1


@pytest.mark.parametrize("number", ["0", "10"])
def test_a_theatre_wants_one_to_nine_persons(run: Run, dsn: str, tmp_path: Path, number: str) -> None:
    declared = tmp_path / "none.toml"
    declared.write_text(f"reviewers = {number}\n" + run("theatre", "show", "ukraine", dsn=dsn).out)
    refused = run("theatre", "add", str(declared), dsn=dsn)
    assert (refused.code, "reviewers" in refused.err) == (2, True)


def test_two_processes_beside_each_other_publish_once_and_not_before_the_time(
    run: Run, dsn: str, tmp_path: Path, databases: Databases
) -> None:
    argv = [sys.executable, "-m", "tileserver", "held", "publish-due", "--follow"]
    environment = {**os.environ, "DATABASE_URL": dsn}
    started = [subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE) for _ in range(2)]
    try:
        at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=8)
        line = ("import", "ukraine.control", str(snapshot(tmp_path)), "--publish-at", format_instant(at))
        assert run(*line, dsn=dsn).code == 0
        assert _committed(databases, dsn) >= at
        time.sleep(2)
    finally:
        for process in started:
            process.terminate()
        said = [process.communicate(timeout=30)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    assert [each["revision"] for each in json.loads(run("revisions", "--json", dsn=dsn).out)] == [1]


def test_a_server_whose_role_may_write_publishes_and_one_that_only_reads_does_not(
    run: Run, dsn: str, tmp_path: Path, databases: Databases
) -> None:
    admin = dsn.replace("tileserver@", "postgres@")

    async def grant(connection: asyncpg.Connection) -> None:
        await make_roles(connection, "serving", "importing")

    databases.run(admin, grant)
    run("import", "ukraine.control", str(snapshot(tmp_path)), "--publish-at", in_time(days=1), dsn=dsn)
    late = "UPDATE held SET publish_at = now()"
    databases.run(dsn, lambda connection: connection.execute(late))
    with publishing_due(dsn.replace("tileserver@", "serving@"), system_clock):
        time.sleep(3)
    assert json.loads(run("revisions", "--json", dsn=dsn).out) == []
    with publishing_due(dsn, system_clock):
        _committed(databases, dsn)


def _committed(databases: Databases, dsn: str) -> datetime:
    """Return the instant of the first revision; wait for it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found: datetime | None = databases.run(dsn, _first)
        if found is not None:
            return found
        time.sleep(0.1)
    raise AssertionError("nothing was published within 60 s")


async def _first(connection: asyncpg.Connection) -> Any:
    return await connection.fetchval("SELECT min(committed) FROM revision")
