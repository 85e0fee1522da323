"""``tileserver event``: one event shown, corrected, ended, or left to its source again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import typer

from tileserver.cli.drafts import (
    At,
    Day,
    DryRun,
    First,
    Last,
    SourcesSaid,
    Texts,
    chosen,
    days_of,
    job_maker,
    known_words,
    layers_and_name,
    number_of,
    place_of,
    run_act,
    texts_of,
)
from tileserver.cli.options import By, Remarks, Why
from tileserver.cli.session import Json, print_json, with_connection
from tileserver.desk.amend import EventPast, find_event
from tileserver.desk.drafts import days_of as local_days
from tileserver.desk.events import EventDraft, edit_event, end_event, release_event
from tileserver.errors import BadParameter
from tileserver.ingest.mapping.values import shown
from tileserver.model import LayerRef
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection

event = typer.Typer(
    help="One event corrected by the desk, whose word stands above the event's source until it is released.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="LAYER", help="theatre.layer, such as ukraine.events")]
Number = Annotated[str, typer.Argument(metavar="[ID]", help="As tiles have it; or --key.")]
Key = Annotated[str, typer.Option("--key", help="What the source knows the event by, in place of its id.")]


@event.command()
def show(name: Name, number: Number = "", key: Key = "", json: Json = False) -> None:
    """Show an event: the words of every revision, and whether the desk has amended the event.

    For the desk: it does not obey the embargo.
    """
    which = _number(name, number, key)

    async def work(connection: Connection) -> tuple[StoredLayer, EventPast]:
        layers, layer = await layers_and_name(connection, name)
        return layers[layer], await find_event(connection, layers[layer], which)

    stored, past = with_connection(work)
    if json:
        print_json(_document(stored, past))
        return
    stands = "the desk's word stands above its source" if past.is_amended else "as its source says"
    typer.echo(f"{stored.ref} {which}: {stands}{'' if past.current else '; it has ended'}")
    for row in past.rows:
        first, last = local_days(row.start, row.end, stored.theatre)
        typer.echo(f"{known_words(row.known_from, row.known_to)}:")
        typer.echo(f"  days: {first}/{last}\n  place: {row.lon:.5f},{row.lat:.5f}")
        for part, value in row.properties.items():
            typer.echo(f"  {part}: {shown(str(value))}")


@event.command()
def edit(
    name: Name,
    number: Number = "",
    key: Key = "",
    text: Texts = None,
    kind: Annotated[str | None, typer.Option("--kind", help="A code of the layer's category.")] = None,
    day: Day = "",
    first: First = "",
    last: Last = "",
    place: At = "",
    source: SourcesSaid = None,
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=WORDS",
            help="Any field of the layer; nothing after the sign takes it away.",
        ),
    ] = None,
    by: By = "",
    reason: Why = "",
    remark: Remarks = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Correct an event in a new revision; the options that are not given leave all as before.

    What the desk says stands above the event's source: an import that says otherwise leaves it out and tells
    so, until tileserver event release. Where it changes days that readers could see, the list of corrections
    says so. For the desk: it does not obey the embargo.
    """
    start, end = days_of(day, first, last)
    draft = EventDraft(
        _fields(fields or ()), texts_of(text), kind, place_of(place), start, end, chosen(source)
    )
    which = _number(name, number, key)
    run_act(name, job_maker(by, reason, remark), edit_event, which, draft, dry_run=dry_run, json=json)


@event.command()
def end(
    name: Name,
    number: Number = "",
    key: Key = "",
    by: By = "",
    reason: Why = "",
    remark: Remarks = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """End an event: no day of a new revision shows the event, nor does any import of its source.

    Earlier revisions go on showing it; what should never have been public is for tileserver withdraw.
    For the desk: it does not obey the embargo.
    """
    which = _number(name, number, key)
    run_act(name, job_maker(by, reason, remark), end_event, which, dry_run=dry_run, json=json)


@event.command()
def release(
    name: Name,
    number: Number = "",
    key: Key = "",
    by: By = "",
    reason: Why = "",
    remark: Remarks = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Take the desk's word on an event back, so that its source and later imports are followed again.

    For the desk: it does not obey the embargo.
    """
    which = _number(name, number, key)
    run_act(name, job_maker(by, reason, remark), release_event, which, dry_run=dry_run, json=json)


def _number(name: str, number: str, key: str) -> int:
    return number_of(LayerRef.parse(name).layer, number, key)


def _fields(said: Sequence[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for each in said:
        field, is_there, words = each.partition("=")
        if not is_there:
            raise BadParameter(f"--set {each[:40]!r} has no sign; write FIELD=WORDS")
        if field.strip() in fields:
            raise BadParameter(f"--set says two things of {field.strip()}")
        fields[field.strip()] = words
    return fields


def _document(stored: StoredLayer, past: EventPast) -> dict[str, Any]:
    rows = []
    for row in past.rows:
        first, last = local_days(row.start, row.end, stored.theatre)
        own = {"from": str(first), "to": str(last), "lon": row.lon, "lat": row.lat}
        known = {"known_from": row.known_from, "known_to": row.known_to}
        rows.append({**own, **known, "properties": msgspec.to_builtins(row.properties)})
    return {"layer": str(stored.ref), "id": past.number, "amended": past.is_amended, "rows": rows}
