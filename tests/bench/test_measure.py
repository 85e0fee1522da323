"""Comparisons are of pairs, and no server has an advantage from its place in the order."""

from __future__ import annotations

import socketserver
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle

import pytest

from tests.bench.client import BROWSER, Connection, WrongAnswer, answer_bytes, ask_all, request_bytes
from tests.bench.measure import paired_ratio
from tests.bench.processor import family, processor_seconds
from tests.bench.questions import orders


def test_a_constant_ratio_is_found_however_the_machine_s_speed_wanders() -> None:
    under = [1.0, 7.0, 0.2, 30.0, 2.0]
    assert str(paired_ratio([2 * each for each in under], under)) == "2.00 (2.00-2.00)"


def test_the_interval_holds_one_where_neither_side_is_faster() -> None:
    ratio = paired_ratio([1, 2, 1, 2, 1, 2, 1.5], [2, 1, 2, 1, 2, 1, 1.5])
    assert ratio.low < 1 < ratio.high


@pytest.mark.parametrize("arms", [1, 2, 4])
def test_every_server_is_as_often_in_each_place(arms: int) -> None:
    places = Counter((place, arm) for order in orders(arms, 2 * arms * 3) for place, arm in enumerate(order))
    assert len(places) == arms * arms
    assert len(set(places.values())) == 1


def test_an_answer_that_is_no_tile_is_refused() -> None:
    with answering(b"200 OK", b"503 Busy") as port:
        connection = Connection(port)
        reply = connection.get("/")
        assert (reply.status, reply.size, reply.header("cache-status")) == (200, 4, "Hit")
        with pytest.raises(WrongAnswer, match="503"):
            connection.get("/")
        connection.close()


def test_many_connections_ask_each_question_once_and_count_what_is_no_tile() -> None:
    with answering(b"200 OK", b"204 No Content", b"429 Slow Down") as port:
        load = ask_all(port, [request_bytes(f"/{number}", BROWSER) for number in range(30)], 4)
    assert (load.answers, load.refused, load.size) == (30, 10, 80)


def test_an_answer_in_chunks_is_read_to_its_end_wherever_the_network_cut_it() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"4\r\ntile\r\n1a;why=none\r\n" + b"x" * 26 + b"\r\n0\r\n\r\n"
    sizes = {answer_bytes((head + body)[:size]) for size in range(len(head + body))}
    assert sizes == {None, len(head + body)}  # the end is known once the last chunk has begun
    assert answer_bytes(head + body + b"HTTP/1.1 200") == len(head + body)
    with answering(b"200 Chunked", b"200 OK") as port:
        connection = Connection(port)
        assert [connection.get("/").body for _ in range(2)] == [b"tile, in chunks", b"tile"]
        connection.close()


def test_the_processor_time_of_a_program_is_that_of_all_its_processes() -> None:
    busy = "import time\nwhile time.process_time() < 0.3: pass\nprint('done', flush=True)"
    outer = (
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy + chr(10) + 'input()'!r}])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", outer + "; input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"done\n"
        assert len(family(process.pid)) == 2
        assert processor_seconds(process.pid) >= 0.3
        process.communicate(b"\n\n")


@contextmanager
def answering(*statuses: bytes) -> Iterator[int]:
    """A server that answers with one of *statuses* after the other, over all connections; yields its port."""
    turn = cycle(statuses)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                if line == b"\r\n":
                    status = next(turn)
                    rest = b"" if status.startswith(b"204") else b"Content-Length: 4\r\n"
                    body = b"" if status.startswith(b"204") else b"tile"
                    if status.endswith(b"Chunked"):
                        rest = b"Transfer-Encoding: chunked\r\n"
                        body = b"4\r\ntile\r\nb\r\n, in chunks\r\n0\r\n\r\n"
                    self.wfile.write(b"HTTP/1.1 %b\r\n%bCache-Status: Hit\r\n\r\n%b" % (status, rest, body))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
