"""A stage: a database of its own with a war and an invented island, a real server, and one to compare with.

The war is a copy of a data folder (*over*), the two months of the real archive where they are present, else
an invented archive. The island is where news are made.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
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
from tests.endurance.clock import MachineClock
from tests.stores import PROGRAMS, Store, store
from tests.web.postgres_kinds import base_backup, replicating
from tileserver.embedded.cluster import Cluster

ISLAND = ROOT / "docs" / "examples" / "own-map"
_UNLIMITED = {"TILESERVER_RATE": "0", "TILESERVER_CONNECTIONS_PER_ADDRESS": "20000"}
_PAGE = os.sysconf("SC_PAGESIZE")
_READY_S = 120


class Server:
    """The command ``tileserver serve`` with its *settings*, whose first process may end and be begun anew."""

    def __init__(self, port: int, log: Path, settings: dict[str, str]) -> None:
        self.port = port
        self._log = log
        self._environment = {**os.environ, **_UNLIMITED, "PORT": str(port), **settings}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The first process."""
        assert self._process is not None
        return self._process.pid

    @property
    def workers(self) -> list[int]:
        """The processes that answer, where there are several."""
        return [pid for pid in family(self.pid) if _is_worker(pid)]

    def start(self) -> None:
        """Start the server, and wait until it is ready."""
        with self._log.open("ab") as stream:
            argv = [sys.executable, "-m", "tileserver", "serve"]
            self._process = subprocess.Popen(
                argv, env=self._environment, cwd=ROOT, stdout=stream, stderr=stream
            )
        wait_until_answered(self._process, f"http://127.0.0.1:{self.port}/readyz", self._log, _READY_S)

    def kill(self) -> None:
        """End the first process as the kernel does where memory is short."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop(self) -> None:
        """Tell the server to end, and see that it does."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()

    @contextmanager
    def running(self) -> Iterator[Server]:
        """Have the server run meanwhile."""
        try:
            self.start()
            yield self
        finally:
            self.stop()


def _is_worker(pid: int) -> bool:
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # ended meanwhile
        return False


@dataclass(frozen=True)
class Stage:
    """Where things run: the database, ports of the server and of the one beside it, and what they lean on."""

    folder: Path
    cluster: Cluster
    dsn: str
    server: Server
    figures_port: int
    reference_port: int
    clock: MachineClock
    standby: Cluster | None = None
    store: Store | None = None

    @property
    def port(self) -> int:
        """The port of readers."""
        return self.server.port

    @property
    def pid(self) -> int:
        """The server's first process."""
        return self.server.pid

    @property
    def shelf(self) -> Path:
        """The folder of the server's shelf."""
        return self.folder / "shelf"

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
def stage(
    *,
    war: bool = True,
    over: Path | None = None,
    standby: bool = False,
    shared: bool = False,
    disk_mb: int = 0,
    **changes: str,
) -> Iterator[Stage]:
    """Set a stage, with the settings *changes* for the server; *war* False leaves the island alone.

    With a *standby* both servers read from that; *shared* gives the server a Valkey or Redis in the shelf's
    place; *disk_mb* gives the shelf a disk of its own, where one may be mounted.
    """
    folder = Path(mkdtemp(prefix="tileserver-endurance-"))
    folder.chmod(0o755)
    if over is not None:
        subprocess.run(["cp", "-a", over, folder / "data"], check=True)
    cluster = Cluster.at(folder / "data", durable=False)
    try:
        with ExitStack() as running:
            if standby:
                running.enter_context(replicating())
            dsn = running.enter_context(cluster.running())
            run_cli(dsn, "migrate")
            if war and over is None:
                _import_war(dsn, folder)
            import_island(dsn)
            copy = running.enter_context(_standby(cluster, folder)) if standby else None
            if disk_mb:
                running.enter_context(_disk(folder / "shelf", disk_mb))
            kept = running.enter_context(store(PROGRAMS[0])) if shared else None
            yield running.enter_context(_served(folder, cluster, copy, kept, changes))
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _served(
    folder: Path, cluster: Cluster, copy: Cluster | None, kept: Store | None, changes: dict[str, str]
) -> Iterator[Stage]:
    clock, figures = MachineClock(folder), free_port()
    where = {"DATABASE_URL": cluster.dsn, "DATABASE_READ_URL": copy.dsn if copy else ""}
    apart = where | {"TILESERVER_CACHE_MB": "1", "TILESERVER_SHELF": ""}
    if copy:
        apart |= {"DATABASE_URL": copy.dsn, "DATABASE_READ_URL": ""}
    own = where | {"TILESERVER_METRICS": str(figures), **clock.environment}
    own |= {"TILESERVER_SHARED_CACHE": kept.url, "TILESERVER_SHELF": ""} if kept else {}
    own |= {} if kept else {"TILESERVER_SHELF": str(folder / "shelf")}
    server = Server(free_port(), folder / "server.log", own | changes)
    beside = Server(free_port(), folder / "beside.log", apart)
    with server.running(), beside.running():
        yield Stage(folder, cluster, cluster.dsn, server, figures, beside.port, clock, copy, kept)


@contextmanager
def _disk(folder: Path, size_mb: int) -> Iterator[None]:
    folder.mkdir()
    size = f"size={size_mb}m"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], capture_output=True, check=False
    )
    try:
        yield
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def _standby(primary: Cluster, folder: Path) -> Iterator[Cluster]:
    (folder / "standby").mkdir()
    base_backup(primary, folder / "standby")
    standby = Cluster.at(folder / "standby", durable=False)
    try:
        with standby.running():
            yield standby
    finally:
        standby.remove()


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


def import_island(dsn: str) -> None:
    """Bring the invented island into a database."""
    run_cli(dsn, "theatre", "add", str(ISLAND / "merrow.toml"))
    run_cli(dsn, "import", "merrow.zones", str(ISLAND / "zones.geojson"))
    run_cli(dsn, "import", "merrow.battles", str(ISLAND / "battles.geojson"))
