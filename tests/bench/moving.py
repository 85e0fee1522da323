"""The reader moves through time: tasks of the main thread meanwhile, and what a year leaves behind.

A step waits for its frame, and a software renderer draws one in 0.2 s on a quiet machine, in some seconds on
a busy one: a walk of 120 steps takes half a minute or ten. So each stage is told as it begins.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page

from tests.bench.opening import maplibre_chunks

LONG = 50.0  # ms, above which a task is long
TOLD_MS = 10_000  # from one telling of the day to the next, while days are played
INPUTS = {"input", "keydown", "keyup", "change", "pointermove", "pointerdown"}
CATEGORIES = ["devtools.timeline", "toplevel"]
OURS = "ours"
READY = """() => document.documentElement.dataset.state === 'ready'
    && document.documentElement.dataset.after !== 'waiting' && tileserverMap.loaded()"""
SLIDE = """place => { const slider = document.getElementById("slider"); slider.value = String(place);
    slider.dispatchEvent(new Event("input", { bubbles: true })); }"""
PLAYS = "document.getElementById('play').classList.contains('playing')"
SHOWN = "document.documentElement.dataset.shown"
COUNTS = """() => ({ sources: Object.keys(tileserverMap.getStyle().sources).length,
    layers: tileserverMap.getStyle().layers.length, images: tileserverMap.listImages().length })"""


Traced = dict[str, Any]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Handled:
    """The main thread, in ms of its own processor time: handlers of input, long tasks with our share, whose
    functions ran."""

    handlers: list[float]
    long: list[tuple[float, float]]
    shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is after so many days were played: bytes of the collected heap, those of them that are no
    compiled code (the engine compiles on for years of play, until all is compiled), and counts of things."""

    days: int
    heap: int
    data: int
    nodes: int
    listeners: int
    sources: int
    layers: int
    images: int


def ready(page: Page) -> None:
    """Wait until the page is at rest."""
    page.wait_for_timeout(700)
    page.wait_for_function(READY, timeout=90_000, polling=100)


def handled(browser: Browser, url: str, steps: int, tell: Tell) -> Handled:
    """Press the slider's arrow, drag it and leap with it, *steps* times each, traced and then sampled."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    try:
        page = context.new_page()
        tell("opening the page")
        page.goto(url)
        ready(page)
        page.focus("#slider")
        ready(page)  # with the periods beside the shown one
        place = int(page.input_value("#slider"))
        browser.start_tracing(page=page, categories=CATEGORIES)
        _move(page, place, steps, lambda stage: tell(f"traced: {stage}"))
        traced = json.loads(browser.stop_tracing())["traceEvents"]
        session = context.new_cdp_session(page)
        session.send("Profiler.enable")
        session.send("Profiler.start")
        _move(page, place, steps, lambda stage: tell(f"sampled: {stage}"))
        profile = session.send("Profiler.stop")["profile"]
    finally:
        context.close()
    return Handled(*_tasks(traced), _shares(profile))


def _move(page: Page, place: int, steps: int, tell: Tell) -> None:
    days = int(page.get_attribute("#slider", "max") or 0)
    page.evaluate(SLIDE, place)
    ready(page)
    tell("the arrow is pressed")
    for _ in range(steps):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(60)
    tell("the slider is dragged")
    for step in range(steps):
        page.evaluate(SLIDE, max(0, place - step))
        page.wait_for_timeout(30)
    tell("the slider leaps")
    for step in range(steps):
        page.evaluate(SLIDE, (place + step * 37) % (days + 1))
        page.wait_for_timeout(120)
    ready(page)


def _tasks(traced: Iterable[Traced]) -> tuple[list[float], list[tuple[float, float]]]:
    events = [each for each in traced if each.get("ph") == "X" and "dur" in each]
    inputs = [each for each in events if each["name"] == "EventDispatch" and _typed(each) in INPUTS]
    thread = Counter((each["pid"], each["tid"]) for each in inputs).most_common(1)[0][0]
    own = [each for each in events if (each["pid"], each["tid"]) == thread]
    ours = _outermost(each for each in own if each["name"] == "FunctionCall" and whose(_url(each)) == OURS)
    long = [each for each in own if each["name"].endswith("RunTask") and _spent(each) > LONG]
    shares = [sum(_spent(each) for each in ours if _holds(task, each)) for task in long]
    return (
        sorted(map(_spent, inputs), reverse=True),
        sorted(((_spent(task), share) for task, share in zip(long, shares, strict=True)), reverse=True),
    )


def _spent(event: Traced) -> float:
    """Return the ms that the thread itself worked: on a busy machine it stands still meanwhile as well."""
    return float(event["tdur"] if "tdur" in event else event["dur"]) / 1000


def _typed(event: Traced) -> str:
    return str(event["args"].get("data", {}).get("type", ""))


def _url(event: Traced) -> str:
    return str(event["args"].get("data", {}).get("url", ""))


def _outermost(calls: Iterable[Traced]) -> list[Traced]:
    found: list[Traced] = []
    for call in sorted(calls, key=lambda each: (each["ts"], -each["dur"])):
        if not found or call["ts"] >= found[-1]["ts"] + found[-1]["dur"]:
            found.append(call)
    return found


def _holds(task: Traced, call: Traced) -> bool:
    return bool(task["ts"] <= call["ts"] < task["ts"] + task["dur"])


def _shares(profile: dict[str, Any]) -> dict[str, float]:
    """Return the ms in which a sample of the main thread was in whose function."""
    owners = {node["id"]: _owner(node["callFrame"]) for node in profile["nodes"]}
    shares: Counter[str] = Counter()
    for node, passed in zip(profile["samples"], profile["timeDeltas"], strict=True):
        shares[owners[node]] += passed / 1000
    return dict(shares.most_common())


def _owner(frame: dict[str, Any]) -> str:
    return whose(frame["url"]) if frame["url"] else str(frame["functionName"])


def whose(url: str) -> str:
    """Return whose script is at *url* of the built page."""
    if "/static/assets/" not in url:
        return "other"
    return "MapLibre" if url.rpartition("/")[2] in maplibre_chunks() else OURS


def year(browser: Browser, url: str, days: int, times: int, tell: Tell) -> list[Kept]:
    """Play the last *days* days *times* times; what there is at the last day, before and after each time."""
    context = browser.new_context(viewport={"width": 820, "height": 560}, bypass_csp=True)
    try:
        page = context.new_page()
        session = context.new_cdp_session(page)
        tell("opening the page")
        page.goto(url)
        ready(page)
        span = int(page.get_attribute("#slider", "max") or 0)
        found = []
        for played in range(0, (times + 1) * days, days):
            page.evaluate(SLIDE, span)
            ready(page)
            found.append(_kept(page, session, played))
            tell(f"{played} days played, {found[-1].heap / 1e6:.2f} MB are kept")
            if played == times * days:
                break
            page.evaluate(SLIDE, max(0, span - days))
            ready(page)
            page.click("#play")
            while page.evaluate(PLAYS):
                page.wait_for_timeout(TOLD_MS)
                tell(f"playing: {page.evaluate(SHOWN)}")
        return found
    finally:
        context.close()


def _kept(page: Page, session: CDPSession, days: int) -> Kept:
    for _ in range(3):  # what a finaliser lets go of is collected the next time
        session.send("HeapProfiler.collectGarbage")
    heap = int(session.send("Runtime.getHeapUsage")["usedSize"])
    counters = session.send("Memory.getDOMCounters")
    counts = page.evaluate(COUNTS)
    data = data_of(_snapshot(session))
    return Kept(days, heap, data, counters["nodes"], counters["jsEventListeners"], **counts)


def _snapshot(session: CDPSession) -> dict[str, Any]:
    chunks: list[str] = []

    def take(event: dict[str, str]) -> None:
        chunks.append(event["chunk"])

    session.on("HeapProfiler.addHeapSnapshotChunk", take)
    session.send("HeapProfiler.takeHeapSnapshot")
    session.remove_listener("HeapProfiler.addHeapSnapshotChunk", take)
    snapshot: dict[str, Any] = json.loads("".join(chunks))
    return snapshot


def data_of(snapshot: dict[str, Any]) -> int:
    """Return the bytes of a heap snapshot that are the page's: neither compiled code nor the browser's."""
    fields = snapshot["snapshot"]["meta"]["node_fields"]
    kinds = snapshot["snapshot"]["meta"]["node_types"][0]
    nodes, width = snapshot["nodes"], len(fields)
    sizes: Counter[str] = Counter()
    for kind, size in zip(
        nodes[fields.index("type") :: width], nodes[fields.index("self_size") :: width], strict=True
    ):
        sizes[kinds[kind]] += size
    return sum(size for kind, size in sizes.items() if kind not in ("code", "native"))
