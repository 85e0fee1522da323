"""PostgreSQL as people run it, for tests: a primary with a streaming standby, and a real PgBouncer."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.conftest import NOW, free_port, settings_for
from tileserver.embedded.account import choose_account
from tileserver.embedded.cluster import Cluster
from tileserver.embedded.installation import choose, installations
from tileserver.embedded.server_settings import PORT, SETTINGS
from tileserver.web.app import create_app

REPLICATING = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby_feedback": "on"}
_BOUNCER = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 4
logfile = {folder}/log
"""


@contextmanager
def replicating() -> Iterator[None]:
    """Have clusters that are started meanwhile write what a standby needs."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in REPLICATING.items():
            patch.setitem(SETTINGS, name, value)
        yield


@contextmanager
def streaming() -> Iterator[tuple[Cluster, Cluster]]:
    """Run a primary and its standby, each in a folder of its own."""
    folders = [Path(tempfile.mkdtemp(prefix="tileserver-kinds-")) for _ in range(2)]
    for folder in folders:
        folder.chmod(0o755)  # PostgreSQL's own account has to enter
    with replicating():
        primary = Cluster.at(folders[0], durable=False)
        primary.start()
        base_backup(primary, folders[1])
        standby = Cluster.at(folders[1], durable=False)
        standby.start()
        try:
            yield primary, standby
        finally:
            for each in (standby, primary):
                each.remove()
            subprocess.run(["rm", "-rf", *folders], check=True)


def base_backup(primary: Cluster, folder: Path) -> None:
    """Make a standby of *primary* in *folder*, which is there; it is not started."""
    home = folder / "postgres"
    account = choose_account(home / "data")
    home.mkdir()
    if account is not None:
        account.own(home)
    source = f"host={primary.socket_dir} port={PORT} user=postgres"
    done = choose(installations(), None, Path()).run(
        "pg_basebackup",
        *("--pgdata", str(home / "data"), "--write-recovery-conf", "--checkpoint=fast", "--dbname", source),
        pgdata=primary.pgdata,
        identity={} if account is None else account.identity(),
    )
    assert done.returncode == 0, done.stdout


@contextmanager
def bouncing(dsn: str) -> Iterator[Callable[[str], str]]:
    """Run PgBouncer, in transaction mode, before the cluster of *dsn*; lend what leads an address through."""
    folder, listen = Path(tempfile.mkdtemp(prefix="tileserver-bouncer-")), free_port()
    host, port = dsn.partition("host=")[2].partition("&")[0], PORT
    config = folder / "pgbouncer.ini"
    config.write_text(_BOUNCER.format(host=host, port=port, listen=listen, folder=folder))
    users = folder / "users"
    users.write_text('"tileserver" ""\n"serving" ""\n')
    account = choose_account(folder / "none")
    for path in (folder, config, users):
        if account is not None:
            account.own(path)
    identity = {} if account is None else account.identity()
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    bouncer = subprocess.Popen([program, "-q", config], cwd=folder, **identity)
    try:
        _wait_for(listen)
        yield lambda address: _through(address, listen)
    finally:
        bouncer.terminate()
        bouncer.wait(10)
        subprocess.run(["rm", "-rf", folder], check=True)


def _through(dsn: str, listen: int) -> str:
    who, name = dsn.removeprefix("postgresql://").partition("?")[0].split("@/")
    return f"postgresql://{who}@127.0.0.1:{listen}/{name}"


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("PgBouncer does not listen")


@contextmanager
def reading(dsn: str, **changes: str) -> Iterator[TestClient]:
    """Lend a client of an application over *dsn*; errors come back as answers."""
    app = create_app(settings_for(dsn, **changes), lambda: NOW)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client
