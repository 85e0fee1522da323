"""Questions to the database server itself: its release, its clock, its identity."""

from __future__ import annotations

from datetime import datetime

import asyncpg

_RELEASE = """
SELECT current_setting('server_version') || ', ' || version FROM pg_available_extension_versions
WHERE name = 'postgis' ORDER BY installed DESC, version DESC LIMIT 1
"""


async def database_release(connection: asyncpg.Connection) -> str:
    """Return the releases of PostgreSQL and of PostGIS, such as ``17.2, 3.5.0``."""
    return str(await connection.fetchval(_RELEASE))


async def database_time(connection: asyncpg.Connection) -> datetime:
    """Return the present instant by the database server's clock."""
    found: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return found


async def database_identity(connection: asyncpg.Connection) -> str:
    """Return the identity of the database: the cluster's identifier, and the database's number there.

    A streaming replica has the same as its primary, a restored dump another.
    """
    return str(
        await connection.fetchval(
            "SELECT (SELECT system_identifier FROM pg_control_system()) || '.' || oid FROM pg_database"
            " WHERE datname = current_database()"
        )
    )
