"""The home of a private cluster: its folder, its files, and the locks of all who share the cluster.

PostgreSQL is reached over a Unix socket in a folder that only its owner can enter; no port is ever opened. In
the home (`<data_dir>/postgres`, or `/var/lib/tileserver/<hash>` where root's PostgreSQL account cannot enter
the data directory)::

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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tileserver.embedded.account import Account, choose_account
from tileserver.errors import ClusterUnavailable

ELSEWHERE = Path("/var/lib/tileserver")
BACK = "data_dir"  # in a home elsewhere: the data directory it belongs to
SOCKET_BYTES = 107  # sun_path of unix(7), less its closing NUL


def locate_home(data_dir: Path) -> tuple[Path, Account | None]:
    """Return the home of the cluster of *data_dir*, and the account of PostgreSQL; touches nothing."""
    beside = data_dir / "postgres"
    account = choose_account(beside / "data")
    if account is None or account.can_enter(beside):
        return beside, account
    home = ELSEWHERE / digest(data_dir)
    return home, choose_account(home / "data")


@dataclass(frozen=True, slots=True)
class ClusterHome:
    """Paths and locks of one cluster."""

    data_dir: Path
    home: Path
    account: Account | None  # of PostgreSQL, where that is not the account of this process

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
        return Path("/tmp") / f"tileserver-{digest(self.home)}"  # noqa: S108 - ownership is checked

    def file(self, name: str) -> IO[bytes]:
        """Open a file of the home, which is made if need be; `ClusterUnavailable` where we may not."""
        try:
            self._make()
            return os.fdopen(os.open(self.home / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "rb+")
        except OSError as error:
            message = f"{self.home} cannot be used ({error.strerror}): run as its owner, or choose another "
            raise ClusterUnavailable(message + "TILESERVER_DATA_DIR") from error

    @contextmanager
    def lock(self, name: str, kind: int) -> Iterator[IO[bytes]]:
        """Wait for a lock and hold the lock file, shared or alone by *kind* (`fcntl.LOCK_SH`, `LOCK_EX`)."""
        with self.file(name) as file:
            fcntl.flock(file, kind)
            yield file

    def is_alone(self, users: IO[bytes]) -> bool:
        """Trade a share of the users' lock for the whole; of two who leave at once only the second can."""
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _make(self) -> None:
        mode = 0o755 if self.account else 0o700  # root's account has to pass through
        self.home.mkdir(mode=mode, parents=True, exist_ok=True)
        if self.home.parent != self.data_dir and not self.pointer.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self.pointer.write_text(f"{self.home}\n")
        if self.home.parent != self.data_dir:
            (self.home / BACK).write_text(f"{self.data_dir}\n")


def digest(path: Path) -> str:
    """Return 16 hexadecimal digits that name *path* where a path is too long."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
