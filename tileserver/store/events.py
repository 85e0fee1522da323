"""The events of a window layer, read in one go: place, period, revisions and kind of each."""

from __future__ import annotations

import io
from typing import Any

import asyncpg
import numpy as np
import numpy.typing as npt

from tileserver.grid import WORLD, WORLD_UNITS
from tileserver.model import ID_BITS
from tileserver.store.catalogue import StoredLayer
from tileserver.store.index import NEVER, copied_rows
from tileserver.times import OPEN

PLACE_BITS = WORLD_UNITS.bit_length() - 1  # of a coordinate, in world units

_FIELDS = (
    ("content", ">u8"),
    ("x", ">i4"),
    ("y", ">i4"),
    *((time, ">i8") for time in ("start", "end", "known_from", "known_to")),
    ("code", ">i2"),
)
_LAST = WORLD_UNITS - 1
_SCALE = f"{WORLD_UNITS / (2 * WORLD)!r}"  # world units a metre
_QUESTION = f"""
    SELECT substring(content FROM 1 FOR 8),
        least(floor((ST_X(geom) + {WORLD!r}) * {_SCALE}), {_LAST})::int4,
        least(floor(({WORLD!r} - ST_Y(geom)) * {_SCALE}), {_LAST})::int4,
        (extract(epoch FROM lower(valid)) * 1000000)::int8,
        coalesce((extract(epoch FROM upper(valid)) * 1000000)::int8, {OPEN}),
        lower(known)::int8, coalesce(upper(known), {NEVER})::int8,
        coalesce(array_position($2::text[], properties ->> $3::text), 0)::int2
    FROM feature_version WHERE layer = $1
"""


async def load_events(connection: asyncpg.Connection, stored: StoredLayer) -> npt.NDArray[Any]:
    """Read every row of a window layer that any revision knows or knew.

    Returns
    -------
    structured array, shape (n,)
        In any order; empty for a layer without events. Fields of a row: ``content``, 53 bits of the hash of
        the event as it is told, which no other layer has: another text of the event is another number, under
        the same id; the point ``x, y`` in whole world units (tile units of zoom 14, from the north-western
        corner), rounded down; the period ``[start, end)`` in microseconds since 1970, UTC, `OPEN` for no end;
        the revisions ``[known_from, known_to)`` that know the row; ``code``, the place of the event's code in
        the layer's vocabulary, from 1, or 0 for a code that is not declared.

    Raises
    ------
    StoredUnreadable
        A row has no geometry, or no period.
    """
    answer = io.BytesIO()
    codes = [category.code for category in stored.layer.categories]
    await connection.copy_from_query(
        _QUESTION, stored.layer_id, codes, stored.layer.category, output=answer, format="binary"
    )
    found = np.array(copied_rows(answer, _FIELDS))
    found["content"] >>= np.uint64(64 - ID_BITS)
    found["content"] ^= np.uint64(stored.layer_id << ID_BITS)
    return found
