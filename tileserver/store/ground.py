"""Land and front of a theatre at an instant, as readers' tiles of the nearest zooms have both."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

import asyncpg
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.model import Layer, Theatre


class PublicGround(NamedTuple):
    """Disjoint land by status of a layer of areas, and the lines of its front, in EPSG:3857."""

    lands: dict[str, BaseGeometry]
    front: list[BaseGeometry]


_ROWS = """
    SELECT layer.name, coalesce(properties ->> $4, '') AS status, ST_AsBinary(geom) AS wkb
    FROM face JOIN layer ON layer.id = face.layer
    WHERE layer.theatre = $1 AND layer.name = ANY($2::text[]) AND upper_inf(known)
        AND valid @> $3::timestamptz AND band = CASE WHEN layer.name = $5 THEN $6::int ELSE $7::int END
"""


async def ground_at(
    connection: asyncpg.Connection, theatre: Theatre, areas: Layer, at: datetime, *, with_land: bool = True
) -> PublicGround:
    """Return the land of *areas* and the front that derives, known in the newest revision, at *at* (UTC).

    Where not *with_land*, the front alone. Both are empty where nothing is known of that instant.
    """
    line = theatre.front_of(areas)
    names = [*([areas.name] if with_land else []), *([line.name] if line else [])]
    bands = areas.bands[-1].lowest, line.bands[-1].lowest if line else 0
    rows = await connection.fetch(_ROWS, theatre.id, names, at, areas.category, areas.name, *bands)
    parts: defaultdict[str, list[BaseGeometry]] = defaultdict(list)
    front = []
    for row in rows:
        geometry = shapely.from_wkb(row["wkb"])
        if row["name"] == areas.name:
            parts[row["status"]].append(geometry)
        else:
            front.append(geometry)
    return PublicGround({status: shapely.union_all(each) for status, each in sorted(parts.items())}, front)
