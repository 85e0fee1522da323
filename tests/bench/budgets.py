"""Budgets of the reader's page, measured by Chromium against a served sample: ``make budgets``.

``URL`` is the server, http://127.0.0.1:8000; several, with a space between, are opened in turns, and the
last one has the build of this checkout. ``PLACE`` is what is opened of it, ``TILE`` the one tile of the bare
page of MapLibre beside it; ``PAIRS`` is how often. The renderer is software: take the ratios. ``PARTS`` names
the tables: open, slow, slider, year. The last two are drawn by the cheaper renderer, where there is one:
they do not ask how fast it draws.
"""

from __future__ import annotations

import math
import os
import statistics
from collections import defaultdict
from typing import Any

import rich.box
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

from tests.bench.moving import LONG, OURS, Tell, handled, year
from tests.bench.opening import SLOW_3G, Opened, opened
from tests.browser.conftest import ARGUMENTS, renderer

SERVERS = os.environ.get("URL", "http://127.0.0.1:8000").split()
PLACE = os.environ.get("PLACE", "?theatre=ukraine-sample&lang=en&at=2023-11-09")
TILE = os.environ.get("TILE", "/tiles/ukraine-sample/{z}/{x}/{y}.mvt?datetime=2023-11-09")
PAIRS = int(os.environ.get("PAIRS", "6"))
PARTS = os.environ.get("PARTS", "open slow slider year").split()
STEPS = 40  # of the slider, each way
YEAR, YEARS = 365, 2  # days, and how often they are played: what is kept once is no growth


def main() -> None:
    """Print the budgets as tables, and on standard error how far it is."""
    console, progress = Console(width=120), Console(stderr=True, width=120)
    executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        if "open" in PARTS:
            console.print(_openings(browser, "without a limit", None, PAIRS))
        if "slow" in PARTS:
            console.print(_openings(browser, "slow 3G", SLOW_3G, max(1, PAIRS // 3)))
        browser.close()
        browser = playwright.chromium.launch(executable_path=executable, args=renderer())
        if "slider" in PARTS:
            console.print(_slider(browser, progress.log))
        if "year" in PARTS:
            console.print(_year(browser, progress.log))
        browser.close()


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, box=rich.box.SIMPLE_HEAD, title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right")
    return table


def _openings(browser: Browser, title: str, network: dict[str, Any] | None, pairs: int) -> Table:
    """Open all pages in turns, and compare each with the bare page of its turn."""
    *_, own = SERVERS
    pages = {f"{server}/{PLACE}": "" for server in SERVERS} | {f"{own}/bare": TILE}
    found: dict[str, list[Opened]] = defaultdict(list)
    for _ in range(pairs):
        for url, tile in pages.items():
            found[url].append(opened(browser, url, network, tile))
    columns = ("page", "picture", "ms", "times bare", "kB", "requests", "kB 4 s later", "shift")
    table = _table(f"First picture of a day, {title}, medians of {pairs}", *columns)
    bare = found[f"{own}/bare"]
    for url, each in found.items():
        stills = [one.still for one in each]
        if not any(map(math.isnan, stills)):
            table.add_row("", "before the map", f"{_median(stills):.0f}", _times(stills, bare))
        firsts = [one.first for one in each]
        table.add_row(
            url,
            "the map's",
            f"{_median(firsts):.0f}",
            _times(firsts, bare),
            f"{_median(one.wire for one in each) / 1000:.1f}",
            f"{_median(one.requests for one in each):.0f}",
            f"{_median(one.in_all for one in each) / 1000:.1f}",
            f"{max(one.shift for one in each):.5f}",
        )
    return table


def _times(found: list[float], bare: list[Opened]) -> str:
    times = [one / other.first for one, other in zip(found, bare, strict=True)]
    return f"{statistics.median(times):.2f} ({min(times):.2f}-{max(times):.2f})"


def _median(values: Any) -> float:
    return float(statistics.median(values))


def _slider(browser: Browser, tell: Tell) -> Table:
    table = _table("The slider, pressed, dragged and leapt with", "what", "number", "median ms", "worst ms")
    result = handled(browser, f"{SERVERS[-1]}/{PLACE}", STEPS, tell)
    ours = [share for _, share in result.long]
    for name, values in (
        ("handlers of input, all that they call", result.handlers),
        ("of these, over 50 ms", [took for took in result.handlers if took > LONG]),
        ("tasks over 50 ms", [task for task, _ in result.long]),
        ("of these, calls of ours", ours),
        ("of these, calls of ours over 50 ms", [share for share in ours if share > LONG]),
    ):
        table.add_row(
            name, str(len(values)), f"{_median(values or [0]):.1f}", f"{max(values, default=0):.1f}"
        )
    in_long = sum(task for task, _ in result.long) or 1
    table.add_row(f"tasks over 50 ms: share that is ours {sum(ours) / in_long:.1%}", "", "", "")
    busy = sum(ms for name, ms in result.shares.items() if name != "(idle)")
    for name in (OURS, "MapLibre", "(program)", "(garbage collector)"):
        share = result.shares.get(name, 0)
        table.add_row(f"{name}: share of the busy time", f"{share / busy:.1%}", "", "")
    return table


def _year(browser: Browser, tell: Tell) -> Table:
    columns = ("days played", "heap MB", "without code", "nodes", "listeners", "sources", "layers", "images")
    table = _table("What is kept, after collection, at the last day", *columns)
    for kept in year(browser, f"{SERVERS[-1]}/{PLACE}", YEAR, YEARS, tell):
        counts = (kept.nodes, kept.listeners, kept.sources, kept.layers, kept.images)
        table.add_row(str(kept.days), f"{kept.heap / 1e6:.2f}", f"{kept.data / 1e6:.2f}", *map(str, counts))
    return table


if __name__ == "__main__":
    main()
