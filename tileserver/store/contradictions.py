"""Contradictions between the data of a theatre and another definition.

Key by key, for a layer that has data:

=======================================  ===============================================================
``name`` (a layer taken out)             refused; a line that derives from areas goes with its definition
``kind``, ``time``                       refused
``category``, a code taken out           refused with how many features carry what would be undeclared
``derived``                              refused for a layer with features of its own; else drawn anew
``day_zone``                             refused: its days would begin at other instants
``bounds``, ``scope``                    refused with how many features would lie wholly outside
``precision``                            fewer decimals refused, for the features have more; more: harmless
``evidence``                             refused where features would be more exact than their class says, or
                                         less; another class more, other words: harmless
``vocabularies``                         refused with how many features carry what would be undeclared
``priority``, ``side``, zooms            drawn, and named, anew
``fields``                               harmless; what is stored says what it says until imported again
``reader``, ``mapping``, ``dates``, ...    harmless; they are about the next import
all else                                 harmless: words, colours, the role, the embargo, what opens
=======================================  ===============================================================
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import asyncpg

from tileserver.model import Layer, LayerId, Theatre

_LAYERS = """
    SELECT l.id, l.name, l.kind, l.edition, count(f.layer)::int AS features,
        (SELECT count(*)::int FROM held h WHERE h.layer = l.id AND h.state = 'waiting') AS waiting
    FROM layer l LEFT JOIN feature_version f ON f.layer = l.id
    WHERE l.theatre = $1 GROUP BY l.id ORDER BY l.id
"""
_CODES = """
    SELECT properties ->> $2 AS code, count(*)::int AS features FROM feature_version
    WHERE layer = $1 AND NOT coalesce(properties ->> $2 = ANY($3::text[]), $4) GROUP BY 1 ORDER BY 2 DESC, 1
"""
_OUTSIDE = """
    SELECT count(*) FROM feature_version
    WHERE layer = $1 AND NOT geom && ST_Transform(ST_MakeEnvelope($2, $3, $4, $5, 4326), 3857)
        AND NOT coalesce(properties ->> $6 = ANY($7::text[]), false)
"""


class LayerRow(NamedTuple):
    """A row of ``layer``, with the number of its feature rows, of all revisions."""

    layer_id: LayerId
    name: str
    kind: str
    edition: int
    features: int
    waiting: int  # imports that are held back, and were read by the definition of then


async def layer_rows(connection: asyncpg.Connection, theatre: str) -> list[LayerRow]:
    """Return the layers of *theatre* that the database has, also layers without data."""
    return [LayerRow(*row) for row in await connection.fetch(_LAYERS, theatre)]


async def contradictions(
    connection: asyncpg.Connection, rows: Iterable[LayerRow], before: Theatre | None, theatre: Theatre
) -> list[str]:
    """Return, in words, the data that contradicts *theatre*; *before* is the definition until now.

    Every version counts, also one that only past revisions know: they are served too.
    """
    declared = {layer.name: layer for layer in theatre.layers}
    earlier = {layer.name: layer for layer in before.layers} if before else {}
    found: list[str] = []
    for each in rows:
        layer = declared.get(each.name)
        if each.waiting and _read_by(before, earlier.get(each.name)) != _read_by(theatre, layer):
            found.append(f"layer {each.name} has an import that is held back; accept or reject it first")
        if not each.features:
            continue
        where = f"layer {each.name} holds {_features(each.features)}"
        if layer is None:
            found.append(f"{where}, and is no longer declared")
            continue
        if before and before.day_zone != theatre.day_zone:
            found.append(f"{where}, dated by the days of {before.day_zone} and not of {theatre.day_zone}")
        said = _against_kind(each, earlier.get(each.name), layer)
        found += [f"{where}{words}" for words in said]
        if not said:
            found += await _against_codes(connection, each, layer)
            found += await _against_bounds(connection, each, layer, theatre)
    return found


def _read_by(theatre: Theatre | None, layer: Layer | None) -> object:
    """The part of a definition by which an import is read, to compare with that of a held import."""
    if theatre is None or layer is None:
        return None
    bounds = layer.bounds or theatre.bounds
    read_as = layer.kind, layer.time, layer.category, layer.codes(), layer.precision
    return theatre.day_zone, bounds, read_as, layer.vocabularies, layer.evidence


def _against_kind(row: LayerRow, before: Layer | None, layer: Layer) -> list[str]:
    old = before or layer
    derives = before is not None and before.derived is not None  # already, whatever it holds beside that
    rules = (
        (row.kind == layer.kind, f" of kind {row.kind}; it cannot become {layer.kind}"),
        (layer.derived is None or derives, " of its own; it cannot be derived from another layer"),
        (old.time == layer.time, f" of a {old.time}; it cannot become a {layer.time}"),
        (
            old.category in ("", layer.category),
            f" whose vocabulary stands in {old.category!r}, not in {layer.category!r}",
        ),
        (
            old.precision <= layer.precision,
            f" with {old.precision} decimals of a degree, more than {layer.precision}",
        ),
        (
            _as_exact(old, layer),
            ", whose places were not put in squares as [layers.evidence] would have it: withdraw those first",
        ),
    )
    return [words for holds, words in rules if not holds][:1]


def _exactness(layer: Layer) -> tuple[str, dict[str, float]]:
    """Return the field with the class of a place, and the metres of each class by code."""
    if layer.evidence is None or not layer.evidence.exactness:
        return "", {}
    return layer.evidence.exactness, {each.code: each.metres for each in layer.evidence.classes}


def _as_exact(old: Layer, layer: Layer) -> bool:
    """Whether features of *old* are as exact as *layer* declares their classes; no class says nothing."""
    (field, metres), (new_field, new_metres) = _exactness(old), _exactness(layer)
    return not new_field or (field == new_field and metres.items() <= new_metres.items())


async def _against_codes(connection: asyncpg.Connection, row: LayerRow, layer: Layer) -> list[str]:
    coded = [(each.field, sorted(term.code for term in each.codes), True) for each in layer.vocabularies]
    if layer.category:
        coded.insert(0, (layer.category, sorted(layer.codes()), layer.drawn_as != "faces"))
    return [
        f"layer {row.name} has {_features(features)} "
        + (f"of the status {code!r}" if code is not None else f"without {field!r}")
        + ", which would not be declared" * (code is not None)
        for field, codes, may_lack in coded
        for code, features in await connection.fetch(_CODES, row.layer_id, field, codes, may_lack)
    ]


async def _against_bounds(
    connection: asyncpg.Connection, row: LayerRow, layer: Layer, theatre: Theatre
) -> list[str]:
    bounds = layer.bounds or theatre.bounds
    anywhere = [each.code for each in layer.categories if each.scope == "anywhere"]
    outside = await connection.fetchval(_OUTSIDE, row.layer_id, *bounds, layer.category, anywhere)
    return [f"layer {row.name} has {_features(outside)} wholly outside {list(bounds)}"] if outside else []


def _features(number: int) -> str:
    return f"{number:,} version{'s' * (number != 1)} of features"


async def undeclared_codes(connection: asyncpg.Connection, layer_id: LayerId, layer: Layer) -> list[str]:
    """Return, sorted, the codes that current features have and the definition *layer* does not declare."""
    if not layer.categories:
        return []
    rows = await connection.fetch(
        "SELECT DISTINCT properties->>$2 AS code FROM feature_version WHERE layer = $1 AND upper_inf(known)",
        layer_id,
        layer.category,
    )
    return sorted({row["code"] for row in rows if row["code"] is not None} - layer.codes())
