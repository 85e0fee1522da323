"""Invented events, any number, written straight into the database: the same seed, the same events.

Half of them lie in a wide band along a front, the others around a dozen towns on it. Nothing in it is real.
"""

from __future__ import annotations

import asyncpg

from tileserver.model import LayerId
from tileserver.store.revisions import open_revision

_UNIFORM = "((hashint8extended(n, $3 + {}) & 9007199254740991) / 9007199254740992.0::float8)"
_INVENT = """
    INSERT INTO feature_version (layer, id, content, valid, known, properties, geom)
    SELECT $1, hashint8extended(n, $3) & 9007199254740991, decode(md5($3 || ' ' || n), 'hex'),
        tstzrange(day AT TIME ZONE 'Europe/Kyiv', (day + interval '1 day') AT TIME ZONE 'Europe/Kyiv'),
        int8range($5, NULL),
        jsonb_build_object('side', side, 'text', 'Invented event ' || n || ', east of nowhere', 'url',
            'https://example.org/events/' || n, 'date', to_char(day, 'YYYY-MM-DD')),
        ST_Transform(ST_SetSRID(ST_MakePoint(
            round((37.2 - 3 * along + 0.3 * sin(9 * along) + width * far * cos(turn))::numeric, 5)::float8,
            round((50 - 3.1 * along + 0.6 * width * far * sin(turn))::numeric, 5)::float8), 4326), 3857)
    FROM (
        SELECT n, timestamp '2023-01-01' + floor({u1} * $4) * interval '1 day' AS day,
            CASE WHEN {u2} < 0.5 THEN floor({u3} * 12) / 12 + 0.04 ELSE {u3} END AS along,
            CASE WHEN {u2} < 0.5 THEN 0.05 ELSE 0.25 END AS width,
            sqrt(-2 * ln({u4} + 1e-12)) AS far, 2 * pi() * {u5} AS turn,
            CASE WHEN {u6} < 0.6 THEN 'ru' ELSE 'ua' END AS side
        FROM generate_series(1, $2::integer) AS n
    ) AS drawn
""".format(**{f"u{number}": _UNIFORM.format(number) for number in range(1, 7)})


async def write_crowd(
    connection: asyncpg.Connection, layer: LayerId, number: int, days: int = 1095, seed: int = 1
) -> None:
    """Write *number* events of *days* local days from 2023-01-01 into *layer*, as one revision."""
    async with open_revision(connection) as writer:
        await connection.execute(_INVENT, layer, number, seed, days, writer.revision, timeout=3600)
        writer.touched.add(layer)
        await writer.commit_revision(f"{number} invented events", {})
