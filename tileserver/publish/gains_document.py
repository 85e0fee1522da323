"""Gains as a document and as a table: who passed land to whom, by day, kind and direction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tileserver.model import Theatre
from tileserver.publish.credits import plain_credit
from tileserver.publish.gains import PER_KM2, Gains
from tileserver.publish.measures import measured_layer, measured_layers
from tileserver.publish.time_query import TimeQuery
from tileserver.publish.turns import Way
from tileserver.shape.holders import KINDS, NOBODY, NOWHERE, Holder
from tileserver.tiles.tileset import Tileset

CONTESTED, NO_LAND = "contested", "none"  # in a table, the holders that are no side


def gains_document(tileset: Tileset, revision: int, gains: Gains) -> dict[str, Any]:
    """Return *gains* as columns of equal length: a row is the land that passed on a day in one way.

    ``day`` counts from ``first_day``; ``kind``, ``direction``, ``from`` and ``to`` are places in the lists of
    those, and -1 is no direction. After the sides there are two holders more: nobody, of what is contested,
    and no land, as a sea is none. ``amount`` is whole parts of a km2, ``per_km2`` of them.
    """
    layer, theatre = measured_layer(tileset).stored.layer, tileset.theatre
    kinds = {kind: number for number, kind in enumerate(KINDS)}
    places = {each.id: number for number, each in enumerate(theatre.directions)} | {None: -1}
    holders: dict[Holder, int] = {side: number for number, side in enumerate(sides_of(tileset))}
    holders |= {NOBODY: len(holders), NOWHERE: len(holders) + 1}
    rows = [
        (day, kinds[way.kind], places[way.direction], holders[way.before], holders[way.after], amount)
        for day, own in enumerate(gains.passed)
        for way, amount in own.items()
    ]
    columns = zip(*rows, strict=True) if rows else [()] * 6
    return {
        "tileset": tileset.name,
        "layer": layer.name,
        "day_zone": theatre.day_zone,
        "revision": revision,
        "attribution": plain_credit(layer),
        "first_day": gains.days[0].isoformat() if gains.days else None,
        "days": len(gains.days),
        "kinds": KINDS,
        "sides": sides_block(tileset),
        "directions": directions_block(theatre),
        "per_km2": PER_KM2,
        **dict(zip(("day", "kind", "direction", "from", "to", "amount"), columns, strict=True)),
    }


def gains_url(tileset: Tileset, base_url: str, asked: TimeQuery) -> str | None:
    """Return the URL of the gains in *tileset* in the revision of *asked*; ``None`` where none are known."""
    if len(measured_layers(tileset)) != 1:
        return None
    return f"{base_url}/tilesets/{tileset.name}/gains.json{asked.revision_query}"


def sides_of(tileset: Tileset) -> list[str]:
    """Return the sides of the measured layer of *tileset*, in the order of telling."""
    there = measured_layer(tileset).stored.layer.sides()
    return [side for side in tileset.theatre.told_sides if side in there]


def sides_block(tileset: Tileset) -> list[dict[str, Any]]:
    """Return the sides with their names by language, and the colours of the first status of each."""
    layer, named = measured_layer(tileset).stored.layer, tileset.theatre.told_sides
    first = {side: next(each for each in layer.categories if each.side == side) for side in sides_of(tileset)}
    return [
        {"id": side, "title": named[side], "colour": own.colour, "colour_dark": own.colour_dark}
        for side, own in first.items()
    ]


def directions_block(theatre: Theatre) -> list[dict[str, Any]]:
    """Return the directions of *theatre* as declared, without empty fields."""
    said = (msgspec.to_builtins(each) for each in theatre.directions)
    return [{name: value for name, value in each.items() if value or name == "reach_km"} for each in said]


def gains_rows(gains: Gains) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    """Return *gains* as a header and rows: day, kind, direction, from whom, to whom, km2."""
    rows = (
        (day.isoformat(), way.kind, way.direction, *map(holder_word, way[2:]), amount / PER_KM2)
        for day, own in zip(gains.days, gains.passed, strict=True)
        for way, amount in own.items()
    )
    return ["day", "kind", "direction", "from", "to", "km2"], rows


def holder_word(holder: Holder) -> str:
    """Return the word of a table for *holder*."""
    return NO_LAND if holder is NOWHERE else holder or CONTESTED


def balance(passed: Mapping[Way, int], side: str) -> tuple[int, int]:
    """Return gain and loss of *side* by movement, in thousandths of a km2; net is the difference."""
    moved = {way: amount for way, amount in passed.items() if way.kind == "movement"}
    gained = sum(amount for way, amount in moved.items() if way.after == side)
    return gained, sum(amount for way, amount in moved.items() if way.before == side)
