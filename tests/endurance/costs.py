"""The dearest request of each kind: its processor time, its bound, and what a hundred clients of it do."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context

import uvloop

from tests.bench.processor import processor_seconds
from tests.endurance.client import Pipe
from tests.endurance.dearest import Kind, Public, public_of
from tests.endurance.stage import Stage
from tests.endurance.trial import say

_CLIENTS = 100
_SAMPLES = 40
_IDLE_S = 2.0
_GZIP = "Accept-Encoding: gzip\r\n"
_HEAD = (
    "kind               CPU ms alone, server + PostgreSQL: median, dearest"
    "   p99 ms of others: healthz, warm, cold  answered to 100 clients"
)


@dataclass(frozen=True, slots=True)
class Load:
    """Milliseconds of processors: of the server, of PostgreSQL."""

    server: float
    database: float

    @property
    def all(self) -> float:
        """The sum."""
        return self.server + self.database


async def table(stage: Stage, seconds: float, only: Sequence[str] = ()) -> None:
    """Print the table, a line a kind, each after the one before has ended; *only* these kinds, or all."""
    public = await public_of(stage.port)
    chance = random.Random(7)
    say(_HEAD)
    with ProcessPoolExecutor(1, get_context("spawn")) as apart:  # who measures is not busy asking
        calm = await _others(apart, stage, public, seconds)
        say(f"{'nobody else':18} {'':53} {_shown(calm)}")
        for kind in public.kinds():
            if only and kind.name not in only:
                continue
            loads = await _alone(stage, kind, chance)
            others, statuses = await _attacked(apart, stage, kind, public, seconds)
            middle, dearest = loads[len(loads) // 2], loads[-1]
            cost = ", ".join(f"{each.server:8.1f} +{each.database:8.1f}" for each in (middle, dearest))
            say(f"{kind.name:18} {cost:53} {_shown(others)}  {dict(statuses)}  {kind.bound}")


async def _alone(stage: Stage, kind: Kind, chance: random.Random) -> list[Load]:
    """Return what requests of a kind cost that nobody else disturbs, ascending; less what idleness costs."""
    idle, pipe, loads = await _idle(stage), Pipe(stage.port), []
    for number in range(_SAMPLES):
        begun, before = time.monotonic(), _spent(stage)
        with suppress(OSError, TimeoutError):
            await pipe.get(kind.path(chance), f"{_GZIP}X-Forwarded-For: 10.9.{number}.9\r\n")
            after, took = _spent(stage), time.monotonic() - begun
            loads.append(
                Load(
                    after.server - before.server - idle.server * took,
                    after.database - before.database - idle.database * took,
                )
            )
    pipe.close()
    return sorted(loads, key=lambda load: load.all) or [Load(float("nan"), float("nan"))]


async def _idle(stage: Stage) -> Load:
    """Return what both have a second while nobody asks."""
    before = _spent(stage)
    await asyncio.sleep(_IDLE_S)
    after = _spent(stage)
    return Load((after.server - before.server) / _IDLE_S, (after.database - before.database) / _IDLE_S)


def _spent(stage: Stage) -> Load:
    return Load(processor_seconds(stage.pid) * 1000, processor_seconds(stage.database_pid) * 1000)


async def _attacked(
    apart: ProcessPoolExecutor, stage: Stage, kind: Kind, public: Public, seconds: float
) -> tuple[dict[str, float], Counter[str]]:
    statuses: Counter[str] = Counter()

    async def client(number: int) -> None:
        pipe, own = Pipe(stage.port), f"{_GZIP}X-Forwarded-For: 10.{number}.7.7\r\n"
        chance = random.Random(f"{kind.name} {number}")
        while True:
            try:
                statuses[str((await pipe.get(kind.path(chance), own)).status)] += 1
            except (OSError, TimeoutError) as error:
                statuses[type(error).__name__] += 1

    clients = [asyncio.create_task(client(number)) for number in range(_CLIENTS)]
    await asyncio.sleep(1)
    others = await _others(apart, stage, public, seconds)
    for each in clients:
        each.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    await asyncio.sleep(1)
    return others, statuses


async def _others(
    apart: ProcessPoolExecutor, stage: Stage, public: Public, seconds: float
) -> dict[str, float]:
    return await asyncio.get_running_loop().run_in_executor(apart, measure, stage.port, public, seconds)


def measure(port: int, public: Public, seconds: float) -> dict[str, float]:
    """Return the p99, in milliseconds, of what others ask for during *seconds*; in a process of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure(port, public, seconds))


async def _measure(port: int, public: Public, seconds: float) -> dict[str, float]:
    chance = random.Random(time.monotonic_ns())
    warm = public.tile(chance)
    paths: dict[str, Callable[[], str]] = {
        "healthz": lambda: "/healthz",
        "warm": lambda: warm,
        "cold": lambda: public.tile(chance),
    }
    took: dict[str, list[float]] = {name: [] for name in paths}

    async def ask(name: str, path: Callable[[], str]) -> None:
        pipe, until, number = Pipe(port), time.monotonic() + seconds, count()
        while time.monotonic() < until:
            begun = time.monotonic()
            with suppress(OSError, TimeoutError):
                await pipe.get(path(), f"{_GZIP}X-Forwarded-For: 10.200.{next(number) % 250}.1\r\n")
            took[name].append(time.monotonic() - begun)
            await asyncio.sleep(0.02)
        pipe.close()

    await asyncio.gather(*(ask(name, path) for name, path in paths.items()))
    return {name: sorted(each)[int(len(each) * 0.99)] * 1000 for name, each in took.items()}


def _shown(others: dict[str, float]) -> str:
    return ", ".join(f"{value:8.1f}" for value in others.values())
