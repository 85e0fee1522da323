"""Arrows and sectors of notes: in the desk's words, longitude first, and in the words of a field.

A field has them as text, for a tile carries texts alone: ``russia 49.9,38.0 49.7,37.7; ukraine 48.5,37.9
48.6,38.1``, a side, if any, and places as latitude, longitude (docs/definition.md). The desk says them
longitude first, as in GeoJSON and everywhere else: ``russia 38.0,49.9 37.7,49.7``, or as GeoJSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from tileserver.complaints import near_miss
from tileserver.desk.drafts import Place, check_place
from tileserver.errors import BadParameter
from tileserver.store.catalogue import StoredLayer

Drawn: TypeAlias = Literal["arrow", "sector"]  # the names of the fields, too

DRAWN: tuple[Drawn, ...] = ("arrow", "sector")
MOST = 8  # of a note; more says nothing to anybody, and the map draws no more
_PLACES: dict[Drawn, tuple[int, int]] = {"arrow": (2, 8), "sector": (3, 16)}
_LINES = {"arrow": ("LineString", "MultiLineString"), "sector": ("Polygon", "MultiPolygon")}


@dataclass(frozen=True, slots=True)
class Stroke:
    """An arrow from its first place to its last, or a sector by its corners; degrees, longitude first.

    ``side`` is whose it is, '' for nobody's.
    """

    side: str
    places: tuple[Place, ...]


def stored_strokes(text: str) -> tuple[Stroke, ...]:
    """Return the arrows or sectors of a field's *text*, degrees; `BadParameter` for any other text."""
    return tuple(Stroke(side, tuple((lon, lat) for lat, lon in pairs)) for side, pairs in _parts(text))


def spell_stored(strokes: Sequence[Stroke], decimals: int) -> str:
    """Return *strokes* in the words of a field: latitude first, degrees with at most so many *decimals*."""
    return _spelled(strokes, decimals, latitude_first=True)


def spell_said(strokes: Sequence[Stroke], decimals: int = 7) -> str:
    """Return *strokes* in the desk's words: longitude first, degrees with at most so many *decimals*."""
    return _spelled(strokes, decimals, latitude_first=False)


def _spelled(strokes: Sequence[Stroke], decimals: int, *, latitude_first: bool) -> str:
    def place(lon: float, lat: float) -> str:
        pair = (lat, lon) if latitude_first else (lon, lat)
        return ",".join(spell_degrees(each, decimals) for each in pair)

    return "; ".join(
        " ".join(filter(None, [each.side, *(place(*at) for at in each.places)])) for each in strokes
    )


def spell_degrees(degrees: float, decimals: int) -> str:
    """Return *degrees* with at most so many *decimals*, without zeros at the end."""
    text = f"{degrees:.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-0", "0", text in ("-0", "-0.0"))


def said_strokes(texts: Sequence[str], drawn: Drawn, stored: StoredLayer) -> tuple[Stroke, ...]:
    """Return the arrows or sectors that *texts* say, longitude first or as GeoJSON, in degrees.

    `BadParameter` for a text that is none, for a side that the theatre does not have, for too few or too many
    places, and for a place outside the theatre; swapped coordinates are told.
    """
    found = tuple(stroke for text in texts for stroke in _said(text, drawn))
    if len(found) > MOST:
        raise BadParameter(f"{len(found)} are more {drawn}s than the {MOST} that a map draws of a note")
    for stroke in found:
        _check(stroke, drawn, stored)
    return found


def check_stored(fields: Mapping[str, str], stored: StoredLayer) -> None:
    """Raise `BadParameter` unless the arrows and sectors among *fields*, latitude first, can be drawn."""
    for drawn in DRAWN:
        for stroke in stored_strokes(fields.get(drawn, "")):
            _check(stroke, drawn, stored)


def _said(text: str, drawn: Drawn) -> Iterator[Stroke]:
    if text.lstrip().startswith("{"):
        try:
            yield from _in_geojson(msgspec.json.decode(text), "", drawn)
        except msgspec.DecodeError as error:
            raise BadParameter(f"{text.strip()[:60]!r} is no JSON: {error}") from error
        return
    yield from (Stroke(side, tuple(pairs)) for side, pairs in _parts(text))


def _parts(text: str) -> Iterator[tuple[str, list[Place]]]:
    """Yield the side and the pairs of numbers, in the order as written, of each part between semicolons."""
    for part in filter(None, map(str.strip, text.split(";"))):
        words = part.split()
        side = "" if "," in words[0] else words.pop(0)
        yield side, [_pair(word, part) for word in words]


def _pair(word: str, part: str) -> Place:
    try:
        one, other = map(float, word.split(","))
    except ValueError as error:
        raise BadParameter(
            f"{part[:60]!r}: {word[:30]!r} is no place; write lon,lat, as 37.66,49.75"
        ) from error
    return one, other


def _in_geojson(given: Any, side: str, drawn: Drawn) -> Iterator[Stroke]:
    match given:
        case {"type": "FeatureCollection", "features": list(features)}:
            for each in features:
                yield from _in_geojson(each, side, drawn)
        case {"type": "Feature", "geometry": dict(geometry)}:
            said = (given.get("properties") or {}).get("side") or ""
            yield from _in_geojson(geometry, str(said), drawn)
        case {"type": str(kind), "coordinates": list(coordinates)} if kind in _LINES[drawn]:
            several = coordinates if kind.startswith("Multi") else [coordinates]
            yield from (Stroke(side, _places(each, drawn)) for each in several)
        case _:
            named = given.get("type") if isinstance(given, dict) else None
            raise BadParameter(
                f"GeoJSON of type {str(named)[:40]!r} is no {drawn}; it has to be"
                f" {' or '.join(_LINES[drawn])}"
            )


def _places(coordinates: Any, drawn: Drawn) -> tuple[Place, ...]:
    try:
        if drawn == "sector":
            ring, *holes = msgspec.convert(coordinates, list[list[list[float]]])
            if holes:
                raise BadParameter("a sector is one outline, and has no holes")
        else:
            ring = msgspec.convert(coordinates, list[list[float]])
        places = tuple((lon, lat) for lon, lat, *_ in ring)
    except (msgspec.ValidationError, ValueError) as error:
        raise BadParameter(f"the coordinates of this {drawn} are none: {error}") from error
    return places[:-1] if drawn == "sector" and places[:1] == places[-1:] else places


def _check(stroke: Stroke, drawn: Drawn, stored: StoredLayer) -> None:
    fewest, most = _PLACES[drawn]
    if not fewest <= len(stroke.places) <= most:
        raise BadParameter(f"{spell_said([stroke])!r}: this {drawn} has to have {fewest} to {most} places")
    sides = stored.theatre.told_sides
    if stroke.side and sides and stroke.side not in sides:
        raise BadParameter(
            f"{stroke.side[:40]!r} is no side of {stored.ref.theatre}{near_miss(stroke.side, sides)};"
            f" there are {', '.join(sides)}"
        )
    for place in stroke.places:
        check_place(place, stored.theatre, stored.layer)
