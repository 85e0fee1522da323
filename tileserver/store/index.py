"""When and where a layer changes, read in one go: the rows behind the change index."""

from __future__ import annotations

import io
from typing import Any

import asyncpg
import numpy as np
import numpy.typing as npt

from tileserver.errors import StoredUnreadable
from tileserver.grid import WORLD, WORLD_UNITS
from tileserver.model import ID_BITS, Integers, Revision
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

ROW = np.dtype(
    [
        ("token", "u8"),
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
    """Read every row of a state layer that any revision knows or knew.

    Returns
    -------
    dict of int to Rows
        By band, ascending by ``west``; a layer without faces has band 0 alone. Fields of a row: ``token``, a
        number for the feature, sums of which tell states apart, the same in all layers for none; the box
        ``west, north, east, south`` in world units (tile units of zoom 14, from the north-west); the period
        ``[start, end)`` in microseconds since 1970, UTC, `OPEN` for no end; the revisions
        ``[known_from, known_to)`` that know the row, `NEVER` for those that all later ones know.

    Raises
    ------
    StoredUnreadable
        A row has no geometry, or no period.
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


def spread(values: Integers) -> Integers:
    """Spread *values* over 64 bits, as uint64, so that the sum of a set tells the set from others.

    splitmix64 (Steele, Lea and Flood 2014), the finaliser.
    """
    z = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def copied_rows(answer: io.BytesIO, fields: Fields) -> npt.NDArray[Any]:
    """Read the rows, shape (n,), that COPY wrote in its binary form: fields of fixed size, none NULL.

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
    for name in (ROW.names or ())[1:]:
        rows[name] = np.minimum(read[name], NEVER) if name in ("known_from", "known_to") else read[name]
    ids = read["id"] ^ (layer << ID_BITS)  # so that features of two layers never pass for the same
    rows["token"] = spread(ids)
    bands = read["band"].astype(int)
    order = np.lexsort((ids, rows["west"], bands))
    rows, bands = rows[order], bands[order]
    return {int(band): rows[bands == band] for band in np.unique(bands)}
