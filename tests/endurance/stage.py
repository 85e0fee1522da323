"""A stage: a database of its own with a war and an invented island, a real server, and one to compare with.

The war is a copy of a data folder (*over*), the two months of the real archive where they are present, else
an invented archive. The island is where news are made.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tests.bench.generate import Scale, write_archive, write_events
from tests.bench.loading import run_cli
from tests.bench.processor import family
from tests.bench.servers import wait_until_answered
from tests.conftest import DATA, EVENTS, ROOT, TWO_MONTHS, free_port
from tileserver.embedded.cluster import Cluster

ISLAND = ROOT / "docs" / "examples" / "own-map"
_UNLIMITED = {"TILESERVER_RATE": "0", "TILESERVER_CONNECTIONS_PER_ADDRESS": "20000"}
_PAGE = os.sysconf("SC_PAGESIZE")
_READY_S = 120


@dataclass(frozen=True)
class Stage:
    """Where things run: the database, ports and first processes of the server and of the one beside it."""

    folder: Path
    cluster: Cluster
    dsn: str
    port: int
    pid: int
    figures_port: int
    reference_port: int

    @property
    def memory_mb(self) -> float:
        """Resident megabytes of all processes of the server."""
        pages = 0
        for pid in family(self.pid):
            try:
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except OSError:  # ended meanwhile
                continue
        return pages * _PAGE / 1e6

    @property
    def database_pid(self) -> int:
        """The first process of PostgreSQL."""
        pid = self.cluster.status().pid
        assert pid is not None
        return pid

    def figure(self, name: str, *having: str) -> float:
        """The sum of a figure at ``/metrics`` over all labels that contain *having*."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.figures_port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        own = [line for line in lines if line.startswith((name + "{", name + " "))]
        return sum(float(line.rsplit(" ", 1)[1]) for line in own if all(each in line for each in having))


@contextmanager
def stage(*, war: bool = True, over: Path | None = None, **changes: str) -> Iterator[Stage]:
    """Set a stage, with the settings *changes* for the server; *war* False leaves the island alone."""
    folder = Path(mkdtemp(prefix="tileserver-endurance-"))
    folder.chmod(0o755)
    if over is not None:
        subprocess.run(["cp", "-a", over, folder / "data"], check=True)
    cluster = Cluster.at(folder / "data", durable=False)
    try:
        with cluster.running() as dsn, ExitStack() as running:
            run_cli(dsn, "migrate")
            if war and over is None:
                _import_war(dsn, folder)
            _import_island(dsn)
            figures, port, beside = free_port(), free_port(), free_port()
            own = {"TILESERVER_METRICS": str(figures), "TILESERVER_SHELF": str(folder / "shelf")}
            pid = running.enter_context(_serving(dsn, port, folder / "server.log", **own, **changes))
            apart = {"TILESERVER_CACHE_MB": "1", "TILESERVER_SHELF": ""}
            running.enter_context(_serving(dsn, beside, folder / "beside.log", **apart))
            yield Stage(folder, cluster, dsn, port, pid, figures, beside)
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


def _import_war(dsn: str, folder: Path) -> None:
    control, events = TWO_MONTHS, EVENTS
    if not DATA.exists():
        control, events = folder / "invented.tar", folder / "invented.csv"
        scale = Scale(days=60)
        write_archive(control, scale, 1)
        write_events(events, scale, 1)
    run_cli(dsn, "theatre", "add", "ukraine")
    run_cli(dsn, "import", "ukraine.control", str(control))
    run_cli(dsn, "import", "ukraine.events", str(events))


def _import_island(dsn: str) -> None:
    run_cli(dsn, "theatre", "add", str(ISLAND / "merrow.toml"))
    run_cli(dsn, "import", "merrow.zones", str(ISLAND / "zones.geojson"))
    run_cli(dsn, "import", "merrow.battles", str(ISLAND / "battles.geojson"))


@contextmanager
def _serving(dsn: str, port: int, log: Path, **changes: str) -> Iterator[int]:
    environment = {**os.environ, **_UNLIMITED, "DATABASE_URL": dsn, "PORT": str(port), **changes}
    with log.open("wb") as stream:
        argv = [sys.executable, "-m", "tileserver", "serve"]
        server = subprocess.Popen(argv, env=environment, cwd=ROOT, stdout=stream, stderr=stream)
        try:
            wait_until_answered(server, f"http://127.0.0.1:{port}/readyz", log, _READY_S)
            yield server.pid
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
