"""Faults of what a server leans on, and of whoever asks it: how each is inflicted, and how it is mended."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import signal
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.endurance.news import Desk
from tests.endurance.stage import Stage
from tests.endurance.traffic import Choose, Crowd
from tileserver.embedded.processes import processes_in
from tileserver.store.connect import connect

_LASTS_S = 5.0
_SPARE = 8 * 1024 * 1024  # bytes that the log may grow by while nothing else can be written
_DAY_S = 86_400


@dataclass
class Scene:
    """A stage, its readers, its desk; *held* are connections that a fault keeps open."""

    stage: Stage
    crowd: Crowd
    desk: Desk
    cold: Choose
    held: list[socket.socket] = field(default_factory=list)


Act = Callable[[Scene], Awaitable[None]]


async def _nothing(scene: Scene) -> None:
    """Leave all as it is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault: what happens, for how long, how it ends, and what is right meanwhile.

    Readers may see errors of the kinds in *may*, and ``/readyz`` says what is in *says*, if anything. Of one
    that *is_deaf* no news can be published before the end.
    """

    name: str
    inflict: Act
    mend: Act = _nothing
    lasts_s: float = _LASTS_S
    may: frozenset[str] = frozenset()
    says: str = ""
    is_deaf: bool = False


async def _pause(scene: Scene) -> None:
    _signal_database(scene, signal.SIGSTOP)


async def _go_on(scene: Scene) -> None:
    _signal_database(scene, signal.SIGCONT)


def _signal_database(scene: Scene, number: signal.Signals) -> None:
    for pid in processes_in(scene.stage.cluster.pgdata):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


async def _shut_down(scene: Scene) -> None:
    os.kill(scene.stage.database_pid, signal.SIGINT)  # "fast", as its service manager does
    while processes_in(scene.stage.cluster.pgdata):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.05)


async def _kill(scene: Scene) -> None:
    os.kill(scene.stage.database_pid, signal.SIGKILL)


async def _start_database(scene: Scene) -> None:
    await asyncio.to_thread(scene.stage.cluster.revive)


async def _promote(scene: Scene) -> None:
    """Let the primary die, and after two seconds let the standby take its place."""
    await _kill(scene)
    standby = scene.stage.standby
    assert standby is not None
    await asyncio.sleep(2)
    connection = await connect(standby.dsn.replace("tileserver@", "postgres@"))
    await connection.execute("SELECT pg_promote()")
    await connection.close()
    scene.desk.dsn = standby.dsn


async def _kill_worker(scene: Scene) -> None:
    os.kill(scene.stage.server.workers[-1], signal.SIGKILL)


async def _kill_parent(scene: Scene) -> None:
    workers = scene.stage.server.workers
    scene.stage.server.kill()
    async with asyncio.timeout(_LASTS_S):
        while any(map(_is_there, workers)):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


def _is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def _start_server(scene: Scene) -> None:
    await asyncio.to_thread(scene.stage.server.start)


def _shelf_file(scene: Scene) -> Path:
    return max(scene.stage.shelf.glob("*.sqlite"), key=lambda file: file.stat().st_size)


async def _flip(scene: Scene) -> None:
    file, chance = _shelf_file(scene), random.Random(1)
    with file.open("r+b") as stream:
        for _ in range(200):
            at = chance.randrange(file.stat().st_size)
            stream.seek(at)
            byte = stream.read(1)
            stream.seek(at)
            stream.write(bytes([byte[0] ^ 1 << chance.randrange(8)]))


async def _cut(scene: Scene) -> None:
    file = _shelf_file(scene)
    os.truncate(file, file.stat().st_size // 2)


async def _fill(scene: Scene) -> None:
    """Leave no room on the shelf's disk, or where it has none of its own, no room for longer files."""
    if not scene.stage.shelf.is_mount():
        _limit_files(scene, _shelf_file(scene).stat().st_size)
        return
    with suppress(OSError), (scene.stage.shelf / "filler").open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))


async def _empty(scene: Scene) -> None:
    (scene.stage.shelf / "filler").unlink(missing_ok=True)
    if not scene.stage.shelf.is_mount():
        _limit_files(scene, resource.RLIM_INFINITY)


def _limit_files(scene: Scene, most: int) -> None:
    log = (scene.stage.folder / "server.log").stat().st_size
    soft = most if most == resource.RLIM_INFINITY else max(most, log + _SPARE)
    for pid in scene.stage.server.workers:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))


def _set_clock(seconds: int) -> Act:
    async def run(scene: Scene) -> None:
        scene.stage.clock.set_forward(seconds)

    return run


async def _lose_store(scene: Scene) -> None:
    assert scene.stage.store is not None
    scene.stage.store.stop()


async def _start_store(scene: Scene) -> None:
    assert scene.stage.store is not None
    await asyncio.to_thread(scene.stage.store.start)


def _still(paused: bool) -> Act:
    async def run(scene: Scene) -> None:
        assert scene.stage.store is not None
        scene.stage.store.pause(paused)

    return run


async def _slow_down(scene: Scene) -> None:
    """Have the store stand still for most of the time: what it answers, it answers late."""
    until = time.monotonic() + _LASTS_S
    while time.monotonic() < until:
        for paused, seconds in ((True, 0.3), (False, 0.02)):
            await _still(paused)(scene)
            await asyncio.sleep(seconds)


def _bound_store(most: int) -> Act:
    async def run(scene: Scene) -> None:
        assert scene.stage.store is not None
        with scene.stage.store.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", most)

    return run


def _hold(number: int, text: bytes, drip: bytes = b"") -> Act:
    async def run(scene: Scene) -> None:
        loop, lines = asyncio.get_running_loop(), scene.held
        for _ in range(number):
            lines.append(line := socket.socket())
            line.setblocking(False)
            with suppress(OSError):
                await asyncio.wait_for(loop.sock_connect(line, ("127.0.0.1", scene.stage.port)), 2)
                line.send(text)
        until = time.monotonic() + _LASTS_S
        while time.monotonic() < until:
            for line in lines if drip else ():
                with suppress(OSError):
                    line.send(drip)
            await asyncio.sleep(1 if len(drip) == 1 else 0.01)

    return run


async def _let_go(scene: Scene) -> None:
    while scene.held:
        scene.held.pop().close()


async def _cold_at_once(scene: Scene) -> None:
    chance = random.Random(9)
    async with asyncio.TaskGroup() as group:
        for _ in range(500):
            group.create_task(scene.crowd.read(scene.cold(chance)))


_HEAD = b"GET / HTTP/1.1\r\nHost: x\r\nX-Endless: "
_AWAY = frozenset({"503"})
_DIED = frozenset({"ended"})
ALONE = (
    Fault("PostgreSQL killed -9", _kill, _start_database, may=_AWAY, says="503", is_deaf=True),
    Fault("PostgreSQL paused", _pause, _go_on, 8, may=_AWAY, says="503", is_deaf=True),
    Fault("PostgreSQL restarted", _shut_down, _start_database, 2, may=_AWAY, is_deaf=True),
    Fault("shelf: bits flipped", _flip),
    Fault("shelf: cut in half", _cut),
    Fault("shelf: disk full", _fill, _empty, says="shelf"),
    Fault("clock: 3 days forward", _set_clock(3 * _DAY_S), _set_clock(0), says="clock"),
    Fault("clock: 3 days back", _set_clock(-3 * _DAY_S), _set_clock(0), says="clock"),
    Fault("a worker killed -9", _kill_worker, lasts_s=0, may=_DIED, is_deaf=True),
    Fault(
        "the parent killed -9", _kill_parent, _start_server, 0, _DIED | {"refused"}, "no answer", is_deaf=True
    ),
    Fault("5,000 idle connections", _hold(5000, b""), _let_go),
    Fault("4 endless headers", _hold(4, _HEAD, b"x" * 4096), _let_go),
    Fault("100 send a byte a second", _hold(100, _HEAD, b"x"), _let_go),
    Fault("500 cold at once, pool of 4", _cold_at_once, lasts_s=0, may=_AWAY),
)
SHARED = (
    Fault("shared tier: gone", _lose_store, _start_store, says="shared cache"),
    Fault("shared tier: stands still", _still(True), _still(False), says="shared cache"),
    Fault("shared tier: slow", _slow_down, _still(False), 0, says="shared cache"),
    Fault("shared tier: full", _bound_store(1), _bound_store(0), says="shared cache"),
)
STANDBY = (
    Fault("primary dies, replica promoted", _promote, may=_AWAY, says="tasks", lasts_s=0, is_deaf=True),
)
