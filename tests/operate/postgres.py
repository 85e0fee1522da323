"""Debian's PostgreSQL as a primary and its standby, made by the scripts and the file of docker/postgres.

What the image of PostgreSQL does before it runs them is done here as there: a cluster, its owner, a database.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tests.conftest import ROOT, free_port
from tests.operate.compose import services
from tileserver.embedded.account import Account, Identity, choose_account
from tileserver.embedded.installation import choose, installations

SCRIPTS = ROOT / "docker" / "postgres"
PASSWORDS = {"POSTGRES_PASSWORD": "forReaders1", "REPLICATION_PASSWORD": "forStreaming1"}
_OWNER = {"POSTGRES_USER": "tileserver", "POSTGRES_DB": "tileserver"}
_PATIENCE_S = 60


@dataclass
class Postgres:
    """One server of PostgreSQL: its data, and how it is started."""

    machine: Machine
    name: str
    command: list[str]
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def pgdata(self) -> Path:
        """The folder of its data."""
        return self.machine.folder / self.name

    @property
    def dsn(self) -> str:
        """Its address, for the owner of the tables."""
        password = PASSWORDS["POSTGRES_PASSWORD"]
        return f"postgresql://tileserver:{password}@127.0.0.1:{self.port}/tileserver"

    @property
    def pid(self) -> int:
        """Its first process."""
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it as compose.yaml does, and wait until it answers."""
        said = f"port={self.port}", f"unix_socket_directories={self.machine.folder}", *self.machine.options
        own = [word for each in said for word in ("-c", each)]
        environment = self.environment | {"PGDATA": str(self.pgdata)}
        with (self.machine.folder / f"{self.name}.log").open("ab") as log:
            self.process = self.machine.popen([*self.command, *own], environment, log)
        deadline = time.monotonic() + _PATIENCE_S
        ask = ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while self.machine.run(ask, check=False).returncode:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def log(self) -> str:
        """The end of its log."""
        return (self.machine.folder / f"{self.name}.log").read_text()[-3000:]

    def kill(self) -> None:
        """End all of its processes as a machine does that loses its power."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def stop(self) -> None:
        """Shut it down."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)

    def psql(self, statement: str) -> str:
        """Run *statement*, and return what it says."""
        return self.machine.run(["psql", "-XAtq", "-c", statement, self.dsn]).stdout.strip()

    def script(self, name: str, *arguments: str) -> str:
        """Run a script of docker/postgres beside this server, and return what it says."""
        where = {"PGHOST": str(self.machine.folder), "PGPORT": str(self.port), "PGUSER": "tileserver"}
        environment = where | _OWNER | PASSWORDS | {"PGDATA": str(self.pgdata)}
        return self.machine.run([str(self.machine.folder / name), *arguments], environment).stdout.strip()


class Machine:
    """A folder with the scripts, an archive, and PostgreSQL's account."""

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        folder.chmod(0o755)
        self.folder = folder
        self.options = options
        self.servers: list[Postgres] = []
        self._bindir = choose(installations(), None, folder).bindir
        self._account: Account | None = choose_account(folder / "none")
        for script in SCRIPTS.iterdir():
            text = script.read_text("utf-8").replace("/usr/local/bin/archive.sh", str(folder / "archive.sh"))
            (folder / script.name).write_text(text)
            (folder / script.name).chmod(0o755)
        for part in ("backup", "backup/wal"):
            self.own(folder / part)
        if self._account is not None:
            self._account.own(folder)

    def own(self, folder: Path) -> None:
        """Make *folder*, of PostgreSQL's account."""
        folder.mkdir()
        if self._account is not None:
            self._account.own(folder)

    def popen(self, argv: list[str], more: dict[str, str], log: BinaryIO) -> subprocess.Popen[bytes]:
        """Start a program as PostgreSQL's account, in a group of its own."""
        identity: Identity = {} if self._account is None else self._account.identity()
        return subprocess.Popen(
            argv, env=self._environment(more), cwd=self.folder, stdout=log, stderr=log,
            start_new_session=True, **identity,
        )  # fmt: skip

    def run(
        self, argv: list[str], more: dict[str, str] | None = None, *, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as PostgreSQL's account."""
        identity = {} if self._account is None else self._account.identity()
        done = subprocess.run(
            argv, env=self._environment(more or {}), cwd=self.folder, capture_output=True, text=True,
            check=False, **identity,
        )  # fmt: skip
        assert not check or done.returncode == 0, (argv, done.stdout, done.stderr)
        return done

    def primary(self) -> Postgres:
        """Make a primary as the image does, and start it."""
        self.servers.append(made := Postgres(self, "primary", self._command("database"), {}))
        self.own(made.pgdata)
        options = services()["database"]["environment"]["POSTGRES_INITDB_ARGS"].split()
        password = self.folder / "password"
        password.write_text(PASSWORDS["POSTGRES_PASSWORD"])
        password.chmod(0o644)
        auth = ["--auth-host=scram-sha-256", "--auth-local=trust", "--username=tileserver"]
        self.run(["initdb", *auth, f"--pwfile={password}", *options], {"PGDATA": str(made.pgdata)})
        made.start()
        local = ["--host", str(self.folder), "--port", str(made.port), "--username", "tileserver"]
        self.run(["createdb", *local, "tileserver"])
        self.run(["psql", "-q", *local, "--command", "CREATE EXTENSION postgis", "tileserver"])
        made.script("primary.sh")
        return made

    def standby(self, primary: Postgres) -> Postgres:
        """Make a standby of *primary*, and start it."""
        settings = {"PRIMARY_HOST": "127.0.0.1", "PRIMARY_PORT": str(primary.port), **PASSWORDS}
        command = [str(self.folder / "standby.sh"), *self._command("standby")]
        self.servers.append(made := Postgres(self, "standby", command, settings))
        self.own(made.pgdata)
        made.start()
        return made

    def _command(self, service: str) -> list[str]:
        """The command of compose.yaml, with the file where it lies here."""
        said: list[str] = services()[service]["command"]
        return [each.replace("/etc/postgresql/", f"{self.folder}/") for each in said]

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
        path = f"{self._bindir}:{os.environ['PATH']}"
        backups = {"BACKUPS": str(self.folder / "backup"), "WAL_ARCHIVE": str(self.folder / "backup/wal")}
        return kept | {"LC_ALL": "C", "PATH": path} | backups | more


@contextmanager
def machine(*options: str) -> Iterator[Machine]:
    """A machine whose servers are killed at the end, and whose folder goes; *options* are all of theirs."""
    folder = Path(tempfile.mkdtemp(prefix="ts-operate-"))
    made = Machine(folder, options)
    try:
        yield made
    finally:
        for server in made.servers:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
