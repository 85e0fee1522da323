"""Installations of PostgreSQL with PostGIS, or the packages to install where there is none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from tileserver.embedded.account import Identity
from tileserver.errors import ClusterUnavailable

OLDEST_POSTGRESQL = 14
OLDEST_POSTGIS = (3, 2)


class Answer(IntEnum):
    """Answer to a knock at the socket, as in pg_isready(1)."""

    READY = 0
    NOT_YET = 1  # starting, stopping or recovering
    NOBODY = 2


@dataclass(frozen=True, slots=True, order=True)
class Installation:
    """One PostgreSQL that has PostGIS: its major version and its folder of programs."""

    major: int
    bindir: Path

    def run(
        self, program: str, *options: str, pgdata: Path, identity: Identity, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its programs on `pgdata` to its end, `text` as its input, as `identity`."""
        return subprocess.run(
            [self.bindir / program, *options],
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            cwd=pgdata,
            env=_environment() | {"PGDATA": str(pgdata)},
            umask=0o077,
            **identity,
        )

    def knock(self, socket_dir: Path, port: str) -> Answer:
        """Whether a server is behind the socket."""
        argv = [str(self.bindir / "pg_isready"), "-q", "-h", str(socket_dir), "-p", port]
        code = subprocess.run(argv, check=False, env=_environment()).returncode
        return Answer(code) if code < 2 else Answer.NOBODY


def installations(root: Path = Path("/"), search_path: str | None = None) -> list[Installation]:
    """Usable installations, oldest first: of Debian's layout under `root`, and of `pg_config` on the path."""
    found = {
        Installation(int(share.name), root / "usr/lib/postgresql" / share.name / "bin")
        for share in (root / "usr/share/postgresql").glob("[0-9]*")
        if share.name.isdigit() and _has_postgis(share)
    }
    if pg_config := shutil.which("pg_config", path=search_path):
        version, bindir, share_dir = _ask(pg_config)
        if _has_postgis(Path(share_dir)):
            found.add(Installation(int(re.sub(r"\D*(\d+).*", r"\1", version)), Path(bindir)))
    return sorted(i for i in found if i.major >= OLDEST_POSTGRESQL and (i.bindir / "initdb").exists())


def choose(available: list[Installation], major: int | None, pgdata: Path) -> Installation:
    """The newest, or for a cluster that exists the one of its own `major` version.

    Raises `ClusterUnavailable` with the command that mends it; nothing is ever converted or removed.
    """
    if major is None:
        if not available:
            raise ClusterUnavailable(f"no PostgreSQL with PostGIS was found: {_remedy()}")
        return available[-1]
    for candidate in available:
        if candidate.major == major:
            return candidate
    here = ", ".join(str(i.major) for i in available) or "none"
    raise ClusterUnavailable(
        f"{pgdata} was made by PostgreSQL {major}, with PostGIS there is here: {here}; {_remedy(major)}, "
        f"or set the data aside and import again: mv {pgdata} {pgdata}.{major}"
    )


def _has_postgis(share: Path) -> bool:
    try:
        control = (share / "extension/postgis.control").read_text()
    except OSError:
        return False
    version = re.search(r"default_version\s*=\s*'(\d+)\.(\d+)", control)
    return version is not None and (int(version[1]), int(version[2])) >= OLDEST_POSTGIS


def _ask(pg_config: str) -> list[str]:
    argv = [pg_config, "--version", "--bindir", "--sharedir"]
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=10).stdout.splitlines()


def _remedy(major: int | None = None) -> str:
    if shutil.which("apt-get") is None:
        wanted = f"PostgreSQL {major}" if major else f"PostgreSQL {OLDEST_POSTGRESQL} or newer"
        oldest = ".".join(map(str, OLDEST_POSTGIS))
        return f"install {wanted} with PostGIS {oldest} or newer (or set DATABASE_URL to a PostGIS elsewhere)"
    packages = (
        f"postgresql-{major} postgresql-{major}-postgis-3" if major else "postgresql postgresql-postgis"
    )
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get install {packages}"


def _environment() -> dict[str, str]:
    """Ours without PG*, which would redirect the programs, and in a locale that is always there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}
