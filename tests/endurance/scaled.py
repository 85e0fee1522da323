"""All that compose.yaml runs, as processes of this machine: servers, store, primary, standby and cache.

Each is started with the configuration of docker/, in which addresses and folders alone are others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.conftest import free_port
from tests.endurance.stage import Server
from tests.operate.compose import services
from tests.operate.nginx import Cache, cache_before
from tests.operate.postgres import Machine, Postgres, machine
from tests.stores import PROGRAMS, Store, store


@dataclass(frozen=True)
class Place:
    """The parts, and a server apart over the primary; *figures* are the ports of both servers' figures."""

    machine: Machine
    primary: Postgres
    standby: Postgres
    store: Store
    servers: list[Server]
    figures: list[int]
    apart: Server
    cache: Cache

    @property
    def port(self) -> int:
        """The port of readers."""
        return self.cache.port

    @property
    def reference_port(self) -> int:
        """The port of the server apart."""
        return self.apart.port


@contextmanager
def scaled_out(fill: Callable[[str], None], max_age_s: int, *options: str) -> Iterator[Place]:
    """Run everything over what *fill* imports into the address of a database.

    Dated answers are kept for *max_age_s* seconds; *options* are more of PostgreSQL's, both servers'.
    """
    with ExitStack() as running:
        own = running.enter_context(machine(*options))
        primary = own.primary()
        fill(primary.dsn)
        standby = own.standby(primary)
        own_options = [str(each) for each in services()["valkey"]["command"][1:]]
        kept = running.enter_context(store(PROGRAMS[0], *own_options, port=free_port()))
        settings = {
            "DATABASE_URL": primary.dsn,
            "DATABASE_READ_URL": _either(standby, primary),
            "TILESERVER_SHARED_CACHE": kept.url,
            "TILESERVER_TRUSTED_PROXIES": "127.0.0.1",
            "TILESERVER_PUBLIC_URL": "http://maps.example.org/",
            "TILESERVER_MAX_AGE": str(max_age_s),
        }
        figures = [free_port() for _ in "ab"]
        servers = [
            Server(free_port(), own.folder / f"{port}.log", settings | {"TILESERVER_METRICS": str(port)})
            for port in figures
        ]
        apart = Server(
            free_port(), own.folder / "apart.log", {"DATABASE_URL": primary.dsn, "TILESERVER_CACHE_MB": "64"}
        )
        for server in (*servers, apart):
            running.enter_context(server.running())
        folder = own.folder / "nginx"
        folder.mkdir()
        cache = running.enter_context(cache_before([each.port for each in servers], folder))
        yield Place(own, primary, standby, kept, servers, figures, apart, cache)


def _either(standby: Postgres, primary: Postgres) -> str:
    """The address of compose.yaml: the standby, or the primary where the standby does not answer."""
    said = services()["server-a"]["environment"]["DATABASE_READ_URL"]
    hosts = said.partition("@")[2].partition("/")[0]
    ports = {"standby": standby.port, "database": primary.port}
    where = ",".join(f"127.0.0.1:{ports[host]}" for host in hosts.split(","))
    return primary.dsn.replace(f"127.0.0.1:{primary.port}", where)
