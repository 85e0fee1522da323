"""What a database holds and what a server over it answers, as digests to compare."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tests.web.postgres_kinds import reading
from tileserver.grid import address_at
from tileserver.store.connect import connect

DAYS = ("2024-05-10", "2024-05-12", "2024-05-15", "2024-06-02", "latest")
TILESETS = ("merrow", "merrow.zones", "merrow.battles")
PLACES = [address_at(-29.5, 45.0, zoom) for zoom in (4, 6, 9)]
# Numbers that say when and by whom a row was made are another's business.
_TABLES = """
    SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind = 'r'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1
"""


async def tables_of(dsn: str) -> dict[str, str]:
    """Return a digest of the rows of each table; editions, which a restore raises, are left out."""
    connection = await connect(dsn)
    try:
        found = {}
        for row in await connection.fetch(_TABLES):
            table = row["relname"]
            text = "(to_jsonb(t) - 'edition')::text" if table == "layer" else "t::text"
            found[table] = await connection.fetchval(
                f"SELECT count(*) || ' ' || md5(coalesce(string_agg({text}, ' ' ORDER BY {text}), ''))"
                f' FROM "{table}" t'
            )
        return found
    finally:
        await connection.close()


def tiles_of(dsn: str) -> Mapping[str, str]:
    """Return the SHA-256 of dated tiles, and whether each is the one that its immutable address has."""
    found = {}
    with reading(dsn) as client:
        paths = [
            f"/tiles/{tileset}/{place}.mvt" + ("" if day == "latest" else f"?datetime={day}")
            for tileset in TILESETS
            for place in PLACES
            for day in DAYS
        ]
        for path in paths:
            answer = client.get(path)
            assert answer.status_code in (200, 204), (path, answer.text)
            assert client.get(answer.headers["content-location"]).content == answer.content
            found[path] = hashlib.sha256(answer.content).hexdigest()
    assert len(set(found.values())) > 5
    return found
