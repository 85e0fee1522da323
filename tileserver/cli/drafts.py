"""Options of ``tileserver note`` and ``event`` as typed values, and the changes of a draft as lines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Annotated, TypeAlias

import typer

from tileserver.cli.options import named_ids, person, remark_of
from tileserver.cli.outcome import print_outcome
from tileserver.cli.session import out, print_json, with_connection
from tileserver.desk.amend import Amended
from tileserver.desk.drafts import Drafted, Place
from tileserver.desk.events import part_changes
from tileserver.desk.job import Job
from tileserver.desk.layers import layers_of, theatre_and_layer
from tileserver.desk.note_table import read_id, spell_id
from tileserver.desk.notes import notes_layer
from tileserver.errors import BadParameter
from tileserver.ingest.mapping.values import shown
from tileserver.model import Revision, Theatre
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.times import parse_day

JobOf: TypeAlias = Callable[[Connection, dict[str, StoredLayer], str], Job]

Texts = Annotated[
    list[str] | None,
    typer.Option(
        "--text",
        metavar="[LANG=]WORDS",
        help="What it says, for each language once: en=..., uk=...; nothing after the sign takes it away.",
    ),
]
At = Annotated[
    str, typer.Option("--place", metavar="LON,LAT", help="Where it is, in degrees, longitude first.")
]
Day = Annotated[str, typer.Option("--day", help="The local day, such as 2023-11-09, of one day alone.")]
First = Annotated[str, typer.Option("--from", help="The first local day.")]
Last = Annotated[str, typer.Option("--to", help="The last local day, which is part of it.")]
SourcesSaid = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="[PUBLISHER=]URL",
        help="By what it is known; may be repeated. All take the place of those before; '' takes all away.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing; say what would change.")]


def texts_of(words: list[str] | None) -> dict[str, str] | None:
    """Return the texts of ``--text`` by language, '' for any; a language without words loses its text."""
    if words is None:
        return None
    said = remark_of([each for each in words if not each.strip().endswith("=")])
    gone = {each.strip().removesuffix("=") for each in words if each.strip().endswith("=")}
    if gone & said.keys():
        raise BadParameter(f"--text says two things in {', '.join(sorted(gone & said.keys()))}")
    return {**said, **dict.fromkeys(gone, "")}


def place_of(text: str) -> Place | None:
    """Return longitude and latitude in degrees of ``--place``; ``None`` without a text."""
    if not text:
        return None
    try:
        lon, lat = map(float, text.split(","))
    except ValueError as error:
        raise BadParameter(f"--place {text[:40]!r} is no lon,lat in degrees, such as 37.66,49.75") from error
    return lon, lat


def days_of(day: str, first: str, last: str) -> tuple[date | None, date | None]:
    """Return the first and last local day, both included, of ``--day``, or of ``--from`` and ``--to``."""
    if day and (first or last):
        raise BadParameter("--day is one day; in place of it say --from and --to")
    one = parse_day(day) if day else None
    return (one, one) if one else (parse_day(first) if first else None, parse_day(last) if last else None)


def number_of(layer: str, number: str, key: str) -> int:
    """Return the id of the event of *layer* that is named by its id, or by the *key* of its source."""
    if bool(number) == bool(key):
        raise BadParameter("say which: its id, or --key")
    return read_id(number) if number else named_ids(layer, None, [key])[0]


async def layers_and_name(connection: Connection, name: str) -> tuple[dict[str, StoredLayer], str]:
    """Return the layers of a theatre, and the name of the layer in *name*, or of its layer of notes."""
    theatre, layer = theatre_and_layer(name)
    layers = await layers_of(connection, theatre, layer)
    return layers, layer or notes_layer(layers)


def job_maker(by: str, reason: str, remark: list[str] | None) -> JobOf:
    """Return a function that makes the job of ``--by``, ``--reason`` and ``--remark``."""
    who, said = person(by), remark_of(remark)
    return lambda connection, layers, layer: Job(
        connection, layers, layer, remark=said, by=who, reason=reason
    )


def run_act(
    name: str,
    job_of: JobOf,
    act: Callable[..., Awaitable[Amended]],
    *words: object,
    dry_run: bool,
    json: bool,
) -> None:
    """Run *act* with a job on the layer *name*, or the layer of notes of a theatre, and print the changes.

    *words* are the arguments of *act* after the job.
    """

    async def work(connection: Connection) -> tuple[StoredLayer, Amended]:
        job = job_of(connection, *await layers_and_name(connection, name))
        return job.stored, await act(job, *words, dry_run=dry_run)

    print_amended(*with_connection(work), dry_run=dry_run, json=json)


def print_amended(stored: StoredLayer, done: Amended, *, dry_run: bool, json: bool) -> None:
    """Print the changes of an act of the desk, made or only tried, and the revision."""
    revision = done.outcome.revision if done.outcome else None
    if json:
        changed = [_document(each, stored.theatre) for each in done.changed]
        held = done.outcome.held if done.outcome else None
        document = {"layer": str(stored.ref), "revision": revision, "held": held, "dry_run": dry_run}
        print_json({**document, "changed": changed})
        return
    for each in done.changed:
        print_changes(each, stored.theatre)
    if done.outcome and done.outcome.settled:
        typer.echo(f"warning: {done.outcome.settled}")
    if done.outcome and done.outcome.held is not None:
        print_outcome(str(stored.ref), done.outcome, json=False)
    elif revision is not None:
        typer.echo(f"{stored.ref}: revision {revision}")
    elif dry_run:
        typer.echo(f"{stored.ref}: nothing was written")
    else:
        typer.echo(f"{stored.ref}: nothing changed; it says that already")


def known_words(known_from: Revision, known_to: Revision | None) -> str:
    """Return the revisions that know a version, in words; *known_to* is the first that does not."""
    until = "" if known_to is None else f" up to {known_to}, which does not"
    return f"known from revision {known_from} on{until}"


def print_changes(drafted: Drafted, theatre: Theatre) -> None:
    """Print the changes of *drafted*, part by part."""
    what = "new" if drafted.before is None else "changed"
    out.print(f"{spell_id(drafted.number)} {what}", highlight=False)
    for part in part_changes(drafted, theatre):
        before = f"{shown(part.before)} -> " if part.before else ""
        typer.echo(f"  {part.part}: {before}{shown(part.after) or 'nothing'}")


def _document(drafted: Drafted, theatre: Theatre) -> dict[str, object]:
    parts = {each.part: [each.before, each.after] for each in part_changes(drafted, theatre)}
    return {"id": drafted.number, "new": drafted.before is None, "parts": parts}


def chosen(words: Sequence[str] | None) -> tuple[str, ...] | None:
    """Return repeated words of an option; an empty word takes all away, ``None`` leaves all."""
    return None if words is None else tuple(each for each in words if each.strip())
