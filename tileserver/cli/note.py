"""``tileserver note``: notes by direction and day, listed, written, edited, ended, and as a table."""

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
    place_of,
    run_act,
    texts_of,
)
from tileserver.cli.options import By, Remarks, Why
from tileserver.cli.session import Json, print_json, print_table, with_connection
from tileserver.desk.amend import EventPast, find_event
from tileserver.desk.note_table import read_id, spell_id
from tileserver.desk.notes import Note, NoteDraft, add_note, edit_note, end_note, list_notes, note_of
from tileserver.errors import BadParameter
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.times import parse_day

note = typer.Typer(
    help="Notes of a theatre, by direction and day, in several languages, with arrows and sectors.\n\n"
    "For the desk: what it lists does not obey the embargo.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="THEATRE[.LAYER]", help="Such as ukraine, or ukraine.notes")]
Number = Annotated[str, typer.Argument(metavar="ID", help="From: tileserver note list")]
Directions = Annotated[
    list[str] | None,
    typer.Option(
        "--direction",
        metavar="[LANG=]WORDS",
        help="An id or title of a direction that the theatre declares, which is then said in all languages"
        " and is the place of a new note; or other words, for each language once.",
    ),
]
Arrows = Annotated[
    list[str] | None,
    typer.Option(
        "--arrow",
        metavar="[SIDE] LON,LAT LON,LAT...",
        help="An arrow from the first place to the last, of 2 to 8, or GeoJSON of lines with a property side;"
        " may be repeated, and all take the place of those before. '' takes all away.",
    ),
]
Sectors = Annotated[
    list[str] | None,
    typer.Option(
        "--sector",
        metavar="[SIDE] LON,LAT LON,LAT LON,LAT...",
        help="The corners of a sector, 3 to 16, or GeoJSON of polygons with a property side; as --arrow.",
    ),
]


@note.command("list")
def list_(
    name: Name, day: Day = "", first: First = "", last: Last = "", direction: str = "", json: Json = False
) -> None:
    """List the notes that are known now, of a day, a period or a direction in any language.

    For the desk: it does not obey the embargo.
    """
    start, end = days_of(day, first, last)

    async def work(connection: Connection) -> list[Note]:
        layers, layer = await layers_and_name(connection, name)
        return await list_notes(connection, layers[layer], first=start, last=end, direction=direction)

    found = with_connection(work)
    if json:
        print_json([_document(each) for each in found])
        return
    rows = [
        (
            spell_id(each.number),
            f"{each.first}/{each.last}",
            _one(each.directions),
            _one(each.texts)[:60],
            " ".join(each.texts),
        )
        for each in found
    ]
    print_table("Notes", ("id", "days", "direction", "says", "languages"), rows)


@note.command()
def show(name: Name, number: Number, json: Json = False) -> None:
    """Show a note: all its words, and the words of every revision.

    For the desk: it does not obey the embargo.
    """

    async def work(connection: Connection) -> tuple[StoredLayer, EventPast]:
        layers, layer = await layers_and_name(connection, name)
        return layers[layer], await find_event(connection, layers[layer], read_id(number))

    stored, past = with_connection(work)
    told = [note_of(row, stored) for row in past.rows]
    if json:
        print_json([_document(each) for each in told])
        return
    for each in told:
        typer.echo(f"{spell_id(each.number)}, {known_words(each.known_from, each.known_to)}:")
        for part, text in _parts(each):
            typer.echo(f"  {part}: {text}")


@note.command()
def add(
    name: Name,
    text: Texts = None,
    direction: Directions = None,
    day: Day = "",
    first: First = "",
    last: Last = "",
    place: At = "",
    arrow: Arrows = None,
    sector: Sectors = None,
    source: SourcesSaid = None,
    by: By = "",
    reason: Why = "",
    remark: Remarks = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Write a new note, in a revision of its own; public when its last day is over and old enough.

    For the desk: it does not obey the embargo.
    """
    draft = _draft(text, direction, (day, first, last), place, (arrow, sector, source))
    make = job_maker(by, reason, remark)
    run_act(name, make, add_note, draft, dry_run=dry_run, json=json)


@note.command()
def edit(
    name: Name,
    number: Number,
    text: Texts = None,
    direction: Directions = None,
    day: Day = "",
    first: First = "",
    last: Last = "",
    place: At = "",
    arrow: Arrows = None,
    sector: Sectors = None,
    source: SourcesSaid = None,
    by: By = "",
    reason: Why = "",
    remark: Remarks = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Change a note, in a new revision; the options that are not given leave all as before.

    Its id stays, and what earlier revisions said of it. Where it changes days that readers could see, the
    list of corrections says so. For the desk: it does not obey the embargo.
    """
    draft = _draft(text, direction, (day, first, last), place, (arrow, sector, source))
    make, which = job_maker(by, reason, remark), read_id(number)
    run_act(name, make, edit_note, which, draft, dry_run=dry_run, json=json)


@note.command()
def end(
    name: Name,
    number: Number,
    last: Annotated[
        str, typer.Option("--last", metavar="DAY", help="The last local day that it holds on.")
    ] = "",
    altogether: Annotated[
        bool, typer.Option("--altogether", help="No day shows it any more; earlier revisions do.")
    ] = False,
    by: By = "",
    reason: Why = "",
    remark: Remarks = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """End a note: after a day, with --last, or on all days, with --altogether, in a new revision.

    For the desk: it does not obey the embargo.
    """
    if bool(last) == altogether:
        raise BadParameter("say --last and its last day, or --altogether where no day is to show it")
    make, which, day = job_maker(by, reason, remark), read_id(number), parse_day(last) if last else None
    run_act(name, make, end_note, which, day, dry_run=dry_run, json=json)


def _draft(
    text: list[str] | None,
    direction: list[str] | None,
    days: tuple[str, str, str],
    place: str,
    lists: Sequence[list[str] | None],
) -> NoteDraft:
    first, last = days_of(*days)
    arrows, sectors, sources = map(chosen, lists)
    return NoteDraft(
        texts_of(text), texts_of(direction), place_of(place), first, last, arrows, sectors, sources
    )


def _document(each: Note) -> dict[str, Any]:
    said: dict[str, Any] = msgspec.to_builtins(each)
    return {"id": said.pop("number"), **said}


def _one(words: dict[str, str]) -> str:
    return words.get("en") or words.get("") or next(iter(words.values()), "")


def _parts(each: Note) -> list[tuple[str, str]]:
    named = [
        ("days", f"{each.first}/{each.last}"),
        ("place", f"{each.lon:.5f},{each.lat:.5f}"),
        *((f"direction {language}".strip(), words) for language, words in each.directions.items()),
        *((f"text {language}".strip(), words) for language, words in each.texts.items()),
        ("arrow, latitude first", each.arrows),
        ("sector, latitude first", each.sectors),
        ("sources", each.sources),
    ]
    return [(part, text) for part, text in named if text]
