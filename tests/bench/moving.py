"""The reader moves through time: tasks of the main thread meanwhile, and what a year leaves behind.

A step waits for its frame, and a software renderer draws one in 0.2 s on a quiet machine, in some seconds on
a busy one: a walk of 120 steps takes half a minute or ten. So each stage is told as it begins.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page

from tests.bench.traced import CATEGORIES, MAPLIBRE, OURS, Task, tasks_of

LONG = 50.0  # ms, above which a task is long
TOLD_MS = 10_000  # from one telling of the day to the next, while days are played
THUMB = 8  # px from the slider's edge to the middle of its thumb at the first day
READY = """() => document.documentElement.dataset.state === 'ready'
    && document.documentElement.dataset.after !== 'waiting' && tileserverMap.loaded()"""
SLIDE = """place => { const slider = document.getElementById("slider"); slider.value = String(place);
    slider.dispatchEvent(new Event("input", { bubbles: true })); }"""
# Scripts that name a licence beside them are MapLibre's; a server may have another build than this checkout.
MAPLIBRES = """() => Promise.all(performance.getEntriesByType("resource").map(({ name }) => name)
    .filter(name => name.endsWith(".js"))
    .map(async name => (await (await fetch(name)).text()).includes(".LEGAL.txt") ? name : ""))"""
PLAYS = "document.getElementById('play').classList.contains('playing')"
SHOWN = "document.documentElement.dataset.shown"
COUNTS = """() => ({ sources: Object.keys(tileserverMap.getStyle().sources).length,
    layers: tileserverMap.getStyle().layers.length, images: tileserverMap.listImages().length })"""


Tell = Callable[[str], None]


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


def handled(browser: Browser, url: str, steps: int, tell: Tell) -> dict[str, list[Task]]:
    """Move the slider in each way, *steps* times, until the page is at rest; return the thread's tasks."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    try:
        page = context.new_page()
        tell("opening the page")
        page.goto(url)
        ready(page)
        page.focus("#slider")
        ready(page)  # with the periods beside the shown one
        place, whose = int(page.input_value("#slider")), _whose(page)
        found = {}
        for name, move in MOVES.items():
            tell(name)
            page.evaluate(SLIDE, place)
            ready(page)
            page.focus("#slider")
            browser.start_tracing(page=page, categories=CATEGORIES)
            page.wait_for_timeout(1000)
            page.evaluate("0")  # in which the sampler takes in all code that there is, and in no step
            page.wait_for_timeout(300)
            move(page, steps)
            ready(page)
            found[name] = tasks_of(json.loads(browser.stop_tracing())["traceEvents"], whose)
        return found
    finally:
        context.close()


def _press(page: Page, steps: int) -> None:
    for _ in range(steps):
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(60)


def _turn(page: Page, steps: int) -> None:
    for step in range(steps):
        page.keyboard.press("PageDown" if step % 8 < 4 else "PageUp")
        page.wait_for_timeout(120)


def _drag(page: Page, steps: int) -> None:
    share = int(page.input_value("#slider")) / int(page.get_attribute("#slider", "max") or 1)
    left, middle, width = _track(page)
    page.mouse.move(left + share * width, middle)
    page.mouse.down()
    for step in range(steps):
        page.mouse.move(left + share * width - 2 * step, middle)
        page.wait_for_timeout(30)
    page.mouse.up()


def _leap(page: Page, steps: int) -> None:
    left, middle, width = _track(page)
    for step in range(steps):
        page.mouse.click(left + step * 37 % 100 / 100 * width, middle)
        page.wait_for_timeout(120)


def _track(page: Page) -> tuple[float, float, float]:
    box = page.locator("#slider").bounding_box()
    assert box is not None
    return box["x"] + THUMB, box["y"] + box["height"] / 2, box["width"] - 2 * THUMB


MOVES = {
    "an arrow is pressed": _press,
    "months are turned by key": _turn,
    "the slider is dragged": _drag,
    "the slider is clicked": _leap,
}


def _whose(page: Page) -> Callable[[str], str]:
    """Return what says whose script is at an address; empty for what is not of the page's build."""
    maplibres = set(page.evaluate(MAPLIBRES))

    def whose(url: str) -> str:
        if "/static/assets/" not in url:
            return ""
        return MAPLIBRE if url in maplibres else OURS

    return whose


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
