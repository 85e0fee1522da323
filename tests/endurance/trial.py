"""A trial: readers and a desk at once for some minutes, a line of the table a minute, and a verdict."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.endurance.news import Desk
from tests.endurance.stage import Stage
from tests.endurance.traffic import Choose, Crowd, Found, slope

_HEAD = "minute  answers/s  p50 ms  p99 ms  errors  stale  wrong  checked  news  MB  PostGIS/s"
_LINE = "{:6.1f}  {:9.0f}  {:6.2f}  {:6.1f}  {:6}  {:5}  {:5}  {:7}  {:4}  {:4.0f}  {:9.1f}"
_GROWTH_MB, _GROWTH = 12.0, 0.05


@dataclass(frozen=True, slots=True)
class Terms:
    """How long and how hard: minutes, answers a second (0: *share* of what was measured), readers, news.

    *most_queries* is how many requests a second may reach PostgreSQL, 0 for any number.
    """

    minutes: float
    rate: float = 0.0
    share: float = 0.8
    connections: int = 64
    sampled: int = 50
    pause_s: float = 10.0
    most_queries: float = 0.0
    line_s: float = 60.0


@dataclass
class Verdict:
    """Findings of all minutes: what was wrong, with examples, and the figures for the last line."""

    answers: int = 0
    faults: list[str] = field(default_factory=list)
    p99s_ms: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    queries: list[float] = field(default_factory=list)

    def note(self, found: Found, memory_mb: float, queries: float) -> None:
        """Take up a minute."""
        self.answers += len(found.latencies)
        for name in ("errors", "stale", "wrong"):
            own: list[object] = getattr(found, name)
            self.faults += [f"{name}: {each}" for each in own[:5]]
        self.p99s_ms.append(found.percentile(0.99))
        self.memory_mb.append(memory_mb)
        self.queries.append(queries)


async def trial(stage: Stage, choose: Choose, terms: Terms) -> Verdict:
    """Run the trial and print its table, line by line."""
    desk, verdict = Desk(stage.dsn, stage.folder, terms.pause_s), Verdict()
    await asyncio.to_thread(desk.begin)
    crowd = Crowd(stage, choose, desk, terms.connections, terms.sampled)
    await crowd.measure(min(5.0, terms.line_s / 4))  # to warm up
    crowd.rate = terms.rate or max(10.0, terms.share * await crowd.measure(min(10.0, terms.line_s / 4)))
    crowd.over = False
    say(f"{crowd.rate:.0f} requests a second on {terms.connections} connections, {terms.minutes:g} minutes")
    say(_HEAD)
    asking = asyncio.create_task(crowd.run())
    begun = time.monotonic()
    while (elapsed := time.monotonic() - begun) < terms.minutes * 60 and not asking.done():
        before, since = await _rendered(stage), time.monotonic()
        await asyncio.sleep(min(terms.line_s, max(terms.minutes * 60 - elapsed, 0.1)))
        seconds, found = time.monotonic() - since, crowd.found.take()
        queries = (await _rendered(stage) - before) / seconds
        verdict.note(found, stage.memory_mb, queries)
        say(
            _LINE.format(
                (time.monotonic() - begun) / 60, len(found.latencies) / seconds, found.percentile(0.5),
                verdict.p99s_ms[-1], len(found.errors), len(found.stale), len(found.wrong), found.checked,
                desk.imports + desk.withdrawals, verdict.memory_mb[-1], queries,
            )
        )  # fmt: skip
    crowd.over = True
    await asking
    await asyncio.to_thread(desk.close)
    verdict.note(crowd.found.take(), stage.memory_mb, verdict.queries[-1])
    verdict.faults += faults_of(verdict, desk, terms)
    return verdict


def faults_of(verdict: Verdict, desk: Desk, terms: Terms) -> Iterable[str]:
    """Name what was wrong beside the answers: memory that grew, news that failed, too many queries."""
    grown = slope(verdict.memory_mb)
    if grown > max(_GROWTH_MB, _GROWTH * verdict.memory_mb[0]):
        yield f"memory: the last quarter is {grown:.0f} MB above the second"
    if desk.failure is not None:
        yield f"news: {desk.failure}"
    if not desk.withdrawals and terms.minutes * 60 > 10 * terms.pause_s:
        yield "news: nothing was withdrawn"
    middle = sorted(verdict.queries)[len(verdict.queries) // 2]
    if terms.most_queries and middle > terms.most_queries:
        yield f"queries: {middle:.1f} requests a second went to PostgreSQL; {terms.most_queries:g} may"


async def _rendered(stage: Stage) -> float:
    return await asyncio.to_thread(stage.figure, "tileserver_answers_total", 'tier="postgis"')


def conclude(verdict: Verdict, log: Path) -> int:
    """Print what was found; return the exit code."""
    for fault in verdict.faults[:40]:
        say(f"  {fault}")
    worst = max(verdict.p99s_ms, default=0.0)
    say(f"{verdict.answers} answers, worst p99 {worst:.0f} ms, {'FAILED' if verdict.faults else 'passed'}")
    if verdict.faults and log.exists():
        errors = [
            line for line in log.read_text().splitlines() if "error" in line and '"request"' not in line
        ]
        say("\n".join(line[:300] for line in errors[-10:]))
    return int(bool(verdict.faults))


def say(line: str) -> None:
    """Print *line* at once."""
    print(line, flush=True)
