"""Roles of the database, as statements: a role to serve, which only reads, and a role to import."""

from __future__ import annotations

from typing import NamedTuple

import asyncpg

from tileserver.errors import SchemaMismatch
from tileserver.store.connect import Connection
from tileserver.store.migrations import has_schema

# For the desk alone; no reader is ever shown a row of them.
_DESK = (
    "amendment",
    "audit_entry",
    "held",
    "held_approval",
    "held_quarantine",
    "quarantine",
    "watch_entry",
    "watched_file",
    "watcher",
)
_LEDGER = "migration"  # written by the owner alone
_LOG = "audit_entry"  # which is only ever added to
_COUNTED = "api_key_usage"  # which whoever serves writes, and nothing else

_PLACE = """
SELECT quote_ident(current_database()) AS database, quote_ident(n.nspname) AS schema,
    quote_ident(r.rolname) AS owner, array_agg(t.relname::text ORDER BY t.relname) AS tables
FROM pg_class own JOIN pg_namespace n ON n.oid = own.relnamespace JOIN pg_roles r ON r.oid = own.relowner
    JOIN pg_class t ON t.relnamespace = own.relnamespace AND t.relowner = own.relowner
    AND t.relkind IN ('r', 'v') AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = t.oid AND deptype = 'e')
WHERE own.oid = to_regclass('migration') GROUP BY 1, 2, 3
"""
_NAMES = """
WITH known AS (SELECT rolname::text FROM pg_roles)
SELECT quote_ident($1), quote_ident($2), $1 IN (TABLE known), $2 IN (TABLE known)
"""


class _Place(NamedTuple):
    database: str
    schema: str
    owner: str
    tables: list[str]

    def listed(self, without: tuple[str, ...] = ()) -> str:
        """Return the tables but for *without*, in a form for SQL."""
        return ", ".join(f'{self.schema}."{table}"' for table in self.tables if table not in without)


async def make_roles(connection: Connection, serving: str, importing: str) -> list[str]:
    """Run all of `role_statements`, or none, and return the statements.

    Raises
    ------
    SchemaMismatch
        There is nothing to grant, or our role may not.
    """
    statements = await role_statements(connection, serving, importing)
    try:
        async with connection.transaction():
            for statement in statements:
                await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError as error:
        raise SchemaMismatch(
            f"the roles cannot be made here: {error.args[0]}; use a DATABASE_URL whose role owns the tables"
            " and has CREATEROLE, or give the statements of --dry-run to somebody who may"
        ) from error
    return statements


async def role_statements(connection: Connection, serving: str, importing: str) -> list[str]:
    """Return the statements that make and grant the roles *serving* and *importing*.

    They can be run again after any migration, and need not be but after those which brought keys and the
    audit log: what else the owner of the tables makes later is granted as well.

    Raises
    ------
    SchemaMismatch
        The database was never migrated, so there is nothing to grant.
    """
    if not await has_schema(connection):
        raise SchemaMismatch("the database has no schema yet; run: tileserver migrate")
    place = _Place(*await connection.fetchrow(_PLACE))
    reader, writer, *there = await connection.fetchrow(_NAMES, serving, importing)
    new = [name for name, is_there in zip((reader, writer), there, strict=True) if not is_there]
    made = [f"CREATE ROLE {name} LOGIN" for name in new]
    return [*made, *_granted(place, reader, writer)]


def _granted(place: _Place, reader: str, writer: str) -> list[str]:
    both = f"{reader}, {writer}"
    counting = f'GRANT INSERT, UPDATE ON {place.schema}."{_COUNTED}" TO {reader}'
    counted = [counting] if _COUNTED in place.tables else []  # before its migration the rest is granted
    adding = f'GRANT INSERT ON {place.schema}."{_LOG}" TO {writer}'
    added = [adding] if _LOG in place.tables else []
    later = f"ALTER DEFAULT PRIVILEGES FOR ROLE {place.owner} IN SCHEMA {place.schema} GRANT"
    return [
        f"ALTER ROLE {reader} SET default_transaction_read_only = on",
        f"GRANT CONNECT ON DATABASE {place.database} TO {both}",
        f"GRANT USAGE ON SCHEMA {place.schema} TO {both}",
        f"GRANT SELECT ON {place.listed(_DESK)} TO {reader}",
        *counted,
        f"GRANT SELECT ON {place.listed()} TO {writer}",
        f"GRANT INSERT, UPDATE, DELETE ON {place.listed((_LEDGER, _LOG))} TO {writer}",
        *added,
        f"{later} SELECT ON TABLES TO {both}",
        f"{later} INSERT, UPDATE, DELETE ON TABLES TO {writer}",
    ]
