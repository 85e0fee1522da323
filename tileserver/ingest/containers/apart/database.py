"""Whether a GeoPackage only holds rows, or computes: SQLite runs views and virtual tables when read."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

from tileserver.errors import HostileSource, UnreadableSource


def check_database(path: str) -> frozenset[str]:
    """Return the names of the views in the GeoPackage *path*, in small letters.

    Spatial indexes are the virtual tables that are left; any other is a `HostileSource`. `UnreadableSource`
    for a database that is broken, or no GeoPackage.
    """
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            database.execute("SELECT table_name FROM gpkg_contents LIMIT 0")
            schema = database.execute(
                "SELECT type, name, rootpage, coalesce(sql, '') FROM sqlite_master"
            ).fetchall()
    except sqlite3.Error as error:
        raise UnreadableSource(f"it is an SQLite database, but no GeoPackage: {error}") from error
    for kind, name, page, sql in schema:
        if kind == "table" and _is_virtual(name, page, sql) and not _is_index(name, sql):
            raise HostileSource(f"it is a GeoPackage with the virtual table {name[:40]!r}, which runs code")
    return frozenset(name.lower() for kind, name, _, _ in schema if kind == "view")


def _is_virtual(name: str, page: int | None, sql: str) -> bool:
    """Whether a table has no page of its own, or is called virtual before its name comes."""
    return not page or "virtual" in sql.lower().partition(name.lower())[0]


def _is_index(name: str, sql: str) -> bool:
    pattern = rf"""create virtual table ["\[`]?{re.escape(name)}["\]`]? using rtree\s*\("""
    return re.match(pattern, sql, re.IGNORECASE) is not None
