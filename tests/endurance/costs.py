"""The dearest request of each kind: its processor time, its bound, and what a hundred clients of it do."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from tests.bench.processor import processor_seconds
from tests.endurance.client import Pipe
from tests.endurance.stage import Stage
from tests.endurance.trial import say
from tileserver.grid import address_at

_CLIENTS = 100
_SAMPLES = 5
_GZIP = "Accept-Encoding: gzip\r\n"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request: its name, what bounds it, and its paths, each of them not asked for before."""

    name: str
    bound: str
    path: Callable[[], str]


async def table(stage: Stage, seconds: float) -> None:
    """Print the table: a line a kind, each after the one before has ended."""
    kinds, tile = await _kinds(stage)
    say("kind                 CPU s: server + PostgreSQL  p99 ms of others: healthz, warm, cold   answered")
    calm = await _others(stage, tile, seconds / 2)
    say(f"{'nobody else':20} {'':27} {_shown(calm)}")
    for kind in kinds:
        server, database = await _cost(stage, kind)
        others, statuses = await _attacked(stage, kind, tile, seconds)
        cost = f"{server:.4f} + {database:.4f}"
        say(f"{kind.name:20} {cost:27} {_shown(others)}   {dict(statuses)}  {kind.bound}")


async def _kinds(stage: Stage) -> tuple[list[Kind], Callable[[], str]]:
    pipe = Pipe(stage.port)
    theatre = "ukraine" if b'"ukraine"' in (await pipe.get("/tilesets")).body else "merrow"
    layer = f"{theatre}.{'control' if theatre == 'ukraine' else 'zones'}"
    about = json.loads((await pipe.get(f"/tilesets/{theatre}")).body)["time"]
    pipe.close()
    first, last = about["first_day"], about["last_day"]
    numbers, chance = count(), random.Random(7)
    bounds = (33.0, 46.5, 39.0, 50.5) if theatre == "ukraine" else (-30.5, 44.4, -28.4, 45.5)

    def tile() -> str:
        at = address_at(chance.uniform(bounds[0], bounds[2]), chance.uniform(bounds[1], bounds[3]), 12)
        return f"/tiles/{layer}/{at}.mvt?datetime={last}T00:00:00.{next(numbers) % 10**6:06}Z"

    def moment() -> str:
        return f"{first}T{next(numbers) % 24:02}:00:00.{next(numbers) % 10**6:06}Z"

    return [
        Kind("changes, totals", "lane, deadline", lambda: f"/changes/{layer}/{moment()}/{last}.json"),
        Kind("changes, tile z0", "lane, cache", lambda: f"/changes/{layer}/{moment()}/{last}/0/0/0.mvt"),
        Kind("timeline", "kept", lambda: f"/tilesets/{theatre}/timeline"),
        Kind("km2", "lane", lambda: f"/tilesets/{layer}/km2.json?datetime={moment()}/{last}"),
        Kind("window of events", "pool", lambda: f"/tiles/{theatre}/5/19/11.mvt?datetime={moment()}/{last}"),
        Kind("state tile, cold", "pool", tile),
        Kind("TileJSON", "kept", lambda: f"/tilesets/{theatre}"),
    ], tile


async def _cost(stage: Stage, kind: Kind) -> tuple[float, float]:
    pipe, spent = Pipe(stage.port), []
    for number in range(_SAMPLES):
        before = processor_seconds(stage.pid), processor_seconds(stage.database_pid)
        try:
            await pipe.get(kind.path(), f"{_GZIP}X-Forwarded-For: 10.9.{number}.9\r\n")
        except (OSError, TimeoutError):
            continue
        spent.append(
            (processor_seconds(stage.pid) - before[0], processor_seconds(stage.database_pid) - before[1])
        )
    pipe.close()
    ordered = sorted(spent, key=sum)
    return ordered[len(ordered) // 2] if ordered else (float("nan"), float("nan"))


async def _attacked(
    stage: Stage, kind: Kind, tile: Callable[[], str], seconds: float
) -> tuple[dict[str, float], Counter[str]]:
    statuses: Counter[str] = Counter()

    async def client(number: int) -> None:
        pipe, own = Pipe(stage.port), f"{_GZIP}X-Forwarded-For: 10.{number}.7.7\r\n"
        while True:
            try:
                statuses[str((await pipe.get(kind.path(), own)).status)] += 1
            except (OSError, TimeoutError) as error:
                statuses[type(error).__name__] += 1

    clients = [asyncio.create_task(client(number)) for number in range(_CLIENTS)]
    await asyncio.sleep(1)
    others = await _others(stage, tile, seconds)
    for each in clients:
        each.cancel()
    await asyncio.gather(*clients, return_exceptions=True)
    await asyncio.sleep(1)
    return others, statuses


async def _others(stage: Stage, tile: Callable[[], str], seconds: float) -> dict[str, float]:
    """Return the p99, in milliseconds, of what others ask for during *seconds*."""
    warm = tile()
    paths: dict[str, Callable[[], str]] = {"healthz": lambda: "/healthz", "warm": lambda: warm, "cold": tile}
    took: dict[str, list[float]] = {name: [] for name in paths}

    async def ask(name: str, path: Callable[[], str]) -> None:
        pipe, until, number = Pipe(stage.port), time.monotonic() + seconds, count()
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
