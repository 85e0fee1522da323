"""Questions to the database server itself: its versions and its clock."""

from __future__ import annotations

from datetime import datetime

import asyncpg

_VERSIONS = """
SELECT current_setting('server_version') || ', ' || version FROM pg_available_extension_versions
WHERE name = 'postgis' ORDER BY installed DESC, version DESC LIMIT 1
"""


async def database_versions(connection: asyncpg.Connection) -> str:
    """Return the versions of PostgreSQL and of PostGIS, the installed one first: ``17.2, 3.5.0``."""
    return str(await connection.fetchval(_VERSIONS))


async def database_time(connection: asyncpg.Connection) -> datetime:
    """Return the present instant by the database server's clock."""
    found: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return found
