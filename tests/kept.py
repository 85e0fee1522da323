"""Databases that take two minutes to load, loaded once and restored from a dump by everybody else.

Everybody else are the other workers of the same run, and where `TILESERVER_TEST_KEPT` names a folder, all
runs of the same code: for those who run single tests all day.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tileserver.embedded.installation import choose, installations

ROOT = Path(__file__).parent.parent / "tileserver"
FILLS = ("desk", "ingest", "shape", "samples", "store", "theatres")  # the rooms that decide what is loaded
GROUND = ("model.py", "findings.py", "clock.py", "times.py", "grid.py", "geometry.py")
UNLIKE = ("--no-acl", "--exclude-table-data=*.spatial_ref_sys")  # the extension's own, filled by it


class Kept:
    """Dumps in a folder, each made by whoever needs it first; without a folder everybody loads."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @classmethod
    def of_run(cls, temporary: pytest.TempPathFactory) -> Kept:
        """Keep them where the environment says, or for this run alone where it has several workers."""
        chosen = os.environ.get("TILESERVER_TEST_KEPT")
        if chosen:
            return cls(Path(chosen))
        return cls(temporary.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else None)

    def database(self, name: str, create: Callable[[], str], load: Callable[[str], None]) -> str:
        """A database from *create*, filled by *load* or from the dump that the same code made before."""
        dsn = create()
        if self._folder is None:
            load(dsn)
            return dsn
        dump = self._folder / f"{name}-{_code()}.dump"
        with _alone(dump.with_suffix(".lock")):
            if not dump.exists():
                load(dsn)
                _write(dsn, dump)
                return dsn
        _run("pg_restore", "--no-owner", "--dbname", dsn, str(dump))
        _run("psql", "--quiet", "--command", "ANALYZE", dsn)
        return dsn


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Keep out everybody else who names this file; the system lets go of it for a process that dies."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(dsn: str, dump: Path) -> None:
    unfinished = dump.with_suffix(f".{os.getpid()}")
    _run("pg_dump", "--format=custom", "--compress=1", *UNLIKE, "--file", str(unfinished), dsn)
    unfinished.replace(dump)


def _code() -> str:
    files = [ROOT / each for each in GROUND]
    files += [file for room in FILLS for file in sorted((ROOT / room).rglob("*")) if file.is_file()]
    digest = hashlib.sha256()
    for file in files:
        if file.suffix != ".pyc":
            digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _run(program: str, *arguments: str) -> None:
    bindir = choose(installations(), None, Path()).bindir
    subprocess.run([bindir / program, *arguments], check=True)
