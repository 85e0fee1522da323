"""The tables that the benchmark prints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import rich.box
from rich.table import Table

from tests.bench.loading import Import
from tests.bench.measure import CONNECTIONS, Cold, Warm, paired_ratio
from tests.bench.servers import Arm


def import_table(imports: Sequence[Import], stored_bytes: int) -> Table:
    """Import rates."""
    table = _table(
        f"Import ({stored_bytes / 1e6:.0f} MB of versions with indexes)",
        ("layer", "source MB", "seconds", "items", "items/s", "versions", "peak MB"),
    )
    for each in imports:
        table.add_row(
            each.layer,
            f"{each.source_bytes / 1e6:.1f}",
            f"{each.seconds:.1f}",
            str(each.items),
            f"{each.items / each.seconds:.0f}",
            str(each.rows),
            f"{each.peak_bytes / 1e6:.0f}",
        )
    return table


def cold_table(kind: str, arms: Sequence[Arm], found: dict[int, Cold]) -> Table:
    """Cold latency by what was asked: a row an arm, with how many times as long it took as the first."""
    table = _table(
        f"{kind}, cold: milliseconds on one connection; how many times as long as ours (95 % interval)",
        ("zoom", "tiles", "server", "p50", "p95", "p99", "kB", "times ours"),
    )
    for zoom, cold in found.items():
        for which, arm in enumerate(arms):
            own = cold.seconds[:, which]
            table.add_row(
                str(zoom) if which == 0 else "",
                str(len(own)) if which == 0 else "",
                arm.name,
                *_percentiles(own),
                f"{cold.sizes[:, which].mean() / 1000:.1f}",
                "" if which == 0 else str(paired_ratio(own, cold.seconds[:, 0])),
                end_section=which == len(arms) - 1,
            )
    return table


def warm_table(kind: str, arms: Sequence[Arm], found: dict[int, list[Warm]]) -> Table:
    """Warm latency, throughput and the server's own processor time, with ratios to the first."""
    table = _table(
        f"{kind}, warm: milliseconds; answers a second at 1 and 16 connections; its own processor time;\n"
        "how many times as many answers are ours, and as much processor time is its (95 % interval)",
        ("zoom", "server", "p50", "p99", "kB", "/s, 1", "/s, 16", "cpu us", "ours, 1", "ours, 16", "its cpu"),
    )
    for zoom, warm in found.items():
        for which, (arm, own) in enumerate(zip(arms, warm, strict=True)):
            ratios = [paired_ratio(warm[0].rates[n], own.rates[n]) for n in CONNECTIONS]
            ratios.append(paired_ratio(own.cpu, warm[0].cpu))
            p50, _, p99 = _percentiles(np.array(own.latencies))
            table.add_row(
                str(zoom) if which == 0 else "",
                arm.name,
                p50,
                p99,
                f"{own.size / 1000:.1f}",
                *(f"{np.median(own.rates[n]):.0f}" for n in CONNECTIONS),
                f"{np.median(own.cpu) * 1e6:.0f}",
                *("" if which == 0 else str(ratio) for ratio in ratios),
                end_section=which == len(arms) - 1,
            )
    return table


def _percentiles(seconds: npt.NDArray[np.float64]) -> tuple[str, str, str]:
    p50, p95, p99 = np.percentile(seconds * 1000, [50, 95, 99])
    return f"{p50:.2f}", f"{p95:.2f}", f"{p99:.2f}"


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, box=rich.box.SIMPLE, title_justify="left", title_style="bold")
    for column in columns:
        is_text = column in ("server", "layer")
        table.add_column(column, justify="left" if is_text else "right", no_wrap=True)
    return table
