"""Faults under load, by readers of a real server: what they saw, what was wrong, and when all was well again.

What may be seen is an error that says so (503, a connection that ends); what may not is another tile than
the one asked for, an old one, one that is not public yet, or a server that does not come back. The faults of
tasks and layers are in `tests.chaos`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tests.endurance.client import Pipe
from tests.endurance.faults import Fault, Scene
from tests.endurance.news import SECRET, SECRET_TILE, Desk
from tests.endurance.stage import Stage
from tests.endurance.traffic import Choose, Crowd, Found, readers_of, windows_of
from tests.endurance.trial import say
from tests.endurance.workers import seconds_to_follow

_RECOVERS_S = 30.0  # looked at for so long
_WELL_S = 10.0  # that it may take
_RATE = 100.0  # requests a second
_COLD = 0.1  # of them, which nobody asked for before
_PATIENCE_S = 2.0  # for /readyz
_SAYS = ("unavailable", "behind", "clock", "shelf", "shared cache", "tasks")
_HEAD = (
    "fault                           lasted  answers  again  wrong  checked  errors           first s  last s"
    "  well s  news s  /readyz said"
)
_LINE = "{:30}  {:6.1f}  {:7}  {:5}  {:5}  {:7}  {:15}  {:>7}  {:>6}  {:>6}  {:>6}  {}"
LEGEND = """\
lasted: seconds from the fault's beginning to its end. again: requests that a client repeated by itself, as
the connection had ended. wrong: answers of other bytes, stale, or 500. first, last: when readers saw an
error, in seconds after the end of the fault. well: seconds from that end until a whole second went by in
which all was right (1.0 is at once). news: seconds until each worker told a note that was published, during
the fault where that can be, else after it."""


@dataclass
class Outcome:
    """What became of a fault; instants are of the steady clock, *well_s* and *news_s* as in `LEGEND`."""

    fault: Fault
    begun_at: float
    ended_at: float = 0.0
    well_s: float = float("inf")
    news_s: float = float("inf")
    found: Found = field(default_factory=Found)
    said: set[str] = field(default_factory=set)
    trouble: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """A line of the table."""
        found, errors = self.found, sorted(trouble.at for trouble in self.found.errors)
        kinds = Counter(trouble.kind for trouble in found.errors)
        told = " ".join(f"{kind}: {number}" for kind, number in sorted(kinds.items())) or "none"
        first, last = (f"{at - self.ended_at:+.1f}" for at in (errors[0], errors[-1])) if errors else "  "
        said = ", ".join(sorted(self.said)) or "ok"
        return _LINE.format(
            self.fault.name, self.ended_at - self.begun_at, len(found.latencies), found.asked_again,
            len(self.wrong), found.checked, told, first, last, f"{self.well_s:.1f}", f"{self.news_s:.1f}",
            said,
        )  # fmt: skip

    @property
    def wrong(self) -> list[str]:
        """Answers that nobody may get, whatever happens."""
        errors = [str(trouble) for trouble in self.found.errors if trouble.kind == "500"]
        return self.found.wrong + self.found.stale + errors

    @property
    def faults(self) -> list[str]:
        """All that was not as it has to be."""
        kinds = {trouble.kind for trouble in self.found.errors} - self.fault.may - {"500"}
        seen = [next(str(each) for each in self.found.errors if each.kind == kind) for kind in sorted(kinds)]
        late = [f"well after {self.well_s:.1f} s"] if self.well_s > _WELL_S else []
        mute = [f"/readyz never said {self.fault.says!r}"] if {self.fault.says} - {""} - self.said else []
        return self.trouble + self.wrong[:3] + seen + late + mute


async def breakage(stage: Stage, faults: Sequence[Fault]) -> list[Outcome]:
    """Let the server suffer each fault under load; print a line for each, and return what became of it."""
    desk = Desk(stage.dsn, stage.folder, 3600)
    await asyncio.to_thread(desk.begin)
    await asyncio.to_thread(desk.keep_secret)
    cold = windows_of(stage)
    crowd = Crowd(stage, _mixed(readers_of(stage), cold), desk, 16, 10)
    crowd.rate = _RATE
    asking = asyncio.create_task(crowd.run())
    await asyncio.sleep(5)
    say(_HEAD)
    outcomes = []
    for fault in faults:
        outcomes.append(outcome := await suffer(Scene(stage, crowd, desk, cold), fault))
        say(outcome.line)
    crowd.over = True
    await asking
    desk.close()
    return outcomes


async def suffer(scene: Scene, fault: Fault) -> Outcome:
    """Inflict *fault*, mend it, and wait until all is well again."""
    scene.crowd.found.take()
    outcome = Outcome(fault, time.monotonic())
    watching = asyncio.create_task(_watch(scene.stage, outcome))
    try:
        await fault.inflict(scene)
        if not fault.is_deaf:
            outcome.news_s = await seconds_to_follow(scene.stage, scene.desk)
        await asyncio.sleep(max(outcome.begun_at + fault.lasts_s - time.monotonic(), 0))
    except (OSError, TimeoutError, RuntimeError, ValueError) as error:
        outcome.trouble.append(repr(error))
    with suppress(asyncio.CancelledError):
        await fault.mend(scene)
    outcome.ended_at = time.monotonic()
    try:
        outcome.well_s = await _recovered(scene, outcome.ended_at)
        if fault.is_deaf:
            outcome.news_s = await seconds_to_follow(scene.stage, scene.desk)
    except (OSError, TimeoutError, RuntimeError) as error:
        outcome.trouble.append(repr(error))
    watching.cancel()
    outcome.found = scene.crowd.found.take()
    return outcome


async def _recovered(scene: Scene, ended_at: float) -> float:
    """Return the seconds from *ended_at* until a second went by in which all was well; `TimeoutError`."""
    since, answers, found = ended_at, len(scene.crowd.found.latencies), scene.crowd.found
    while (now := time.monotonic()) - since < 1:
        if now - ended_at > _RECOVERS_S:
            raise TimeoutError(f"not well after {_RECOVERS_S:.0f} s")
        await asyncio.sleep(0.05)
        late = max((trouble.at for trouble in found.errors), default=0.0)
        is_well = len(scene.stage.server.workers) == 2 and bool(await _ready(scene.stage) & {"", *_SAYS})
        if not is_well or late > since:
            since, answers = max(time.monotonic(), late), len(found.latencies)
        elif time.monotonic() - since >= 1 and len(found.latencies) - answers < _RATE / 2:
            since, answers = time.monotonic(), len(found.latencies)  # no errors, for there are no answers
    return since + 1 - ended_at


async def _watch(stage: Stage, outcome: Outcome) -> None:
    """Note what ``/readyz`` says, and whether what is secret is told."""
    while True:
        outcome.said |= await _ready(stage) - {""}
        pipe = Pipe(stage.port)
        with suppress(OSError, TimeoutError):
            if SECRET in (await pipe.get(SECRET_TILE, "Accept-Encoding: identity\r\n")).body:
                outcome.trouble.append("what is under the embargo was told")
        pipe.close()
        await asyncio.sleep(0.1)


async def _ready(stage: Stage) -> set[str]:
    """What ``/readyz`` says: names of troubles, or ``""``; another status, or no answer."""
    pipe = Pipe(stage.port)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            reply = await pipe.get("/readyz")
    except (OSError, TimeoutError):
        return {"no answer"}
    finally:
        pipe.close()
    return set(json.loads(reply.body)) & set(_SAYS) or {""} if reply.status == 200 else {str(reply.status)}


def _mixed(warm: Choose, cold: Choose) -> Choose:
    return lambda chance: cold(chance) if chance.random() < _COLD else warm(chance)
