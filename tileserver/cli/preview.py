"""Previews of imports as tables, JSON, a file and a page on a private address."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from tileserver.cli.outcome import print_effects, print_findings, print_rules, print_taken
from tileserver.cli.private import serve_privately
from tileserver.cli.session import err, out, print_json, print_table
from tileserver.counted import counted
from tileserver.desk.preview import FATES, Preview
from tileserver.desk.preview_document import preview_document
from tileserver.desk.preview_page import preview_page
from tileserver.disk import write_whole
from tileserver.errors import BadParameter
from tileserver.store.catalogue import StoredLayer

ReportFile = Annotated[
    Path | None,
    typer.Option(
        "--report",
        help="Write the report as a page, one HTML file: its counts, maps of what changes and of what was put"
        " aside or repaired, and each row.",
    ),
]


def check_writable(path: Path | None, option: str = "--report") -> None:
    """Refuse a *path* of an *option* that cannot be written, before any work is done."""
    if path is not None and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
        raise BadParameter(f"{option} {path} cannot be written; name a file in a folder that exists")


def show_page(stored: StoredLayer, words: str, told: Preview, path: Path | None, *, look: bool) -> None:
    """Write the page of *told* to *path*, and serve the page on a private address to *look*."""
    if path is None and not look:
        return
    page = preview_page(stored, words, told)
    if path is not None:
        write_whole(path, page.encode())
        err.print(f"report: {path}", highlight=False, soft_wrap=True, markup=False)
    if look:
        serve_privately(page, _announce)


def _announce(address: str) -> None:
    err.print(f"look at it, on this machine alone: {address}", highlight=False, soft_wrap=True, markup=False)
    err.print("it is gone with Ctrl-C", highlight=False)


def would_hold(told: Preview, accepted: str) -> bool:
    """Whether the import would be held back, unless *accepted* for a reason."""
    return bool(told.rulings) and not accepted


def verdict_words(told: Preview, accepted: str = "") -> str:
    """Return a sentence on the outcome that an import would have."""
    if would_hold(told, accepted):
        return "This import would be held back; nothing public would change."
    if told.nothing:
        return "This import would change nothing: all of it is known."
    reason = f", for it would be accepted: {accepted}" if told.rulings else ""
    return f"This import would be published{reason}."


def print_preview(stored: StoredLayer, told: Preview, accepted: str, *, json: bool) -> None:
    """Print the changes that an import would make, and reasons to hold the import back."""
    held = would_hold(told, accepted)
    if json:
        print_json({"layer": str(stored.ref), "dry_run": True, "held": held, **preview_document(told)})
        return
    _print_counts(stored, told, accepted)
    if told.caution:
        err.print(told.caution, style="red", highlight=False, soft_wrap=True, markup=False)
    for ruling in told.rulings:
        typer.echo(f"  {'held' if held else 'accepted'}: {ruling.words}")
    print_taken(told.hidden, told.coarsened, "would go", "would lose")
    for number, state in enumerate(told.states):
        print_effects(state.effects, "On the day of the largest change" if number else "On the newest day")
    if told.fates:
        rows = [(code or "none", *(by.get(fate, 0) for fate in FATES)) for code, by in told.fates.items()]
        print_table("What comes, goes and changes", ("category", *FATES), rows)
    print_findings(told.report)
    print_rules(told.report)
    typer.echo("Nothing was written.")


def _print_counts(stored: StoredLayer, told: Preview, accepted: str) -> None:
    report = told.report
    out.print(
        f"[bold]{stored.ref}[/bold]: {escape(verdict_words(told, accepted))} It would add"
        f" {counted(told.added, 'version')} of features, end {told.ended:,},"
        f" and change {counted(told.days, 'day')}; read {report['read']:,},"
        f" imported {report['imported']:,}, quarantined {report['quarantined']:,},"
        f" left out {report['left_out']:,}",
        highlight=False,
        soft_wrap=True,
    )
