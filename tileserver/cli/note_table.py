"""``tileserver note export`` and ``import``: notes as a table for spreadsheets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tileserver.cli.drafts import Day, DryRun, First, Last, days_of, job_maker, layers_and_name, print_amended
from tileserver.cli.note import Name, note
from tileserver.cli.options import By, Remarks, Why
from tileserver.cli.session import Json, print_json, print_table, with_connection
from tileserver.desk.note_import import TableRead, import_table
from tileserver.desk.note_table import export_table
from tileserver.disk import write_whole
from tileserver.errors import ImportFailed
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection

_SHOWN = 50  # faults


@note.command()
def export(
    name: Name,
    out: Annotated[Path | None, typer.Option("--out", help="The file; else it is printed.")] = None,
    day: Day = "",
    first: First = "",
    last: Last = "",
) -> None:
    """Write the notes as CSV, which spreadsheets open, to be edited and imported again.

    For the desk: it does not obey the embargo.
    """
    start, end = days_of(day, first, last)

    async def work(connection: Connection) -> str:
        layers, layer = await layers_and_name(connection, name)
        return await export_table(connection, layers[layer], start, end)

    table = with_connection(work)
    if out is None:
        typer.echo(table.removeprefix("\ufeff"), nl=False)
    else:
        write_whole(out, table.encode())


@note.command("import")
def import_(
    name: Name,
    file: Annotated[
        Path, typer.Argument(help="CSV or another table, as note export writes it.", exists=True)
    ],
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="Ids that are not known here are new notes, as from another database."),
    ] = False,
    by: By = "",
    reason: Why = "",
    remark: Remarks = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Write the rows of a table into notes: all in a single revision, or none where any row has a fault.

    A row without an id is a new note; a column and a row that are not there leave all as it is. For the desk:
    it does not obey the embargo.
    """
    make, read = job_maker(by, reason, remark), list[TableRead]()

    async def work(connection: Connection) -> StoredLayer:
        job = make(connection, *await layers_and_name(connection, name))
        read.append(await import_table(job, file, adopt=adopt, dry_run=dry_run))
        return job.stored

    stored, done = with_connection(work), read[0]
    if done.amended is None:
        _print_faults(done, json=json)
        raise ImportFailed(f"{file.name}: {len(done.faults)} faults; nothing was changed")
    print_amended(stored, done.amended, dry_run=dry_run, json=json)


def _print_faults(done: TableRead, *, json: bool) -> None:
    if json:
        print_json({"rows": done.rows, "faults": [each._asdict() for each in done.faults]})
        return
    rows = [(each.row or "all", each.column, each.words) for each in done.faults[:_SHOWN]]
    print_table("Nothing was written", ("row", "column", "what is wrong"), rows)
