"""The entry point: options before the command, and the exit codes of errors."""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer
from rich.markup import escape

from tileserver import __version__
from tileserver.cli import session
from tileserver.cli.commands import Commands
from tileserver.cli.session import err
from tileserver.clock import GuardedClock
from tileserver.disk import NO_ROOM
from tileserver.errors import StoreFull, TileserverError
from tileserver.times import Clock
from tileserver.web.logs import configure_command_logs

INTERRUPTED = 130  # what typer exits with on Ctrl-C, and shells expect
_SAID = "there is no room left on the disk that is written to; make room and try again"

app = typer.Typer(
    name="tileserver",
    cls=Commands,
    help="Dated front lines, territory and events from PostGIS as cached vector tiles, with a map.\n\n"
    "Begin with [bold]tileserver serve --sample[/bold] and open http://127.0.0.1:8000 .\n\n"
    "Exit codes: 0 done, 1 the file or the program is at fault, 2 the command is, 3 the installation is.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
        _end_with(error)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        _end_with(StoreFull(_SAID))
    except SystemExit as end:
        if end.code == INTERRUPTED:
            err.print("interrupted; nothing half-done took effect")
        raise


def _end_with(error: TileserverError) -> NoReturn:
    err.print(f"[bold red]{error.title}:[/bold red] {escape(str(error))}", highlight=False, soft_wrap=True)
    sys.exit(error.exit_code)
