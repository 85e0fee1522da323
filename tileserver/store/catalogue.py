"""Theatres and layers in the database, and the instants at which a layer changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import asyncpg
import msgspec
import numpy as np

from tileserver.errors import BadParameter, TileserverError
from tileserver.grid import Band
from tileserver.model import Layer, LayerId, LayerRef, Revision, Theatre
from tileserver.store.connect import reason_of
from tileserver.store.contradictions import LayerRow, contradictions, layer_rows
from tileserver.times import OPEN, MicrosArray, day_zone, parse_duration, to_micros


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """A layer with its number and all revisions that touched the layer, ascending, both ends included."""

    layer_id: LayerId
    ref: LayerRef
    theatre: Theatre
    layer: Layer
    revisions: tuple[Revision, ...]
    newest_import: datetime | None
    edition: int = 0  # how often what past revisions held was rewritten
    fingerprint: str = ""  # what its faces were drawn with; '' before the first
    hidden: bool = False  # is its theatre for nobody but the desk?
    committed: tuple[datetime, ...] = ()  # when each of its revisions was


@dataclass(frozen=True)
class Periods:
    """The distinct valid periods of a layer at one revision.

    ``starts`` and ``ends`` are numpy int64 arrays of equal shape (n,), microseconds since 1970,
    half-open, sorted by start then end; `OPEN` stands for no end.
    """

    starts: MicrosArray
    ends: MicrosArray

    @cached_property
    def edges(self) -> MicrosArray:
        """The distinct starts and ends, ascending, shape (m,); sorted once, for every request asks."""
        return np.unique(np.concatenate([self.starts, self.ends]))


async def add_theatre(connection: asyncpg.Connection, theatre: Theatre) -> bool:
    """Store *theatre* and its layers, or its new definition; whether anything changed.

    A definition that the data contradicts (see `contradictions`) is a `BadParameter`; nothing is stored then.
    What changes the bytes of tiles begins a new edition of the layer, so that no name is given twice.
    """
    definition = msgspec.json.decode(msgspec.json.encode(theatre))  # as the database gives it back
    async with connection.transaction():
        before = await connection.fetchval(
            "SELECT definition FROM theatre WHERE id = $1 FOR UPDATE", theatre.id
        )
        if before == definition:
            return False
        known = _theatres([{"id": theatre.id, "definition": before}])[0].get(theatre.id)  # if still readable
        rows = await layer_rows(connection, theatre.id)
        if wrong := await contradictions(connection, rows, known, theatre):
            raise BadParameter(f"theatre {theatre.id} stays as it is: {'; '.join(wrong)}")
        await connection.execute(
            "INSERT INTO theatre (id, definition) VALUES ($1, $2)"
            " ON CONFLICT (id) DO UPDATE SET definition = EXCLUDED.definition",
            theatre.id,
            definition,
        )
        await _drop_layers(connection, rows, known, theatre)
        for layer in theatre.layers:
            await _add_layer(connection, theatre, layer)
        await connection.execute("SELECT pg_notify('tileserver_revision', '')")
    return True


async def _drop_layers(
    connection: asyncpg.Connection, rows: Sequence[LayerRow], before: Theatre | None, theatre: Theatre
) -> None:
    """Delete the layers without features that are gone, or are drawn from other layers now.

    The others begin a new edition where their tiles may say another thing, or where one that they were put
    together with is gone.
    """
    earlier = {layer.name: layer for layer in before.layers} if before else {}
    declared = {layer.name: layer for layer in theatre.layers}
    gone = [
        each
        for each in rows
        if not each.features and _drawn_from(earlier, each.name) != _drawn_from(declared, each.name)
    ]
    await connection.execute(
        "DELETE FROM layer WHERE id = ANY($1::integer[])", [each.layer_id for each in gone]
    )
    changed = [
        each.layer_id
        for each in rows
        if each not in gone and (gone or _in_tiles(earlier.get(each.name)) != _in_tiles(declared[each.name]))
    ]
    await connection.execute(
        "UPDATE layer SET edition = edition + $2 WHERE id = ANY($1::integer[])",
        changed,
        1 + sum(each.edition for each in gone),
    )


def _drawn_from(layers: Mapping[str, Layer], name: str) -> str | None:
    """Return `Layer.drawn_from` of the layer *name*; ``None`` where there is no such layer."""
    layer = layers.get(name)
    return None if layer is None else layer.drawn_from


def _in_tiles(layer: Layer | None) -> object:
    if layer is None:
        return None
    codes = [each.code for each in layer.categories]
    zooms = layer.minzoom, layer.maxzoom
    return layer.kind, layer.time, layer.category, codes, zooms, list(layer.fields), layer.texts


async def _add_layer(connection: asyncpg.Connection, theatre: Theatre, layer: Layer) -> None:
    source = await connection.fetchval(
        "INSERT INTO source (publisher, licence, attribution, url) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (publisher, licence, attribution, url) DO UPDATE SET url = EXCLUDED.url RETURNING id",
        *msgspec.structs.astuple(layer.source),  # declared in the order of the columns
    )
    await connection.execute(
        "INSERT INTO layer (theatre, name, kind, source) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (theatre, name) DO UPDATE SET source = EXCLUDED.source, kind = EXCLUDED.kind",
        theatre.id,
        layer.name,
        layer.kind,
        source,
    )


@dataclass(frozen=True, slots=True)
class Stored:
    """Every layer of every theatre, theatres in the order added, layers as declared; and broken theatres."""

    layers: list[StoredLayer]
    unreadable: dict[str, str]  # why, by the theatre's id


async def load_layers(connection: asyncpg.Connection) -> list[StoredLayer]:
    """Return every layer of every theatre that can be read; `load_stored` says which cannot."""
    return (await load_stored(connection)).layers


_LAYERS = """
    SELECT l.*, array_remove(array_agg(r.id ORDER BY r.id), NULL) AS revisions,
        array_remove(array_agg(r.committed ORDER BY r.id), NULL) AS committed
    FROM layer l LEFT JOIN revision_layer rl ON rl.layer = l.id LEFT JOIN revision r ON r.id = rl.revision
    GROUP BY l.id
"""


async def load_stored(connection: asyncpg.Connection) -> Stored:
    """Return every layer that can be read; a broken definition takes its own theatre away alone."""
    found = await connection.fetch("SELECT id, definition, hidden FROM theatre ORDER BY added, id")
    theatres, unreadable = _theatres(found)
    hidden = {row["id"] for row in found if row["hidden"]}
    stored = {(row["theatre"], row["name"]): row for row in await connection.fetch(_LAYERS)}
    layers = [
        StoredLayer(
            layer_id=LayerId(row["id"]),
            ref=LayerRef(theatre.id, layer.name),
            theatre=theatre,
            layer=layer,
            revisions=tuple(row["revisions"]),
            newest_import=max(row["committed"], default=None),
            edition=row["edition"],
            fingerprint=row["fingerprint"],
            hidden=theatre.id in hidden,
            committed=tuple(row["committed"]),
        )
        for theatre in theatres.values()
        for layer in theatre.layers
        if (row := stored.get((theatre.id, layer.name)))
    ]
    return Stored(layers, unreadable)


def _theatres(rows: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Theatre], dict[str, str]]:
    """Return the definitions that can be used, and why the others cannot, both by the theatre's id."""
    theatres: dict[str, Theatre] = {}
    unreadable: dict[str, str] = {}
    for row in rows:
        try:
            theatres[row["id"]] = _theatre(row["id"], row["definition"])
        except (TileserverError, msgspec.ValidationError) as error:
            unreadable[row["id"]] = f"its definition cannot be used: {reason_of(error)}"
    return theatres, unreadable


def _theatre(name: str, definition: object) -> Theatre:
    """Return a stored definition, checked: zone, durations and references."""
    theatre = msgspec.convert(definition, Theatre)
    if theatre.id != name:
        raise BadParameter(f"it is of another theatre, {theatre.id[:40]!r}")
    day_zone(theatre.day_zone)
    parse_duration(theatre.embargo)
    for layer in theatre.layers:
        theatre.layer(layer.drawn_from)
    return theatre


# What derives from another layer has no features, only faces, of the bands in $3.
_ROWS = {
    False: "feature_version WHERE layer = $1 AND $3::int[] IS NOT NULL",
    True: "face WHERE layer = $1 AND band = ANY($3)",
}
_PERIODS = """
    SELECT DISTINCT lower(valid) AS start, upper(valid) AS end FROM {rows} AND known @> $2::bigint
    ORDER BY 1, 2 NULLS LAST
"""
# Not the revision of the row: an import that ends a feature writes its row anew, and so would tell, while its
# own end is under embargo, which of the public beginnings have one.
_CHANGES = """
    WITH rows AS (
        SELECT lower(valid) AS start, upper(valid) AS end, content, lower(known) AS known_from,
            known @> $2::bigint AS current
        FROM {rows} AND lower(known) <= $2::bigint
    )
    SELECT at, sum(n)::int AS features, max(first) AS revision FROM (
        SELECT start AS at, count(*) FILTER (WHERE current) AS n, min(known_from) AS first
        FROM rows GROUP BY start, content
        UNION ALL
        SELECT "end", count(*) FILTER (WHERE current), min(known_from)
        FROM rows WHERE "end" IS NOT NULL GROUP BY "end", content
    ) AS ends WHERE n > 0 GROUP BY at ORDER BY at
"""


async def load_periods(connection: asyncpg.Connection, stored: StoredLayer, revision: int) -> Periods:
    """Return the distinct valid periods that the layer has at *revision*; a few thousand at most."""
    rows = await _fetch(connection, _PERIODS, stored, revision, stored.layer.bands)
    return Periods(
        np.array([to_micros(row["start"]) for row in rows], dtype=np.int64),
        np.array([OPEN if row["end"] is None else to_micros(row["end"]) for row in rows], dtype=np.int64),
    )


@dataclass(frozen=True, slots=True)
class ChangeCount:
    """At *at*, *features* of the layer began or ended, as first known in *revision*."""

    at: datetime
    features: int
    revision: int


async def load_changes(
    connection: asyncpg.Connection, stored: StoredLayer, revision: int
) -> list[ChangeCount]:
    """Return, ascending, the instants at which features of the layer begin or end, and how many do.

    Of a derived layer the pieces of its finest band are counted.
    """
    rows = await _fetch(connection, _CHANGES, stored, revision, stored.layer.bands[-1:])
    return [ChangeCount(row["at"], row["features"], row["revision"]) for row in rows]


async def _fetch(
    connection: asyncpg.Connection,
    question: str,
    stored: StoredLayer,
    revision: int,
    bands: Sequence[Band],
) -> list[asyncpg.Record]:
    text = question.format(rows=_ROWS[stored.layer.drawn_as == "face_lines"])
    rows: list[asyncpg.Record] = await connection.fetch(
        text, stored.layer_id, revision, [band.lowest for band in bands]
    )
    return rows


async def load_starts(
    connection: asyncpg.Connection, layer: int, revision: int
) -> list[tuple[datetime, datetime, int]]:
    """Return, ascending, how many features of *layer* have each bounded period: start, end, number."""
    rows: Sequence[asyncpg.Record] = await connection.fetch(
        "SELECT lower(valid) AS start, upper(valid) AS end, count(*)::int AS n FROM feature_version"
        " WHERE layer = $1 AND known @> $2::bigint AND NOT upper_inf(valid) GROUP BY 1, 2 ORDER BY 1, 2",
        layer,
        revision,
    )
    return [(row["start"], row["end"], row["n"]) for row in rows]
