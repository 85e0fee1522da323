"""Any part of the scaled-out set is killed while readers ask through the cache.

Every answer is compared with what it has to be.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import brotli

from tests.endurance.client import Pipe, Reply
from tests.endurance.news import TILE, Desk, beat_of
from tests.endurance.scaled import Place
from tests.endurance.traffic import Subject, subject_of
from tests.endurance.trial import say
from tileserver.grid import address_at

MAX_AGE_S = 2
_TILESETS = ("merrow.zones", "merrow.battles")  # notes are news
_READERS = 16
_COLD = 0.15  # of the requests, for what nobody asked before
_PATIENCE_S = 60.0
_KINDS = {ConnectionRefusedError: "refused", ConnectionResetError: "ended", TimeoutError: "no answer"}
_HEAD = (
    "killed            asked  again  errors by status       last error s  whole s  news s  wrong  compared"
    "  from the cache"
)
LEGEND = """\
asked: requests from the kill until all was whole again. again: those that a client repeated by itself, as
its connection had ended. errors: what readers saw in place of an answer. last
error: seconds from the kill to the last of them. whole: seconds from the restart until every part says
that it is well. news: seconds from a publication after that until the cache tells it, which keeps for 2 s.
wrong: answers whose bytes are not those of a server apart that reads the same data; all are compared."""


@dataclass(frozen=True)
class Kill:
    """A part, how it is killed, and how it is started again."""

    name: str
    kill: Callable[[Place], None]
    start: Callable[[Place], None]


def _nothing(place: Place) -> None:
    """Leave it to whoever watches over it."""


KILLS = (
    Kill("server a", lambda on: on.servers[0].kill(), lambda on: on.servers[0].start()),
    Kill("server b", lambda on: on.servers[1].kill(), lambda on: on.servers[1].start()),
    Kill("store", lambda on: on.store.stop(), lambda on: on.store.start()),
    Kill("standby", lambda on: on.standby.kill(), lambda on: on.standby.start()),
    Kill("primary", lambda on: on.primary.kill(), lambda on: on.primary.start()),
    Kill("nginx worker", lambda on: on.cache.kill_worker(), _nothing),
)


@dataclass
class Found:
    """What readers found since a moment of the steady clock."""

    since: float = field(default_factory=time.monotonic)
    asked: int = 0
    compared: int = 0
    kept: int = 0
    again: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    last_error: float = 0.0
    wrong: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    def failed(self, kind: str, path: str, said: bytes = b"") -> None:
        """Note an error of *kind* at *path*, and what was *said*."""
        self.errors[kind] += 1
        self.examples.append(f"{kind} {path} {said[:300]!r}")
        self.last_error = time.monotonic()


@dataclass
class Outcome:
    """What became of a kill; seconds as in `LEGEND`."""

    name: str
    found: Found
    whole_s: float
    news_s: float

    @property
    def line(self) -> str:
        """A line of the matrix."""
        found = self.found
        told = " ".join(f"{kind}: {number}" for kind, number in sorted(found.errors.items())) or "none"
        last = f"{found.last_error - found.since:.1f}" if found.errors else ""
        share = f"{found.kept / max(found.asked, 1):.0%}"
        return (
            f"{self.name:16}  {found.asked:5}  {found.again:5}  {told:21}  {last:>12}"
            f"  {self.whole_s:7.1f}  {self.news_s:6.1f}"
            f"  {len(found.wrong):5}  {found.compared:8}  {share:>14}"
        )


class Readers:
    """Readers who ask the cache at a rate, and compare each answer with the one that was expected."""

    def __init__(self, place: Place, rate: float, cold: int) -> None:
        self._place, self._rate = place, rate
        subject, chance = subject_of(place), random.Random(7)
        self._warm = sorted({_dated(subject, chance) for _ in range(300)})
        self._cold = sorted({_window(subject, chance) for _ in range(cold)}, key=hash)
        self._expected: dict[str, str] = {}
        self._next = 0.0
        self.found = Found()
        self.over = False

    async def learn(self) -> None:
        """Ask the server apart for everything that will be asked."""
        pipe = Pipe(self._place.reference_port)
        for path in (*self._warm, *self._cold):
            self._expected[path] = _digest(await pipe.get(path))
        pipe.close()

    async def run(self) -> None:
        """Ask until `over`."""
        self._next = time.monotonic()
        await asyncio.gather(*(self._reader(number) for number in range(_READERS)))

    async def _reader(self, number: int) -> None:
        pipe, chance = Pipe(self._place.port), random.Random(number)
        coding = ("identity", "gzip", "br")[number % 3]
        while not self.over:
            self._next = max(self._next + 1 / self._rate, time.monotonic() - 1)
            await asyncio.sleep(max(self._next - time.monotonic(), 0))
            is_cold = bool(self._cold) and chance.random() < _COLD
            await self._ask(pipe, self._cold.pop() if is_cold else chance.choice(self._warm), coding)
        pipe.close()

    async def _ask(self, pipe: Pipe, path: str, coding: str) -> None:
        found = self.found
        found.asked += 1
        again = pipe.asked_again
        try:
            reply = await pipe.get(path, f"Accept-Encoding: {coding}\r\n")
        except (OSError, TimeoutError) as error:
            found.failed(_KINDS.get(type(error), type(error).__name__), path)
            return
        finally:
            found.again += pipe.asked_again - again
        found.kept += b"nginx; hit" in reply.head
        if reply.status not in (200, 204):
            found.failed(str(reply.status), path, reply.body)
            return
        found.compared += 1
        if _digest(reply) != self._expected[path]:
            found.wrong.append(f"{path} ({coding}): {reply.status}, {len(reply.body)} bytes")


def _dated(subject: Subject, chance: random.Random) -> str:
    west, south, east, north = subject.bounds
    place = address_at(chance.uniform(west, east), chance.uniform(south, north), chance.randrange(4, 10))
    day = chance.choice(subject.days[-60:])
    return f"/tiles/{chance.choice(_TILESETS)}/{place}.mvt?datetime={day}"


def _window(subject: Subject, chance: random.Random) -> str:
    west, south, east, north = subject.bounds
    place = address_at(chance.uniform(west, east), chance.uniform(south, north), chance.randrange(4, 10))
    first, last = sorted(chance.choices(subject.days, k=2))
    limits = f"{first}T{chance.randrange(23):02}:{chance.randrange(60):02}:00Z/{last}T23:00:00Z"
    return f"/tiles/merrow.battles/{place}.mvt?datetime={limits}"


def _digest(reply: Reply) -> str:
    coding, body = reply.header(b"content-encoding"), reply.body
    if coding == "gzip":
        body = gzip.decompress(body)
    elif coding == "br":
        body = brotli.decompress(body)
    return f"{reply.status} {hashlib.sha256(body).hexdigest()}"


async def matrix(place: Place, kills: tuple[Kill, ...], *, rate: float, away_s: float) -> list[Outcome]:
    """Kill each part for *away_s* seconds, while readers ask *rate* times a second; print a line for each."""
    desk = Desk(place.primary.dsn, place.machine.folder, 3600)
    await asyncio.to_thread(desk.begin)
    readers = Readers(place, rate, int(len(kills) * (away_s + 12) * rate * _COLD))
    await readers.learn()
    asking = asyncio.create_task(readers.run())
    await _whole(place)
    await asyncio.sleep(2)
    say(_HEAD)
    outcomes = []
    for each in kills:
        outcomes.append(outcome := await _suffered(place, readers, desk, each, away_s))
        say(outcome.line)
    readers.over = True
    await asking
    await asyncio.to_thread(desk.close)
    return outcomes


async def _suffered(place: Place, readers: Readers, desk: Desk, each: Kill, away_s: float) -> Outcome:
    readers.found = found = Found()
    await asyncio.to_thread(each.kill, place)
    await asyncio.sleep(away_s)
    started = time.monotonic()
    await asyncio.to_thread(each.start, place)
    await _whole(place)
    whole_s = time.monotonic() - started
    return Outcome(each.name, found, whole_s, await _seconds_to_tell(place, desk))


async def _whole(place: Place) -> None:
    """Wait until every part says that it is well; `TimeoutError` where one does not."""
    ports = (*(server.port for server in place.servers), place.port)
    async with asyncio.timeout(_PATIENCE_S):
        while not await _are_well(place, ports):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)


async def _are_well(place: Place, ports: Sequence[int]) -> bool:
    return await asyncio.to_thread(_streams, place) and all([await _is_well(port) for port in ports])


def _streams(place: Place) -> bool:
    with suppress(AssertionError):
        return place.primary.psql("SELECT state FROM pg_stat_replication") == "streaming"
    return False


async def _is_well(port: int) -> bool:
    pipe = Pipe(port)
    with suppress(OSError, TimeoutError):
        reply = await pipe.get("/readyz")
        pipe.close()
        return reply.status == 200 and json.loads(reply.body)["status"] == "ok"
    return False


async def _seconds_to_tell(place: Place, desk: Desk) -> float:
    """Publish a note, and return the seconds until the cache tells it."""
    state = await asyncio.to_thread(desk.publish_next)
    pipe, plain = Pipe(place.port), "Accept-Encoding: identity\r\n"
    async with asyncio.timeout(_PATIENCE_S):
        while beat_of((await pipe.get(TILE, plain)).body) != state.beat:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
    pipe.close()
    return time.monotonic() - state.done_at
