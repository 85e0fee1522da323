"""Migrations: ``sql/NNNN_name.sql`` in order, once each, under one lock."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

import asyncpg

from tileserver.errors import SchemaMismatch
from tileserver.store.connect import prepare_connection

_LOCK = 7_266_001  # any number that nobody else locks

# A role without the right, a standby, and a server without PostGIS (15 and newer, older).
_FORBIDDEN = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.FeatureNotSupportedError,
    asyncpg.UndefinedFileError,
)

_LEDGER = """
CREATE TABLE IF NOT EXISTS migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    applied timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file of statements."""

    number: int
    name: str
    statements: str


def shipped_migrations() -> list[Migration]:
    """Return the migrations of this version of the code, ascending."""
    files = sorted(
        (entry for entry in resources.files("tileserver.store").joinpath("sql").iterdir()),
        key=lambda entry: entry.name,
    )
    return [
        Migration(int(file.name[:4]), file.name[5:].removesuffix(".sql"), file.read_text("utf-8"))
        for file in files
        if file.name.endswith(".sql")
    ]


async def migrate(connection: asyncpg.Connection) -> list[Migration]:
    """Apply and return the missing migrations, all or none.

    Safe when several servers start together: the second waits for the first and finds nothing to do.

    Raises
    ------
    SchemaMismatch
        The database was migrated by a newer version of the code, or does not let us; it is left alone.
    """
    await _refuse_encoding(connection)
    try:
        applied = await _migrate(connection)
        if applied:
            await prepare_connection(connection)  # the geometry type is there only now
        return applied
    except _FORBIDDEN as error:
        raise SchemaMismatch(
            f"the schema cannot be made here: {error.args[0]}; see that PostGIS is installed there, and run"
            " tileserver migrate once with a DATABASE_URL whose role may create extensions and tables"
        ) from error


async def _migrate(connection: asyncpg.Connection) -> list[Migration]:
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(_LEDGER)
        applied = {row["number"] for row in await connection.fetch("SELECT number FROM migration")}
        shipped = shipped_migrations()
        _refuse_newer(applied, shipped)
        missing = [migration for migration in shipped if migration.number not in applied]
        for migration in missing:
            await connection.execute(migration.statements)
            await connection.execute(
                "INSERT INTO migration (number, name) VALUES ($1, $2)", migration.number, migration.name
            )
    return missing


async def may_write(connection: asyncpg.Connection) -> bool:
    """Whether this role, on this server, could change anything: no standby, no role that only reads."""
    found: bool = await connection.fetchval(
        "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'"
        " AND has_table_privilege('migration', 'INSERT') AND has_table_privilege('face', 'INSERT, DELETE')"
    )
    return found


async def has_schema(connection: asyncpg.Connection) -> bool:
    """Whether any migration was ever applied to the database."""
    return await connection.fetchval("SELECT to_regclass('migration')") is not None


async def check_schema(connection: asyncpg.Connection) -> None:
    """Raise `SchemaMismatch` unless the database has exactly this code's migrations."""
    await _refuse_encoding(connection)
    if not await has_schema(connection):
        raise SchemaMismatch("the database has no schema yet; run: tileserver migrate")
    applied = {row["number"] for row in await connection.fetch("SELECT number FROM migration")}
    shipped = shipped_migrations()
    _refuse_newer(applied, shipped)
    missing = [f"{m.number:04} {m.name}" for m in shipped if m.number not in applied]
    if missing:
        raise SchemaMismatch(f"the database lacks {', '.join(missing)}; run: tileserver migrate")


async def _refuse_encoding(connection: asyncpg.Connection) -> None:
    encoding = await connection.fetchval("SELECT current_setting('server_encoding')")
    if encoding != "UTF8":
        raise SchemaMismatch(
            f"the database's encoding is {encoding}, which has no room for the names of places; make another:"
            " createdb --template template0 --encoding UTF8"
        )


def _refuse_newer(applied: set[int], shipped: list[Migration]) -> None:
    newest = shipped[-1].number
    if applied and max(applied) > newest:
        raise SchemaMismatch(
            f"the database has migration {max(applied):04}, this code ends at {newest:04}:"
            " install the newer version of tileserver"
        )
