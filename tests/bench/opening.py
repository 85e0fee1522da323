"""Opening the reader's page, and a bare page of MapLibre with one tile, in a browser without a cache."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, Route

from tileserver.web.built import STATIC

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 51_200, "uploadThroughput": 51_200}
PATIENCE, STEP = 90_000, 100  # ms until given up, and from look to look
AFTERWARDS = 4000  # ms after the picture for which bytes are counted on

# `seen.first` is when the map's first picture of a day was there, read back from the graphics card: of the
# frame after the page says itself that a day is shown. `seen.still` is when the picture that stands for the
# map was there: two frames after it was laid. `seen.shift` sums what moved without the reader's hand.
WATCH = """
globalThis.seen = { shift: 0, first: 0, still: 0 };
new MutationObserver((_, watch) => {
  if (!document.querySelector("#still img.laid")) return;
  watch.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => (seen.still = performance.now())));
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["class"] });
seen.drawn = (map) => {
  const gl = map.getCanvas().getContext("webgl2");
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  seen.first ||= performance.now();
};
new MutationObserver((_, watch) => {
  if (!document.documentElement.dataset.shown) return;
  watch.disconnect();
  tileserverMap.once("render", () => seen.drawn(tileserverMap));
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-shown"] });
new PerformanceObserver((list) => { for (const one of list.getEntries())
  if (!one.hadRecentInput) seen.shift += one.value; }).observe({ type: "layout-shift", buffered: true });
"""
BARE = """<!doctype html><html lang="en"><title>bare</title>
<link rel="stylesheet" href="/%(style)s">%(preloads)s
<body style="margin:0"><div id="m" style="height:100vh"></div><script type="module">
import { Map, setWorkerUrl } from "/%(maplibre)s"; setWorkerUrl(location.origin + "/%(worker)s");
const map = new Map({ container: "m", zoom: 6, center: [36.2, 48.2], style: { version: 8,
  sources: { s: { type: "vector", tiles: [location.origin + "%(tile)s"], minzoom: 0, maxzoom: 4 } },
  layers: [{ id: "l", type: "fill", source: "s", "source-layer": "control" }] } });
map.on("render", () => map.isSourceLoaded("s") && !seen.first && seen.drawn(map));
</script>"""


@dataclass(frozen=True, slots=True)
class Opened:
    """One opening: bytes with heads and requests to the map's picture, bytes in all, ms to it, shift.

    ``still`` is the ms to the picture that stands for the map, not a number where there was none.
    """

    wire: int
    requests: int
    in_all: int
    first: float
    still: float
    shift: float


def opened(browser: Browser, url: str, network: dict[str, Any] | None, tile: str = "") -> Opened:
    """Open *url* until its first picture of a day is drawn; with *tile* the bare page beside it."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    try:
        page = context.new_page()
        page.add_init_script(WATCH)
        session = context.new_cdp_session(page)
        counted = _counted(session)
        if network:
            session.send("Network.emulateNetworkConditions", network)
        if tile:
            page.route("**/bare", lambda route: _bare(route, tile))
        page.goto(url, wait_until="commit", timeout=PATIENCE)
        first = _first(page)
        wire, requests = counted["wire"], counted["requests"]
        page.wait_for_timeout(AFTERWARDS)
        still = page.evaluate("seen.still") or float("nan")
        return Opened(wire, requests, counted["wire"], first, still, page.evaluate("seen.shift"))
    finally:
        context.close()


def _counted(session: CDPSession) -> dict[str, int]:
    counted = {"wire": 0, "requests": 0}

    def ended(event: Any) -> None:
        counted["wire"] += int(event["encodedDataLength"])
        counted["requests"] += 1

    session.on("Network.loadingFinished", ended)
    session.send("Network.enable")
    return counted


def _first(page: Page) -> float:
    for _ in range(PATIENCE // STEP):
        if first := page.evaluate("seen.first"):
            return float(first)
        page.wait_for_timeout(STEP)
    return float("nan")


def _bare(route: Route, tile: str) -> None:
    """Answer with the bare page, over the scripts of this build, which the server has to have as well."""
    maplibre, worker, style = (_built(name) for name in ("maplibre-*.js", "worker-*.js", "map-style-*.css"))
    preloads = "".join(
        f'<link rel="modulepreload" href="/static/assets/{each}">' for each in maplibre_chunks()
    )
    paths = {"maplibre": f"static/{maplibre}", "worker": f"static/{worker}", "style": f"static/{style}"}
    body = BARE % {**paths, "preloads": preloads, "tile": tile}
    route.fulfill(body=body, content_type="text/html; charset=utf-8")


@cache
def maplibre_chunks() -> list[str]:
    """Return the names of the files of this build that are MapLibre's."""
    text = (STATIC / _built("maplibre-*.js")).read_text("utf-8")
    return re.findall(r'from"\./([^"]+)"', text)


def _built(pattern: str) -> str:
    (path,) = STATIC.glob(f"assets/{pattern}")
    return f"assets/{path.name}"
