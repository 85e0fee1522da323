"""What was found, as tables and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import rich.box
from rich.table import Table

from tests.bench.dated.questions import TASKS
from tests.bench.dated.run import Figures, Found, torn_edges
from tests.bench.dated.stale import Staleness
from tests.bench.measure import paired_ratio

_FAULTS = ("wrong date", "wrong land", "too early", "missing event", "extra event")


def right_table(names: Sequence[str], found: Found) -> Table:
    """Return scores and faults by task and server."""
    table = _table("Right or wrong")
    for head in ("task", "server", "questions", "right", *_FAULTS, "other", "mixed views", "torn edges"):
        table.add_column(head, justify="left" if head in ("task", "server") else "right")
    for head in ("border off", "gaps", "area off"):
        table.add_column(head, justify="right")
    for task, name, own in _rows(names, found):
        rest = own.faults.total() - sum(own.faults[each] for each in (*_FAULTS, "mixed view"))
        edges = f"{torn_edges(own)}/{len(own.off)}" if own.off else ""
        views = f"{own.faults['mixed view']}/{own.views}" if own.views else ""
        shape = (
            [f"{own.wrong / own.border:.2f}", f"{1000 * own.torn / own.border:.0f}"]
            if own.border
            else ["", ""]
        )
        area = f"{100 * own.wrong / own.land:.3f} %" if own.land else ""
        counts = [str(own.faults[each] or "") for each in _FAULTS]
        score = f"{100 * np.mean(own.right):.0f} %"
        table.add_row(
            task, name, str(len(own.right)), score, *counts, str(rest or ""), views, edges, *shape, area
        )
    return table


def other_faults(names: Sequence[str], found: Found) -> list[str]:
    """Return what the table has under "other", in words."""
    return [
        f"{task}, {name}: {fault}, {number}"
        for task, name, own in _rows(names, found)
        for fault, number in own.faults.items()
        if fault not in (*_FAULTS, "mixed view")
    ]


def cost_table(names: Sequence[str], found: Found) -> Table:
    """Return bytes, time and work by task and server; ratios are to the first server, by question."""
    table = _table("What it takes; ratios are paired")
    for head in ("task", "server", "bytes", "p50 ms", f"/ {names[0]}", "again ms", "CPU ms", "PostgreSQL ms"):
        table.add_column(head, justify="left" if head in ("task", "server") else "right")
    for task, name, own in _rows(names, found):
        first = found[names[0], task]
        ratio = (
            ""
            if name == names[0] or len(own.seconds) != len(first.seconds)
            else str(paired_ratio(own.seconds, first.seconds))
        )
        if own.seconds:
            number = len(own.seconds)
            times = [f"{1000 * np.median(own.seconds):.2f}", ratio, f"{1000 * np.median(own.again):.2f}"]
            work = [f"{1000 * own.cpu / number:.2f}", f"{1000 * own.database / number:.2f}"]
            table.add_row(task, name, f"{np.mean(own.sizes):,.0f}", *times, *work)
    return table


def stale_table(found: Mapping[str, Staleness]) -> Table:
    """Return for how long readers behind a cache saw what had been corrected."""
    table = _table("A correction while readers look, through an HTTP cache")
    for head in ("server", "all new after s", "mixed for s", "answers from the cache"):
        table.add_column(head, justify="left" if head == "server" else "right")
    for name, each in found.items():
        after = f"{each.seconds:.1f}" if each.seconds is not None else f"never in {each.patience:.0f}"
        table.add_row(name, after, f"{each.mixed:.1f}", f"{100 * each.from_cache:.0f} %")
    return table


def as_json(names: Sequence[str], found: Found, stale: Mapping[str, Staleness]) -> dict[str, Any]:
    """Return all of it for a program: areas in square units of tiles, times in seconds."""
    return {
        "tasks": [{"task": task, "server": name, **_figures(own)} for task, name, own in _rows(names, found)],
        "stale": [
            {"server": name, "seconds": each.seconds, "mixed": each.mixed, "from_cache": each.from_cache}
            for name, each in stale.items()
        ],
    }


def _figures(own: Figures) -> dict[str, Any]:
    number = len(own.seconds)
    return {
        "questions": len(own.right),
        "right": int(sum(own.right)),
        "faults": dict(own.faults),
        "wrong": own.wrong,
        "land": own.land,
        "border": own.border,
        "torn": own.torn,
        "views": own.views,
        "edges": len(own.off),
        "torn_edges": torn_edges(own),
        "bytes": float(np.mean(own.sizes)) if number else None,
        "p50": float(np.median(own.seconds)) if number else None,
        "p50_again": float(np.median(own.again)) if number else None,
        "cpu": own.cpu / number if number else None,
        "database_cpu": own.database / number if number else None,
    }


def _rows(names: Sequence[str], found: Found) -> list[tuple[str, str, Figures]]:
    return [(task, name, found[name, task]) for task in TASKS for name in names if (name, task) in found]


def _table(title: str) -> Table:
    return Table(title=title, box=rich.box.SIMPLE, title_justify="left", pad_edge=False)
