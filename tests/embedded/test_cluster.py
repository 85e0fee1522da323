"""The embedded PostGIS starts, is shared, survives every crash and stops with its last user."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import asyncpg
import pytest

from tileserver.embedded.cluster import PATIENCE_S, Cluster
from tileserver.embedded.home import ELSEWHERE
from tileserver.embedded.installation import choose, installations
from tileserver.embedded.processes import processes_in
from tileserver.errors import ClusterUnavailable

ROOT = Path(__file__).parents[2]
IS_ROOT = os.geteuid() == 0
ORDINARY = pwd.getpwnam("nobody") if IS_ROOT else pwd.getpwuid(os.geteuid())
AS_ORDINARY = f"""
if os.geteuid() == 0:
    os.setgroups([]); os.setgid({ORDINARY.pw_gid}); os.setuid({ORDINARY.pw_uid})
"""


@pytest.fixture(scope="module")
def built() -> Iterator[Path]:
    """A data directory with a cluster that was made once; the tests take copies of it."""
    data_dir = _open_folder()
    with Cluster.at(data_dir, durable=False).running():
        pass
    yield data_dir
    _end(data_dir)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data directory that every user can enter, unlike pytest's own."""
    folder = _open_folder()
    yield folder
    _end(folder)


@pytest.fixture
def copy(built: Path, data_dir: Path) -> Cluster:
    """A stopped cluster."""
    subprocess.run(["cp", "-a", built / "postgres", data_dir], check=True)
    return Cluster.at(data_dir, durable=False)


def _open_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    folder.chmod(0o755)
    return folder


def _end(folder: Path) -> None:
    cluster = Cluster.at(folder, durable=False)
    for pid in processes_in(cluster.pgdata):
        with suppress(ProcessLookupError):  # it may be on its way out already
            os.kill(pid, signal.SIGQUIT)
    while processes_in(cluster.pgdata):
        time.sleep(0.02)
    shutil.rmtree(cluster.socket_dir, ignore_errors=True)
    shutil.rmtree(cluster.home, ignore_errors=True)
    shutil.rmtree(folder)


def _ask(dsn: str, statement: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


def _pid(cluster: Cluster) -> int:
    pid = cluster.status().pid
    assert pid is not None
    return pid


def _gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _script(body: str, *arguments: str) -> subprocess.Popen[str]:
    """A process of its own that has imported all it needs; `body` sees `sys` and `Cluster`."""
    lines = "import asyncio, asyncpg, os, sys, time; from pathlib import Path\n"
    lines += "from tileserver.embedded.cluster import Cluster\n"
    argv = [sys.executable, "-c", lines + body, *arguments]
    return subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ
    )


@pytest.mark.db
def test_an_empty_folder_becomes_a_postgis_with_one_owner_and_no_port(data_dir: Path) -> None:
    cluster = Cluster.at(data_dir)
    assert cluster.status().state == "absent"
    with cluster.running() as dsn:
        assert cluster.status().state == "running"
        assert str(_ask(dsn, "SELECT postgis_lib_version()")) >= "3.2"
        assert _ask(dsn, "SELECT current_database() || ' ' || current_user") == "tileserver tileserver"
        assert _ask(dsn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
        assert _ask(dsn, "SHOW listen_addresses") == ""
        assert _ask(dsn, "SHOW fsync") == "on"
        assert _ask(dsn, "SHOW server_encoding") == "UTF8"
        assert _ask(dsn, "SELECT current_setting('timezone')") == "UTC"
        assert _ask(dsn, "SELECT lower('ХАРКІВ')") == "харків"
        assert cluster.socket_dir.stat().st_mode & 0o077 == 0
        assert subprocess.check_output([*cluster.psql_argv(), "-XAtc", "SELECT 6*7"]) == b"42\n"
    assert cluster.status().state == "stopped"


@pytest.mark.db
def test_its_owner_makes_further_databases_that_have_postgis_too(copy: Cluster) -> None:
    with copy.running() as dsn:
        _ask(dsn, "CREATE DATABASE other")
        assert (
            _ask(dsn.replace("@/tileserver", "@/other"), "SELECT ST_AsText(ST_Point(1, 2))") == "POINT(1 2)"
        )


@pytest.mark.db
def test_a_second_start_is_quick_and_keeps_the_data(copy: Cluster) -> None:
    with copy.running() as dsn:
        _ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    before = time.monotonic()
    with copy.running() as dsn:
        assert time.monotonic() - before < 15  # no recovery, no initdb; a busy machine is slow
        assert _ask(dsn, "SELECT n FROM kept") == 7


@pytest.mark.db
def test_starting_what_runs_changes_nothing(copy: Cluster) -> None:
    copy.start()
    pid = _pid(copy)
    copy.start()
    assert _pid(copy) == pid
    assert copy.stop()
    assert copy.status().state == "stopped"
    assert copy.stop()


@pytest.mark.db
def test_only_the_last_user_stops_it(copy: Cluster) -> None:
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(copy.running())
        dsn = second.enter_context(copy.running())
        first.close()
        assert not copy.stop()
        assert _ask(dsn, "SELECT 1") == 1
    assert copy.status().state == "stopped"


@pytest.mark.db
def test_one_started_to_stay_outlives_its_users(copy: Cluster) -> None:
    copy.start()
    with copy.running():
        pass
    assert copy.status().state == "running"
    assert copy.stop()
    with copy.running():
        pass
    assert copy.status().state == "stopped"


@pytest.mark.db
def test_of_many_who_start_together_all_get_the_same_server(data_dir: Path) -> None:
    body = """
with Cluster.at(Path(sys.argv[1]), durable=False).running():
    print(Cluster.at(Path(sys.argv[1])).status().pid, flush=True)
    sys.stdin.readline()
"""
    users = [_script(body, str(data_dir)) for _ in range(4)]
    pids = {user.stdout.readline() for user in users if user.stdout}
    assert len(pids) == 1
    assert pids != {""}
    for user in users:
        user.communicate("\n", timeout=30)
        assert user.returncode == 0
    assert Cluster.at(data_dir).status().state == "stopped"


@pytest.mark.db
def test_what_a_killed_user_left_running_is_adopted(copy: Cluster) -> None:
    body = (
        "with Cluster.at(Path(sys.argv[1]), durable=False).running(): print('in', flush=True); time.sleep(60)"
    )
    user = _script(body, str(copy.data_dir))
    assert user.stdout
    assert user.stdout.readline() == "in\n"
    pid = _pid(copy)
    user.kill()
    user.communicate()
    with copy.running() as dsn:
        assert _pid(copy) == pid
        assert _ask(dsn, "SELECT 1") == 1
    assert copy.status().state == "stopped"


@pytest.mark.db
def test_a_user_told_to_end_stops_it_on_the_way_out(copy: Cluster) -> None:
    body = (
        "with Cluster.at(Path(sys.argv[1]), durable=False).running(): print('in', flush=True); time.sleep(60)"
    )
    user = _script(body, str(copy.data_dir))
    assert user.stdout
    assert user.stdout.readline() == "in\n"
    user.terminate()
    user.communicate(timeout=60)
    assert user.returncode == 128 + signal.SIGTERM
    assert copy.status().state == "stopped"


@pytest.mark.db
def test_a_killed_postmaster_with_a_query_at_work_is_started_anew(copy: Cluster) -> None:
    body = """
async def busy():
    connection = await asyncpg.connect(sys.argv[1])
    print("in", flush=True)
    await connection.execute("DO $$ BEGIN LOOP PERFORM count(*) FROM pg_class; END LOOP; END $$")
asyncio.run(busy())
"""
    durable = Cluster.at(copy.data_dir)
    with durable.running() as dsn:
        _ask(dsn, "CREATE TABLE kept AS SELECT 7 AS n")
        client = _script(body, dsn)
        try:
            assert client.stdout
            assert client.stdout.readline() == "in\n"
            pid = _pid(copy)
            os.kill(pid, signal.SIGKILL)
            _gone(pid)
            before = time.monotonic()
            with durable.running():
                # Far below the patience with a postmaster that does not answer; far above a busy machine's.
                assert time.monotonic() - before < PATIENCE_S / 3
                assert _pid(copy) != pid
                assert _ask(dsn, "SELECT n FROM kept") == 7
        finally:
            client.kill()
            client.communicate()


@pytest.mark.db
@pytest.mark.parametrize("whose", ["the same user's", "another user's", "nobody's"])
def test_a_stale_pid_file_does_not_stop_a_start(copy: Cluster, whose: str) -> None:
    identity = copy.account.identity() if copy.account and whose == "the same user's" else {}
    with subprocess.Popen(["sleep", "60"], cwd="/", **identity) as foreign:
        pid = foreign.pid
        if whose == "nobody's":
            foreign.kill()
            foreign.wait()
        stale = f"{pid}\n{copy.pgdata}\n1700000000\n5432\n{copy.socket_dir}\n\n 1 1\nready\n"
        (copy.pgdata / "postmaster.pid").write_text(stale)
        copy.socket_dir.mkdir(exist_ok=True)
        (copy.socket_dir / ".s.PGSQL.5432").touch()
        (copy.socket_dir / ".s.PGSQL.5432.lock").write_text(stale)
        for file in (copy.pgdata / "postmaster.pid", *copy.socket_dir.iterdir()):
            shutil.chown(file, copy.pgdata.stat().st_uid)
        with copy.running() as dsn:
            assert _ask(dsn, "SELECT 1") == 1
        assert whose == "nobody's" or foreign.poll() is None
        foreign.kill()


@pytest.mark.db
def test_a_server_whose_socket_was_swept_away_is_started_anew(copy: Cluster) -> None:
    copy.start()
    pid = _pid(copy)
    for file in copy.socket_dir.iterdir():
        file.unlink()
    with copy.running() as dsn:
        assert _pid(copy) != pid
        assert _ask(dsn, "SELECT 1") == 1


@pytest.mark.db
@pytest.mark.parametrize("after_s", [0.1, 0.5, 0.9])
def test_a_first_start_killed_on_the_way_is_made_good_by_the_next(data_dir: Path, after_s: float) -> None:
    user = _script("Cluster.at(Path(sys.argv[1]), durable=False).start()", str(data_dir))
    time.sleep(after_s)
    user.kill()
    user.communicate()
    with Cluster.at(data_dir, durable=False).running() as dsn:
        assert _ask(dsn, "SELECT ST_AsText(ST_Point(1, 2))") == "POINT(1 2)"
    assert not list((data_dir / "postgres").glob("new-*"))


@pytest.mark.db
def test_one_that_does_not_start_says_why_from_its_log(copy: Cluster) -> None:
    with (copy.pgdata / "postgresql.conf").open("a") as conf:
        conf.write("shared_buffers_of_old = 1\n")
    with pytest.raises(ClusterUnavailable, match="shared_buffers_of_old"):
        copy.start()


@pytest.mark.db
def test_one_whose_disk_is_full_says_that_before_what_postgresql_suspects(copy: Cluster) -> None:
    options = copy.pgdata / "postmaster.opts"
    options.unlink()
    options.symlink_to("/dev/full")
    with pytest.raises(ClusterUnavailable, match=r"^its disk has no room left: make room, and it starts;"):
        copy.start()
    options.unlink()
    with copy.running() as dsn:
        assert _ask(dsn, "SELECT 42") == 42


def test_data_of_another_major_version_is_refused_and_left_alone(copy: Cluster) -> None:
    (copy.pgdata / "PG_VERSION").write_text("11\n")
    before = sorted(path.name for path in copy.pgdata.iterdir())
    with pytest.raises(ClusterUnavailable, match=r"made by PostgreSQL 11.*postgresql-11-postgis-3.*mv "):
        copy.start()
    assert sorted(path.name for path in copy.pgdata.iterdir()) == before


@pytest.mark.db
def test_a_path_too_long_or_too_odd_for_a_socket_gets_one_in_tmp(data_dir: Path) -> None:
    cluster = Cluster.at(data_dir / ("long " * 30) / 'it\'s, "$HOME" & more', durable=False)
    assert cluster.socket_dir.parent == Path("/tmp")
    with cluster.running() as dsn:
        assert _ask(dsn, "SELECT 1") == 1
    cluster.socket_dir.rmdir()


@pytest.mark.db
def test_a_socket_folder_that_somebody_else_put_there_is_refused(data_dir: Path) -> None:
    cluster = Cluster.at(data_dir / ("d" * 120), durable=False)
    cluster.socket_dir.mkdir(mode=0o777)
    cluster.socket_dir.chmod(0o777)
    try:
        with pytest.raises(ClusterUnavailable, match="is not a private folder"):
            cluster.start()
    finally:
        cluster.socket_dir.rmdir()


@pytest.mark.db
def test_a_folder_closed_to_the_postgres_user_gets_its_cluster_elsewhere_and_a_pointer(
    data_dir: Path,
) -> None:
    data_dir.chmod(0o700)
    cluster = Cluster.at(data_dir / "data", durable=False)
    with cluster.running() as dsn:
        assert _ask(dsn, "SELECT 1") == 1
        assert cluster.home.parent == (ELSEWHERE if IS_ROOT else data_dir / "data")
        assert cluster.pointer.exists() is IS_ROOT
        assert not IS_ROOT or cluster.pointer.read_text() == f"{cluster.home}\n"
        assert not cluster.remove()
    assert cluster.remove()
    assert not cluster.home.exists()
    assert not cluster.pointer.exists()


@pytest.mark.db
def test_an_ordinary_user_runs_it_as_themselves_and_root_adopts_theirs(data_dir: Path) -> None:
    os.chown(data_dir, ORDINARY.pw_uid, ORDINARY.pw_gid)
    body = f"""
{AS_ORDINARY}
async def ask(dsn):
    connection = await asyncpg.connect(dsn)
    print(await connection.fetchval("SELECT postgis_lib_version()"))
    await connection.close()
with Cluster.at(Path(sys.argv[1]), durable=False).running() as dsn:
    asyncio.run(ask(dsn))
"""
    out, _ = _script(body, str(data_dir)).communicate(timeout=60)
    assert out.startswith("3.")
    cluster = Cluster.at(data_dir, durable=False)
    assert cluster.pgdata.stat().st_uid == ORDINARY.pw_uid
    with cluster.running() as dsn:
        assert _ask(dsn, "SELECT 1") == 1


@pytest.mark.db
def test_a_cluster_closed_to_us_is_refused_in_words(copy: Cluster) -> None:
    if not IS_ROOT:
        copy.home.chmod(0)  # as closed to its owner as root's is to others
    body = f"""
{AS_ORDINARY}
from tileserver.errors import ClusterUnavailable
try:
    Cluster.at(Path(sys.argv[1])).start()
except ClusterUnavailable as error:
    print(error)
"""
    out, _ = _script(body, str(copy.data_dir)).communicate(timeout=60)
    copy.home.chmod(0o755)
    assert "run as its owner" in out


def test_a_machine_without_postgis_is_told_what_to_install(tmp_path: Path) -> None:
    share = tmp_path / "usr/share/postgresql"
    for major, control in (
        ("15", ""),
        ("13", "default_version = '3.3.2'"),
        ("16", "default_version = '3.1.0'"),
    ):
        bindir = tmp_path / "usr/lib/postgresql" / major / "bin"
        bindir.mkdir(parents=True)
        (bindir / "initdb").touch()
        (share / major / "extension").mkdir(parents=True)
        if control:
            (share / major / "extension/postgis.control").write_text(control)
    available = installations(tmp_path, search_path="")
    assert available == []
    with pytest.raises(ClusterUnavailable, match=r"(apt-get install .*postgis|with PostGIS 3\.2 or newer)"):
        choose(available, None, tmp_path)


def test_the_newest_postgis_is_chosen_for_new_data_and_the_same_major_for_old(tmp_path: Path) -> None:
    for major in ("14", "16", "9"):
        (tmp_path / "usr/lib/postgresql" / major / "bin").mkdir(parents=True)
        (tmp_path / "usr/lib/postgresql" / major / "bin/initdb").touch()
        extension = tmp_path / "usr/share/postgresql" / major / "extension"
        extension.mkdir(parents=True)
        (extension / "postgis.control").write_text("default_version = '3.4.2'\n")
    available = installations(tmp_path, search_path="")
    assert [i.major for i in available] == [14, 16]
    assert choose(available, None, tmp_path).major == 16
    assert choose(available, 14, tmp_path).major == 14
