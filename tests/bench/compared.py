"""How long a first comparison takes in the browser: ``python -m tests.bench.compared URL FROM/TO ...``.

From the moment in which the reader has chosen the other day to the first frame that shows what changed hands,
and to the moment in which that is told. Every pair of days is asked for once, and by a browser that holds
nothing; the map of the shown day is there before the clock starts. The renderer is a software one, so compare
figures of one machine.
"""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer
from playwright.async_api import Browser, async_playwright
from rich.console import Console

from tests.browser.compared import WATCHED
from tests.browser.conftest import ARGUMENTS, Reader

PLACE = "#map=6/48.3/36"


async def measure(browser: Browser, url: str, at: str, other: str) -> tuple[float, float]:
    """Return the milliseconds until the comparison of *at* with *other* is painted, and until it is told."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    reader = Reader(await context.new_page())
    await reader.open(f"{url}{PLACE}&at={at}")
    await reader.settled()
    await reader.page.evaluate(WATCHED)
    await reader.page.click("#compare-open")
    await reader.page.fill("#compare-date", other)
    await reader.until("window.seen.painted !== undefined && window.seen.told !== undefined")
    seen = await reader.page.evaluate("window.seen")
    await context.close()
    return seen["painted"] - seen["chosen"], seen["told"] - seen["chosen"]


async def _measure_all(url: str, pairs: list[str], console: Console) -> None:
    async with async_playwright() as playwright:
        executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = await playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        for pair in pairs:
            at, _, other = pair.partition("/")
            painted, told = await measure(browser, url, at, other)
            console.print(f"{at} with {other}: painted after {painted:.0f} ms, told after {told:.0f} ms")
        await browser.close()


def main(
    url: Annotated[str, typer.Argument(help="The page, as http://127.0.0.1:8000/?theatre=ukraine")],
    pairs: Annotated[list[str], typer.Argument(help="Pairs of days: 2023-10-10/2023-10-30")],
) -> None:
    """Print how long each comparison takes."""
    asyncio.run(_measure_all(url, pairs, Console()))


if __name__ == "__main__":
    typer.run(main)
