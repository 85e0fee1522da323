"""Real Valkey and Redis servers for tests: whichever this machine has, alone on a socket or as a cluster."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.conftest import free_port

PROGRAMS = [path for name in ("valkey-server", "redis-server") if (path := shutil.which(name))]
_SLOTS = 16_384


class Store:
    """One server process, which may be stopped, paused and started again at the same address."""

    def __init__(self, program: str, folder: Path, *options: str, port: int = 0) -> None:
        self.socket, self.port = folder / "store.sock", port
        self.url = f"redis://127.0.0.1:{port}" if port else f"unix://{self.socket}"
        silent = ("--save", "", "--appendonly", "no", "--dir", str(folder), "--logfile", str(folder / "log"))
        where = ("--port", str(port), "--unixsocket", str(self.socket))
        self._argv = [program, *where, *silent, *options]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._process = subprocess.Popen(self._argv)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with self.client() as client:
                    client.ping()
                return
            except RedisError as error:
                if "auth" in str(error).lower():
                    return
                time.sleep(0.02)
        raise AssertionError("the store did not answer within 20 s")

    def stop(self) -> None:
        """Kill the server."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait(10)

    def pause(self, paused: bool) -> None:
        """Have the server stand still, or go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if paused else signal.SIGCONT)

    def client(self, **options: str) -> Redis:
        """A client of the test's own."""
        once = Retry(NoBackoff(), 0)
        return Redis(unix_socket_path=str(self.socket), socket_timeout=10, retry=once, **options)  # type: ignore[arg-type]


@contextmanager
def store(program: str, *options: str, port: int = 0) -> Iterator[Store]:
    """Run a server with *options* in a folder of its own; a socket's path has to be short."""
    folder = Path(tempfile.mkdtemp(prefix="ts-store-"))
    made = Store(program, folder, *options, port=port)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module", params=PROGRAMS)
def running_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A server of each kind, for all tests of a module."""
    with store(request.param) as running:
        yield running


@pytest.fixture
def empty_store(running_store: Store) -> Store:
    """The same, running, without a key or a bound."""
    with running_store.client() as client:
        client.flushall()
        client.config_set("maxmemory", 0)
    return running_store


@contextmanager
def cluster(program: str, size: int = 3) -> Iterator[list[Store]]:
    """Run a cluster of *size* primaries, and wait until it is whole."""
    folder = Path(tempfile.mkdtemp(prefix="ts-cluster-"))
    nodes = []
    try:
        for number in range(size):
            own = folder / str(number)
            own.mkdir()
            options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "500")
            nodes.append(Store(program, own, *options, port=free_port_for_bus()))
            nodes[-1].start()
        for number, node in enumerate(nodes):
            with node.client() as client:
                first, last = (_SLOTS * each // size for each in (number, number + 1))
                client.execute_command("CLUSTER", "ADDSLOTS", *range(first, last))
                client.execute_command("CLUSTER", "MEET", "127.0.0.1", nodes[0].port)
        for node in nodes:
            _until_whole(node, size)
        yield nodes
    finally:
        for node in nodes:
            node.stop()
        shutil.rmtree(folder, ignore_errors=True)


def free_port_for_bus() -> int:
    """A free port to which 10,000 can be added, as the nodes of a cluster do."""
    while (port := free_port()) > 50_000:
        os.sched_yield()
    return port


def _until_whole(node: Store, size: int) -> None:
    deadline = time.monotonic() + 20
    with node.client() as client:
        while time.monotonic() < deadline:
            info = str(client.execute_command("CLUSTER", "INFO"))
            if "cluster_state:ok" in info and f"cluster_known_nodes:{size}" in info:
                return
            time.sleep(0.05)
    raise AssertionError("the cluster was not whole within 20 s")
