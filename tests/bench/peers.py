"""The peers: Martin, tipg, pg_tileserv and tegola, each one process over the same PostgreSQL.

All have our tiles' extent and buffer, and a pool as large as ours. Martin and tipg are looked for where
`HOW_TO_GET` puts them, the other two on PATH.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from tests.bench.questions import Question
from tests.bench.servers import Arm, Database, serving
from tests.conftest import free_port
from tileserver.grid import BUFFER, EXTENT
from tileserver.times import format_instant

POOL = 8  # connections, as TILESERVER_POOL
HOW_TO_GET = {
    "Martin": "cargo install martin --version 1.14.0 --locked --no-default-features --features postgres",
    "tipg": "pip install -r requirements-dev.txt",
    "pg_tileserv": "github.com/CrunchyData/pg_tileserv, its binary on PATH",
    "tegola": "github.com/go-spatial/tegola, its binary on PATH",
}
Start: TypeAlias = Callable[[Database, Path], AbstractContextManager[list[Arm]]]

_MARTIN = """\
listen_addresses: '127.0.0.1:{port}'
worker_processes: 1
cache_size_mb: 512
postgres:
  connection_string: '{url}'
  pool_size: {pool}
  auto_publish: false
  functions:
    day: {{schema: peer, function: day_tile}}
"""
_TEGOLA = """\
[webserver]
port = "127.0.0.1:{port}"
[[providers]]
name = "day"
type = "mvt_postgis"
uri = "{url}"
max_connections = {pool}
[[providers.layers]]
name = "control"
geometry_fieldname = "geom"
geometry_type = "multipolygon"
id_fieldname = "id"
srid = 3857
sql = '''SELECT id, status, ST_AsMVTGeom(geom, !BBOX!, {extent}, {buffer}, true) AS geom
FROM peer.day WHERE day = !DAY! AND geom && !BBOX!'''
[[maps]]
name = "day"
tile_buffer = {buffer}
[[maps.layers]]
provider_layer = "day.control"
[[maps.params]]
name = "date"
token = "!DAY!"
type = "string"
default_value = "2023-11-09"
"""


def present() -> dict[str, Start]:
    """Return how the peers that are on this machine are started, by name."""
    found: dict[str, Start] = {}
    if martin_binary():
        found["Martin"] = _martin
    if find_spec("tipg"):
        found["tipg"] = _tipg
    if shutil.which("pg_tileserv"):
        found["pg_tileserv"] = _pg_tileserv
    if shutil.which("tegola"):
        found["tegola"] = _tegola
    return found


def martin_binary() -> str | None:
    """Return where Martin is: on PATH, or where cargo installs programs."""
    cargo = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / "bin"
    return shutil.which("martin") or shutil.which("martin", path=str(cargo))


@contextmanager
def _martin(database: Database, folder: Path) -> Iterator[list[Arm]]:
    port, config = free_port(), folder / "martin.yaml"
    config.write_text(_MARTIN.format(port=port, url=plain_url(database.dsn), pool=POOL))
    argv = [str(martin_binary()), "--config", str(config)]
    ready = f"http://127.0.0.1:{port}/health"
    with serving(argv, os.environ, folder, folder / "martin.log", ready) as pid:
        yield [Arm("Martin", port, pid, database, lambda asked: f"/day/{asked.address}?date={asked.day}")]


@contextmanager
def _tipg(database: Database, folder: Path) -> Iterator[list[Arm]]:
    """Uvicorn as ours, no access log."""
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": plain_url(database.dsn),
        "DB_MAX_CONN_SIZE": str(POOL),
        "TIPG_DB_SCHEMAS": '["peer"]',
        "TIPG_TILE_RESOLUTION": str(EXTENT),
        "TIPG_TILE_BUFFER": str(BUFFER),
        "TIPG_SET_MVT_LAYERNAME": "true",
    }
    argv = [sys.executable, "-m", "uvicorn", "tipg.main:app", "--port", str(port), "--no-access-log"]
    ready = f"http://127.0.0.1:{port}/collections"
    with serving(argv, environment, folder, folder / "tipg.log", ready) as pid:
        yield [
            Arm("tipg, function", port, pid, database, _function_path),
            Arm("tipg, filter", port, pid, database, _filter_path),
            Arm("tipg, one day", port, pid, database, _one_day_path),
        ]


def _function_path(asked: Question) -> str:
    return f"/collections/peer.control_at/tiles/WebMercatorQuad/{asked.address}?at={format_instant(asked.at)}"


def _filter_path(asked: Question) -> str:
    instant = f"TIMESTAMP('{format_instant(asked.at)}')"
    cql = quote(f"valid_from <= {instant} AND valid_to > {instant}")
    return (
        f"/collections/peer.control/tiles/WebMercatorQuad/{asked.address}?properties=id,status&filter={cql}"
    )


def _one_day_path(asked: Question) -> str:
    return f"/collections/peer.one_day/tiles/WebMercatorQuad/{asked.address}"


@contextmanager
def _pg_tileserv(database: Database, folder: Path) -> Iterator[list[Arm]]:
    port = free_port()
    environment = {**os.environ, "DATABASE_URL": database.dsn, "TS_HTTPPORT": str(port)}
    environment |= {"TS_HTTPHOST": "127.0.0.1", "TS_DBPOOLMAXCONNS": str(POOL)}
    ready = f"http://127.0.0.1:{port}/index.json"
    with serving(["pg_tileserv"], environment, folder, folder / "pg_tileserv.log", ready) as pid:
        path = "/peer.day_named/{}.pbf?wanted={}"
        yield [Arm("pg_tileserv", port, pid, database, lambda asked: path.format(asked.address, asked.day))]


@contextmanager
def _tegola(database: Database, folder: Path) -> Iterator[list[Arm]]:
    port, config = free_port(), folder / "tegola.toml"
    text = _TEGOLA.format(
        port=port, url=f"{database.dsn}&sslmode=disable", pool=POOL, extent=EXTENT, buffer=BUFFER
    )
    config.write_text(text)
    argv = ["tegola", "serve", "--config", str(config)]
    ready = f"http://127.0.0.1:{port}/capabilities"
    with serving(argv, os.environ, folder, folder / "tegola.log", ready) as pid:
        yield [
            Arm(
                "tegola", port, pid, database, lambda asked: f"/maps/day/{asked.address}.pbf?date={asked.day}"
            )
        ]


def plain_url(dsn: str) -> str:
    """Return *dsn* with the socket's folder where a host stands; Martin and tipg refuse an empty host."""
    parts = urlsplit(dsn)
    socket_dir = parts.query.partition("host=")[2].partition("&")[0]
    if not socket_dir:
        return dsn
    return f"postgresql://{parts.username}@{quote(socket_dir, safe='')}:5432{parts.path}"
