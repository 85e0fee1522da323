"""Servers of tiles that know no time: each over `generic.sql`, with the functions or queries that it takes.

All have one PostgreSQL, our tiles' extent and buffer, a pool as large as ours, and the same `max-age`.
Martin's own cache forgets after as long; by itself it keeps a tile until the process ends.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from tests.bench.client import Connection
from tests.bench.dated import ours
from tests.bench.dated.arms import Arm, Ask, Place, Start
from tests.bench.dated.questions import AS_OF, CHANGE, HISTORY, KNOWN, WINDOW, Question
from tests.bench.dated.world import Publication, day_of
from tests.bench.peers import HOW_TO_GET, POOL, martin_binary, plain_url
from tests.bench.servers import serving
from tests.conftest import free_port

NEWEST = 2_147_483_646  # a publication that is known when nothing is said
FUNCTIONS = {AS_OF: "as_of", KNOWN: "as_of", WINDOW: "events", CHANGE: "changed", HISTORY: "history"}
_MARTIN = (Path(__file__).parent / "martin.yaml").read_text()
_TEGOLA = (Path(__file__).parent / "tegola.toml").read_text()


class Peer:
    """A generic server that runs; *template* has the places ``{function}``, ``{tile}`` and ``{query}``."""

    def __init__(
        self, name: str, place: Place, port: int, pid: int, template: str, layer: str = "{layer}"
    ) -> None:
        self.name, self.port, self.database_pid = name, port, place.database_pid
        self.pids: Sequence[int] = (pid,)
        self._template, self._layer = template, layer

    def asks(self, question: Question) -> Sequence[Ask]:
        """Return one tile, with the days and the publication as parameters."""
        first, last = day_of(question.first), day_of(question.last)
        query = f"first={first}&last={last}&known={question.known or NEWEST}"
        function = FUNCTIONS[question.task]
        path = self._template.format(function=function, tile=question.tile.path, query=query)
        layer = "events" if question.task == WINDOW else "areas"
        layer = self._layer.format(layer=layer, function=function)
        return [Ask(path, layer, question.first, question.last)]

    def asks_of_view(self, view: Sequence[Question], cache: Connection) -> list[Sequence[Ask]]:
        """Return the same for each tile: nothing names what is known now."""
        return [self.asks(each) for each in view]

    def publish(self, publication: Publication) -> None:
        """Nothing: the rows are published once for all peers, by `publish_rows`."""

    def settle(self, publication: Publication) -> None:
        """Nothing: they read what is committed."""


def starts() -> dict[str, Start]:
    """Return how all servers that are on this machine are started, by name; ours first."""
    here = {
        "Martin": martin_binary() is not None,
        "tegola": shutil.which("tegola") is not None,
        "pg_tileserv": shutil.which("pg_tileserv") is not None,
        "tipg": find_spec("tipg") is not None,
    }
    known: dict[str, Start] = {
        "Martin": _martin,
        "tegola": _tegola,
        "pg_tileserv": _pg_tileserv,
        "tipg": _tipg,
    }
    return {ours.NAME: ours.start} | {name: start for name, start in known.items() if here[name]}


def absent() -> dict[str, str]:
    """Return how to get the servers that are not here, by name."""
    here = starts()
    return {name: how for name, how in HOW_TO_GET.items() if name not in here}


@contextmanager
def _martin(place: Place) -> Iterator[Arm]:
    port, config = free_port(), place.folder / "martin.yaml"
    config.write_text(_MARTIN.format(port=port, url=plain_url(place.dsn), pool=POOL, max_age=place.max_age))
    argv = [str(martin_binary()), "--config", str(config)]
    with _served("martin", argv, {}, place, f"http://127.0.0.1:{port}/health") as pid:
        yield Peer("Martin", place, port, pid, "/{function}/{tile}?{query}")


@contextmanager
def _tegola(place: Place) -> Iterator[Arm]:
    port, config = free_port(), place.folder / "tegola.toml"
    config.write_text(
        _TEGOLA.format(port=port, url=f"{place.dsn}&sslmode=disable", pool=POOL, max_age=place.max_age)
    )
    argv = ["tegola", "serve", "--config", str(config)]
    with _served("tegola", argv, {}, place, f"http://127.0.0.1:{port}/capabilities") as pid:
        yield Peer("tegola", place, port, pid, "/maps/{function}/{tile}.pbf?{query}")


@contextmanager
def _pg_tileserv(place: Place) -> Iterator[Arm]:
    port = free_port()
    more = {"DATABASE_URL": place.dsn, "TS_HTTPPORT": str(port), "TS_HTTPHOST": "127.0.0.1"}
    more |= {"TS_DBPOOLMAXCONNS": str(POOL), "TS_CACHETTL": str(place.max_age)}
    with _served("pg_tileserv", ["pg_tileserv"], more, place, f"http://127.0.0.1:{port}/index.json") as pid:
        yield Peer("pg_tileserv", place, port, pid, "/dated.{function}/{tile}.pbf?{query}")


@contextmanager
def _tipg(place: Place) -> Iterator[Arm]:
    port = free_port()
    more = {
        "DATABASE_URL": plain_url(place.dsn),
        "DB_MAX_CONN_SIZE": str(POOL),
        "TIPG_DB_SCHEMAS": '["dated_tipg"]',
        "TIPG_TILE_RESOLUTION": "4096",
        "TIPG_TILE_BUFFER": "64",
        "TIPG_SET_MVT_LAYERNAME": "true",
        "TIPG_CACHECONTROL": f"public, max-age={place.max_age}",
    }
    argv = [sys.executable, "-m", "uvicorn", "tipg.main:app", "--port", str(port), "--no-access-log"]
    with _served("tipg", argv, more, place, f"http://127.0.0.1:{port}/collections") as pid:
        template = "/collections/dated_tipg.{function}/tiles/WebMercatorQuad/{tile}?{query}"
        yield Peer("tipg", place, port, pid, template, layer="{function}")


@contextmanager
def _served(
    name: str, argv: Sequence[str], more: Mapping[str, str], place: Place, ready: str
) -> Iterator[int]:
    environment = {**os.environ, **more}
    with serving(argv, environment, place.folder, place.folder / f"{name}.log", ready) as pid:
        yield pid
