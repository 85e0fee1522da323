"""When and where a layer changes, read in one go: the rows behind the change index."""

from __future__ import annotations

import io
from typing import Any

import asyncpg
import numpy as np
import numpy.typing as npt

from tileserver.errors import StoredUnreadable
from tileserver.grid import WORLD, WORLD_UNITS
from tileserver.model import Revision
from tileserver.store.catalogue import StoredLayer
from tileserver.times import OPEN

Rows = npt.NDArray[np.void]

Fields = tuple[tuple[str, str], ...]  # name, and type as COPY writes it

_FIELDS: Fields = (
    ("band", ">i2"),
    ("id", ">i8"),
    *((edge, ">i4") for edge in ("west", "north", "east", "south")),
    *((time, ">i8") for time in ("start", "end", "known_from", "known_to")),
)
_HEADER, _TRAILER = 19, 2
ID_BITS = 53  # of an id in a tile

ROW = np.dtype(
    [
        ("id", "i8"),
        *((edge, "i4") for edge in ("west", "north", "east", "south")),
        *((time, "i8") for time in ("start", "end")),
        *((revision, "i4") for revision in ("known_from", "known_to")),
    ]
)
NEVER = Revision(int(np.iinfo(np.int32).max))  # the revision in which a row that is still known ends

_SCALE = f"{WORLD_UNITS / (2 * WORLD)!r}"  # world units a metre
_QUESTION = """
    SELECT {band}::int2, id::int8,
        floor((ST_XMin(geom) + {world}) * {scale} + {slack})::int4,
        floor(({world} - ST_YMax(geom)) * {scale} + {slack})::int4,
        ceil((ST_XMax(geom) + {world}) * {scale} - {slack})::int4,
        ceil(({world} - ST_YMin(geom)) * {scale} - {slack})::int4,
        (extract(epoch FROM lower(valid)) * 1000000)::int8,
        coalesce((extract(epoch FROM upper(valid)) * 1000000)::int8, {open}),
        lower(known)::int8, coalesce(upper(known), {never})::int8
    FROM {table} WHERE layer = $1
"""


async def load_rows(connection: asyncpg.Connection, stored: StoredLayer) -> dict[int, Rows]:
    """Return, by band, a row for each version of the layer that any revision holds or held.

    Fields of a row: ``id``; the box in world units (tile units at zoom 14, from the north-west);
    ``start`` and ``end`` of validity, microseconds since 1970, half-open; ``since`` and ``until``, the
    revisions that knew it, half-open. Ascending by ``west``. A layer without bands has band 0 alone.
    """
    faces = stored.layer.has_faces
    question = _QUESTION.format(
        band="band" if faces else "0",
        table="face" if faces else "feature_version",
        world=repr(WORLD),
        scale=_SCALE,
        slack="1e-4",  # faces lie on whole units, but for the last bits of a double
        open=OPEN,
        never=NEVER,
    )
    answer = io.BytesIO()
    await connection.copy_from_query(question, stored.layer_id, output=answer, format="binary")
    return _by_band(copied_rows(answer, _FIELDS), stored.layer_id)


def copied_rows(answer: io.BytesIO, fields: Fields) -> npt.NDArray[Any]:
    """Return what COPY wrote in its binary form, without a copy: fields of fixed size, none of them NULL.

    A row is a count of fields, then each field after its length (PostgreSQL, COPY, "Binary Format").

    Raises
    ------
    StoredUnreadable
        A field is NULL all the same.
    """
    sized = [part for name, kind in fields for part in ((f"{name}_size", ">i4"), (name, kind))]
    row = np.dtype([("fields", ">i2"), *sized])
    body = answer.getbuffer()[_HEADER:-_TRAILER]
    whole = len(body) % row.itemsize == 0
    rows = np.frombuffer(body, dtype=row) if whole else np.empty(0, dtype=row)
    # A NULL, as of the box of an empty geometry, is a size of -1 and no value: the rest would be read askew.
    if not whole or not all((rows[f"{name}_size"] == row[name].itemsize).all() for name, _ in fields):
        raise StoredUnreadable("a row that is stored has no geometry, or no period")
    return rows


def _by_band(read: npt.NDArray[Any], layer: int) -> dict[int, Rows]:
    rows = np.empty(len(read), dtype=ROW)
    for name in ROW.names or ():
        rows[name] = np.minimum(read[name], NEVER) if name in ("known_from", "known_to") else read[name]
    rows["id"] ^= layer << ID_BITS  # so that features of two layers never pass for the same
    bands = read["band"].astype(int)
    order = np.lexsort((rows["id"], rows["west"], bands))
    rows, bands = rows[order], bands[order]
    return {int(band): rows[bands == band] for band in np.unique(bands)}
