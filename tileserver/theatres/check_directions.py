"""Rules for the sides and directions of a theatre definition, by which gains are told."""

from __future__ import annotations

import re
from collections.abc import Iterator

import shapely

from tileserver.complaints import near_miss
from tileserver.declared import Direction, Text
from tileserver.grid import BoundsLonLat
from tileserver.model import Theatre

MOST = 40  # directions of a theatre, more than a reader can tell apart
FARTHEST_KM = 1000

_ID = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")


def direction_faults(theatre: Theatre) -> Iterator[str]:
    """Yield the faults of the sides and the directions of *theatre*, in words."""
    sides = {side for layer in theatre.layers for side in layer.sides()}
    for side, words in theatre.sides.items():
        if side not in sides:
            there = ", ".join(sorted(sides)) or "none"
            yield f"sides: no status is on side {side!r}; sides are {there}{near_miss(side, sides)}"
        yield from _text_faults(words, f"sides: {side!r}")
    if len(theatre.directions) > MOST:
        yield f"directions: there are {len(theatre.directions)}, and nobody tells more than {MOST} apart"
    seen: set[str] = set()
    for direction in theatre.directions:
        where = f"direction {direction.id!r}"
        if direction.id in seen:
            yield f"{where} is declared twice"
        seen.add(direction.id)
        yield from (f"{where}{fault}" for fault in _faults(direction, theatre))


def _faults(direction: Direction, theatre: Theatre) -> Iterator[str]:
    if not _ID.match(direction.id):
        yield " has to be small letters, digits and underscores"
    yield from _text_faults(direction.title, ": title")
    if (direction.point is None) == (not direction.area):
        yield ": either point = [longitude, latitude], or area = [[longitude, latitude], ...], and not both"
        return
    bounds = BoundsLonLat(*theatre.bounds)
    for lon, lat in direction.area or (direction.point or (0.0, 0.0),):
        if not bounds.contains(lon, lat):
            turned = "; longitude comes first" if bounds.contains(lat, lon) else ""
            yield f": [{lon}, {lat}] lies outside the bounds of the theatre{turned}"
            return
    if direction.area and not _is_simple(direction.area):
        yield ": area has to be the corners of one polygon, three or more, whose edges do not cross"
    if not 0 < direction.reach_km <= FARTHEST_KM:
        yield f": reach_km {direction.reach_km!r} has to be kilometres, more than 0 and at most {FARTHEST_KM}"


def _is_simple(corners: tuple[tuple[float, float], ...]) -> bool:
    return len(set(corners)) > 2 and bool(shapely.is_valid(shapely.Polygon(corners)))


def _text_faults(text: Text, where: str) -> Iterator[str]:
    if not text or not all(_LANGUAGE.match(lang) and words.strip() for lang, words in text.items()):
        yield f'{where} has to give words by language, such as {{ en = "Kupiansk" }}'
