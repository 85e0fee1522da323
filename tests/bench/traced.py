"""A trace of Chromium's main thread: its tasks in processor time, and whose functions ran in each.

On a busy machine a thread stands still in the middle of a task, so a task is as long as the thread itself
worked (``tdur``), and samples of its stack, which are taken by the clock, are shares of that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

CATEGORIES = ["devtools.timeline", "toplevel", "v8", "disabled-by-default-v8.cpu_profiler"]
INPUTS = {"input", "keydown", "keyup", "change", "click", "pointermove", "pointerdown", "pointerup"}
OURS, ASKED, MAPLIBRE, BROWSER = "ours", "asked", "MapLibre", "browser"

Traced = dict[str, Any]
Whose = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Task:
    """What the main thread did in one go, in ms of its own processor time: in all, in each handler of input,
    and by whose functions ran: ours, MapLibre's that ours called, MapLibre's own, and the browser's."""

    spent: float
    handlers: list[float]
    shares: dict[str, float]

    @property
    def ours(self) -> float:
        """What our functions took, with all that they asked of MapLibre."""
        return self.shares.get(OURS, 0) + self.shares.get(ASKED, 0)


def tasks_of(traced: list[Traced], whose: Whose) -> list[Task]:
    """Return the tasks of the thread that hears input; *whose* says whose script is at an address."""
    events = [each for each in traced if each.get("ph") == "X" and "dur" in each]
    inputs = [each for each in events if each["name"] == "EventDispatch" and _typed(each) in INPUTS]
    process, thread = Counter((each["pid"], each["tid"]) for each in inputs).most_common(1)[0][0]
    own = [each for each in events if (each["pid"], each["tid"]) == (process, thread)]
    samples = _samples([each for each in traced if each["pid"] == process], thread, whose)
    times = [at for at, _ in samples]
    heard = [each for each in inputs if (each["pid"], each["tid"]) == (process, thread)]
    first = min(each["ts"] for each in heard)  # before it the sampler begins, which takes a task of its own
    found = []
    for task in outermost(each for each in own if each["name"].endswith("RunTask")):
        end = task["ts"] + task["dur"]
        if end < first:
            continue
        within = Counter(
            owner for _, owner in samples[bisect_left(times, task["ts"]) : bisect_left(times, end)]
        )
        spent, number = _spent(task), within.total()
        handlers = [_spent(each) for each in heard if task["ts"] <= each["ts"] < end]
        found.append(Task(spent, handlers, {owner: spent * n / number for owner, n in within.items()}))
    return found


def outermost(events: Iterable[Traced]) -> list[Traced]:
    """Return those *events* that lie in no other; Chromium names one task on each of its levels."""
    found: list[Traced] = []
    for each in sorted(events, key=lambda one: (one["ts"], -one["dur"])):
        if not found or each["ts"] >= found[-1]["ts"] + found[-1]["dur"]:
            found.append(each)
    return found


def _spent(event: Traced) -> float:
    return float(event["tdur"] if "tdur" in event else event["dur"]) / 1000


def _typed(event: Traced) -> str:
    return str(event["args"].get("data", {}).get("type", ""))


def _samples(traced: list[Traced], thread: int, whose: Whose) -> list[tuple[int, str]]:
    """Return when the stack was looked at, ascending, and whose function ran; without idle moments."""
    begun = {
        each["id"]: each["args"]["data"]["startTime"]
        for each in traced
        if each["name"] == "Profile" and each["tid"] == thread
    }
    chunks = defaultdict(list)
    for each in sorted(
        (each for each in traced if each["name"] == "ProfileChunk"), key=lambda one: one["ts"]
    ):
        if each["id"] in begun:
            chunks[each["id"]].append(each["args"]["data"])
    found = []
    for profile, parts in chunks.items():
        owners, now = _Owners(whose), begun[profile]
        for part in parts:
            profiled = part.get("cpuProfile", {})
            owners.take(profiled.get("nodes", []))
            for node, passed in zip(profiled.get("samples", []), part.get("timeDeltas", []), strict=True):
                now += passed
                if owner := owners.of(node):
                    found.append((now, owner))
    return sorted(found)


class _Owners:
    """Whose function runs at each node of a tree of stacks."""

    def __init__(self, whose: Whose) -> None:
        self._whose = whose
        self._nodes: dict[int, Traced] = {}

    def take(self, nodes: Iterable[Traced]) -> None:
        self._nodes |= {each["id"]: each for each in nodes}

    def of(self, node: int) -> str:
        """Return the owner; empty where the thread was idle. What has no address is its caller's."""
        stack = []
        at: int | None = node
        while at is not None:
            stack.append(self._nodes[at]["callFrame"])
            at = self._nodes[at].get("parent")
        if (name := stack[0]["functionName"]).startswith("("):
            return "" if name == "(idle)" else BROWSER
        callers = [owner for each in stack if each.get("url") and (owner := self._whose(each["url"]))]
        if not callers:
            return BROWSER
        return ASKED if callers[0] == MAPLIBRE and OURS in callers else callers[0]
