"""A server that ends, or begins anew, breaks off nothing, and keeps nobody who only waits."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import ROOT, free_port

pytestmark = pytest.mark.db

DEPTH = "/tilesets"


@contextmanager
def serving(**environment: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A server process, ready, and its port."""
    port = free_port()
    changes = {"PORT": str(port), "TILESERVER_LOG": "json", "NO_PROGRESS": "1", **environment}
    argv = [sys.executable, "-m", "tileserver", "serve"]
    server = subprocess.Popen(argv, env={**os.environ, **changes}, cwd=ROOT)
    try:
        wait_until(lambda: status(port, "/readyz") == 200)
        yield port, server
    finally:
        server.terminate()
        server.wait(30)


def status(port: int, path: str) -> int:
    """The status of an answer on a connection of its own; 0 where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def wait_until(holds: Callable[[], object], within_s: float = 40) -> None:
    """Wait until *holds*."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def workers_of(server: subprocess.Popen[bytes]) -> set[int]:
    """The processes that *server* began to answer requests, by their numbers."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return {int(each) for each in children if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()}


@dataclass
class Reader:
    """A client that asks on, on a kept connection, and opens another where that was closed."""

    port: int
    answered: int = 0
    reopened: int = 0
    failures: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Ask until told to stop."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        is_new = True
        while not self.done.is_set():
            try:
                connection.request("GET", DEPTH)
                answer = connection.getresponse()
                answer.read()
            except (ConnectionError, http.client.RemoteDisconnected) as error:
                if is_new:  # a kept connection may end between two answers, a new one may not
                    self.failures.append(repr(error))
                connection.close()
                is_new = True
                self.reopened += 1
                continue
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                break
            if answer.status != 200:
                self.failures.append(str(answer.status))
            is_new = answer.will_close
            self.reopened += is_new
            self.answered += 1
            time.sleep(0.005)
        connection.close()


@contextmanager
def readers(port: int, number: int = 3) -> Iterator[list[Reader]]:
    """Readers that ask on, and are told to stop in the end."""
    asking = [Reader(port) for _ in range(number)]
    threads = [threading.Thread(target=each.run, daemon=True) for each in asking]
    for thread in threads:
        thread.start()
    yield asking
    for each in asking:
        each.done.set()
    for thread in threads:
        thread.join(30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_that_is_told_to_end_waits_for_nobody_who_only_waits(database: str, number: int) -> None:
    with serving(DATABASE_URL=database) as (port, server):
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        idle[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        used = http.client.HTTPConnection("127.0.0.1", port)
        used.request("GET", "/healthz")
        used.getresponse().read()
        started = time.monotonic()
        server.send_signal(number)
        server.wait(20)
        assert time.monotonic() - started < 4
        used.close()
        for each in idle:
            each.close()


def test_a_request_on_its_way_is_answered_when_the_server_ends(database: str) -> None:
    with serving(DATABASE_URL=database) as (port, server):
        line = http.client.HTTPConnection("127.0.0.1", port)
        line.request("GET", "/healthz")
        line.getresponse().read()
        server.terminate()
        time.sleep(0.25)
        line.request("GET", "/tilesets")
        answer = line.getresponse()
        assert (answer.status, answer.getheader("connection")) == (200, "close")
        assert answer.read()
        line.close()


def test_a_server_that_begins_anew_loses_no_connection(database: str) -> None:
    with serving(DATABASE_URL=database) as (port, server), readers(port) as asking:
        wait_until(lambda: all(each.answered > 20 for each in asking))
        before = [each.answered for each in asking]
        server.send_signal(signal.SIGHUP)
        wait_until(lambda: all(each.reopened for each in asking) or any(each.failures for each in asking), 20)
        reached = [each.answered for each in asking]
        wait_until(lambda: all(a.answered > b + 20 for a, b in zip(asking, reached, strict=True)))
        assert server.poll() is None
        assert [each.failures for each in asking] == [[]] * len(asking)
        assert all(a > b for a, b in zip(reached, before, strict=True))


def test_workers_begin_anew_one_after_the_other_and_a_killed_one_is_replaced(database: str) -> None:
    with serving(DATABASE_URL=database, WORKERS="2") as (port, server), readers(port) as asking:
        wait_until(lambda: all(each.answered > 20 for each in asking))
        first = workers_of(server)
        assert len(first) == 2
        server.send_signal(signal.SIGHUP)
        wait_until(lambda: len(workers_of(server)) == 2 and not workers_of(server) & first)
        assert [each.failures for each in asking] == [[]] * len(asking)
        second = workers_of(server)
        for each in asking:
            each.done.set()
        os.kill(min(second), signal.SIGKILL)
        wait_until(lambda: len(workers_of(server)) == 2 and workers_of(server) != second)
        wait_until(lambda: all(status(port, "/readyz") == 200 for _ in range(10)))
        started = time.monotonic()
        server.terminate()
        server.wait(20)
        assert time.monotonic() - started < 6


def test_a_worker_that_dies_while_it_is_asked_whether_it_lives_is_replaced_at_once(database: str) -> None:
    with serving(DATABASE_URL=database, WORKERS="2") as (_, server):
        first = workers_of(server)
        stopped = min(first)
        os.kill(stopped, signal.SIGSTOP)
        time.sleep(1.5)  # its parent asks twice a second
        os.kill(stopped, signal.SIGKILL)
        wait_until(lambda: len(workers_of(server)) == 2 and stopped not in workers_of(server), 10)


def test_no_worker_outlives_a_parent_that_was_killed(database: str) -> None:
    with serving(DATABASE_URL=database, WORKERS="2") as (port, server):
        workers = workers_of(server)
        server.kill()
        server.wait(10)
        wait_until(lambda: not any(Path(f"/proc/{each}").exists() for each in workers), 10)
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_a_socket_that_is_handed_over_is_served(database: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        command = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3, inheritable=True); os.environ['LISTEN_FDS'] = '1';"
            "os.environ['LISTEN_PID'] = str(os.getpid());"
            "os.execv(sys.executable, [sys.executable, '-m', 'tileserver', 'serve'])"
        )
        server = subprocess.Popen(
            [sys.executable, "-c", command, str(door.fileno())],
            env={**os.environ, "DATABASE_URL": database, "PORT": "1", "NO_PROGRESS": "1"},
            cwd=ROOT,
            pass_fds=[door.fileno()],
        )
        try:
            port = door.getsockname()[1]
            assert status(port, "/healthz") == 200, "who comes early waits"
        finally:
            server.terminate()
            server.wait(20)
