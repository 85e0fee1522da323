"""A tile as PostGIS cuts and encodes it: one statement a layer, the layers' bytes one after the other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import asyncpg

from tileserver.grid import TileAddress, band_at
from tileserver.store.mvt_sql import ENCODE, ENVELOPE, clipped
from tileserver.store.placing import placed
from tileserver.store.windows import Cell, window_rows

_PARAMETER = re.compile(r"\$([0-9]+)")

_STATE_ROWS = f"""
    SELECT id, properties, {clipped("tile")} AS geom
    FROM feature_version, {ENVELOPE} AS envelope (tile, reach)
    WHERE layer = $5 AND geom && reach AND known @> $6::bigint AND valid @> $7::timestamptz
    ORDER BY id
"""

# Faces are made for the band that the zoom belongs to, on its grid: they are cut and shifted, never rounded.
_FACE_ROWS = f"""
    SELECT id, properties, {placed("tile", "reach")} AS geom
    FROM face, {ENVELOPE} AS envelope (tile, reach)
    WHERE layer = $5 AND band = $8 AND geom && reach AND known @> $6::bigint AND valid @> $7::timestamptz
    ORDER BY id, cell
"""

_SHOW = """
SELECT $4::text AS layer, id, properties, ST_AsText(geom) AS geom FROM ({rows}) AS cut WHERE geom IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """What is asked of one layer: a state *at* an instant, or a window; *known* is the revision.

    A window selects what starts by ``last`` and ends from ``first`` to ``until``, all inclusive, and of that
    what is of one of ``codes``, or all; or it is drawn as ``cells``, counted already.
    """

    layer: int
    name: str
    known: int
    at: datetime | None = None
    first: datetime | None = None
    last: datetime | None = None
    until: datetime | None = None
    texts: tuple[str, ...] = ()  # the properties that a crowded tile goes without
    category: str = ""  # the property whose value has to be one of the codes
    codes: tuple[str, ...] = ()
    cells: tuple[Cell, ...] | None = None
    is_brief: bool = False  # whether the window has far fewer events than the tile
    faces: bool = False  # whether the state is drawn as faces


def statement(cut: Cut, address: TileAddress, form: str = ENCODE) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL of *cut* and its arguments; nothing of a request is ever spliced into the text."""
    common = (address.z, address.x, address.y, cut.name, cut.layer, cut.known)
    if cut.at is not None and cut.faces:
        return form.format(rows=_FACE_ROWS), (*common, cut.at, band_at(address.z).lowest)
    if cut.at is not None:
        return form.format(rows=_STATE_ROWS), (*common, cut.at)
    rows, arguments = window_rows(cut)
    return form.format(rows=rows), (*common[:4], *arguments)


async def render_tile(connection: asyncpg.Connection, cuts: tuple[Cut, ...], address: TileAddress) -> bytes:
    """Return the encoded tile, uncompressed; empty where no layer has anything there.

    One statement, so all layers are read in one snapshot of the database and in one journey to it. A layer
    that fails fails the tile: a partial tile is never returned. MVT layers may be concatenated (MVT 2.1,
    4.1: layers are a repeated field).
    """
    text, arguments = _together(cuts, address)
    tile: bytes = await connection.fetchval(text, *arguments)
    return tile


def _together(cuts: tuple[Cut, ...], address: TileAddress) -> tuple[str, list[Any]]:
    """Return one statement for all *cuts*, with its arguments; the address is given once."""
    shared = [address.z, address.x, address.y]
    arguments: list[Any] = [*shared]
    parts = []
    for cut in cuts:
        text, own = statement(cut, address)
        parts.append(f"coalesce(({_renumbered(text, len(shared), len(arguments))}), '')")
        arguments += own[len(shared) :]
    return "SELECT " + " || ".join(parts), arguments


@lru_cache(maxsize=64)  # six texts, at most eight places
def _renumbered(text: str, shared: int, taken: int) -> str:
    """Return *text* with its parameters after the *shared* ones moved behind those *taken* already."""
    return _PARAMETER.sub(lambda m: f"${int(m[1]) + (taken - shared if int(m[1]) > shared else 0)}", text)


async def tile_rows(connection: asyncpg.Connection, cut: Cut, address: TileAddress) -> list[dict[str, Any]]:
    """Return the rows that *cut* would encode, their geometries in tile units as text."""
    text, arguments = statement(cut, address, _SHOW)
    return [dict(row) for row in await connection.fetch(text, *arguments)]
