"""``serve`` starts and stays up: without its database, over a killed one, as a reader, at every address."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import asyncpg
import pytest

from tests.cli.conftest import Run
from tests.conftest import ROOT, Databases, free_port
from tests.shapes import fill, layer, theatre
from tileserver.cli.progress import progress_bar
from tileserver.desk.upkeep import Upkeep, bring_up_to_date
from tileserver.embedded.cluster import Cluster
from tileserver.embedded.processes import processes_in
from tileserver.errors import SchemaMismatch
from tileserver.samples.load import load_samples
from tileserver.store.connect import connect
from tileserver.store.migrations import _LOCK, migrate, shipped_migrations

pytestmark = pytest.mark.db


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data directory that PostgreSQL's account can enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="tileserver-test-"))
    path.chmod(0o755)
    yield path
    Cluster.at(path).remove()
    subprocess.run(["rm", "-rf", path], check=True)


@contextmanager
def _serving(**environment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    changes = {"PORT": str(port), "TILESERVER_LOG": "json", "NO_PROGRESS": "1", **environment}
    argv = [sys.executable, "-m", "tileserver", "serve"]
    server = subprocess.Popen(argv, env={**os.environ, **changes}, cwd=ROOT)
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.terminate()
        server.wait(30)


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _seconds_until(holds: Callable[[], bool], within: float = 60) -> float:
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < within
        time.sleep(0.05)
    return time.monotonic() - begun


def test_a_server_starts_without_its_database_and_migrates_it_when_it_comes(folder: Path) -> None:
    cluster = Cluster.at(folder, durable=False)
    cluster.start()
    assert cluster.stop()
    with _serving(DATABASE_URL=cluster.dsn) as (url, server):
        _seconds_until(lambda: _status(f"{url}/healthz") == 200)
        assert _status(f"{url}/readyz") == 503
        cluster.start()
        _seconds_until(lambda: _status(f"{url}/readyz") == 200)
        assert _status(f"{url}/tilesets") == 200
        assert server.poll() is None


@pytest.mark.parametrize("applied", [0, 5], ids=["empty", "older"])
def test_a_server_answers_while_its_database_is_brought_up_to_date(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, applied: int
) -> None:
    """An archive that an older version drew takes minutes; a lock that somebody holds may take longer."""
    dsn = databases.bare()
    if applied:
        older = shipped_migrations()[:applied]
        monkeypatch.setattr("tileserver.store.migrations.shipped_migrations", lambda: older)
        databases.run(dsn, migrate)

    async def hold(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            with _serving(DATABASE_URL=dsn) as (url, server):
                await asyncio.to_thread(_seconds_until, lambda: _status(f"{url}/healthz") == 200, 25)
                for path in ("readyz", "tilesets", "tilesets/ukraine", "tiles/ukraine/0/0/0.mvt"):
                    assert await asyncio.to_thread(_status, f"{url}/{path}") == 503, path
                assert server.poll() is None

    databases.run(dsn, hold)
    with _serving(DATABASE_URL=dsn) as (url, _):
        _seconds_until(lambda: _status(f"{url}/readyz") == 200)


def test_a_killed_postmaster_is_started_again_under_two_servers(folder: Path) -> None:
    """Its stale pid file, its shared memory and a backend that is stopped, and so deaf, are in the way."""
    with (
        _serving(TILESERVER_DATA_DIR=str(folder)) as (url, _),
        _serving(TILESERVER_DATA_DIR=str(folder)) as (other, _),
    ):
        _seconds_until(lambda: _status(f"{url}/readyz") == 200 and _status(f"{other}/readyz") == 200)
        cluster = Cluster.at(folder)
        before = cluster.status().pid
        assert before is not None
        orphan = next(pid for pid in processes_in(cluster.pgdata) if pid != before)
        os.kill(orphan, signal.SIGSTOP)
        os.kill(before, signal.SIGKILL)
        _seconds_until(lambda: _status(f"{url}/readyz") == 503)
        assert _status(f"{url}/tilesets") == 200  # from memory
        took = _seconds_until(lambda: _status(f"{url}/readyz") == 200 and _status(f"{other}/readyz") == 200)
        assert took < 30
        assert cluster.status().pid not in (None, before)
    assert Cluster.at(folder).status().state == "stopped"  # the last user has ended it


def test_one_that_was_started_to_stay_stays_when_it_was_started_again(folder: Path) -> None:
    cluster = Cluster.at(folder, durable=False)
    cluster.start()
    before = cluster.status().pid
    assert before is not None
    assert not cluster.is_deserted()
    os.kill(before, signal.SIGKILL)
    _seconds_until(cluster.is_deserted)
    assert cluster.revive()
    assert not cluster.revive()
    with cluster.running():
        pass
    assert cluster.status().state == "running"


def test_a_taken_port_is_told_before_anything_is_made(run: Run, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        there = {"PORT": port, "TILESERVER_DATA_DIR": str(folder)}
        done = run("serve", dsn="", **there)
        assert done.code == 2
        assert f"cannot listen on port {port} of 127.0.0.1: Address already in use" in done.err
        assert not list(folder.iterdir())
        assert "Address already in use" in run("check", dsn="", **there).out


def test_a_server_told_to_end_says_so_and_answers_on_for_a_while(database: str) -> None:
    with _serving(DATABASE_URL=database, TILESERVER_DRAIN="2") as (url, server):
        _seconds_until(lambda: _status(f"{url}/readyz") == 200)
        server.terminate()
        _seconds_until(lambda: _status(f"{url}/readyz") == 503, within=1.5)
        assert _status(f"{url}/tilesets") == 200
        server.wait(10)


def test_every_address_is_every_address(database: str) -> None:
    with _serving(DATABASE_URL=database, HOST="::") as (url, _):
        _seconds_until(lambda: _status(f"{url}/healthz") == 200)
        if socket.has_ipv6:
            assert _status(url.replace("127.0.0.1", "[::1]") + "/healthz") == 200


def test_a_role_that_only_reads_can_serve_what_is_migrated(databases: Databases) -> None:
    dsn = databases.new()

    async def grant(connection: asyncpg.Connection) -> None:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")

    databases.run(dsn, grant)
    upkeep = Upkeep(dsn, progress_bar, load_samples)
    asyncio.run(bring_up_to_date(upkeep, Event()))  # neither migrates nor loads, and says nothing


def test_roles_are_made_by_a_command_and_a_role_that_only_reads_says_who_has_to_migrate(
    run: Run, databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = shipped_migrations()[:-1]
    dsn = databases.bare()
    unmade = run("db", "roles", dsn=dsn)
    assert unmade.code == 3
    assert "run: tileserver migrate" in unmade.err
    with monkeypatch.context() as patch:
        patch.setattr("tileserver.store.migrations.shipped_migrations", lambda: older)
        databases.run(dsn, migrate)
    printed = run("db", "roles", "--dry-run", "--serving", "it reads", dsn=dsn)
    assert 'CREATE ROLE "it reads" LOGIN;' in printed.out
    refused = run("db", "roles", "--serving", "it reads", dsn=dsn)
    assert refused.code == 3
    assert "permission denied to create role" in refused.err
    admin = dsn.replace("tileserver@", "postgres@")
    made = run("db", "roles", "--serving", "it reads", dsn=admin)
    assert (made.code, made.out) == (0, printed.out)
    reader = dsn.replace("tileserver@", "it%20reads@")
    with pytest.raises(SchemaMismatch, match=r"run\s+tileserver migrate"):
        asyncio.run(bring_up_to_date(Upkeep(reader, progress_bar), Event()))
    databases.run(dsn, migrate)  # by the owner
    asyncio.run(bring_up_to_date(Upkeep(reader, progress_bar, load_samples), Event()))


def test_a_database_of_another_encoding_is_refused_in_words(run: Run, databases: Databases) -> None:
    dsn = databases.bare()
    name = "latin"

    async def create(connection: asyncpg.Connection) -> None:
        await connection.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C'"
        )

    databases.run(dsn, create)
    latin = dsn.replace(dsn.partition("?")[0].rpartition("/")[2], name)
    for command in ("migrate", "serve", "layers"):
        done = run(command, dsn=latin, PORT=str(free_port()))
        assert done.code == 3, command
        assert "the database's encoding is LATIN1" in done.err
    assert "LATIN1" in run("check", dsn=latin).out


def test_a_command_in_another_folder_says_where_the_data_is(run: Run, folder: Path, tmp_path: Path) -> None:
    elsewhere = {"TILESERVER_DATA_DIR": str(tmp_path / "nothing")}
    cluster = Cluster.at(folder, durable=False)
    with cluster.running():
        for argv in (("layers",), ("revisions",), ("timeline", "ukraine"), ("db", "psql")):
            done = run(*argv, dsn="", **elsewhere)
            assert done.code == 3, argv
            assert f"there is no data in {tmp_path / 'nothing'}" in done.err
            assert f"TILESERVER_DATA_DIR={folder}" in done.err
        found = {each["what"]: each for each in json.loads(run("check", "--json", dsn="", **elsewhere).out)}
        assert found["data"]["ok"]  # clusters of others may run as they like
        assert found["data"]["detail"].startswith(f"{tmp_path / 'nothing'}, no data yet; ")
        assert f"TILESERVER_DATA_DIR={folder}" in found["data"]["detail"]
        assert run("theatre", "show", "ukraine", dsn="", **elsewhere).code == 0
    assert not (tmp_path / "nothing").exists()


def test_an_address_that_is_none_is_not_waited_for(run: Run) -> None:
    done = run("serve", dsn="postgresql://[", PORT=str(free_port()))
    assert done.code == 3


def test_a_layer_that_cannot_be_read_is_named_beside_the_answer_of_a_command(run: Run, database: str) -> None:
    async def spoil(connection: asyncpg.Connection) -> None:
        await fill(connection, theatre(layer("control")), [])
        definition = await connection.fetchval("SELECT definition FROM theatre WHERE id = 'toy'")
        definition["layers"][0]["embargo"] = "soon"
        await connection.execute("UPDATE theatre SET definition = $1", definition)

    asyncio.run(_with(database, spoil))
    done = run("layers", "--json", dsn=database)
    assert (done.code, done.out) == (0, "[]\n")
    assert "toy.control is not served: 'soon' is no duration" in done.err
    assert "toy.control: 'soon' is no duration" in " ".join(run("check", dsn=database).out.split())


async def _with(dsn: str, work: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    connection = await connect(dsn)
    await work(connection)
    await connection.close()
