"""Faults under load, by readers of a real server: errors seen, wrong bytes (none), seconds to recovery.

What may be seen is an error that says so (503, a connection that ends); what may not is another tile than the
one asked for, an old one, or a server that does not come back. The faults of tasks and layers are in
`tests.chaos`.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from tests.bench.processor import family
from tests.endurance.client import Pipe
from tests.endurance.news import Desk
from tests.endurance.stage import Stage
from tests.endurance.traffic import Crowd, Found, readers_of
from tests.endurance.trial import say
from tileserver.embedded.processes import processes_in

_RECOVERS_S = 30.0
_LASTS_S = 5.0

Fault = Callable[[Stage], Awaitable[None]]


async def _pause(stage: Stage) -> None:
    for number, seconds in ((signal.SIGSTOP, _LASTS_S), (signal.SIGCONT, 0.0)):
        for pid in processes_in(stage.cluster.pgdata):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        await asyncio.sleep(seconds)


async def _restart(stage: Stage) -> None:
    await asyncio.to_thread(stage.cluster.stop)
    await asyncio.sleep(1)
    await asyncio.to_thread(stage.cluster.start)


async def _kill(stage: Stage) -> None:
    os.kill(stage.database_pid, signal.SIGKILL)
    await asyncio.sleep(1)
    await asyncio.to_thread(stage.cluster.revive)


async def _kill_worker(stage: Stage) -> None:
    os.kill(_workers(stage)[-1], signal.SIGKILL)


def _workers(stage: Stage) -> list[int]:
    return [pid for pid in family(stage.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _shelf_file(stage: Stage) -> Path:
    return max((stage.folder / "shelf").glob("*.sqlite"), key=lambda file: file.stat().st_size)


async def _flip(stage: Stage) -> None:
    file, chance = _shelf_file(stage), random.Random(1)
    with file.open("r+b") as stream:
        for _ in range(200):
            at = chance.randrange(file.stat().st_size)
            stream.seek(at)
            byte = stream.read(1)
            stream.seek(at)
            stream.write(bytes([byte[0] ^ 1 << chance.randrange(8)]))


async def _truncate(stage: Stage) -> None:
    file = _shelf_file(stage)
    os.truncate(file, file.stat().st_size // 2)


def _held_connections(number: int, text: bytes, drip: bytes = b"") -> Fault:
    async def run(stage: Stage) -> None:
        lines: list[socket.socket] = []
        for _ in range(number):
            line = socket.socket()
            line.setblocking(False)
            with suppress(OSError):
                await asyncio.wait_for(
                    asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", stage.port)), 2
                )
                if text:
                    line.send(text)
            lines.append(line)
        until = time.monotonic() + _LASTS_S
        while time.monotonic() < until:
            for line in lines if drip else ():
                with suppress(OSError):
                    line.send(drip)
            await asyncio.sleep(1 if len(drip) == 1 else 0.01)
        for line in lines:
            line.close()

    return run


async def _cold_at_once(stage: Stage) -> None:
    choose, chance = readers_of(stage), random.Random(9)
    paths = [f"{choose(chance)}T00:00:00Z" for _ in range(900)]
    cold = [path for path in paths if path.startswith("/tiles/")][:500]

    async def ask(path: str) -> None:
        pipe = Pipe(stage.port)
        with suppress(OSError, TimeoutError):
            await pipe.get(path)
        pipe.close()

    await asyncio.gather(*map(ask, cold))


_HEAD = b"GET / HTTP/1.1\r\nHost: x\r\nX-Endless: "
FAULTS: dict[str, Fault] = {
    "PostgreSQL killed -9": _kill,
    "PostgreSQL paused": _pause,
    "PostgreSQL restarted": _restart,
    "shelf: bits flipped": _flip,
    "shelf: cut in half": _truncate,
    "a worker killed -9": _kill_worker,
    "5,000 idle connections": _held_connections(5000, b""),
    "4 endless headers": _held_connections(4, _HEAD, b"x" * 4096),
    "100 send a byte a second": _held_connections(100, _HEAD, b"x"),
    "500 cold at once, pool of 4": _cold_at_once,
}


async def breakage(stage: Stage) -> list[str]:
    """Let the server suffer each fault under load; print a line for each, and return what was wrong."""
    desk, failed = Desk(stage.dsn, stage.folder, 3600), list[str]()
    await asyncio.to_thread(desk.begin)
    crowd = Crowd(stage, readers_of(stage), desk, 16, 10)
    crowd.rate = 100
    asking = asyncio.create_task(crowd.run())
    await asyncio.sleep(5)
    say("fault                         answers  errors  wrong  checked  recovered after s")
    for name, fault in FAULTS.items():
        crowd.found.take()
        try:
            await fault(stage)
            seconds = await _recovered(stage, crowd)
        except (OSError, TimeoutError, IndexError, ValueError) as error:
            failed.append(f"{name}: {error!r}")
            continue
        found = crowd.found.take()
        wrong = found.wrong + found.stale + [each for each in found.errors if ": 500 " in each]
        failed += [f"{name}: {each}" for each in wrong[:3]]
        failed += [f"{name}: not well after {seconds:.0f} s"] if seconds >= _RECOVERS_S else []
        say(_line(name, found, len(wrong), seconds))
    crowd.over = True
    await asking
    desk.close()
    return failed


def _line(name: str, found: Found, wrong: int, seconds: float) -> str:
    answers, errors = len(found.latencies), len(found.errors)
    return f"{name:28}  {answers:7}  {errors:6}  {wrong:5}  {found.checked:7}  {seconds:17.1f}"


async def _recovered(stage: Stage, crowd: Crowd) -> float:
    """Return the seconds until a second went by in which all was well."""
    begun = since = time.monotonic()
    errors = len(crowd.found.errors)
    while time.monotonic() - since < 1 and time.monotonic() - begun < _RECOVERS_S:
        await asyncio.sleep(0.1)
        if len(crowd.found.errors) > errors or not await _is_ready(stage):
            errors, since = len(crowd.found.errors), time.monotonic()
    return since - begun


async def _is_ready(stage: Stage) -> bool:
    pipe = Pipe(stage.port)
    try:
        return (await pipe.get("/readyz")).status == 200
    except (OSError, TimeoutError):
        return False
    finally:
        pipe.close()
