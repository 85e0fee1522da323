"""``tileserver migrate`` and ``tileserver check``."""

from __future__ import annotations

from collections.abc import Callable

import typer

from tileserver.cli.session import Json, out, print_json, print_table, progress_bar, with_connection
from tileserver.config import Settings, read_settings
from tileserver.desk.rebuild import rebuild_stale
from tileserver.errors import TileserverError
from tileserver.store.connect import Connection
from tileserver.store.migrations import Migration, check_schema
from tileserver.store.migrations import migrate as apply_migrations
from tileserver.web.pages import STATIC

_VERSIONS = """
SELECT current_setting('server_version') || ', ' || version FROM pg_available_extension_versions
WHERE name = 'postgis' ORDER BY installed DESC, version DESC LIMIT 1
"""


def migrate() -> None:
    """Bring the database up to date; safe to run at any time, by several servers at once.

    Applies what the schema lacks, and draws anew the faces of layers whose definition has changed or that
    an older version of the program drew; that takes some seconds a year of history.
    """
    with progress_bar() as progress:

        async def work(connection: Connection) -> tuple[list[Migration], list[str]]:
            return await apply_migrations(connection), await rebuild_stale(connection, progress)

        applied, redrawn = with_connection(work)
    for migration in applied:
        out.print(f"applied {migration.number:04} {migration.name}", highlight=False)
    for layer in redrawn:
        out.print(f"drawn anew: {layer}", highlight=False)
    if not applied and not redrawn:
        out.print("nothing to do")


def check(json: Json = False) -> None:
    """Say what is wrong with this installation and how to mend it; exit code 3 if anything is."""
    settings = read_settings()
    findings = [_finding(name, probe, settings) for name, probe in _PROBES]
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


def _settings(settings: Settings) -> str:
    return f"will listen on http://{settings.host}:{settings.port}"


def _database(settings: Settings) -> str:
    async def versions(connection: Connection) -> str:
        return str(await connection.fetchval(_VERSIONS))

    kind = "existing" if settings.database_url else "embedded"
    return f"{kind}: PostgreSQL and PostGIS {with_connection(versions)}"


def _schema(settings: Settings) -> str:
    with_connection(check_schema)
    return "up to date"


def _front_end(settings: Settings) -> str:
    missing = [name for name in ("index.html", "embed.html", "basemap") if not (STATIC / name).exists()]
    if missing:
        raise TileserverError(f"not built: {', '.join(missing)}; run: make setup")
    return "built"


_PROBES: tuple[tuple[str, Callable[[Settings], str]], ...] = (
    ("settings", _settings),
    ("database", _database),
    ("schema", _schema),
    ("front end", _front_end),
)
