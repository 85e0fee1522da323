"""The entry point: the commands in the order of a newcomer's needs, and the exit codes of errors."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.markup import escape

from tileserver import __version__
from tileserver.cli import (
    audit,
    cluster,
    desk,
    event,
    export,
    gains,
    held,
    installation,
    keys,
    look,
    mapping,
    measure,
    newsroom,
    note,
    note_table,
    picture,
    places,
    revisions,
    scheduled,
    seed,
    serving,
    session,
    site,
    theatre,
    watch,
)
from tileserver.cli.session import err
from tileserver.clock import GuardedClock
from tileserver.errors import TileserverError
from tileserver.times import Clock
from tileserver.web.logs import configure_command_logs

INTERRUPTED = 130  # what typer exits with on Ctrl-C, and shells expect

app = typer.Typer(
    name="tileserver",
    help="Dated front lines, territory and events from PostGIS as cached vector tiles, with a map.\n\n"
    "Begin with [bold]tileserver serve --sample[/bold] and open http://127.0.0.1:8000 .\n\n"
    "Exit codes: 0 done, 1 the file or the program is at fault, 2 the command is, 3 the installation is.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serving.serve)
app.add_typer(theatre.theatre, name="theatre")
app.command("import")(desk.import_)
app.add_typer(mapping.mapping, name="mapping")
app.add_typer(places.places, name="places")
app.add_typer(keys.keys, name="keys")
app.add_typer(note.note, name="note")
note.note.command()(note_table.export)
note.note.command("import")(note_table.import_)
app.add_typer(event.event, name="event")
app.add_typer(held.held, name="held")
held.held.command()(scheduled.cancel)
held.held.command("publish-due")(scheduled.publish_due_)
app.add_typer(watch.watch, name="watch")
app.add_typer(newsroom.desk, name="desk")
app.command()(desk.sample)
app.command()(look.layers)
app.command()(look.timeline)
app.command()(measure.area)
app.command()(measure.series)
app.command()(measure.change)
app.command()(gains.gains)
app.command()(look.tile)
app.command()(picture.picture)
app.command()(revisions.revisions)
app.command()(revisions.diff)
app.command()(revisions.rollback)
app.command()(revisions.remark)
app.command()(revisions.withdraw)
app.command()(revisions.readmit)
app.command()(seed.seed)
app.command()(export.export)
app.command()(export.apply)
app.add_typer(audit.audit, name="audit")
app.add_typer(site.site, name="site")
app.command()(installation.migrate)
app.command()(installation.check)
app.add_typer(cluster.db, name="db")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tileserver {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Stand for the options before the command."""


def main(clock: Clock | None = None) -> None:
    """Run one command by *clock*, or the machine's; an error of ours is one line and its own exit code."""
    configure_command_logs()
    session.clock.set(clock or GuardedClock())
    try:
        app()
    except TileserverError as error:
        err.print(
            f"[bold red]{error.title}:[/bold red] {escape(str(error))}", highlight=False, soft_wrap=True
        )
        sys.exit(error.exit_code)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            err.print("interrupted; nothing half-done took effect")
        raise
