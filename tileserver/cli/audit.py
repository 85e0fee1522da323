"""``tileserver audit``: the acts of people, and the proof that nobody changed the record since."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tileserver.cli.preview import check_writable
from tileserver.cli.session import Json, out, print_json, print_table, with_connection
from tileserver.counted import counted
from tileserver.desk import audit as log
from tileserver.store.connect import Connection
from tileserver.store.migrations import check_schema

audit = typer.Typer(
    help="The audit log: who did what to the data, when and why.\n\n"
    "Every import, acceptance, rejection, rollback, withdrawal, remark, theatre, list of places and key has"
    " an entry, written with the act itself: neither is there without the other. Nothing can change or remove"
    " one: the database refuses, and each entry carries the SHA-256 of the one before, so that"
    " [bold]tileserver audit verify[/bold] finds whatever was changed behind its back.\n\n"
    "What the chain alone cannot tell is that its newest entries were cut off. So write down what"
    " [bold]tileserver audit head[/bold] prints, somewhere else, once a day: [bold]tileserver audit verify"
    " --head HASH[/bold] notices. docs/audit.md tells the rest.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Head = Annotated[
    str,
    typer.Option("--head", metavar="HASH", help="A head of before, which the chain must still contain."),
]


@audit.command("list")
def list_(
    number: Annotated[
        int, typer.Option("--last", min=1, help="How many of the newest entries; all with --json.")
    ] = 40,
    theatre: Annotated[str, typer.Option("--theatre", help="Of one theatre.")] = "",
    what: Annotated[str, typer.Option("--what", help="Of one kind, such as withdraw.")] = "",
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Of one person.")] = "",
    json: Json = False,
) -> None:
    """List the newest entries, the newest first: instant, person, act, layers and reason.

    For the desk: it does not obey the embargo.
    """

    async def work(connection: Connection) -> list[dict[str, Any]]:
        await check_schema(connection)
        return await log.newest_entries(
            connection, theatre=theatre, what=what, by=by, most=None if json else number
        )

    found = with_connection(work)
    if json:
        print_json(found)
        return
    columns = ("entry", "at", "by", "what", "of", "revision", "reason")
    print_table("", columns, [_row(each) for each in found])


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    of = f"{entry['theatre']} {', '.join(entry['layers'])}".strip()
    revisions = ", ".join(map(str, entry["revisions"]))
    at = f"{entry['at'][:19]}Z"
    return (str(entry["number"]), at, entry["by"], entry["what"], of, revisions, entry["reason"])


@audit.command()
def show(
    number: Annotated[int, typer.Argument(metavar="ENTRY", help="From: tileserver audit list")],
    json: Json = False,
) -> None:
    """Show all that an entry says: files with their SHA-256, km² by status, ids, and its hashes.

    For the desk: it does not obey the embargo.
    """

    async def work(connection: Connection) -> dict[str, Any]:
        await check_schema(connection)
        return await log.entry(connection, number)

    found = with_connection(work)
    if json:
        print_json(found)
        return
    for name, value in found.items():
        if value not in ("", [], {}):
            shown = value if isinstance(value, str) else msgspec.json.encode(value).decode()
            out.print(f"{name}: {shown}", highlight=False, soft_wrap=True, markup=False)


@audit.command()
def head(json: Json = False) -> None:
    """Print the hash of the newest entry: kept elsewhere, a proof later that nothing was cut off."""

    async def work(connection: Connection) -> tuple[int, bytes]:
        await check_schema(connection)
        return await log.head(connection)

    number, found = with_connection(work)
    if json:
        print_json({"entry": number, "head": found.hex()})
    else:
        typer.echo(found.hex())


@audit.command()
def verify(
    file: Annotated[
        Path | None,
        typer.Argument(help="An export, read without a database; else the database's log."),
    ] = None,
    remembered: Head = "",
    json: Json = False,
) -> None:
    """Walk the chain from the first entry to the last, and name the first that was changed or is missing.

    Found is any entry that was changed, left out, added in between or moved; with --head also that entries
    after that head were cut off, or that the chain was made anew. Exit code 1 where anything is wrong.
    """
    wanted = log.head_of(remembered) if remembered else None

    async def work(connection: Connection) -> log.Walked:
        await check_schema(connection)
        return await log.verify(connection, wanted)

    found = with_connection(work) if file is None else log.verify_file(file, wanted)
    if json:
        print_json({"entries": found.entries, "head": found.head.hex(), "broken": found.broken or None})
    elif found.broken:
        typer.echo(f"broken at {found.broken}")
    else:
        typer.echo(f"whole: {counted(found.entries, 'entry', 'entries')}, head {found.head.hex()}")
    if found.broken:
        raise typer.Exit(1)


@audit.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(help="Where to; standard output where none is named.")
    ] = None,
) -> None:
    """Write the entries as JSON, a line each, with the hash of the entry and of the entry before.

    A whole export can be checked by anybody, without us: the SHA-256 of the 32 bytes of "previous" and of
    the rest of the line without "previous" and "hash", keys ascending and without spaces, is "hash".
    For the desk: it does not obey the embargo.
    """
    check_writable(file, "the file")

    async def work(connection: Connection) -> None:
        await check_schema(connection)
        if file is None:
            async for line in log.exported(connection):
                typer.echo(line)
            return
        with file.open("w", encoding="utf-8") as stream:
            async for line in log.exported(connection):
                stream.write(f"{line}\n")

    with_connection(work)
