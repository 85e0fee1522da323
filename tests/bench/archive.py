"""A folder with an imported archive, kept between runs: the whole real one takes some twenty minutes.

A folder's name says what was imported and with which schema. Where only the schema is another one, the
folder is copied and `tileserver migrate` brings the copy up to date, as it does an installation's. A
commit to compare with is thus served the schema that it knows.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
from rich.console import Console

from tests.bench.generate import Scale, write_archive, write_events
from tests.bench.loading import import_layer, run_cli, table_bytes
from tests.bench.questions import ZONE, Imported, read_imported
from tests.bench.servers import ROOT, Database
from tests.bench.tables import import_table
from tests.conftest import ARCHIVE, DATA, EVENTS
from tileserver.embedded.cluster import Cluster
from tileserver.grid import BUFFER, EXTENT
from tileserver.store.connect import connect

_PEER_SQL = (Path(__file__).parent / "peer.sql").read_text()
_DONE = "imported.txt"  # the last thing that an import leaves


@dataclass(frozen=True, slots=True)
class Chosen:
    """What to import: the *days* last days of the real archive (0: all of it), or of an invented one."""

    real: bool
    days: int

    @classmethod
    def of(cls, days: int, invented: int) -> Chosen:
        """The real archive where it is present, else *invented* days."""
        return cls(True, days) if DATA.exists() else cls(False, days or invented)

    def __str__(self) -> str:
        return f"{'real' if self.real else 'invented'}-{self.days or 'all'}"


@contextmanager
def imported_archive(
    kept: Path, chosen: Chosen, checkout: Path, console: Console
) -> Iterator[tuple[Database, Path]]:
    """Use a cluster with *chosen* in it, of the schema of *checkout*; yields it and its folder."""
    folder = kept / f"{chosen}-{_schema(checkout)}"
    if not (folder / _DONE).exists():
        _make(folder, chosen, checkout, console)
    with Cluster.at(folder).running() as dsn:
        run_cli(dsn, "migrate", checkout=checkout)
        pid = Cluster.at(folder).status().pid
        assert pid
        yield Database(dsn, pid), folder


async def prepare(dsn: str) -> Imported:
    """Give PostgreSQL its statistics and the peers their copies; return what to ask questions about."""
    connection: asyncpg.Connection = await connect(dsn)
    try:
        layer = await connection.fetchval(
            "SELECT id FROM layer WHERE theatre = 'ukraine' AND name = 'control'"
        )
        imported = await read_imported(connection, layer)
        middle = imported.days[len(imported.days) // 2]
        script = _PEER_SQL.format(layer=layer, day=middle, zone=ZONE, extent=EXTENT, buffer=BUFFER)
        made_of = hashlib.sha256(script.encode()).hexdigest()
        if await connection.fetchval("SELECT obj_description(to_regnamespace('peer'))") != made_of:
            await connection.execute("DROP SCHEMA IF EXISTS peer, peer_rows CASCADE")
            await connection.execute(script)
            await connection.execute("VACUUM ANALYZE")
            await connection.execute(f"COMMENT ON SCHEMA peer IS '{made_of}'")
        return imported
    finally:
        await connection.close()


def _schema(checkout: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted((checkout / "tileserver" / "store" / "sql").glob("*.sql")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:10]


def _make(folder: Path, chosen: Chosen, checkout: Path, console: Console) -> None:
    """Fill *folder*: by a copy of what an older schema holds, or by an import; `_DONE` is written last."""
    Cluster.at(folder).remove()
    shutil.rmtree(folder, ignore_errors=True)
    older = [done.parent for done in folder.parent.glob(f"{chosen}-*/{_DONE}")] if checkout == ROOT else []
    older = [each for each in older if Cluster.at(each).home.parent == each]  # else it is no whole copy
    if older:
        newest = max(older, key=lambda each: (each / _DONE).stat().st_mtime)
        console.print(f"Copying {newest.name}, which has another schema")
        subprocess.run(["cp", "-a", newest, folder], check=True)
        return
    folder.mkdir(parents=True)
    with TemporaryDirectory(prefix="tileserver-bench-") as name, Cluster.at(folder).running() as dsn:
        _import(dsn, _sources(Path(name), chosen, console), checkout, console)
    (folder / _DONE).write_text(f"{chosen}\n")


def _import(dsn: str, sources: dict[str, Path], checkout: Path, console: Console) -> None:
    run_cli(dsn, "theatre", "add", "ukraine", checkout=checkout)
    imports = [import_layer(dsn, layer, path, checkout) for layer, path in sources.items()]
    console.print(import_table(imports, table_bytes(dsn)))


def _sources(folder: Path, chosen: Chosen, console: Console) -> dict[str, Path]:
    if chosen.real and not chosen.days:
        return {"control": ARCHIVE, "events": EVENTS}
    if chosen.real:
        return {"control": _last_days(folder / "last.tar", chosen.days), "events": EVENTS}
    scale = Scale(days=chosen.days)
    sources = {"control": folder / "invented.tar", "events": folder / "invented.csv"}
    write_archive(sources["control"], scale)
    write_events(sources["events"], scale)
    console.print(f"Invented: {scale}")
    return sources


def _last_days(path: Path, days: int) -> Path:
    """Write the snapshots of the archive's last *days* days into the tar *path*; it names them by seconds."""
    with tarfile.open(ARCHIVE) as whole, tarfile.open(path, "w") as part:
        members = [each for each in whole.getmembers() if Path(each.name).stem.isdigit()]
        newest = max(int(Path(each.name).stem) for each in members)
        for each in members:
            if int(Path(each.name).stem) > newest - days * 86_400:
                part.addfile(each, whole.extractfile(each))
    return path
