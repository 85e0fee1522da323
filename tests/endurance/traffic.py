"""Readers: which addresses they ask for, how many a second, and what is found of their answers."""

from __future__ import annotations

import asyncio
import json
import random
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple, Protocol

from tests.endurance.client import Pipe, Reply
from tests.endurance.news import TILE, Desk, beat_of
from tileserver.grid import address_at

_NEWS = 0.02  # of the requests
_CODINGS = ("gzip", "br", "zstd")
_KEPT = "200 204 304"

_KINDS = {ConnectionRefusedError: "refused", ConnectionResetError: "ended", TimeoutError: "no answer"}

Choose = Callable[[random.Random], str]
Judge = Callable[[str, Reply], None]


class Asked(Protocol):
    """Where readers ask, and the port of a server beside, whose answers theirs are compared with."""

    @property
    def port(self) -> int: ...
    @property
    def reference_port(self) -> int: ...


class Trouble(NamedTuple):
    """An error that a reader saw: when, by the steady clock, which kind (a status, or a word), and where."""

    at: float
    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.what}: {self.kind}"


@dataclass
class Found:
    """Findings about answers: latencies in seconds, statuses, and what was wrong, with examples."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    errors: list[Trouble] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    checked: int = 0
    asked_again: int = 0

    def percentile(self, share: float) -> float:
        """Milliseconds within which this *share* of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000 if ordered else 0.0

    def take(self) -> Found:
        """Return all findings, and begin anew."""
        taken = Found(**{name: getattr(self, name) for name in self.__dataclass_fields__})
        self.__init__()  # type: ignore[misc]
        return taken


class Subject(NamedTuple):
    """What readers look at: a theatre, its TileJSON, its public days, and the degrees where most happens."""

    theatre: str
    about: dict[str, Any]
    days: list[str]
    bounds: tuple[float, float, float, float]


def subject_of(stage: Asked) -> Subject:
    """The war where there is one, else the island."""
    theatre = "ukraine" if _get(stage, "/tilesets").find('"ukraine"') > 0 else "merrow"
    about = json.loads(_get(stage, f"/tilesets/{theatre}"))
    first, last = (date.fromisoformat(about["time"][name]) for name in ("first_day", "last_day"))
    days = [str(first + timedelta(days=n)) for n in range((last - first).days + 1)]
    bounds = (37.2, 47.2, 38.6, 48.9) if theatre == "ukraine" else (-30.4, 44.4, -28.4, 45.5)
    return Subject(theatre, about, days, bounds)


def readers_of(stage: Asked) -> Choose:
    """A mixture as of a day's readers: tiles of many dates around the front, history, documents."""
    theatre, about, days, (west, south, east, north) = subject_of(stage)
    days = days[-365:]
    tilesets = [theatre, f"{theatre}.{'control' if theatre == 'ukraine' else 'zones'}"]
    fixed = [
        f"/tilesets/{theatre}",
        f"/tilesets/{theatre}/timeline",
        f"/styles/{theatre}.json",
        "/tilesets",
        "/",
    ]
    low, high = about["minzoom"], min(about["maxzoom"], 12)

    def choose(chance: random.Random) -> str:
        if chance.random() < 0.02:
            return chance.choice(fixed)
        zoom = chance.choices(range(low, high + 1), [1 + (4 <= z <= 9) * 5 for z in range(low, high + 1)])[0]
        address = address_at(chance.uniform(west, east), chance.uniform(south, north), zoom)
        day = days[-1 - min(int(chance.expovariate(1 / 12)), len(days) - 1)]
        return f"/tiles/{chance.choice(tilesets)}/{address}.mvt?datetime={day}"

    return choose


def windows_of(stage: Asked) -> Choose:
    """Windows of events, each with limits of its own: nothing keeps them, and nothing renders them ahead."""
    theatre, about, days, (west, south, east, north) = subject_of(stage)
    layers = sorted(about["windows"])

    def choose(chance: random.Random) -> str:
        address = address_at(
            chance.uniform(west, east), chance.uniform(south, north), chance.randrange(3, 12)
        )
        start, end = sorted(chance.choices(days, k=2))
        limits = f"{start}T{chance.randrange(24):02}:00:00Z/{end}T23:{chance.randrange(60):02}:00Z"
        return f"/tiles/{theatre}.{chance.choice(layers)}/{address}.mvt?datetime={limits}"

    return choose


def night_of(stage: Asked) -> Choose:
    """A breaking night: all look at the newest day, some go back a few, around a few places."""
    inner = readers_of(stage)
    chance = random.Random(4)
    paths = [path for path in (inner(chance) for _ in range(4000)) if path.startswith("/tiles/")]
    newest = max(path.rpartition("=")[2] for path in paths)
    tiles = sorted({path.partition("?")[0] for path in paths if path.endswith(newest)})[:128]
    older = sorted({path for path in paths if not path.endswith(newest)})[:256]

    def choose(chance: random.Random) -> str:
        draw = chance.random()
        if draw < 0.6:
            return f"{chance.choice(tiles)}?datetime={newest}"
        return chance.choice(tiles) if draw < 0.8 else chance.choice(older)

    return choose


class Crowd:
    """Readers on *connections*, who ask *rate* times a second in all, or as fast as they can."""

    def __init__(self, stage: Asked, choose: Choose, desk: Desk, connections: int, sampled: int) -> None:
        self._stage, self._choose, self._desk = stage, choose, desk
        self._connections, self._sampled = connections, sampled
        self.found = Found()
        self.rate = float("inf")
        self.over = False
        self._next = 0.0
        self._beside = Pipe(stage.reference_port)
        self._checking = asyncio.Lock()
        self._checks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Ask until `over`."""
        self._next = time.monotonic()
        await asyncio.gather(*(self._reader(number) for number in range(self._connections)))
        await asyncio.gather(*self._checks)
        self._beside.close()

    async def measure(self, seconds: float) -> float:
        """Return the answers a second that come when all ask as fast as they can, for *seconds*."""
        self.rate, self.over, begun = float("inf"), False, time.monotonic()
        asking = asyncio.create_task(self.run())
        await asyncio.sleep(seconds)
        self.over = True
        await asking
        return len(self.found.take().latencies) / (time.monotonic() - begun)

    async def _reader(self, number: int) -> None:
        pipe, chance = Pipe(self._stage.port), random.Random(number)
        coding = f"Accept-Encoding: {chance.choice(_CODINGS)}\r\n"
        while not self.over:
            if self.rate != float("inf"):
                self._next = max(self._next + 1 / self.rate, time.monotonic() - 1)
                if (early := self._next - time.monotonic()) > 0:
                    await asyncio.sleep(early)
            if chance.random() < _NEWS:
                await self._ask(pipe, TILE, "Accept-Encoding: identity\r\n", self._judge_news)
            elif chance.randrange(self._sampled) == 0:
                path = self._choose(chance)
                await self._ask(pipe, path, "Accept-Encoding: identity\r\n", self._compare)
            else:
                await self._ask(pipe, self._choose(chance), coding, None)
        pipe.close()

    async def read(self, path: str) -> None:
        """Ask for *path* over a connection of its own, and have the answer compared."""
        pipe = Pipe(self._stage.port)
        await self._ask(pipe, path, "Accept-Encoding: identity\r\n", self._compare)
        pipe.close()

    async def _ask(self, pipe: Pipe, path: str, coding: str, judge: Judge | None) -> None:
        again = pipe.asked_again
        try:
            reply = await pipe.get(path, coding)
        except (OSError, TimeoutError) as error:
            kind = _KINDS.get(type(error), type(error).__name__)
            self.found.errors.append(Trouble(time.monotonic(), kind, path))
            return
        finally:
            self.found.asked_again += pipe.asked_again - again
        self.found.latencies.append(reply.seconds)
        self.found.statuses[str(reply.status)] += 1
        if str(reply.status) not in _KEPT and not (reply.status == 503 and path == TILE):
            what = f"{path} {reply.body[:200]!r}"
            self.found.errors.append(Trouble(reply.answered_at, str(reply.status), what))
        elif judge is not None and reply.status != 503:
            judge(path, reply)

    def _judge_news(self, path: str, reply: Reply) -> None:
        self.found.checked += 1
        beat = beat_of(reply.body)
        if self._desk.is_stale(beat, reply.asked_at, reply.answered_at):
            self.found.stale.append(f"{path} told {beat}; {self._desk.states[-3:]} at {reply.asked_at:.2f}")

    def _compare(self, path: str, reply: Reply) -> None:
        location = reply.header(b"content-location")
        if location and len(self._checks) < 200:
            self._checks.add(task := asyncio.create_task(self._compared(location, reply)))
            task.add_done_callback(self._checks.discard)

    async def _compared(self, location: str, reply: Reply) -> None:
        async with self._checking:
            try:
                other = await self._beside.get(location, "Accept-Encoding: identity\r\n")
            except (OSError, TimeoutError):
                return  # the one beside is busy, which says nothing of the other
        if other.status in (200, 204):
            self.found.checked += 1
            if other.body != reply.body:
                self.found.wrong.append(f"{location}: {len(reply.body)} bytes, apart {len(other.body)}")


def _get(stage: Asked, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.port}{path}") as answer:
        text: str = answer.read().decode()
        return text


def slope(numbers: Sequence[float]) -> float:
    """Return by how much the last quarter of *numbers* is above the second, on average."""
    quarter = len(numbers) // 4
    if not quarter:
        return 0.0
    late, early = numbers[-quarter:], numbers[quarter : 2 * quarter] or numbers[:quarter]
    return sum(late) / len(late) - sum(early) / len(early)
