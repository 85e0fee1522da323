"""Start of the private PostgreSQL cluster by its first user, and stop by its last.

The home, its files and locks are in `home`; PostgreSQL's programs in `installation`.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import ENOSPC
from pathlib import Path

from tileserver.embedded.account import private_folder
from tileserver.embedded.home import ClusterHome, locate_home
from tileserver.embedded.installation import Answer, Installation, choose, installations
from tileserver.embedded.processes import (
    clear_after_crash,
    end_processes,
    leaving_in_order,
)
from tileserver.embedded.server_settings import PORT, server_flags
from tileserver.errors import ClusterUnavailable

NAME = "tileserver"  # of the role and of the database
PATIENCE_S = 120
_NO_ROOM = os.strerror(ENOSPC)

# In template1, so that every database made later has PostGIS too.
BOOTSTRAP = (
    ("template1", "CREATE EXTENSION postgis"),
    ("template1", f"CREATE ROLE {NAME} LOGIN CREATEDB"),
    ("template1", f"CREATE DATABASE {NAME} OWNER {NAME}"),
)


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """State of a cluster: absent, stopped or running; `major` is the PostgreSQL that made the data."""

    state: str
    home: Path
    log: Path
    major: int | None
    pid: int | None


@dataclass(frozen=True, slots=True)
class Cluster(ClusterHome):
    """A private cluster in its home, as made by `Cluster.at`; a value, with no state of its own."""

    durable: bool

    @classmethod
    def at(cls, data_dir: Path, *, durable: bool = True) -> Cluster:
        """The cluster of `data_dir`; touches nothing. `durable=False` trades safety for speed: for tests."""
        data_dir = data_dir.resolve()
        return cls(data_dir, *locate_home(data_dir), durable)

    @property
    def dsn(self) -> str:
        """The address for asyncpg and libpq."""
        return f"postgresql://{NAME}@/{NAME}?host={self.socket_dir}&port={PORT}"

    def start(self) -> None:
        """Make, start or adopt the cluster, to run on until `stop`; `ClusterUnavailable` if that fails."""
        with self.lock("users.lock", fcntl.LOCK_SH):
            self._ensure()
            self._keep()

    def stop(self) -> bool:
        """Stop the cluster unless there is another user; return whether PostgreSQL is stopped now."""
        if not self.home.exists():
            return True
        with self.lock("start.lock", fcntl.LOCK_EX), self.file("users.lock") as users:
            return self.is_alone(users) and self._halt()

    @contextmanager
    def running(self) -> Iterator[str]:
        """Use the cluster: yields its address; PostgreSQL runs for as long as anybody is inside."""
        with self.lock("users.lock", fcntl.LOCK_SH) as users:
            self._ensure()
            try:
                with leaving_in_order():
                    yield self.dsn
            finally:
                with self.lock("start.lock", fcntl.LOCK_EX):
                    if self.is_alone(users) and not self._kept():
                        self._halt()

    def is_deserted(self) -> bool:
        """Whether nobody is at the socket; a server that is only slow, or is stopped, is there."""
        with socket.socket(socket.AF_UNIX) as knocking:
            knocking.settimeout(1)
            try:
                knocking.connect(str(self.socket_dir / f".s.PGSQL.{PORT}"))
            except (ConnectionRefusedError, FileNotFoundError):
                return True
            except OSError:
                return False
        return False

    def revive(self) -> bool:
        """Start PostgreSQL again where the server ended under its users; return whether that was needed."""
        if self._major() is None:
            raise ClusterUnavailable(f"the data of {self.home} is gone; a backup has to be put back by hand")
        return self._ensure()

    def remove(self) -> bool:
        """Stop the cluster and delete its data, unless there is another user; return whether all is gone."""
        if not self.stop():
            return False
        for folder in (self.socket_dir, self.home):
            if folder.exists():
                shutil.rmtree(folder)
        self.pointer.unlink(missing_ok=True)
        return True

    def status(self) -> ClusterStatus:
        """Return the state of the cluster; starts nothing."""
        major = self._major()
        running = major is not None and self._answers(self._installation())
        pid = int(self._incarnation().split()[0]) if running else None
        state = "running" if running else "absent" if major is None else "stopped"
        return ClusterStatus(state, self.home, self.log, major, pid)

    @property
    def bindir(self) -> Path:
        """The folder of PostgreSQL's programs, of the version that made the data."""
        return self._installation().bindir

    def psql_argv(self) -> list[str]:
        """The command line of an interactive session."""
        return [str(self.bindir / "psql"), self.dsn]

    # --- below: one step each -------------------------------------------------------------------

    def _ensure(self) -> bool:
        """Make, start or adopt the cluster; return whether PostgreSQL had to be started."""
        installation = self._installation()
        try:
            with self.lock("start.lock", fcntl.LOCK_EX):
                if self._major() is None:
                    self._initialise(installation)
                elif self._answers(installation):
                    return False
                kept = self._kept()
                clear_after_crash(self.pgdata, self.socket_dir)
                self._launch(installation)
                if kept:
                    self._keep()
                return True
        except OSError as error:
            raise ClusterUnavailable(f"the cluster in {self.home} cannot be started: {error}") from error

    def _initialise(self, installation: Installation) -> None:
        """Make the data in a folder beside and rename at the end: a `data` folder is always complete."""
        for stale in self.home.glob("new-*"):
            end_processes(stale)
            shutil.rmtree(stale)
        new = Path(tempfile.mkdtemp(prefix="new-", dir=self.home))
        if self.account:
            self.account.own(new)
        sync = [] if self.durable else ["--no-sync"]
        locale = ["--encoding=UTF8", "--locale=C.UTF-8"]
        options = ["--auth=trust", "--username=postgres", "--data-checksums", *locale, *sync]
        self._run(installation, "initdb", *options, pgdata=new)
        flags = server_flags(self.durable)
        for database, statement in BOOTSTRAP:
            self._run(
                installation, "postgres", "--single", *flags, database, pgdata=new, text=statement + "\n"
            )
        new.rename(self.pgdata)
        home = os.open(self.home, os.O_RDONLY)
        os.fsync(home)  # else a power cut could take the name away from data that is on the disk
        os.close(home)

    def _launch(self, installation: Installation) -> None:
        private_folder(self.socket_dir, self.account)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        options = shlex.join(server_flags(self.durable, unix_socket_directories=str(self.socket_dir)))
        # The folder goes by PGDATA and the working directory: pg_ctl hands -D and -l to a shell unquoted.
        arguments = ("start", "--wait", f"--timeout={PATIENCE_S}", "--log=server.log", "--options", options)
        self._run(installation, "pg_ctl", *arguments, pgdata=self.pgdata)

    def _halt(self) -> bool:
        installation = self._installation()
        if self._answers(installation):
            arguments = ("stop", "--mode=fast", "--wait", f"--timeout={PATIENCE_S}")
            self._run(installation, "pg_ctl", *arguments, pgdata=self.pgdata)
        (self.home / "kept").unlink(missing_ok=True)
        return True

    def _answers(self, installation: Installation) -> bool:
        """Whether a postmaster serves the socket, after a wait for any that is just starting or stopping."""
        deadline = time.monotonic() + PATIENCE_S
        while (answer := installation.knock(self.socket_dir, PORT)) is Answer.NOT_YET:
            if time.monotonic() > deadline:
                raise ClusterUnavailable(f"PostgreSQL in {self.pgdata} is still recovering; try again later")
            time.sleep(0.1)
        return answer is Answer.READY

    def _run(
        self, installation: Installation, program: str, *options: str, pgdata: Path, text: str = ""
    ) -> None:
        identity = self.account.identity() if self.account else {}
        done = installation.run(program, *options, pgdata=pgdata, identity=identity, text=text)
        # Single-user mode exits with 0 whatever failed (exit_on_error would end errors that are caught, too).
        if done.returncode or "ERROR:" in done.stdout:
            log = self.log.read_text(errors="replace") if self.log.exists() and program == "pg_ctl" else ""
            tail = "\n".join((done.stdout + log).strip().splitlines()[-12:])
            # Said before PostgreSQL's own words, which suspect that the data are damaged.
            full = "its disk has no room left: make room, and it starts; " if _NO_ROOM in tail else ""
            raise ClusterUnavailable(f"{full}{program} failed in {pgdata} (exit {done.returncode}):\n{tail}")

    def _installation(self) -> Installation:
        return choose(installations(), self._major(), self.pgdata)

    def _major(self) -> int | None:
        try:
            return int((self.pgdata / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None
        except PermissionError as error:
            message = f"{self.pgdata} belongs to another user: run as that user, or as root"
            raise ClusterUnavailable(message) from error

    def _incarnation(self) -> str:
        """The postmaster's process id and start time, which together never come twice."""
        lines = (self.pgdata / "postmaster.pid").read_text().splitlines()
        return f"{lines[0]} {lines[2]}"

    def _keep(self) -> None:
        (self.home / "kept").write_text(self._incarnation())

    def _kept(self) -> bool:
        try:
            return (self.home / "kept").read_text() == self._incarnation()
        except FileNotFoundError:
            return False
