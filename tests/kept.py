"""Databases that take a minute to load, kept as dumps where `TILESERVER_TEST_KEPT` names a folder.

For those who run single tests all day; CI sets nothing and loads everything anew.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from tileserver.embedded.installation import choose, installations

ROOT = Path(__file__).parent.parent / "tileserver"
FILLS = ("desk", "ingest", "shape", "samples", "store", "theatres")  # the rooms that decide what is loaded
GROUND = ("model.py", "findings.py", "clock.py", "times.py", "grid.py", "geometry.py")
UNLIKE = ("--no-acl", "--exclude-table-data=*.spatial_ref_sys")  # the extension's own, filled by it


def kept_database(name: str, create: Callable[[], str], load: Callable[[str], None]) -> str:
    """A database from *create*, filled by *load* or from the dump that the same code made before."""
    folder = os.environ.get("TILESERVER_TEST_KEPT")
    dsn = create()
    if folder is None:
        load(dsn)
        return dsn
    dump = Path(folder) / f"{name}-{_code()}.dump"
    if dump.exists():
        _run("pg_restore", "--no-owner", "--dbname", dsn, str(dump))
        _run("psql", "--quiet", "--command", "ANALYZE", dsn)
        return dsn
    load(dsn)
    unfinished = dump.with_suffix(f".{os.getpid()}")
    _run("pg_dump", "--format=custom", "--compress=1", *UNLIKE, "--file", str(unfinished), dsn)
    unfinished.replace(dump)
    return dsn


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
