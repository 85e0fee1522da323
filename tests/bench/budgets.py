"""Budgets of the reader's page, measured by Chromium against a served sample: ``make budgets``.

``URL`` is the server (http://127.0.0.1:8000), ``PLACE`` what is opened of it. Bytes are counted by the
browser as they came over the wire, heads included. The bare page is MapLibre with one tile of the same day;
its script is read from disk, so with a slow network it is no fair peer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Route, sync_playwright

from tests.browser.conftest import ARGUMENTS

SERVER = os.environ.get("URL", "http://127.0.0.1:8000")
PLACE = os.environ.get("PLACE", "?theatre=ukraine-sample&lang=en#map=6.2/48.2/36.2&at=2023-11-09")
TILE = "/tiles/ukraine-sample/{z}/{x}/{y}.mvt?datetime=2023-11-09"
MODULES = Path(__file__).parents[2] / "tileserver/web/frontend/node_modules/maplibre-gl/dist"
SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 51_200, "uploadThroughput": 51_200}
PATIENCE, STEP = 90_000, 250  # ms until given up, and from look to look

# Sums of what moved without the reader's hand, and tasks over 50 ms, for which the browser names a script.
WATCH = """
globalThis.seen = { shift: 0, long: [] };
new PerformanceObserver((list) => { for (const one of list.getEntries())
  if (!one.hadRecentInput) seen.shift += one.value; }).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => { for (const one of list.getEntries())
  seen.long.push([one.duration, one.blockingDuration, one.scripts.map((s) => [s.duration, s.sourceURL])]); })
  .observe({ type: "long-animation-frame", buffered: true });
"""
SHOWN = """() => globalThis.tileserverMap?.loaded() && globalThis.tileserverShownSource?.()
    && tileserverMap.isSourceLoaded(tileserverShownSource()) ? performance.now() : 0"""
BARE = """<!doctype html><div id="m" style="height:100vh"></div><script type="module">
import * as m from "/bare/maplibre-gl.mjs"; m.setWorkerUrl("/bare/maplibre-gl-worker.mjs");
const map = new m.Map({ container: "m", zoom: 6, center: [36.2, 48.2], style: { version: 8,
  sources: { s: { type: "vector", tiles: [location.origin + "%s"], minzoom: 0, maxzoom: 4 } },
  layers: [{ id: "l", type: "fill", source: "s", "source-layer": "control" }] } });
map.once("idle", () => { globalThis.idle = performance.now(); });
</script>"""


@dataclass(frozen=True, slots=True)
class Opened:
    """One opening of a page: bytes, requests, ms to the day's picture, layout shift."""

    wire: int
    requests: int
    first: float
    shift: float


def _wire(session: CDPSession) -> dict[str, int]:
    counted = {"wire": 0, "requests": 0}

    def ended(event: Any) -> None:
        counted["wire"] += int(event["encodedDataLength"])
        counted["requests"] += 1

    session.on("Network.loadingFinished", ended)
    session.send("Network.enable")
    return counted


def opened(browser: Browser, path: str, shown: str, network: dict[str, Any] | None, patience: int) -> Opened:
    """Open *path* in a browser that knows nothing yet, until *shown* says the ms of the first picture."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    try:
        page = context.new_page()
        page.add_init_script(WATCH)
        page.route(f"{SERVER}/bare/**", _bare)
        session = context.new_cdp_session(page)
        counted = _wire(session)
        if network:
            session.send("Network.emulateNetworkConditions", network)
        page.goto(SERVER + path, wait_until="commit", timeout=PATIENCE)
        first = _first(page, shown, patience)
        page.wait_for_timeout(1500)
        return Opened(counted["wire"], counted["requests"], first, page.evaluate("seen.shift"))
    finally:
        context.close()


def _first(page: Page, shown: str, patience: int) -> float:
    for _ in range(patience // STEP):
        if first := page.evaluate(shown):
            return float(first)
        page.wait_for_timeout(STEP)
    return float("nan")


def _bare(route: Route) -> None:
    name = route.request.url.rpartition("/")[2]
    if name == "page":
        tile = TILE.format(z="{z}", x="{x}", y="{y}")
        route.fulfill(body=BARE % tile, content_type="text/html")
    else:
        route.fulfill(path=MODULES / name, content_type="text/javascript")


def moved(browser: Browser, steps: int = 40) -> tuple[list[Any], list[int]]:
    """Hold the arrow of the slider for *steps*, then play; return frames over 50 ms, and heaps in bytes."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    try:
        page = context.new_page()
        page.add_init_script(WATCH)
        session = context.new_cdp_session(page)
        page.goto(f"{SERVER}/{PLACE}")
        _first(page, SHOWN, PATIENCE)
        heaps = [_heap(session)]
        page.evaluate("seen.long.length = 0")
        page.locator("input[type=range], [role=slider]").first.focus()
        for _ in range(steps):
            page.keyboard.press("ArrowLeft")
            page.wait_for_timeout(60)
        heaps.append(_heap(session))
        for _ in range(365 - steps):
            page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(3000)
        heaps.append(_heap(session))
        return page.evaluate("seen.long"), heaps
    finally:
        context.close()


def _heap(session: CDPSession) -> int:
    session.send("HeapProfiler.collectGarbage")
    return int(session.send("Runtime.getHeapUsage")["usedSize"])


def main() -> None:
    """Print the budgets as a table."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        idle = "() => globalThis.idle ?? 0"
        for name, network in (("cable", None), ("slow 3G", SLOW_3G)):
            for _ in range(1 if network else 2):
                page = opened(browser, f"/{PLACE}", SHOWN, network, PATIENCE)
                bare = opened(browser, "/bare/page", idle, network, PATIENCE)
                print(f"{name}: / {page}; bare {bare}; ratio {page.first / bare.first:.2f}", flush=True)
        print("/embed before its map:", opened(browser, f"/embed{PLACE}", "() => 1", None, STEP), flush=True)
        print("/embed with its map:", opened(browser, f"/embed{PLACE}", SHOWN, None, 8000), flush=True)
        frames, heaps = moved(browser)
        worst = sorted(frames, reverse=True)[:3]
        print(f"frames over 50 ms: {len(frames)}; worst {worst}")
        print("heap in MB at first, after 40 days, after a year:", [round(heap / 1e6, 1) for heap in heaps])
        browser.close()


if __name__ == "__main__":
    main()
