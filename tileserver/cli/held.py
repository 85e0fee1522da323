"""``tileserver held``: imports that wait for the desk."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from tileserver.cli.options import By, PublishAt, Remarks, person, reason_of, remark_of
from tileserver.cli.outcome import print_effects, print_findings, print_outcome
from tileserver.cli.preview import ReportFile, check_writable, show_page
from tileserver.cli.progress import progress_bar
from tileserver.cli.session import Json, clock, print_json, print_table, with_connection
from tileserver.counted import counted
from tileserver.desk import held as desk
from tileserver.desk.held import HeldReview
from tileserver.desk.job import Outcome
from tileserver.desk.layers import checked_layers
from tileserver.desk.preview import Preview
from tileserver.desk.redraw_all import rebuild_stale
from tileserver.desk.review_document import review_document
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.store.held import HeldImport, find_held
from tileserver.times import format_instant

held = typer.Typer(
    help="Imports that were held back: nothing of them is public until one is accepted.",
    no_args_is_help=True,
)

_LATE = timedelta(minutes=1)
_NOBODY = "nobody runs held publish-due"

Number = Annotated[int, typer.Argument(metavar="ID", help="From: tileserver held list")]


@held.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Those that were decided, too.")] = False,
    json: Json = False,
) -> None:
    """List the imports that wait, and why.

    For the desk: it does not obey the embargo.
    """

    async def work(connection: Connection) -> list[HeldReview]:
        return await desk.waiting(connection, await checked_layers(connection), decided=every)

    found = with_connection(work)
    if json:
        print_json([_document(each) for each in found])
        return
    rows = [
        (
            str(each.found.id),
            each.layer,
            format_instant(each.found.kept_at.replace(microsecond=0)),
            each.found.origin,
            state_words(each),
            "; ".join(ruling.words for ruling in each.rulings),
        )
        for each in found
    ]
    if rows:
        print_table("Held back", ("id", "layer", "since", "from", "state", "why"), rows)
    else:
        typer.echo("nothing is held back")


@held.command()
def show(number: Number, report: ReportFile = None, json: Json = False) -> None:
    """Show an import: the reasons to wait, the findings in its file, and its effect on the public data now.

    It is judged anew against what was imported since. For the desk: it does not obey the embargo.
    """

    async def work(connection: Connection) -> HeldReview:
        return await desk.look(connection, await checked_layers(connection), number)

    check_writable(report)
    seen = with_connection(work)
    if report is not None:
        _show_page(number, report)
    if json:
        print_json(_document(seen))
        return
    found = seen.found
    _print_head(seen)
    for ruling in seen.rulings:
        typer.echo(f"  {ruling.words}")
    print_findings(found.report)
    if found.state == "waiting":
        typer.echo(f"It would add {counted(seen.added, 'version')} of features and end {seen.ended:,}.")
        print_effects(seen.effects, "What it would change")
        if seen.missing:
            typer.echo(f"To publish it, another person: tileserver held approve {found.id} --by NAME")
        else:
            typer.echo(f"To publish it: tileserver held accept {found.id} --reason ...")


def _print_head(seen: HeldReview) -> None:
    found = seen.found
    by = f", by {found.plan.imported_by}" if found.plan.imported_by else ""
    typer.echo(f"{seen.layer}: {found.origin}{by}, {state_words(seen)}")
    for approval in seen.approvals:
        reason = f": {approval.reason}" if approval.reason else ""
        typer.echo(f"  approved by {approval.by}{reason}")


@held.command()
def look(number: Number) -> None:
    """Serve the report of an import, with its maps, on a private address of this machine.

    The address has a random part, is not the public server's, and is gone with Ctrl-C. For the desk: it does
    not obey the embargo.
    """
    _show_page(number, None)


def _show_page(number: int, path: Path | None) -> None:
    """Write the page of a held import to *path*, or serve the page without a path."""

    async def work(connection: Connection) -> tuple[StoredLayer, Preview, HeldImport]:
        layers = await checked_layers(connection)
        return *await desk.preview_held(connection, layers, number), await find_held(connection, number)

    stored, told, found = with_connection(work)
    words = f"This import is {found.state} as {number}{_decision(found)}."
    show_page(stored, words, told, path, look=path is None)


@held.command()
def accept(
    number: Number,
    reason: Annotated[str, typer.Option(callback=reason_of, help="Kept with the revision.")],
    remark: Remarks = None,
    by: By = "",
    publish_at: PublishAt = "",
    json: Json = False,
) -> None:
    """Publish an import exactly as read, in a revision of its own, and say how the public data changed.

    With --publish-at, or where it was imported with that, only then. Refused where something was imported
    meanwhile and it would break more than was shown. For the desk: it does not obey the embargo.
    """
    _agree(number, reason, remark, person(by), publish_at, json=json)


@held.command()
def approve(
    number: Number,
    by: Annotated[
        str,
        typer.Option("--by", metavar="NAME", help="Who approves: not the one who imported it."),
    ],
    reason: Annotated[
        str, typer.Option(callback=reason_of, help="Kept with the revision; wanted where a rule was broken.")
    ] = "",
    remark: Remarks = None,
    publish_at: PublishAt = "",
    json: Json = False,
) -> None:
    """Approve an import for the public, as another person than the importer.

    For theatres that want several persons: reviewers in the definition. The last one publishes it, or lets it
    become public at its time. The same name is refused, in whatever case it is written. Nothing holds up a
    withdrawal: tileserver withdraw works at once. For the desk: it does not obey the embargo.
    """
    _agree(number, reason, remark, person(by), publish_at, json=json)


def _agree(
    number: int, reason: str, remark: list[str] | None, who: str, publish_at: str, *, json: bool
) -> None:
    said = None if remark is None else remark_of(remark)
    with progress_bar() as progress:

        async def work(connection: Connection) -> tuple[str, Outcome]:
            layers = await checked_layers(connection)
            await rebuild_stale(connection, progress)
            at = await desk.publish_instant_of(connection, layers, number, publish_at, clock.get()())
            return await desk.accept(connection, layers, number, reason, progress, said, who, at)

        ref, outcome = with_connection(work)
    print_outcome(ref, outcome, json=json)


@held.command()
def reject(
    number: Number,
    reason: Annotated[str, typer.Option(callback=reason_of, help="Kept with the account of it.")] = "",
    by: By = "",
) -> None:
    """Let go of an import; its report and its quarantine stay.

    For the desk: it does not obey the embargo.
    """
    who = person(by)

    async def work(connection: Connection) -> None:
        await checked_layers(connection)
        await desk.reject(connection, number, reason, who)

    with_connection(work)
    typer.echo(f"rejected: {number}")


def state_words(seen: HeldReview) -> str:
    """Return the state of a held import in words, with its time or its decision."""
    found, at = seen.found, seen.found.plan.publish_at
    then = "" if at is None else f", for {format_instant(at)}"
    if found.state != "waiting":
        return f"{found.state}{_decision(found)}"
    if found.plan.agreed_by is not None and at is not None:
        is_late = at + _LATE < clock.get()()
        return (
            f"overdue, {_NOBODY} since {format_instant(at)}" if is_late else f"public at {format_instant(at)}"
        )
    if seen.missing:
        return f"waits for {seen.missing} more to approve{then}"
    return f"waiting{then}"


def _decision(found: HeldImport) -> str:
    revision = f" in revision {found.revision}" if found.revision else ""
    return revision + (f": {found.reason}" if found.reason else "")


def _document(seen: HeldReview) -> dict[str, Any]:
    km2 = [dict(zip(("at", "status", "before", "after"), row, strict=True)) for row in seen.effects]
    return {**review_document(seen), "added": seen.added, "ended": seen.ended, "km2": km2}
