"""The tables that the benchmark prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import rich.box
from rich.table import Table

from tests.bench.load import Warm
from tests.bench.loading import Import
from tests.bench.measure import Cold, Walk, paired_ratio
from tests.bench.servers import Arm
from tests.bench.steps import Step, whole_share


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


def cold_table(title: str, arms: Sequence[Arm], found: dict[int, Cold]) -> Table:
    """First answers by zoom: a row an arm, with how many times as long it took as the first."""
    table = _table(
        f"{title}: milliseconds on one connection, gzip; CPU ms of the server and of PostgreSQL;\n"
        "how many times as long as ours, pair by pair (95 % interval)",
        ("zoom", "tiles", "server", "p50", "p95", "CPU", "PostgreSQL", "kB", "times ours"),
    )
    for zoom, cold in found.items():
        for which, arm in enumerate(arms):
            own = cold.seconds[:, which]
            p50, p95 = np.percentile(own * 1000, [50, 95])
            table.add_row(
                str(zoom) if which == 0 else "",
                str(len(own)) if which == 0 else "",
                arm.name,
                f"{p50:.2f}",
                f"{p95:.2f}",
                f"{cold.cpu[which] * 1000:.2f}",
                f"{cold.database[which] * 1000:.2f}",
                f"{cold.sizes[:, which].mean() / 1000:.2f}",
                "" if which == 0 else str(paired_ratio(own, cold.seconds[:, 0])),
                end_section=which == len(arms) - 1,
            )
    return table


def warm_table(title: str, names: Sequence[str], found: dict[int, list[Warm]]) -> Table:
    """Rates by connections: a row an arm, with how many times as many answers a CPU second ours are."""
    table = _table(
        f"{title}: medians of the runs; answers a second, and a second of the server's processor time;\n"
        "milliseconds; how many times as many answers a CPU second the first has (95 % interval)",
        ("connections", "server", "/s", "/CPU s", "p50", "p99", "no tile", "times"),
    )
    for connections, warm in found.items():
        for which, (name, own) in enumerate(zip(names, warm, strict=False)):
            table.add_row(
                str(connections) if which == 0 else "",
                name,
                f"{np.median(own.rates):,.0f}",
                f"{np.median(own.per_cpu):,.0f}",
                f"{np.median(own.p50) * 1000:.2f}",
                f"{np.median(own.p99) * 1000:.2f}",
                str(own.refused),
                "" if which == 0 else str(paired_ratio(warm[0].per_cpu, own.per_cpu)),
                end_section=which == len(warm) - 1,
            )
    return table


def walk_table(title: str, rows: Sequence[tuple[str, str, Walk]]) -> Table:
    """What walks cost, a row each: its name, of which server, and its figures."""
    table = _table(
        f"{title}: a browser's headers, 6 connections",
        ("walk", "server", "requests", "kB", "CPU ms", "PostgreSQL ms", "/CPU s", "no tile"),
    )
    for name, server, found in rows:
        table.add_row(
            name,
            server,
            f"{found.requests:,}",
            f"{found.size / 1000:,.0f}",
            f"{found.cpu * 1000:,.0f}",
            f"{found.database * 1000:,.0f}",
            f"{found.per_cpu:,.0f}",
            str(found.refused),
        )
    return table


def steps_table(found: Mapping[tuple[str, int], Sequence[Step]]) -> Table:
    """What a step to the next day weighs: a row a layer set and zoom; "median, p90" of bytes and shares."""
    table = _table(
        "A step to the next day, tiles that changed: bytes of the body, median and p90; dcz is what is sent\n"
        "to a browser that holds the day before, whole where there is no difference, of Brotli in hundredths",
        ("layers", "zoom", "tiles", "plain", "gzip", "br", "dcz", "differences", "dcz/br %", "all %"),
    )
    for number, ((layers, zoom), steps) in enumerate(found.items()):
        sizes = [[each.plain, each.gzip, each.br, each.dcz] for each in steps]
        is_first = not number or zoom == min(zoom for _, zoom in found)
        table.add_row(
            layers if is_first else "",
            str(zoom),
            str(len(steps)),
            *(_median_and_p90(column, 0) for column in zip(*sizes, strict=True)),
            f"{sum(each.is_difference for each in steps)}",
            _median_and_p90([100 * each.share for each in steps], 1),
            f"{100 * whole_share(steps):.1f}",
            end_section=zoom == max(zoom for _, zoom in found),
        )
    return table


def _median_and_p90(figures: Sequence[float], digits: int) -> str:
    middle, most = np.percentile(figures, [50, 90])
    return f"{middle:,.{digits}f} {most:,.{digits}f}"


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, box=rich.box.SIMPLE, title_justify="left", title_style="bold")
    for column in columns:
        is_text = column in ("server", "layer", "layers", "walk")
        table.add_column(column, justify="left" if is_text else "right", no_wrap=True)
    return table
