"""``tileserver migrate`` and ``tileserver check``."""

from __future__ import annotations

from collections.abc import Callable

import typer

from tileserver.cli.probes import PROBES
from tileserver.cli.progress import progress_bar
from tileserver.cli.session import Json, out, print_json, print_table, with_connection
from tileserver.config import Settings, read_settings
from tileserver.desk.redraw_all import rebuild_stale
from tileserver.errors import TileserverError
from tileserver.store.connect import Connection
from tileserver.store.migrations import Migration
from tileserver.store.migrations import migrate as apply_migrations


def migrate() -> None:
    """Bring the database up to date; safe to run at any time, by several servers at once.

    Applies what the schema lacks, and draws anew the faces of layers whose definition has changed or that
    an older version of the program drew; that takes some seconds a year of history.
    """
    with progress_bar() as progress:

        async def work(connection: Connection) -> tuple[list[Migration], list[str]]:
            return await apply_migrations(connection), await rebuild_stale(connection, progress)

        applied, redrawn = with_connection(work, creates=True)
    for migration in applied:
        out.print(f"applied {migration.number:04} {migration.name}", highlight=False)
    for layer in redrawn:
        out.print(f"drawn anew: {layer}", highlight=False)
    if not applied and not redrawn:
        out.print("nothing to do")


def check(json: Json = False) -> None:
    """List the faults of an installation and how to mend each; exit code 3 if there is any."""
    settings = read_settings()
    findings = [_finding(name, probe, settings) for name, probe in PROBES]
    if json:
        print_json([{"what": name, "ok": not wrong, "detail": detail} for name, wrong, detail in findings])
    else:
        rows = [(name, "wrong" if wrong else "ok", detail) for name, wrong, detail in findings]
        print_table("Installation", ("what", "state", "detail"), [*rows])
    if any(wrong for _, wrong, _ in findings):
        raise typer.Exit(3)


def _finding(name: str, probe: Callable[[Settings], str], settings: Settings) -> tuple[str, bool, str]:
    try:
        return name, False, probe(settings)
    except TileserverError as error:
        return name, True, str(error)
