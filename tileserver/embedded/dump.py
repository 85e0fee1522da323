"""The database of a private cluster as one file, and back, by PostgreSQL's own programs."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tileserver.embedded.cluster import Cluster
from tileserver.errors import ClusterUnavailable

MAGIC = b"PGDMP"  # with which each file of pg_dump's own format begins
# Of any owner and with anybody's rights; PostGIS is there already, wherever the file is put back.
_PLAIN = ("--no-owner", "--no-acl", "--no-comments")


def dump(cluster: Cluster, file: Path) -> None:
    """Write all that *cluster*, which runs, holds at this moment to *file*, in pg_dump's own format.

    Raises
    ------
    ClusterUnavailable
        It could not be written; a *file* of before stays.
    """
    foreign = "--exclude-table-data=*.spatial_ref_sys"  # PostGIS's own, and there wherever PostGIS is
    part = file.with_name(f"{file.name}.part")
    try:
        _run(cluster, "pg_dump", "--format=custom", *_PLAIN, foreign, f"--file={part}", cluster.dsn)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def load(cluster: Cluster, file: Path) -> None:
    """Put *file*, which `dump` wrote, into *cluster*, which runs and is empty, as a whole or not at all."""
    one = ("--exit-on-error", "--single-transaction", f"--dbname={cluster.dsn}")
    _run(cluster, "pg_restore", *_PLAIN, *one, str(file))
    _run(cluster, "vacuumdb", "--analyze-only", "--quiet", f"--dbname={cluster.dsn}")


def _run(cluster: Cluster, program: str, *options: str) -> None:
    argv = [str(cluster.bindir / program), *options]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-12:])
        raise ClusterUnavailable(f"{program} failed (exit {done.returncode}):\n{tail}")
