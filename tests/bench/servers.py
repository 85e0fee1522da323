"""What is measured: our server, and another commit of it; each one process, over one database.

The peers are in `tests.bench.peers`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from tests.bench.processor import processor_seconds
from tests.bench.questions import DAY, Question
from tests.conftest import free_port
from tileserver.times import format_instant

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
PathOf: TypeAlias = Callable[[Question], str]

# What is for one reader of many would measure the limit, as all requests here come from one address; and
# what is rendered ahead meanwhile would take its share of every figure.
UNLIMITED = {"TILESERVER_CONNECTIONS_PER_ADDRESS": "4096", "TILESERVER_RATE": "0", "TILESERVER_AHEAD": "off"}


@dataclass(frozen=True, slots=True)
class Database:
    """A cluster that runs: its address, and its first process."""

    dsn: str
    pid: int


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to ask for a tile of the control layer: of which server, with what path, over what database."""

    name: str
    port: int
    pid: int
    database: Database
    path: PathOf

    def cpu_seconds(self) -> float:
        """Return the processor time of all the server's processes; PostgreSQL's is not among it."""
        return processor_seconds(self.pid)

    def database_seconds(self) -> float:
        """Return the processor time of all processes of its PostgreSQL."""
        return processor_seconds(self.database.pid)


def our_path(question: Question) -> str:
    """The control layer's snapshot tile."""
    return f"/tiles/ukraine.control/{question.address}.mvt?datetime={question.day}"


def composed_path(question: Question) -> str:
    """Three layers in one tile."""
    layers = "ukraine.control,ukraine.frontline,ukraine.events"
    return f"/tiles/{layers}/{question.address}.mvt?datetime={question.day}"


def month_path(question: Question) -> str:
    """The events of 30 days."""
    return f"/tiles/ukraine.events/{question.address}.mvt?datetime={question.day - 30 * DAY}/{question.day}"


def change_path(question: Question) -> str:
    """What was gained and lost in 60 days."""
    first = format_instant(question.at - timedelta(days=60))
    return f"/changes/ukraine.control/{first}/{format_instant(question.at)}/{question.address}.mvt"


@contextmanager
def our_server(
    database: Database, folder: Path, name: str, checkout: Path = ROOT, more: Mapping[str, str] | None = None
) -> Iterator[Arm]:
    """Serve *database* with the code in *checkout*: one worker, as `tileserver serve` starts it."""
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": database.dsn, "PORT": str(port), "WORKERS": "1", **UNLIMITED}
    environment |= {"TILESERVER_DATA_DIR": str(folder / f"{name}-data"), "PYTHONPATH": str(checkout)}
    environment |= more or {}
    argv = [sys.executable, "-m", "tileserver", "serve"]
    ready = f"http://127.0.0.1:{port}/readyz"
    with serving(argv, environment, checkout, folder / f"{name}.log", ready) as pid:
        yield Arm(name, port, pid, database, our_path)


@contextmanager
def serving(
    argv: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path, ready: str
) -> Iterator[int]:
    """Run a server until the caller is done; yields its process id once *ready*, a URL, is answered."""
    with log.open("wb") as stream:
        process = subprocess.Popen(argv, env=environment, cwd=folder, stdout=stream, stderr=stream)
        try:
            wait_until_answered(process, ready, log)
            yield process.pid
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def wait_until_answered(
    process: subprocess.Popen[bytes], url: str, log: Path, patience_s: float = PATIENCE_S
) -> None:
    """Wait until *process* answers at *url*; after *patience_s* seconds, or its end, fail with its *log*."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url) as answer:
                answer.read()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"{url} was not answered:\n{log.read_text()[-2000:]}")
