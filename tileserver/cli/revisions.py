"""``tileserver revisions``, ``diff``, ``rollback`` and ``withdraw``: what was known, and correcting it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tileserver.cli.desk import checked_layers, layers_of
from tileserver.cli.session import Json, print_json, print_table, with_connection
from tileserver.desk.corrections import (
    Rollback,
    Withdrawal,
    check_revision,
    withdraw_features,
    withdraw_period,
)
from tileserver.desk.corrections import rollback as roll_back
from tileserver.desk.differences import Balance, DifferencePeriod, difference_periods
from tileserver.errors import BadInstant, BadParameter
from tileserver.model import LayerRef, Theatre
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.store.revision_log import (
    RevisionEntry,
    RowCounts,
    differences,
    list_revisions,
    newest_revision,
)
from tileserver.times import Period, day_zone, format_instant, parse_datetime

Some = Annotated[str, typer.Argument(metavar="[LAYER|THEATRE]", help="All theatres when none is named.")]
Revision = Annotated[int, typer.Argument(min=1, help="Number of a revision, from: tileserver revisions")]


def revisions(name: Some = "", json: Json = False) -> None:
    """List the revisions, newest first: what each was, and what it added and ended.

    For the desk: it does not obey the embargo.
    """

    async def work(connection: Connection) -> list[RevisionEntry]:
        return await list_revisions(connection, await _chosen(connection, name), removed=not name)

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


def diff(old: Revision, new: Revision, name: Some = "", json: Json = False) -> None:
    """Say what the revision NEW holds otherwise than OLD: when, where, and how many km².

    One row for each stretch of time in which they differ, with what came and went in it. Areas are counted
    in faces of the finest zooms, and km² are what each status gained. For the desk: it does not obey the
    embargo, so that an import can be checked before it is public.
    """

    async def work(connection: Connection) -> dict[str, list[DifferencePeriod]]:
        newest = await newest_revision(connection)
        for revision in (old, new):
            check_revision(revision, newest)
        return {
            str(each.ref): difference_periods(await differences(connection, each, old, new))
            for each in await _chosen(connection, name)
        }

    found = with_connection(work)
    if json:
        layers = [
            {"layer": ref, "stretches": [_document(each) for each in own]} for ref, own in found.items()
        ]
        print_json({"old": old, "new": new, "layers": layers})
        return
    for ref, own in found.items():
        if own:
            columns = ("from", "to", "came, went", "km² at the start", "km² at the most", "where")
            print_table(f"{ref}, revision {new} against {old}", columns, [_row(each) for each in own])
    if not any(found.values()):
        typer.echo(f"no difference between revisions {old} and {new}")


def rollback(
    revision: Revision,
    name: Annotated[str, typer.Argument(metavar="LAYER|THEATRE", help="Such as ukraine.control, or ukraine")],
    reason: Annotated[str, typer.Option(help="Kept with the revision.")] = "",
) -> None:
    """Let a layer hold again what it held at an earlier revision; that is a new revision.

    What derives from the layer comes along. No revision is lost: a rollback can be rolled back.
    """

    async def work(connection: Connection) -> Rollback:
        theatre, layer = _split(name)
        layers = await layers_of(connection, theatre, layer)
        return await roll_back(connection, layers, layer, revision, reason)

    done = with_connection(work)
    if done.revision is None:
        typer.echo(f"{name}: nothing changed; it holds what it held at revision {revision}")
    else:
        typer.echo(
            f"{name}: revision {done.revision} holds what revision {revision} held; {done.rows:,} rows"
        )


def withdraw(
    layer: Annotated[str, typer.Argument(help="theatre.layer, such as ukraine.events")],
    reason: Annotated[str, typer.Option(help="Kept with the revision, never shown to readers.")],
    ids: Annotated[
        list[int] | None, typer.Option("--id", help="Id of a feature, as tiles have it; may be repeated.")
    ] = None,
    start: Annotated[
        str, typer.Option("--from", help="Instant, or a date: the start of that local day.")
    ] = "",
    end: Annotated[
        str, typer.Option("--to", help="As --from, and not itself in the period; .. for all since.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take what should never have been public out of every revision, and so out of every address.

    It cannot be undone, and importing the same file again brings it back. Copies that left the server, in a
    reader's browser or a CDN, it cannot reach: purge the CDN. For the desk: it does not obey the embargo in
    what it says before it asks.

    Of events and notes: features by --id, or all that have a part of their time in the period. Of a layer
    of snapshots, with what derives from it: those of the period never were, and the state just before it
    holds until its end. [bold]So let the period end where the next good snapshot begins[/bold]: what the
    mistaken one held goes on from the end of the period until a snapshot says otherwise.
    """

    def agree(asked: Withdrawal) -> bool:
        _show(layer, asked)
        return yes or typer.confirm("Withdraw this from every revision?")

    async def work(connection: Connection) -> Withdrawal | None:
        ref = LayerRef.parse(layer)
        layers = await layers_of(connection, ref.theatre, ref.layer)
        if ids and not (start or end):
            return await withdraw_features(connection, layers, ref.layer, ids, reason, agree)
        if ids or not (start and end):
            raise BadParameter("say what to withdraw: --id, once or more, or --from and --to")
        period = _period(start, end, layers[ref.layer].theatre)
        assert period.start is not None
        return await withdraw_period(connection, layers, ref.layer, period.start, period.end, reason, agree)

    done = with_connection(work)
    typer.echo(f"withdrawn, in revision {done.revision}" if done else "nothing was withdrawn")


async def _chosen(connection: Connection, name: str) -> list[StoredLayer]:
    if not name:
        return await checked_layers(connection)
    theatre, layer = _split(name)
    layers = await layers_of(connection, theatre, layer)
    return [layers[layer]] if layer else list(layers.values())


def _split(name: str) -> tuple[str, str | None]:
    if "." not in name:
        return name, None
    ref = LayerRef.parse(name)
    return ref.theatre, ref.layer


def _period(start: str, end: str, theatre: Theatre) -> Period:
    zone = day_zone(theatre.day_zone)
    for text in (start, end):
        if "/" in text:
            raise BadInstant(f"{text!r} is an interval; give its ends as --from and --to")
    first = parse_datetime(start, zone).start
    last = None if end == ".." else parse_datetime(end, zone).start
    if first is not None and last is not None and first >= last:
        raise BadInstant(f"the period from {start} to {end} is empty: --to is not itself part of it")
    return Period(first, last)


def _show(layer: str, asked: Withdrawal) -> None:
    taken = asked.taken
    typer.echo(f"{layer}, rows of all revisions: {taken.features:,} features, {taken.faces:,} faces")
    if taken.snapshots:
        typer.echo("snapshots: " + ", ".join(map(format_instant, taken.snapshots)))
    if asked.goes_on:
        typer.echo(
            "no snapshot begins where the period ends: what the last of these held goes on from there;"
            " to end it, let --to be the instant of the next good snapshot, or .. where there is none yet"
        )


def _row(period: DifferencePeriod) -> tuple[Any, ...]:
    box = period.bounds
    return (
        format_instant(period.start),
        format_instant(period.end),
        f"+{period.added:,} -{period.gone:,}",
        _gains(period.first),
        _gains(period.largest),
        f"{box.west:.2f} {box.south:.2f} {box.east:.2f} {box.north:.2f}",
    )


def _gains(balance: Balance | None) -> str:
    if balance is None:
        return ""
    return ", ".join(f"{status} {km2:+,.1f}" for status, km2 in balance.change.items())


def _document(period: DifferencePeriod) -> dict[str, Any]:
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
