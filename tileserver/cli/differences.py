"""Printed forms of the difference of two revisions, and of a withdrawal to be agreed to."""

from __future__ import annotations

from typing import Any

import typer

from tileserver.counted import counted
from tileserver.desk.corrections import Withdrawal
from tileserver.desk.differences import Balance, DifferencePeriod
from tileserver.times import format_instant

COLUMNS = ("from", "to", "came, went", "km² at the start", "km² at the most", "where")


def difference_row(period: DifferencePeriod) -> tuple[str, ...]:
    """Return a period as a row of a table, in the order of `COLUMNS`."""
    box = period.bounds
    return (
        format_instant(period.start),
        format_instant(period.end),
        f"+{period.added:,} -{period.gone:,}",
        period.first.words if period.first else "",
        period.largest.words if period.largest else "",
        f"{box.west:.2f} {box.south:.2f} {box.east:.2f} {box.north:.2f}",
    )


def difference_document(period: DifferencePeriod) -> dict[str, Any]:
    """Return a period as fields of JSON: instants, bounds in degrees, km2 by status where measured."""
    box = period.bounds
    return {
        "from": format_instant(period.start),
        "to": format_instant(period.end),
        "bounds": [box.west, box.south, box.east, box.north],
        "added": period.added,
        "gone": period.gone,
        "km2": None
        if period.first is None or period.largest is None
        else {"start": _km2(period.first), "largest": _km2(period.largest)},
    }


def _km2(balance: Balance) -> dict[str, Any]:
    return {
        "at": format_instant(balance.at),
        "old": balance.old,
        "new": balance.new,
        "change": balance.change,
    }


def print_withdrawal(layer: str, asked: Withdrawal) -> None:
    """Print the number of rows and the snapshots that a withdrawal from *layer* would take out."""
    taken = asked.taken
    typer.echo(
        f"{layer}, rows of all revisions: {counted(taken.features, 'feature')},"
        f" {counted(taken.faces, 'face')}"
    )
    if taken.snapshots:
        typer.echo("snapshots: " + ", ".join(map(format_instant, taken.snapshots)))
    if asked.goes_on:
        typer.echo(
            "no snapshot begins where the period ends: what the last of these held goes on from there;"
            " to end it, let --to be the instant of the next good snapshot, or .. where there is none yet"
        )
