"""The embedded PostGIS: a private PostgreSQL cluster beside the data, started and stopped by whoever uses it.

Reached over a Unix socket in a folder that only its owner can enter; no port is ever opened. In its home
(`<data_dir>/postgres`, or `/var/lib/tileserver/<hash>` where root's PostgreSQL account cannot enter the
data directory)::

    data/         PostgreSQL's own; appears only when complete
    socket/       private; in /tmp where this path is too long for a socket
    start.lock    held while starting, stopping or removing
    users.lock    shared by all who use the cluster: who can have it alone is the last one
    kept          the postmaster that was started to stay, until stopped by hand
    data_dir      the data directory, in a home elsewhere
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shlex
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tileserver.embedded.account import Account, choose_account, private_folder
from tileserver.embedded.installation import Answer, Installation, choose, installations
from tileserver.embedded.processes import (
    clear_after_crash,
    end_processes,
    leaving_in_order,
)
from tileserver.embedded.server_settings import PORT, server_flags
from tileserver.errors import ClusterUnavailable

NAME = "tileserver"  # of the role and of the database
ELSEWHERE = Path("/var/lib/tileserver")
PATIENCE_S = 120
BACK = "data_dir"  # in a home elsewhere: the data directory it belongs to
SOCKET_BYTES = 107  # sun_path of unix(7), less its closing NUL

# In template1, so that every database made later has PostGIS too.
BOOTSTRAP = (
    ("template1", "CREATE EXTENSION postgis"),
    ("template1", f"CREATE ROLE {NAME} LOGIN CREATEDB"),
    ("template1", f"CREATE DATABASE {NAME} OWNER {NAME}"),
)


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """`state` is absent, stopped or running; `major` is the PostgreSQL version the data was made by."""

    state: str
    home: Path
    log: Path
    major: int | None
    pid: int | None


@dataclass(frozen=True, slots=True)
class Cluster:
    """One private cluster; make it with `Cluster.at`."""

    data_dir: Path
    home: Path
    account: Account | None  # whom PostgreSQL runs as, where that is not ourselves
    durable: bool

    @classmethod
    def at(cls, data_dir: Path, *, durable: bool = True) -> Cluster:
        """The cluster of `data_dir`; touches nothing. `durable=False` trades safety for speed: for tests."""
        data_dir = data_dir.resolve()
        beside = data_dir / "postgres"
        account = choose_account(beside / "data")
        if account is None or account.can_enter(beside):
            return cls(data_dir, beside, account, durable)
        home = ELSEWHERE / _digest(data_dir)
        return cls(data_dir, home, choose_account(home / "data"), durable)

    @property
    def pgdata(self) -> Path:
        """PostgreSQL's data directory."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """PostgreSQL's log."""
        return self.pgdata / "server.log"

    @property
    def pointer(self) -> Path:
        """The file in the data directory that says where a cluster kept elsewhere is."""
        return self.data_dir / "postgres.path"

    @property
    def socket_dir(self) -> Path:
        """The private folder of the socket."""
        beside = self.home / "socket"
        plain = re.fullmatch(r"[A-Za-z0-9/._-]+", str(beside))  # no quoting in settings and URLs
        if plain and len(os.fsencode(beside / ".s.PGSQL.5432")) <= SOCKET_BYTES:
            return beside
        return Path("/tmp") / f"tileserver-{_digest(self.home)}"  # noqa: S108 - ownership is checked

    @property
    def dsn(self) -> str:
        """The address for asyncpg and libpq."""
        return f"postgresql://{NAME}@/{NAME}?host={self.socket_dir}&port={PORT}"

    def start(self) -> None:
        """Make, start or adopt the cluster and leave it running until `stop`; `ClusterUnavailable` if not."""
        with self._lock("users.lock", fcntl.LOCK_SH):
            self._ensure()
            self._keep()

    def stop(self) -> bool:
        """Stop the cluster unless somebody uses it; whether it is stopped now."""
        if not self.home.exists():
            return True
        with self._lock("start.lock", fcntl.LOCK_EX), self._file("users.lock") as users:
            return self._alone(users) and self._halt()

    @contextmanager
    def running(self) -> Iterator[str]:
        """Use the cluster: its address, with PostgreSQL running for as long as anybody is inside."""
        with self._lock("users.lock", fcntl.LOCK_SH) as users:
            self._ensure()
            try:
                with leaving_in_order():
                    yield self.dsn
            finally:
                with self._lock("start.lock", fcntl.LOCK_EX):
                    if self._alone(users) and not self._kept():
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
        """Start PostgreSQL again where it ended under its users; whether it had."""
        if self._major() is None:
            raise ClusterUnavailable(f"the data of {self.home} is gone; a backup has to be put back by hand")
        return self._ensure()

    def remove(self) -> bool:
        """Stop the cluster and delete it with all its data, unless somebody uses it; whether it is gone."""
        if not self.stop():
            return False
        for folder in (self.socket_dir, self.home):
            if folder.exists():
                shutil.rmtree(folder)
        self.pointer.unlink(missing_ok=True)
        return True

    def status(self) -> ClusterStatus:
        """What there is now; starts nothing."""
        major = self._major()
        running = major is not None and self._answers(self._installation())
        pid = int(self._incarnation().split()[0]) if running else None
        state = "running" if running else "absent" if major is None else "stopped"
        return ClusterStatus(state, self.home, self.log, major, pid)

    def psql_argv(self) -> list[str]:
        """The command line of an interactive session."""
        return [str(self._installation().bindir / "psql"), self.dsn]

    # --- below: one step each -------------------------------------------------------------------

    def _ensure(self) -> bool:
        """Make, start or adopt the cluster; whether it had to be started."""
        installation = self._installation()
        try:
            with self._lock("start.lock", fcntl.LOCK_EX):
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
        """Build beside and rename at the end: a `data` folder is always a complete one."""
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
        """Whether a postmaster serves our socket, waiting out one that is just starting or stopping."""
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
            raise ClusterUnavailable(f"{program} failed in {pgdata} (exit {done.returncode}):\n{tail}")

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

    def _file(self, name: str) -> IO[bytes]:
        try:
            self._make_home()
            return os.fdopen(os.open(self.home / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "rb+")
        except OSError as error:
            message = f"{self.home} cannot be used ({error.strerror}): run as its owner, or choose another "
            raise ClusterUnavailable(message + "TILESERVER_DATA_DIR") from error

    @contextmanager
    def _lock(self, name: str, kind: int) -> Iterator[IO[bytes]]:
        with self._file(name) as file:
            fcntl.flock(file, kind)
            yield file

    def _alone(self, users: IO[bytes]) -> bool:
        """Trade our share of the users' lock for the whole; of two who leave at once the second gets it."""
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _make_home(self) -> None:
        mode = 0o755 if self.account else 0o700  # root's account has to pass through
        self.home.mkdir(mode=mode, parents=True, exist_ok=True)
        if self.home.parent != self.data_dir and not self.pointer.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self.pointer.write_text(f"{self.home}\n")
        if self.home.parent != self.data_dir:
            (self.home / BACK).write_text(f"{self.data_dir}\n")


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
