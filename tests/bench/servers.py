"""What is measured: our server, another checkout of it, tipg; each one process, over one database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from tests.conftest import free_port
from tileserver.grid import BUFFER, EXTENT, TileAddress
from tileserver.times import format_instant

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30
PathOf: TypeAlias = Callable[[TileAddress, datetime], str]


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to ask for a tile of the control layer: of which server, and with what path."""

    name: str
    port: int
    pid: int
    path: PathOf

    def cpu_seconds(self) -> float:
        """Return the processor time that the server process has had; not that of PostgreSQL's."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime, stime: proc(5)


def our_path(address: TileAddress, at: datetime) -> str:
    """The control layer's snapshot tile."""
    return f"/tiles/ukraine.control/{address}.mvt?datetime={format_instant(at)}"


def composed_path(address: TileAddress, at: datetime) -> str:
    """Three layers in one tile."""
    layers = "ukraine.control,ukraine.frontline,ukraine.events"
    return f"/tiles/{layers}/{address}.mvt?datetime={format_instant(at)}"


def month_path(address: TileAddress, at: datetime) -> str:
    """The events of 30 days."""
    first = format_instant(at - timedelta(days=30))
    return f"/tiles/ukraine.events/{address}.mvt?datetime={first}/{format_instant(at)}"


def change_path(address: TileAddress, at: datetime) -> str:
    """What was gained and lost in 60 days."""
    first = format_instant(at - timedelta(days=60))
    return f"/changes/ukraine.control/{first}/{format_instant(at)}/{address}.mvt"


def _function_path(address: TileAddress, at: datetime) -> str:
    return f"/collections/peer.control_at/tiles/WebMercatorQuad/{address}?at={format_instant(at)}"


def _filter_path(address: TileAddress, at: datetime) -> str:
    instant = f"TIMESTAMP('{format_instant(at)}')"
    cql = quote(f"valid_from <= {instant} AND valid_to > {instant}")
    return f"/collections/peer.control/tiles/WebMercatorQuad/{address}?properties=id,status&filter={cql}"


def _day_path(address: TileAddress, _at: datetime) -> str:
    return f"/collections/peer.day/tiles/WebMercatorQuad/{address}"


@contextmanager
def our_server(dsn: str, checkout: Path, log: Path, name: str) -> Iterator[list[Arm]]:
    """Serve *dsn* with the code in *checkout*: one worker, as `tileserver serve` starts it."""
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": dsn, "PORT": str(port), "WORKERS": "1"}
    argv = [sys.executable, "-m", "tileserver", "serve"]
    with _process(argv, environment, checkout, log, f"http://127.0.0.1:{port}/readyz") as pid:
        yield [Arm(name, port, pid, our_path)]


def has_tipg() -> bool:
    """Whether the peer is installed; `requirements-dev.txt` has it."""
    return find_spec("tipg") is not None


@contextmanager
def tipg_server(dsn: str, folder: Path) -> Iterator[list[Arm]]:
    """Serve *dsn* with tipg: one worker, uvicorn as ours, no access log, our tiles' extent and buffer."""
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": _plain_url(dsn),
        "TIPG_DB_SCHEMAS": '["peer"]',
        "TIPG_TILE_RESOLUTION": str(EXTENT),
        "TIPG_TILE_BUFFER": str(BUFFER),
        "TIPG_SET_MVT_LAYERNAME": "true",
    }
    argv = [sys.executable, "-m", "uvicorn", "tipg.main:app", "--port", str(port), "--no-access-log"]
    with _process(
        argv, environment, folder, folder / "tipg.log", f"http://127.0.0.1:{port}/collections"
    ) as pid:
        yield [
            Arm("tipg, function", port, pid, _function_path),
            Arm("tipg, filter", port, pid, _filter_path),
            Arm("tipg, one day", port, pid, _day_path),
        ]


def _plain_url(dsn: str) -> str:
    """Return *dsn* with the socket's folder where a host stands; tipg's settings refuse an empty host."""
    parts = urlsplit(dsn)
    socket_dir = parts.query.partition("host=")[2].partition("&")[0]
    return f"postgresql://{parts.username}@{quote(socket_dir, safe='')}:5432{parts.path}"


@contextmanager
def _process(
    argv: list[str], environment: dict[str, str], folder: Path, log: Path, ready: str
) -> Iterator[int]:
    with log.open("wb") as stream:
        process = subprocess.Popen(argv, env=environment, cwd=folder, stdout=stream, stderr=stream)
        try:
            _wait(process, ready, log)
            yield process.pid
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url) as answer:
                answer.read()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise RuntimeError(f"{url} was not answered:\n{log.read_text()[-2000:]}")
