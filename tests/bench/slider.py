"""The slider in Chromium: steps against bare repaints, fast scrubs over a slow network, a year played.

``.venv/bin/python -m tests.bench.slider http://127.0.0.1:8000 --theatre ukraine`` against a server that runs.

How to read it: *pixels* is the time from the slider's event until the picture is drawn, read back from the
graphics card; a bare repaint in the same page takes its turn with each step, so the ratio holds on a busy
machine too. The renderer is software: take the ratios, not the milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from playwright.async_api import Page, Request, Route, async_playwright
from rich.console import Console
from rich.table import Table

from tests.browser.conftest import ARGUMENTS, DRAWN, PATIENCE

EPOCH = date(1970, 1, 1)
LAYERS = ("control", "frontline", "events", "notes")
PLAYED = 365  # days

# Milliseconds until the day at that place of the slider is drawn; null repaints only.
PIXELS = """async day => {
    const slider = document.getElementById("slider"), canvas = tileserverMap.getCanvas();
    const gl = canvas.getContext("webgl2"), pixel = new Uint8Array(4);
    await new Promise(requestAnimationFrame);
    const begun = performance.now();
    const drawn = new Promise(resolve => tileserverMap.once("render", resolve));
    if (day !== null) { slider.value = String(day); slider.dispatchEvent(new Event("input")); }
    tileserverMap.triggerRepaint();
    await drawn;
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    return performance.now() - begun;
}"""
SCRUB = """async days => {
    const slider = document.getElementById("slider");
    for (const day of days) {
        slider.value = String(day);
        slider.dispatchEvent(new Event("input"));
        await new Promise(resolve => setTimeout(resolve, 30));
    }
}"""
STATE = "({...document.documentElement.dataset, label: document.getElementById('date').dateTime})"


@dataclass
class Traffic:
    """Requests for dated things, and what they weigh as sent."""

    requests: list[Request] = field(default_factory=list)

    def note(self, request: Request) -> None:
        """Count *request*, if it is for something dated."""
        if urlsplit(request.url).path.split("/")[1] in ("tiles", "history", "changes"):
            self.requests.append(request)

    async def weigh(self) -> tuple[int, int]:
        """Return how many were made and answered since the last time, and their bytes."""
        asked, self.requests = self.requests, []
        sizes = [await each.sizes() for each in asked if each.failure is None and await each.response()]
        return len(sizes), sum(size["responseBodySize"] for size in sizes)


def main(
    url: Annotated[str, typer.Argument(help="A server that runs.")],
    theatre: Annotated[str, typer.Option(help="Which theatre.")] = "ukraine",
    view: Annotated[str, typer.Option(help="Zoom, latitude, longitude.")] = "6.5/48.6/36.5",
    begin: Annotated[str, typer.Option(help="The day to begin at.")] = "2023-01-01",
    steps: Annotated[int, typer.Option(help="Steps, each beside a repaint.")] = 60,
    scrubs: Annotated[int, typer.Option(help="Fast scrubs.")] = 100,
    seed: Annotated[int, typer.Option(help="Of days and latencies.")] = 1,
) -> None:
    """Measure the slider of a server that runs; the module's docstring says how to read the table."""
    table = Table("what", "result", title=f"{theatre} at {view}, 1280 x 800")
    address = f"{url}/?theatre={theatre}&lang=en#map={view}&at={begin}"
    asyncio.run(_measure(table, address, _time_of(url, theatre), random.Random(seed), steps, scrubs))
    Console(width=110).print(table)


def _time_of(url: str, theatre: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/tilesets/{theatre}") as answer:
        found: dict[str, Any] = json.load(answer)["time"]
    return found


async def _measure(
    table: Table, address: str, times: dict[str, Any], chance: random.Random, steps: int, scrubs: int
) -> None:
    first = date.fromisoformat(times["first_day"])
    span = (date.fromisoformat(times["last_day"]) - first).days
    async with _page(address) as (page, traffic):
        number, weight = await traffic.weigh()
        table.add_row("opened", f"{number} requests, {weight / 1e3:.0f} kB")
        day = date.fromisoformat((await page.evaluate(STATE))["shown"])
        period = next(
            each for each in times["history"]["periods"] if each["first_day"] <= str(day) <= each["last_day"]
        )
        inside = range(max(0, period["first"] - (first - EPOCH).days), period["end"] - (first - EPOCH).days)
        await _step(table, page, traffic, inside, chance, steps)
        await _play(table, page, traffic, day)
        await _scrub(table, page, traffic, span, chance, scrubs)


@asynccontextmanager
async def _page(address: str) -> AsyncIterator[tuple[Page, Traffic]]:
    async with async_playwright() as playwright:
        executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        traffic = Traffic()
        page.on("request", traffic.note)
        await page.goto(address)
        await _ready(page)
        yield page, traffic
        await browser.close()


async def _ready(page: Page, shown: str = "") -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        state = await page.evaluate(STATE)
        if state.get("state") == "ready" and state["shown"] == (shown or state["shown"]):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"in vain for {PATIENCE:.0f} s: {shown or 'any day'} whole")


async def _step(
    table: Table, page: Page, traffic: Traffic, inside: Sequence[int], chance: random.Random, steps: int
) -> None:
    """Steps of one day and leaps within a period, each beside a repaint."""
    await page.hover("#slider")  # whoever is about to move through time has the neighbours loaded
    await asyncio.sleep(6)
    number, weight = await traffic.weigh()
    table.add_row("periods before and after, ahead", f"{number} requests, {weight / 1e3:.0f} kB")
    days = [inside[step % len(inside)] for step in range(steps)]
    for name, sequence in (("a step", days), ("a leap", [chance.choice(inside) for _ in range(steps)])):
        await page.evaluate(PIXELS, sequence[0])
        pairs = [(await page.evaluate(PIXELS, None), await page.evaluate(PIXELS, day)) for day in sequence]
        bare, moved = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(after / before for before, after in pairs)
        number, weight = await traffic.weigh()
        table.add_row(
            f"{name} to pixels, within a period",
            f"{moved:.1f} ms, bare repaint {bare:.1f} ms, {ratio:.2f} times; {number} requests",
        )


async def _play(table: Table, page: Page, traffic: Traffic, begin: date) -> None:
    """A year, from *begin*."""
    end = begin + timedelta(days=PLAYED)
    await page.fill("#date-field", str(begin))
    await _ready(page, str(begin))
    await traffic.weigh()
    seen = set()
    begun = time.monotonic()
    await page.click("#play")
    while (state := await page.evaluate(STATE))["shown"] < str(end):
        seen.add(state["shown"])
        assert state["label"] == state["shown"]
        await asyncio.sleep(0.02)
    took = time.monotonic() - begun
    await page.click("#play")
    number, weight = await traffic.weigh()
    table.add_row(
        "a year played",
        f"{took:.0f} s, {PLAYED / took:.1f} days a second, {number} requests, {weight / 1e3:.0f} kB",
    )


async def _scrub(
    table: Table, page: Page, traffic: Traffic, span: int, chance: random.Random, scrubs: int
) -> None:
    """Random fast scrubs over a network of random latency; afterwards all on screen is of the shown day."""

    async def late(route: Route) -> None:
        await asyncio.sleep(chance.uniform(0.02, 0.4))
        await route.continue_()

    await page.route("**/history/**", late)
    await traffic.weigh()
    features = wrong = 0
    waits = []
    for _ in range(scrubs):
        start, end = chance.randrange(span + 1), chance.randrange(span + 1)
        stops = chance.randrange(3, 12)
        await page.evaluate(SCRUB, [round(start + (end - start) * stop / stops) for stop in range(stops + 1)])
        begun = time.monotonic()
        await _ready(page)
        waits.append(time.monotonic() - begun)
        state = await page.evaluate(STATE)
        shown = (date.fromisoformat(state["shown"]) - EPOCH).days
        wrong += not (state["label"] == state["shown"] == await page.input_value("#date-field"))
        for layer in LAYERS:
            for each in await page.evaluate(DRAWN, layer):
                features += 1
                wrong += each["drawn"] != (each["from"] <= shown < each["to"])
    number, weight = await traffic.weigh()
    table.add_row(
        f"{scrubs} fast scrubs, latency 20-400 ms",
        f"{wrong} of {features} features wrong; {number} requests, {weight / 1e6:.1f} MB;"
        f" whole after {statistics.median(waits):.1f} s, at most {max(waits):.1f} s",
    )


if __name__ == "__main__":
    typer.run(main)
