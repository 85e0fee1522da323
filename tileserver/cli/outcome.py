"""Printed forms of the outcome of an import: its account, its effects, and the reasons for a hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import typer

from tileserver.cli.session import out, print_json, print_table
from tileserver.desk.job import Outcome
from tileserver.desk.verdict import Effect
from tileserver.ingest.mapping.values import shown
from tileserver.ingest.report import class_words, example_words, findings_told
from tileserver.times import format_instant


def print_outcome(ref: str, outcome: Outcome, *, json: bool) -> None:
    """Print the outcome of an import, a revision or the reasons of a hold, and its account."""
    if json:
        print_json({"layer": ref, **msgspec.to_builtins(outcome)})
        return
    report: dict[str, Any] = outcome.report
    out.print(
        f"[bold]{ref}[/bold]: {_what(outcome)}"
        f" read {report['read']:,}, imported {report['imported']:,},"
        f" quarantined {report['quarantined']:,}, left out {report['left_out']:,}",
        highlight=False,
        soft_wrap=True,
    )
    went = ("would go", "would lose") if outcome.held else ("went", "lost")
    print_taken(outcome.hidden, outcome.coarsened, *went)
    said = [f"{'held' if outcome.held else 'accepted'}: {each.words}" for each in outcome.rulings]
    for line in (*said, *([f"warning: {outcome.settled}"] if outcome.settled else [])):
        typer.echo(f"  {line}")
    print_effects(outcome.effects, "What it would change" if outcome.held else "What it changed")
    print_findings(report)
    print_rules(report)
    if outcome.held:
        _print_way_on(outcome)
    elif report["quarantined"]:
        aside = report["quarantined"]
        what = "was quarantined and is" if aside == 1 else "were quarantined and are"
        typer.echo(f"{aside:,} {what} not published; the rest is.")


def _print_way_on(outcome: Outcome) -> None:
    typer.echo(f"To look at it again: tileserver held show {outcome.held}")
    typer.echo(f"To publish it: tileserver held accept {outcome.held} --reason ...")
    if outcome.hidden or outcome.coarsened:
        typer.echo("Until then those events are public as before: decide soon, or tileserver withdraw --key.")


def outcome_words(outcome: Outcome) -> str:
    """Return a sentence on the outcome of an import."""
    if outcome.held:
        return f"This import was held back as {outcome.held}; nothing public changed."
    if outcome.revision is None:
        return "This import changed nothing: all of it was known."
    return f"This import was published as revision {outcome.revision}."


def _what(outcome: Outcome) -> str:
    if outcome.held:
        return f"held back, nothing public changed; it is kept as {outcome.held};"
    what = "nothing changed" if outcome.revision is None else f"revision {outcome.revision}"
    edits = f" ({outcome.edited:,} of them edits)" if outcome.edited else ""
    return (
        f"{what}; {outcome.snapshots:,} snapshots, {outcome.added:,} versions added,"
        f" {outcome.ended:,} ended{edits},"
        f" {outcome.faces_added:,} faces drawn, {outcome.faces_ended:,} ended;"
    )


def print_taken(hidden: int, coarsened: int, go: str, lose: str) -> None:
    """Print the numbers of events that go out of every revision, whole or in part, where there are any."""
    if hidden:
        typer.echo(f"  {hidden:,} events {go} out of every revision: a source of theirs is hidden")
    if coarsened:
        typer.echo(
            f"  {coarsened:,} events {lose} their more exact versions in every revision:"
            " their place is told less exactly"
        )


def print_effects(effects: Sequence[Effect], title: str) -> None:
    """Print km2 by status before and after, where there are any."""
    rows = [
        (
            format_instant(each.at),
            each.status or "all areas",
            f"{each.before:,.1f}",
            f"{each.after:,.1f}",
            f"{each.after - each.before:+,.1f}",
        )
        for each in effects
    ]
    if rows:
        print_table(title, ("on", "status", "km² before", "km² after", "change"), rows)


def print_findings(report: Mapping[str, Any]) -> None:
    """Print the classes of findings in a file: meaning, remedy, number, and an example with its row."""
    rows = [
        (
            f"{each['finding']}\n({each['treatment']})",
            each["count"],
            class_words(each),
            shown(example_words(each["example"])),
        )
        for each in findings_told(report)
    ]
    if rows:
        columns = ("finding", "count", "its meaning, and what would do", "an example")
        print_table("", columns, [*rows])


def print_rules(report: Mapping[str, Any]) -> None:
    """Print the conditions of a mapping, each with the number of rows left out."""
    counts: dict[str, int] = report.get("rules", {})  # none in accounts of before conditions were counted
    rows = [(shown(rule), f"{number:,}" if number else "none") for rule, number in counts.items()]
    if rows:
        print_table("Rows left out by the mapping", ("condition", "rows"), [*rows])
