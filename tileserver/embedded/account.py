"""Account that PostgreSQL runs as: our own, or for root, which PostgreSQL refuses, one of the system."""

from __future__ import annotations

import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from tileserver.errors import ClusterUnavailable


class Identity(TypedDict, total=False):
    """The keywords with which `subprocess` becomes somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the system other than our own, as only root can become."""

    uid: int
    gid: int

    def identity(self) -> Identity:
        """The keywords for `subprocess`."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Hand the folder over."""
        os.chown(folder, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """Whether the account can enter `folder`, or as much of its path as exists; ACLs count."""
        while not folder.exists():
            folder = folder.parent
        argv = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
        return subprocess.run(argv, capture_output=True, check=False, **self.identity()).returncode == 0


def choose_account(pgdata: Path) -> Account | None:
    """The owner of the cluster if there is a cluster, else `postgres`; None unless we are root."""
    if os.geteuid() != 0:
        return None
    try:
        owner = pgdata.stat()
        return Account(owner.st_uid, owner.st_gid)
    except FileNotFoundError:
        pass
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError as error:
        raise ClusterUnavailable(
            "PostgreSQL refuses to run as root and there is no user `postgres` to run it as: "
            "install PostgreSQL with PostGIS from the system's packages (make run does), or be another user"
        ) from error
    return Account(entry.pw_uid, entry.pw_gid)


def private_folder(folder: Path, account: Account | None) -> None:
    """Make `folder`, for its owner alone; `ClusterUnavailable` if somebody else made the folder."""
    owner = account.uid if account else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
        if account:
            account.own(folder)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
            raise ClusterUnavailable(
                f"{folder} is not a private folder of user {owner}: see who put it there, then remove it"
            ) from None
