"""The walk of one dated tile of four layers: files, functions, moves and CPU, cold and warm.

``PYTHONPATH=CHECKOUT .venv/bin/python tests/bench/walk.py [--database DSN] [--list]`` measures any checkout
by the same script: only the application and HTTP are used. Without ``--database`` a private PostGIS is made
in a temporary folder and the samples are loaded into it; ``DSN`` names a database that has them already.

files, functions
    Of ``tileserver/``, entered by a call. Comprehensions belong to the function that they stand in.
moves
    Calls by which control passes into another file of ``tileserver/``; library frames between caller and
    called are looked through, and a task that the event loop or a thread begins is a move from outside.
cold, warm
    The first tile request of a server that has started and has become quiet; the same request again.
CPU
    Processor time of the process, all its threads, without PostgreSQL's: untraced, median of batches (warm)
    and of fresh applications (cold). Log lines are written, to nowhere. Compare ratios, not microseconds:
    the speed of a machine changes with what else runs on it.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import tileserver
from tileserver.web.app import app_from_environment

PACKAGE = f"{Path(tileserver.__file__).parent}{os.sep}"
TILE = "/tiles/western-front/6/32/22.mvt"
QUERY = b"datetime=1944-08-25"
HEADERS = [(b"host", b"127.0.0.1"), (b"accept-encoding", b"gzip, deflate, br, zstd"), (b"accept", b"*/*")]
COLD_RUNS, WARM_BATCHES, WARM_BATCH = 15, 20, 100

_traced: ContextVar[bool] = ContextVar("traced", default=False)  # inherited by tasks and threads of a request


@dataclass
class Walk:
    """The calls of one traced request: (file, function) of each, in order, and the file that it came from."""

    calls: list[tuple[str, str, str]] = field(default_factory=list)
    _frames: dict[int, FrameType] = field(default_factory=dict)  # kept, so that no id is used twice

    def profile(self, frame: FrameType, event: str, _argument: object) -> None:
        """Note a call into ``tileserver/``; a coroutine that goes on was noted when it began."""
        name = frame.f_code.co_filename
        if event != "call" or not name.startswith(PACKAGE) or id(frame) in self._frames or not _traced.get():
            return
        self._frames[id(frame)] = frame
        if not frame.f_code.co_name.startswith("<") or frame.f_code.co_name == "<lambda>":
            self.calls.append((name.removeprefix(PACKAGE), frame.f_code.co_qualname, _caller(frame)))

    @property
    def files(self) -> list[str]:
        """The files entered, in the order of their first call."""
        return list(dict.fromkeys(file for file, _, _ in self.calls))

    @property
    def functions(self) -> set[tuple[str, str]]:
        """The distinct functions called."""
        return {(file, function) for file, function, _ in self.calls}

    @property
    def moves(self) -> list[tuple[str, str, str]]:
        """The calls that came from another file."""
        return [call for call in self.calls if call[0] != call[2]]


def _caller(frame: FrameType) -> str:
    above = frame.f_back
    while above is not None and not above.f_code.co_filename.startswith(PACKAGE):
        above = above.f_back
    return "outside" if above is None else above.f_code.co_filename.removeprefix(PACKAGE)


@asynccontextmanager
async def started() -> AsyncIterator[Any]:
    """Run a fresh application from its start to its end; it is lent when it is ready and quiet."""
    app, inbox, outbox = app_from_environment(), asyncio.Queue[Any](), asyncio.Queue[Any]()
    life = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}}, inbox.get, outbox.put))
    await inbox.put({"type": "lifespan.startup"})
    await outbox.get()
    try:
        await _ready(app)
        await _quiet()
        yield app
    finally:
        await inbox.put({"type": "lifespan.shutdown"})
        await life


async def _ready(app: Any) -> None:
    for _ in range(100):
        if (await ask(app, "/readyz", b""))[0] == 200:
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the application was not ready within 10 s")


async def _quiet() -> None:
    busy = 1.0
    while busy > 0.003:
        before = time.process_time()
        await asyncio.sleep(0.2)
        busy = time.process_time() - before


async def ask(app: Any, path: str = TILE, query: bytes = QUERY) -> tuple[int, int]:
    """Send one GET request; return its status and the number of bytes of its body."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query, "root_path": "", "headers": HEADERS,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000), "state": {},
    }  # fmt: skip
    status, size, body = 0, 0, asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not body.is_set():
            body.set()
            return {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.sleep(3600)  # nobody hangs up
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, size
        status = message.get("status", status)
        size += len(message.get("body", b""))

    await app(scope, receive, send)
    return status, size


async def traced(app: Any) -> Walk:
    """Ask for the tile once and note every call on its way."""
    walk = Walk()

    async def asking() -> tuple[int, int]:
        _traced.set(True)
        return await ask(app)

    sys.setprofile(walk.profile)
    _Threads.profile = walk.profile
    status, _ = await asyncio.create_task(asking())
    sys.setprofile(None)
    _Threads.profile = None
    assert status == 200, status
    return walk


class _Threads:
    """What threads of the pool call: they are given their profiler when they begin, so it passes on."""

    profile: Any = None

    @classmethod
    def pass_on(cls, frame: FrameType, event: str, argument: object) -> None:
        if cls.profile is not None:
            cls.profile(frame, event, argument)


async def walks() -> tuple[Walk, Walk]:
    """Trace a cold request and a warm one."""
    threading.setprofile(_Threads.pass_on)
    async with started() as app:
        cold = await traced(app)
        await ask(app)
        warm = await traced(app)
    threading.setprofile(None)
    return cold, warm


async def cpu_us() -> tuple[float, float]:
    """Measure the CPU of a cold and of a warm request, in microseconds."""
    cold: list[float] = []
    warm: list[float] = []
    for _ in range(COLD_RUNS):
        async with started() as app:
            cold.append(await _spent(app, 1))
            await ask(app)
            if not warm:
                await _spent(app, WARM_BATCH)
                warm = [await _spent(app, WARM_BATCH) for _ in range(WARM_BATCHES)]
    return median(cold), median(warm)


async def _spent(app: Any, times: int) -> float:
    gc.collect()
    before = time.process_time()
    for _ in range(times):
        await ask(app)
    return (time.process_time() - before) / times * 1e6


@contextmanager
def samples() -> Iterator[str]:
    """Lend the address of a private PostGIS that has the samples."""
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "TILESERVER_DATA_DIR": folder, "DATABASE_URL": ""}

        def command(*words: str) -> str:
            argv = [sys.executable, "-m", "tileserver", *words]
            return subprocess.run(argv, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout

        dsn = command("db", "start").split("running; ")[1].strip()
        try:
            command("sample")
            yield dsn
        finally:
            command("db", "stop")


@contextmanager
def silent() -> Iterator[None]:
    """Send standard error to nowhere: a server's log lines are written, and nobody has to read them."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def report(cold: Walk, warm: Walk, cpu: tuple[float, float]) -> list[str]:
    """Return the lines of the table."""
    rows = [
        ("files", len(cold.files), len(warm.files)),
        ("functions", len(cold.functions), len(warm.functions)),
    ]
    rows += [
        ("moves", len(cold.moves), len(warm.moves)),
        ("microseconds of CPU", round(cpu[0]), round(cpu[1])),
    ]
    return [f"{'':24}{'cold':>8}{'warm':>8}", *(f"{name:24}{a:8}{b:8}" for name, a, b in rows)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Trace one dated tile of four layers, cold and warm.")
    parser.add_argument("--database", help="a database that has the samples")
    parser.add_argument("--list", action="store_true", help="list the moves in their order")
    asked = parser.parse_args()
    with samples() if asked.database is None else _given(asked.database) as dsn:
        os.environ["DATABASE_URL"] = dsn
        with silent():
            cold, warm = asyncio.run(walks())
            cpu = asyncio.run(cpu_us())
    print(f"{PACKAGE}: {TILE}?{QUERY.decode()}")
    print("\n".join(report(cold, warm, cpu)))
    for name, walk in (("cold", cold), ("warm", warm)) if asked.list else ():
        print(f"\n{name}: {' '.join(walk.files)}")
        print("\n".join(f"  {source} -> {file} {function}" for file, function, source in walk.moves))


@contextmanager
def _given(dsn: str) -> Iterator[str]:
    yield dsn


if __name__ == "__main__":
    main()
