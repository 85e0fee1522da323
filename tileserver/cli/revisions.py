"""``tileserver revisions``, ``diff``, ``rollback`` and ``withdraw``: past knowledge, and its correction."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from tileserver.cli.differences import COLUMNS, difference_document, difference_row, print_withdrawal
from tileserver.cli.options import By, Ids, Keys, Remarks, Why, named_ids, person, reason_of, remark_of
from tileserver.cli.preview import ReportFile, check_writable, show_page
from tileserver.cli.session import Json, print_json, print_table, with_connection
from tileserver.counted import counted
from tileserver.desk.corrections import (
    Rollback,
    Withdrawal,
    check_revision,
    put_remark,
    withdraw_features,
    withdraw_period,
)
from tileserver.desk.corrections import rollback as roll_back
from tileserver.desk.differences import DifferencePeriod, difference_periods
from tileserver.desk.layers import chosen_layers, layers_of, theatre_and_layer
from tileserver.desk.preview import Preview
from tileserver.desk.preview_between import preview_between
from tileserver.desk.said_times import period_between
from tileserver.desk.settled import copies_words, purge_words
from tileserver.desk.withdrawn import readmit as let_in_again
from tileserver.errors import BadParameter
from tileserver.model import LayerRef
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.store.revision_log import (
    RevisionEntry,
    RowCounts,
    differences,
    list_revisions,
    newest_revision,
)
from tileserver.times import format_instant

Some = Annotated[str, typer.Argument(metavar="[LAYER|THEATRE]", help="All theatres when none is named.")]
Revision = Annotated[int, typer.Argument(min=1, help="Number of a revision, from: tileserver revisions")]


def revisions(name: Some = "", json: Json = False) -> None:
    """List the revisions, newest first: the summary of each, and the rows that were added and ended.

    For the desk: it does not obey the embargo.
    """

    async def work(connection: Connection) -> list[RevisionEntry]:
        return await list_revisions(connection, await chosen_layers(connection, name), removed=not name)

    found = with_connection(work)
    if json:
        print_json(found)
        return
    rows = [
        (
            each.revision,
            format_instant(each.committed.replace(microsecond=0)),
            each.summary,
            ref,
            f"+{counts.features_added:,} -{counts.features_ended:,}",
            f"+{counts.faces_added:,} -{counts.faces_ended:,}",
        )
        for each in found
        for ref, counts in (each.layers or {"-": RowCounts()}).items()
    ]
    print_table("Revisions", ("revision", "committed", "what", "layer", "features", "faces"), rows)


def diff(
    old: Revision, new: Revision, name: Some = "", report: ReportFile = None, json: Json = False
) -> None:
    """Say how the revision NEW differs from OLD: when, where, and by how many km².

    One row for each stretch of time in which they differ, with what came and went in it. Areas are counted
    in faces of the finest zooms, and km² are what each status gained. With --report, for one layer, the
    same as a page with maps, and what was found in the file that made NEW. For the desk: it does not obey the
    embargo, so that an import can be checked before it is public.
    """
    check_writable(report)
    if report is not None:
        _write_page(LayerRef.parse(name), old, new, report)

    async def work(connection: Connection) -> dict[str, list[DifferencePeriod]]:
        newest = await newest_revision(connection)
        for revision in (old, new):
            check_revision(revision, newest)
        return {
            str(each.ref): difference_periods(await differences(connection, each, old, new))
            for each in await chosen_layers(connection, name)
        }

    _print_differences(with_connection(work), old, new, json=json)


def _print_differences(
    found: Mapping[str, list[DifferencePeriod]], old: int, new: int, *, json: bool
) -> None:
    if json:
        layers = [
            {"layer": ref, "stretches": list(map(difference_document, own))} for ref, own in found.items()
        ]
        print_json({"old": old, "new": new, "layers": layers})
        return
    for ref, own in found.items():
        if own:
            print_table(
                f"{ref}, revision {new} against {old}", COLUMNS, [difference_row(each) for each in own]
            )
    if not any(found.values()):
        typer.echo(f"no difference between revisions {old} and {new}")


def _write_page(ref: LayerRef, old: int, new: int, path: Path) -> None:
    async def work(connection: Connection) -> tuple[StoredLayer, Preview]:
        stored = (await layers_of(connection, ref.theatre, ref.layer))[ref.layer]
        newest = await newest_revision(connection)
        ends = (check_revision(old, newest), check_revision(new, newest))
        return stored, await preview_between(connection, stored, *ends)

    stored, told = with_connection(work)
    words = f"Revision {new} against revision {old}; what was found is of the import that made {new}."
    show_page(stored, words, told, path, look=False)


def rollback(
    revision: Revision,
    name: Annotated[str, typer.Argument(metavar="LAYER|THEATRE", help="Such as ukraine.control, or ukraine")],
    reason: Annotated[str, typer.Option(callback=reason_of, help="Kept with the revision.")] = "",
    remark: Remarks = None,
    by: By = "",
) -> None:
    """Let a layer hold again its content of an earlier revision, in a new revision.

    What derives from the layer comes along. No revision is lost: a rollback can be rolled back.
    """
    said, who = remark_of(remark), person(by)

    async def work(connection: Connection) -> Rollback:
        theatre, layer = theatre_and_layer(name)
        layers = await layers_of(connection, theatre, layer)
        return await roll_back(connection, layers, layer, revision, reason, said, who)

    done = with_connection(work)
    if done.revision is None:
        typer.echo(f"{name}: nothing changed; it holds what it held at revision {revision}")
    else:
        typer.echo(
            f"{name}: revision {done.revision} holds what revision {revision} held;"
            f" {counted(done.rows, 'row')}"
        )
    if done.settled:
        typer.echo(f"warning: {done.settled}")


def remark(
    revision: Revision,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LANG=]WORDS...", help="For each language once, such as uk=...; none takes it back."
        ),
    ] = None,
    by: By = "",
    reason: Why = "",
) -> None:
    """Put the desk's public words on a past revision into the list of corrections, for all readers.

    It takes the place of what was said before. Nothing else of the revision changes, and where it corrected
    no day that readers could see, nobody is told.
    """
    said, who = remark_of(words), person(by)
    done = with_connection(lambda connection: put_remark(connection, revision, said, who, reason))
    typer.echo(f"revision {revision}: {'said' if said else 'taken back'}, in revision {done}")


def withdraw(
    layer: Annotated[str, typer.Argument(help="theatre.layer, such as ukraine.events")],
    reason: Annotated[
        str, typer.Option(callback=reason_of, help="Kept with the revision, never shown to readers.")
    ],
    ids: Ids = None,
    keys: Keys = None,
    start: Annotated[
        str, typer.Option("--from", help="Instant, or a date: the start of that local day.")
    ] = "",
    end: Annotated[
        str, typer.Option("--to", help="As --from, and not itself in the period; .. for all since.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    by: By = "",
) -> None:
    """Take data that should never have been public out of every revision, and so out of every address.

    It cannot be undone. An event that was taken stays away when its file is imported again, until readmit
    lets it in. Copies that left the server, in a reader's browser or a CDN, it cannot reach: purge the CDN.
    For the desk: it does not obey the embargo in what it says before it asks.

    Of events and notes: features by --id, or all that have a part of their time in the period. Of a layer
    of snapshots, with what derives from it: those of the period never were, and the state just before it
    holds until its end. [bold]So let the period end where the next good snapshot begins[/bold]: what the
    mistaken one held goes on from the end of the period until a snapshot says otherwise.
    """

    def agree(asked: Withdrawal) -> bool:
        print_withdrawal(layer, asked)
        return yes or typer.confirm("Withdraw this from every revision?")

    purge, said = "", (reason, agree, person(by))

    async def work(connection: Connection) -> Withdrawal | None:
        nonlocal purge
        ref = LayerRef.parse(layer)
        layers = await layers_of(connection, ref.theatre, ref.layer)
        theatre = layers[ref.layer].theatre
        purge = f"\nwarning: {purge_words(theatre)}" if theatre.correction_window else ""
        named = named_ids(ref.layer, ids, keys)
        if named and not (start or end):
            return await withdraw_features(connection, layers, ref.layer, named, *said)
        if named or not (start and end):
            raise BadParameter(
                "say what to withdraw: --id, once or more, or --from and --to; an event also by --key"
            )
        period = period_between(start, end, theatre, ("--from", "--to"))
        assert period.start is not None
        return await withdraw_period(connection, layers, ref.layer, period.start, period.end, *said)

    done = with_connection(work)
    typer.echo(_withdrawn(done, purge) if done else "nothing was withdrawn")


def _withdrawn(done: Withdrawal, purge: str) -> str:
    return f"withdrawn, in revision {done.revision}{purge}\n{copies_words(done.revision)}"


def readmit(
    layer: Annotated[str, typer.Argument(help="theatre.layer, such as ukraine.events")],
    reason: Annotated[
        str, typer.Option(callback=reason_of, help="Kept with the withdrawal, never shown to readers.")
    ],
    ids: Ids = None,
    keys: Keys = None,
    by: By = "",
) -> None:
    """Let imports bring back events that were withdrawn: no import does so by itself.

    Nothing becomes public by this alone. Import the file again afterwards.
    """
    ref, who = LayerRef.parse(layer), person(by)

    async def work(connection: Connection) -> int:
        layers = await layers_of(connection, ref.theatre, ref.layer)
        named = named_ids(ref.layer, ids, keys)
        if not named:
            raise BadParameter("say which may come back: --id or --key, once or more")
        return await let_in_again(connection, layers[ref.layer], named, reason, who)

    typer.echo(f"{with_connection(work):,} may come back with the next import into {layer}")
