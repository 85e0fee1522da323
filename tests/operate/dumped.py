"""Databases as released versions made them, kept for the tests of later ones.

``python -m tests.operate.dumped`` writes that of the version at hand, `at_<version>.sql.gz`: before its tag
is set, and never after. `at_0013.sql.gz` is of a state between releases, before there was an audit log.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import subprocess
import tempfile
from pathlib import Path

from tests.bench.loading import run_cli
from tests.endurance.stage import ISLAND
from tileserver import __version__
from tileserver.embedded.cluster import Cluster
from tileserver.embedded.installation import choose, installations
from tileserver.store.connect import connect

FOLDER = Path(__file__).parent
UNRELEASED = "0013"
_UNLIKE = ("--no-owner", "--no-acl", "--exclude-table-data=*.spatial_ref_sys")  # filled by its extension
_MIGRATION = re.compile(r"^COPY public\.migration .*?\n(.*?)^\\\.$", re.MULTILINE | re.DOTALL)


def dumps() -> list[str]:
    """Return of which versions there are dumps, by name."""
    return sorted(
        path.name.removeprefix("at_").removesuffix(".sql.gz") for path in FOLDER.glob("at_*.sql.gz")
    )


def read(version: str) -> str:
    """Return the statements of a dump."""
    return gzip.decompress((FOLDER / f"at_{version}.sql.gz").read_bytes()).decode()


def schema_of(version: str) -> int:
    """Return the number of the last migration that a dump has seen."""
    found = _MIGRATION.search(read(version))
    assert found is not None
    return max(int(line.split("\t")[0]) for line in found[1].splitlines())


def program(name: str) -> Path:
    """Return the path of a program beside the PostgreSQL that tests use."""
    return choose(installations(), None, Path()).bindir / name


def make(dsn: str, version: str) -> None:
    """Do by today's commands what was done before the dump of *version*."""
    run_cli(dsn, "theatre", "add", str(ISLAND / "merrow.toml"))
    for layer in ("zones", "battles"):
        run_cli(dsn, "import", f"merrow.{layer}", str(ISLAND / f"{layer}.geojson"))
    words = ("--reason", "by mistake", "--from", "2024-05-10", "--to", "2024-05-12", "--yes")
    run_cli(dsn, "withdraw", "merrow.battles", *words)
    if version == UNRELEASED:
        return
    by = ("--by", "Anna Kovalenko", "--reason", "a better source")
    run_cli(dsn, "import", "merrow.zones", str(ISLAND / "zones-corrected.geojson"), *by)
    edit = ("--text", "en=The South takes back the ridge.", "--place", "-29.21,44.86")
    run_cli(dsn, "event", "edit", "merrow.battles", asyncio.run(_ridge(dsn)), *edit, *by)


async def _ridge(dsn: str) -> str:
    connection = await connect(dsn)
    try:
        asked = "SELECT DISTINCT id::text FROM feature_version WHERE properties::text LIKE $1"
        return str(await connection.fetchval(asked, "%takes the ridge back%"))
    finally:
        await connection.close()


def main() -> None:
    """Write the dump of the version at hand."""
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster.at(Path(folder), durable=False)
        with cluster.running() as dsn:
            run_cli(dsn, "migrate")
            make(dsn, __version__)
            argv = [str(program("pg_dump")), "--format=plain", *_UNLIKE, dsn]
            text = subprocess.run(argv, check=True, capture_output=True).stdout
        cluster.remove()
    path = FOLDER / f"at_{__version__}.sql.gz"
    path.write_bytes(gzip.compress(text, mtime=0))
    print(f"{path}: schema {schema_of(__version__):04}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
