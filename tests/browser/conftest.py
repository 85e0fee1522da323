"""A browser that is driven as a reader would, and what is asked of the page on the way."""

from __future__ import annotations

import asyncio
import json
import os
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from ctypes.util import find_library
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright

from tests.browser.drawn import ids_of_tiles

QUIET = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Chromium's own software renderer, by which the benches are measured.
ARGUMENTS = [*QUIET, "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
# Mesa's, as Firefox uses it here: a frame costs it two fifths.
BY_MESA = [
    *QUIET,
    "--use-gl=angle",
    "--use-angle=gles-egl",
    "--ignore-gpu-blocklist",
    "--enable-unsafe-swiftshader",
]


def renderer() -> list[str]:
    """Return the arguments of the cheapest renderer that this machine has."""
    has_libraries = all(map(find_library, ("EGL", "GLESv2")))
    has_mesa = any(Path("/usr/lib").glob("*/dri/swrast_dri.so"))
    return BY_MESA if has_libraries and has_mesa else ARGUMENTS


# Where most tests begin: days after it move the front almost daily.
NORMANDY = "#map=6.5/49.1/0.5&at=1944-07-25"
WEST = "/?theatre=western-front&lang=en"
SAMPLE = "theatre=ukraine-sample&lang=en"

PATIENCE = 30.0  # seconds in which nothing is heard of a page; a software renderer on two cores is slow
MOST = 300.0  # seconds in all, of a page that asks again and again

# Asks the map as its shader does: feature state, and where there is none what the layer's paint says instead.
DRAWN = """layer => {
    const source = tileserverShownSource(), map = tileserverMap;
    const style = map.getStyle().layers.find(one => one.source === source && one["source-layer"] === layer);
    const opacity = style.paint["fill-opacity"] ?? style.paint["line-opacity"] ?? style.paint["icon-opacity"];
    const unsaid = Array.isArray(opacity) ? opacity[1][2] : true;
    const base = Array.isArray(unsaid) ? unsaid[1][2] : null;
    return map.querySourceFeatures(source, {sourceLayer: layer}).map(({id, properties: {from, to}}) => {
        const said = map.getFeatureState({source, sourceLayer: layer, id}).on;
        return {id, from, to, drawn: said ?? (base === null ? unsaid : from <= base && base < to)};
    });
}"""

# By how much what is on the page has moved on its own, as browsers score it.
SHIFTS = """new Promise(done => {
    let sum = 0;
    new PerformanceObserver(list => list.getEntries().forEach(one => sum += one.value))
        .observe({type: "layout-shift", buffered: true});
    setTimeout(() => done(sum), 100);
})"""

# By how much two pictures differ at most, in steps of a colour of 255.
DIFFERENCE = """async pictures => {
    const [one, other] = await Promise.all(pictures.map(async data => {
        const image = new Image();
        image.src = `data:image/png;base64,${data}`;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return context.getImageData(0, 0, image.width, image.height).data;
    }));
    if (one.length !== other.length) return 255;
    return one.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i])), 0);
}"""


@dataclass
class Reader:
    """One page, and all that was heard from it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    heard: float = 0.0  # when something was asked for or answered, by the monotonic clock
    awaited: set[Request] = field(default_factory=set)  # what is on its way

    def asks(self, request: Request) -> None:
        """Note that the page asks for something."""
        self.requests.append(request.url)
        self.awaited.add(request)
        self.heard = time.monotonic()

    def has(self, request: Request) -> None:
        """Note that the page has an answer, or will have none."""
        self.awaited.discard(request)
        self.heard = time.monotonic()

    async def open(self, url: str) -> None:
        """Go there and wait until a day is on the map."""
        await self.page.goto(url)
        await self.ready()

    async def ready(self, shown: str = "") -> None:
        """Wait until the page says that the map is complete, and of the day *shown* where one is given."""
        wanted = f"=== {json.dumps(shown)}" if shown else "!== undefined"
        await self.until(
            "document.documentElement.dataset.state === 'ready'"
            f" && document.documentElement.dataset.shown {wanted}"
        )

    async def until(self, condition: str) -> None:
        """Wait until *condition* holds; asked from outside, because the page's policy forbids eval.

        In vain is what has not come `PATIENCE` after the last answer, with nothing on its way any more: where
        the machine is busy, a server that has just begun works out gains for longer than that.
        """
        begun = time.monotonic()
        while not await self.page.evaluate(condition):
            now = time.monotonic()
            quiet_since = now if self.awaited else max(begun, self.heard)
            if now > min(quiet_since + PATIENCE, begun + MOST):
                state = await self.page.evaluate("JSON.stringify(document.documentElement.dataset)")
                waited = now - begun
                raise AssertionError(f"in vain for {waited:.0f} s: {condition}; the page says {state}")
            await asyncio.sleep(0.05)

    async def shown(self) -> str:
        """The day that the page says it shows."""
        day: str = await self.page.evaluate("document.documentElement.dataset.shown ?? ''")
        return day

    async def labelled(self) -> str:
        """The day that the reader reads."""
        day: str = await self.page.evaluate("document.getElementById('date').dateTime")
        return day

    async def label_is_the_picture(self) -> bool:
        """Whether the day that the reader reads is the one that is drawn; asked in one breath."""
        agree: bool = await self.page.evaluate(
            "document.getElementById('date').dateTime === document.documentElement.dataset.shown"
        )
        return agree

    async def settled(self) -> None:
        """Wait until nothing is on its way, also what is loaded ahead."""
        await asyncio.sleep(0.3)
        await self.until(
            "document.documentElement.dataset.after !== 'waiting'"
            " && tileserverMap.areTilesLoaded() && tileserverMap.loaded()"
        )

    async def moved(self) -> float:
        """By how much things moved while the page arrived; 0 for not at all."""
        await self.until("document.documentElement.dataset.listed !== undefined")
        score: float = await self.page.evaluate(SHIFTS)
        return score

    async def legend(self) -> list[str]:
        """What the legend names, once it is that of the day."""
        await self.settled()
        return await self.page.locator("#legend .name:visible").all_inner_texts()

    async def loaded_ahead(self) -> None:
        """Wait until the periods before and after the shown one are there too."""
        await self.until(
            "Object.keys(tileserverMap.getStyle().sources)"
            ".filter(id => /^dated-(?!earlier)/.test(id)).length === 3"
        )
        await self.settled()

    async def picture(self) -> bytes:
        """What is drawn on the map, without the page around it and its ring of focus."""
        await self.settled()
        await self.page.evaluate("document.activeElement.blur()")
        return await self.page.locator("#map canvas").screenshot(
            style="body > *:not(#map), .maplibregl-control-container { visibility: hidden !important }"
        )

    async def difference(self, *pictures: bytes) -> int:
        """By how many of 255 steps of a colour two pictures differ where they differ most."""
        most: int = await self.page.evaluate(DIFFERENCE, [b64encode(each).decode() for each in pictures])
        return most

    async def linked(self) -> str:
        """The day that the address names."""
        day: str = await self.page.evaluate("new URLSearchParams(location.hash.slice(1)).get('at') ?? ''")
        return day

    async def on_screen(self, layer: str) -> set[int]:
        """The ids of the features of *layer* that are drawn in the tiles that the reader sees."""
        # Firefox leaves out what has no value: a feature of which nothing is said, in a paint that shows none
        return {feature["id"] for feature in await self.features(layer) if feature.get("drawn")}

    async def features(self, layer: str) -> list[dict[str, Any]]:
        """The features of *layer* in the tiles of the shown source: id, days, and whether they are drawn."""
        found: list[dict[str, Any]] = await self.page.evaluate(DRAWN, layer)
        return found

    async def camera(self) -> dict[str, Any]:
        """Zoom and edges of the map, and the zooms and bounds that it has tiles for."""
        camera: dict[str, Any] = await self.page.evaluate(
            "(() => { const edge = tileserverMap.getBounds();"
            " const source = tileserverMap.getSource(tileserverShownSource());"
            " return {zoom: tileserverMap.getZoom(), west: edge.getWest(), south: edge.getSouth(),"
            " east: edge.getEast(), north: edge.getNorth(), maxzoom: source.maxzoom,"
            " bounds: source.serialize().bounds}; })()"
        )
        return camera


async def assert_all_of_one_day(reader: Reader, server_url: str, day: str) -> None:
    """Hold label, address and the features of every tile on the screen to *day*."""
    assert [await reader.shown(), await reader.labelled()] == [day] * 2
    # The address follows a little later, as browsers bear no change at each step.
    await reader.until(f"new URLSearchParams(location.hash.slice(1)).get('at') === {day!r}")
    expected = await asyncio.to_thread(ids_of_tiles, server_url, await reader.camera(), day)
    for layer in ("control", "frontline", "events"):
        assert await reader.on_screen(layer) == expected.get(layer, set()), layer


NewReader = Callable[..., Awaitable[Reader]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A browser for all tests: each test has contexts of its own, which share nothing."""
    async with async_playwright() as playwright:
        executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        started = await playwright.chromium.launch(executable_path=executable, args=renderer())
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="session")
async def new_reader(browser: Browser) -> AsyncIterator[NewReader]:
    """A function that opens a page of its own: ``await new_reader(width, height, **context)``."""
    contexts: list[BrowserContext] = []

    async def make(width: int = 820, height: int = 560, **context: Any) -> Reader:
        opened = await browser.new_context(
            viewport={"width": width, "height": height}, locale="en-GB", **context
        )
        contexts.append(opened)
        reader = Reader(await opened.new_page())
        reader.page.on("request", reader.asks)
        reader.page.on("requestfinished", reader.has)
        reader.page.on("requestfailed", reader.has)
        reader.page.on("pageerror", lambda error: reader.complaints.append(str(error)))
        reader.page.on("console", lambda message: _hear(reader, message.type, message.text))
        return reader

    yield make
    for opened in contexts:
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def reader(server_url: str, new_reader: NewReader) -> Reader:
    """A reader of the Western Front in Normandy, on 25 July 1944."""
    opened = await new_reader()
    await opened.open(server_url + WEST + NORMANDY)
    return opened


def _hear(reader: Reader, kind: str, text: str) -> None:
    if kind in ("error", "warning") and "GPU stall" not in text:  # the software renderer's own remark
        reader.complaints.append(text)
