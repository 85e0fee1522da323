"""What tests share: a private PostGIS, databases in known states, a clock, a server, the real data."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
import shapely
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from starlette.testclient import TestClient

from tests.kept import Kept
from tests.order import ordered
from tileserver.config import Settings, read_settings
from tileserver.desk.importer import import_file
from tileserver.desk.job import Job
from tileserver.embedded.cluster import Cluster
from tileserver.ingest import ReadOptions
from tileserver.samples.load import load_sample
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.store.connect import connect, prepare_connection
from tileserver.store.migrations import migrate
from tileserver.theatres import SAMPLES, load_theatre
from tileserver.web.app import create_app
from tileserver.web.logs import configure_command_logs

# Every server and command that a test starts would compile all modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["TZ"] = "Asia/Kathmandu"  # no test may lean on the machine's zone
time.tzset()

configure_command_logs()  # by itself structlog prints local variables, for minutes

# A law holds however slow and busy the machine is.
hypothesis_settings.register_profile("law", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("law")

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("TILESERVER_SHARED", ROOT.parent / "shared" / "data"))
ARCHIVE = DATA / "control" / "deepstate_snapshots_20220403_20241231.tar.xz"
TWO_MONTHS = DATA / "control" / "daily_2023-10_2023-11"
OTHER_YEARS = ("1662998815.geojson", "1723752578.geojson")  # what held on 2022-09-12 and on 2024-08-15
EVENTS = DATA / "events" / "uacontrolmap_geolocations_20230101_20250630.csv.gz"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PATIENCE_S = 120  # with a server that starts on a busy machine: if it is late, all tests that share it fail

Result = TypeVar("Result")
Work = Callable[[asyncpg.Connection], Coroutine[Any, Any, Result]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let golden tiles be rewritten on purpose."""
    parser.addoption("--bless", action="store_true", help="rewrite the golden tiles")


def pytest_report_header() -> list[str]:
    """Name what geometry depends on."""
    return [
        f"shapely {shapely.__version__}, GEOS {'.'.join(map(str, shapely.geos_version))}",
        f"data: {DATA.exists()}",
    ]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files for several workers, and skip what needs real data that is absent; nothing else."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items[:] = ordered(items)
    for item in items:
        if item.get_closest_marker("data") and not DATA.exists():
            item.add_marker(pytest.mark.skip(reason="the real data is not here"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Turn a skip into a failure in CI, unless it is for the real data."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if (
        report.skipped
        and not hasattr(report, "wasxfail")
        and os.environ.get("CI")
        and not item.get_closest_marker("data")
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"


@pytest.fixture(scope="session", autouse=True)
def no_logger_kept() -> Iterator[None]:
    """Bind each line's logger anew: a server keeps its own for speed, and they outlive what they wrote to."""
    configure = structlog.configure
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            structlog, "configure", lambda **form: configure(**form | {"cache_logger_on_first_use": False})
        )
        yield


@pytest.fixture(scope="module", autouse=True)
def own_logs_of_module() -> None:
    """Begin with plain logs, whatever a fixture of the module before has set, as a quiet command would."""
    configure_command_logs()


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Leave the logs as they were: a command that a test runs in this process writes them in its own way."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    structlog.configure(**before)
    root.handlers = handlers
    root.setLevel(level)


class Databases:
    """Databases in one private cluster, made as copies of one that is migrated."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._numbers = count(1)
        self._originals: dict[str, str] = {}
        self._template = self._create("template0_tileserver", None)
        self.run(self._template, _migrated)

    def new(self) -> str:
        """Return the address of a new, migrated, empty database."""
        return self._create(f"test_{next(self._numbers)}", "template0_tileserver")

    def bare(self) -> str:
        """Return the address of a new database without any schema."""
        return self._create(f"test_{next(self._numbers)}", None)

    def copy(self, dsn: str) -> str:
        """Return the address of a new database with all that *dsn* holds; nobody may be connected to it.

        Unless that is itself the copy of another, which `keep` made: then the other is copied.
        """
        dsn = self._originals.get(dsn, dsn)
        return self._create(f"test_{next(self._numbers)}", dsn.partition("?")[0].rpartition("/")[2])

    def keep(self, dsn: str) -> str:
        """Return the address of a copy of *dsn* for reading, of which copies are made while it is read."""
        copy = self.copy(dsn)
        self._originals[copy] = dsn
        return copy

    def drop(self, dsn: str) -> None:
        """Remove the database *dsn*; for tests that make hundreds."""
        name = dsn.partition("?")[0].rpartition("/")[2]

        async def drop(connection: asyncpg.Connection) -> None:
            await connection.execute(f"DROP DATABASE {name}")

        self.run(self._dsn, drop)

    def run(self, dsn: str, work: Work[Result]) -> Result:
        """Run *work* on a connection of its own to *dsn*."""

        async def with_connection() -> Result:
            connection = await connect(dsn)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return asyncio.run(with_connection())

    def _create(self, name: str, template: str | None) -> str:
        async def create(connection: asyncpg.Connection) -> None:
            await connection.execute(
                f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else "")
            )

        self.run(self._dsn, create)
        return self._dsn.replace("/tileserver?", f"/{name}?")


async def _migrated(connection: asyncpg.Connection) -> None:
    await migrate(connection)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """A private PostGIS for the whole run, without durability."""
    cluster = Cluster.at(tmp_path_factory.mktemp("cluster"), durable=False)
    cluster.remove()  # what a killed run left in a home elsewhere, which is named after this folder
    with cluster.running() as dsn:
        yield Databases(dsn)
    cluster.remove()


@pytest.fixture
def database(databases: Databases) -> str:
    """A new, migrated, empty database."""
    return databases.new()


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """What is loaded once for all workers."""
    return Kept.of_run(tmp_path_factory)


@pytest.fixture(scope="session")
def sample_database(databases: Databases, kept: Kept) -> str:
    """A database with both samples; read it, do not write to it."""

    async def load(connection: asyncpg.Connection) -> None:
        await migrate(connection)
        for name in SAMPLES:
            loaded = await load_sample(connection, name, lambda *_: None)
            assert not any(outcome.rulings for _, outcome in loaded)

    return databases.keep(kept.database("samples", databases.bare, lambda dsn: databases.run(dsn, load)))


@pytest.fixture(scope="session")
def archive_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real snapshots of two months, with one of the year before and one of the year after."""
    folder = tmp_path_factory.mktemp("archive")
    for file in TWO_MONTHS.iterdir():
        shutil.copy(file, folder)
    with tarfile.open(ARCHIVE) as tar:
        for member in tar:
            if member.name.endswith(OTHER_YEARS):
                (folder / Path(member.name).name).write_bytes(tar.extractfile(member).read())  # type: ignore[union-attr]
    return folder


@pytest.fixture(scope="session")
def archive_database(databases: Databases, archive_folder: Path, kept: Kept) -> str:
    """A database with real snapshots and events; read it, do not write to it. For tests marked data."""

    async def load(connection: asyncpg.Connection) -> None:
        await migrate(connection)
        await prepare_connection(connection)
        await add_theatre(connection, load_theatre("ukraine"))
        layers = {each.layer.name: each for each in await load_layers(connection)}
        outcome = await import_file(Job(connection, layers, "control"), archive_folder, ReadOptions())
        assert not outcome.rulings
        await import_file(Job(connection, layers, "events"), EVENTS, ReadOptions())

    return databases.keep(kept.database("archive", databases.bare, lambda dsn: databases.run(dsn, load)))


def settings_for(dsn: str, **changes: str) -> Settings:
    """Return the settings of a server over *dsn*; *changes* are environment variables."""
    return read_settings({"DATABASE_URL": dsn, **changes})


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """The one clock, standing still."""
    return lambda: NOW


@pytest.fixture
def sample_client(sample_database: str, clock: Callable[[], datetime]) -> Iterator[TestClient]:
    """A client of the application over both samples; errors come back as answers."""
    app = create_app(settings_for(sample_database), clock)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def archive_client(archive_database: str, clock: Callable[[], datetime]) -> Iterator[TestClient]:
    """A client of the application over the real archive. For tests marked data."""
    app = create_app(settings_for(archive_database), clock)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def server_url(sample_database: str) -> Iterator[str]:
    """The address of a real server process over both samples."""
    with serving(sample_database) as url:
        yield url


@contextmanager
def serving(
    dsn: str, command: Sequence[str | Path] = (sys.executable, "-m", "tileserver"), **changes: str
) -> Iterator[str]:
    """Run a real server process over *dsn*; *changes* are environment variables. Yield its address."""
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": dsn, "PORT": str(port), "TILESERVER_LOG": "text", **changes}
    server = subprocess.Popen([*command, "serve"], env=environment, cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(url, server)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _wait_until_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/readyz") as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            pass
        assert server.poll() is None, "the server ended before it was ready"
        time.sleep(0.1)
    raise AssertionError(f"the server was not ready within {PATIENCE_S} s")
