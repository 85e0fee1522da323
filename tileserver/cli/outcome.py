"""Printed forms of the outcome of an import: its account, its effects, and the reasons for a hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import typer

from tileserver.cli.session import out, print_json, print_table
from tileserver.counted import counted
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
    went = ("would go", "would lose") if outcome.held and outcome.revision is None else ("went", "lost")
    print_taken(outcome.hidden, outcome.coarsened, *went)
    for line in (*_ruling_words(outcome), *([f"warning: {outcome.settled}"] if outcome.settled else [])):
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


def _ruling_words(outcome: Outcome) -> list[str]:
    way = "held" if outcome.waits_for == "decision" else "accepted"
    return [f"{way}: {each.words}" for each in outcome.rulings]


def _print_way_on(outcome: Outcome) -> None:
    number = outcome.held
    typer.echo(f"To look at it again: tileserver held show {number}")
    if outcome.waits_for == "time":
        typer.echo(f"To take that back: tileserver held cancel {number}")
    elif outcome.missing:
        reason = " --reason ..." if outcome.waits_for == "decision" else ""
        typer.echo(f"To publish it, another person: tileserver held approve {number} --by NAME{reason}")
    else:
        typer.echo(f"To publish it: tileserver held accept {number} --reason ...")
    if outcome.revision is None and (outcome.hidden or outcome.coarsened):
        typer.echo("Until then those events are public as before: decide soon, or tileserver withdraw --key.")


def outcome_words(outcome: Outcome) -> str:
    """Return a sentence on the outcome of an import."""
    if outcome.held:
        return f"This import was {_kept(outcome)}."
    if outcome.revision is None:
        return "This import changed nothing: all of it was known."
    return f"This import was published as revision {outcome.revision}."


def _kept(outcome: Outcome) -> str:
    """Return the words on an import that is held, for a decision, another person or its time."""
    then = f" and then for {format_instant(outcome.publish_at)}" if outcome.publish_at else ""
    if outcome.waits_for == "decision":
        return f"held back, nothing public changed; it is kept as {outcome.held}"
    if outcome.waits_for == "persons":
        persons = "another person" if outcome.missing == 1 else f"{outcome.missing} other persons"
        return f"kept as {outcome.held}, and waits for {persons}{then}"
    return f"kept as {outcome.held}, and is public at {format_instant(outcome.publish_at)}"


def _what(outcome: Outcome) -> str:
    if outcome.held:
        gone = f" what must not be public went in revision {outcome.revision};" if outcome.revision else ""
        return f"{_kept(outcome)};{gone}"
    what = "nothing changed" if outcome.revision is None else f"revision {outcome.revision}"
    edits = f" ({outcome.edited:,} of them edits)" if outcome.edited else ""
    return (
        f"{what}; {counted(outcome.snapshots, 'snapshot')}, {counted(outcome.added, 'version')} added,"
        f" {outcome.ended:,} ended{edits},"
        f" {counted(outcome.faces_added, 'face')} drawn, {outcome.faces_ended:,} ended;"
    )


def print_taken(hidden: int, coarsened: int, go: str, lose: str) -> None:
    """Print the numbers of events that go out of every revision, whole or in part, where there are any."""
    if hidden:
        typer.echo(f"  {counted(hidden, 'event')} {go} out of every revision: a source is hidden")
    if coarsened:
        typer.echo(
            f"  {counted(coarsened, 'event')} {lose} more exact versions in every revision:"
            " the place is told less exactly"
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
