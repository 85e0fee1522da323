"""Readers through the cache before two servers, before, during and after a publication: ``make simulate``.

All that compose.yaml runs is run over an invented archive. Readers of all kinds ask at a steady rate;
meanwhile the next day is imported, and a day of the week before corrected. Then each kind is priced.
"""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.bench.processor import processor_seconds
from tests.endurance.client import Pipe, Reply
from tests.endurance.figures import answers_of, seconds_with_ended
from tests.endurance.scaled import Place
from tests.endurance.sessions import Ask, Readers

_PIPES = 24
_QUIET_S = 8  # after which servers are done with what a publication made them do
_KEPT = re.compile(r"(?<![a-z-])max-age=(\d+)")
_SHARED = re.compile(r"s-maxage=(\d+)")
_STATEMENTS = "SELECT sum(calls) FROM pg_stat_statements"


@dataclass(frozen=True, slots=True)
class Work:
    """Work up to an instant of the steady clock: processor seconds, statements, answers of servers."""

    at: float
    servers: float
    cache: float
    store: float
    primary: float
    standby: float
    statements: int
    answers: int
    drawn: int

    def since(self, before: Work) -> Work:
        """Return what was done since *before*."""
        return Work(*(getattr(self, name) - getattr(before, name) for name in self.__slots__))


async def work_of(place: Place, *, counted: bool = True) -> Work:
    """Return what all parts have done so far; to be *counted* costs servers a tenth of a second."""
    ports = place.figures if counted else []
    said = [await asyncio.to_thread(answers_of, port) for port in ports]
    databases = place.primary, place.standby
    called = [int(await asyncio.to_thread(own.psql, _STATEMENTS)) for own in databases]
    return Work(
        time.monotonic(),
        sum(seconds_with_ended(server.pid) for server in place.servers),
        processor_seconds(place.cache.master.pid),
        processor_seconds(place.store.pid),
        seconds_with_ended(place.primary.pid),
        seconds_with_ended(place.standby.pid),
        sum(called),
        sum(own.asked for own in said),
        sum(own.drawn for own in said),
    )


@dataclass
class Found:
    """What readers found: answers by kind, those of them from the cache, bytes, seconds, what was wrong."""

    asked: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    ages: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))

    def add(self, kind: str, reply: Reply) -> None:
        """Note an answer."""
        self.asked[kind] += 1
        self.kept[kind] += b"nginx; hit" in reply.head
        self.sizes[kind] += len(reply.body) + len(reply.head)
        self.latencies.append(reply.seconds)
        if reply.status in (200, 204, 206):
            self.ages[kind].add(kept_seconds(reply.header(b"cache-control")))
        else:
            self.errors[f"{kind} {reply.status}"] += 1

    def percentile_ms(self, percent: int) -> float:
        """Return the milliseconds within which so many of a hundred answers came."""
        return 1000 * statistics.quantiles(self.latencies or [0.0, 0.0], n=100)[percent - 1]


def kept_seconds(control: str) -> int:
    """Return for how long a shared cache keeps an answer of this ``Cache-Control``; 0: it does not."""
    if "no-cache" in control or "no-store" in control or "private" in control:
        return 0
    found = _SHARED.search(control) or _KEPT.search(control)
    return int(found[1]) if found else 0


@dataclass(frozen=True)
class Phase:
    """A while: what readers found, and what the parts did for it."""

    name: str
    found: Found
    work: Work

    @property
    def asked(self) -> int:
        """Requests of readers."""
        return self.found.asked.total()

    @property
    def share_kept(self) -> float:
        """Share of them that the cache answered."""
        return self.found.kept.total() / max(self.asked, 1)


class Crowd:
    """Readers who ask the cache *rate* times a second in all, session after session."""

    def __init__(self, place: Place, readers: Readers, rate: float) -> None:
        self.place, self.readers, self._rate = place, readers, rate
        self.found, self.over = Found(), False
        self.seen = set[str]()
        self._names: dict[str, str] = {}
        self._next = 0.0
        self._chance = random.Random(5)

    async def run(self) -> None:
        """Ask until `over`."""
        self._next = time.monotonic()
        await asyncio.gather(*(self._reader() for _ in range(_PIPES)))

    async def phase(self, name: str, seconds: float, until: asyncio.Task[object] | None = None) -> Phase:
        """Return what is found in *seconds*, and until a task has ended."""
        self.found, before = Found(), await work_of(self.place)
        await asyncio.sleep(seconds)
        if until is not None:
            await until
        found, after = self.found, await work_of(self.place)
        return Phase(name, found, after.since(before))

    async def _reader(self) -> None:
        pipe = Pipe(self.place.port)
        while not self.over:
            for ask in self.readers.session(self._chance):
                if self.over:
                    break
                await self._ask(pipe, ask)
        pipe.close()

    async def _ask(self, pipe: Pipe, ask: Ask) -> None:
        if ask.kind == "immutable" and ask.path not in self._names:
            ask = ask._replace(kind="dated")
        self._next = max(self._next + 1 / self._rate, time.monotonic() - 1)
        await asyncio.sleep(max(self._next - time.monotonic(), 0))
        found, path = self.found, self._names.get(ask.path, "") if ask.kind == "immutable" else ask.path
        self.seen.add(ask.path)
        try:
            reply = await pipe.get(path, ask.headers)
        except (OSError, TimeoutError) as error:
            found.errors[type(error).__name__] += 1
            return
        found.add(ask.kind, reply)
        if ask.kind == "dated" and (name := reply.header(b"content-location")):
            self._names[ask.path] = name


async def priced(
    place: Place, asks: Iterator[Ask], number: int, again: int
) -> dict[str, tuple[Work, Work, int]]:
    """Ask the first server for *number* answers of each kind once, and then *again* times.

    Returns the work of both, and of how many answers.
    """
    pipe, chosen = Pipe(place.servers[0].port), defaultdict[str, dict[str, Ask]](dict)
    for _ in range(number * 1000):
        ask = next(asks)
        if len(chosen[ask.kind]) < number:
            chosen[ask.kind].setdefault(ask.path, ask)
    found = {}
    await asyncio.sleep(_QUIET_S)
    for kind, own in sorted(chosen.items()):
        begun = await work_of(place, counted=False)
        for ask in own.values():
            await pipe.get(ask.path, ask.headers)
        first = await work_of(place, counted=False)
        for ask in [*own.values()] * again:
            await pipe.get(ask.path, ask.headers)
        found[kind] = first.since(begun), (await work_of(place, counted=False)).since(first), len(own)
    pipe.close()
    return found


async def hit_s(port: int, pid: int, path: str, number: int = 2_000) -> float:
    """Return the processor seconds that nginx of *pid* at *port* takes for an answer that it has."""
    pipe, headers = Pipe(port), "Accept-Encoding: br\r\n"
    await pipe.get(path, headers)
    begun, hits = processor_seconds(pid), 0
    for _ in range(number):
        hits += b"nginx; hit" in (await pipe.get(path, headers)).head
    pipe.close()
    assert hits > 0.9 * number
    return (processor_seconds(pid) - begun) / number
