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

from tests.bench.moving import LONG, Tell, handled, year
from tests.bench.opening import SLOW_3G, Opened, opened
from tests.bench.traced import ASKED, BROWSER, MAPLIBRE, OURS
from tests.browser.conftest import ARGUMENTS, renderer

SERVERS = os.environ.get("URL", "http://127.0.0.1:8000").split()
PLACE = os.environ.get("PLACE", "?theatre=ukraine-sample&lang=en&at=2023-11-09")
TILE = os.environ.get("TILE", "/tiles/ukraine-sample/{z}/{x}/{y}.mvt?datetime=2023-11-09")
PAIRS = int(os.environ.get("PAIRS", "6"))
PARTS = os.environ.get("PARTS", "open slow slider year").split()
STEPS = int(os.environ.get("STEPS", "40"))  # of the slider, in each way
OWNERS = (OURS, ASKED, MAPLIBRE, BROWSER)
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
            console.print(*_slider(browser, progress.log), sep="\n")
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


def _slider(browser: Browser, tell: Tell) -> list[Table]:
    """How long a handler of input takes, and whose the tasks are that take long."""
    handlers = _table(
        "Handlers of the slider with all that they call, in the thread's own time",
        *("what is done", "handlers", "p95 ms", "worst ms", "over 50 ms"),
    )
    tasks = _table(
        "Tasks of the main thread meanwhile and until all is at rest; whose those over 50 ms are",
        *("what is done", "tasks", "over 50 ms", "worst ms", *OWNERS, "worst of ours"),
    )
    for name, found in handled(browser, f"{SERVERS[-1]}/{PLACE}", STEPS, tell).items():
        took = sorted(each for task in found for each in task.handlers)
        p95 = took[int(0.95 * (len(took) - 1))]
        handlers.add_row(name, str(len(took)), f"{p95:.1f}", f"{took[-1]:.1f}", str(_long(took)))
        long = [task for task in found if task.spent > LONG]
        whole = sum(task.spent for task in long) or 1
        shares = [sum(task.shares.get(owner, 0) for task in long) / whole for owner in OWNERS]
        tasks.add_row(
            name,
            str(len(found)),
            str(len(long)),
            f"{max(task.spent for task in found):.1f}",
            *(f"{share:.1%}" for share in shares),
            f"{max(task.ours for task in found):.1f}",
        )
    return [handlers, tasks]


def _long(times: list[float]) -> int:
    return sum(each > LONG for each in times)


def _year(browser: Browser, tell: Tell) -> Table:
    columns = ("days played", "heap MB", "without code", "nodes", "listeners", "sources", "layers", "images")
    table = _table("What is kept, after collection, at the last day", *columns)
    for kept in year(browser, f"{SERVERS[-1]}/{PLACE}", YEAR, YEARS, tell):
        counts = (kept.nodes, kept.listeners, kept.sources, kept.layers, kept.images)
        table.add_row(str(kept.days), f"{kept.heap / 1e6:.2f}", f"{kept.data / 1e6:.2f}", *map(str, counts))
    return table


if __name__ == "__main__":
    main()
