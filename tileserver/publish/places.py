"""The document of a theatre's named places, of the desk and of public events."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from tileserver.model import Layer
from tileserver.spelling import is_alike, plain
from tileserver.store.connect import Connection
from tileserver.store.places import NamedPlace, NamingFields, declared_places, places_of_events
from tileserver.tiles.horizon import horizon_of
from tileserver.tiles.tileset import Tileset
from tileserver.times import from_micros

FIELD = "place"  # of an event: the name of its place, in one language or, as place_uk, in several
MOST = 5_000  # places in a document
_ZOOM = 9  # from which a place that events name is written
_EXACT_M = 5_000.0  # a class of exactness that is wider tells of no village
_KINDS = "bay|district|forest|hromada|krai|lake|oblast|raion|region|reservoir|river|street"
# What is wider than a place, or another thing.
_NO_TOWN = re.compile(rf"^(near|vulytsya|vulytsia) |\b({_KINDS})$", re.IGNORECASE)
# Of a romanised name, but not that of L'Aigle: a soft sign; and after a comma where the place is.
_SIGN = r"(?:(?<=[A-Za-z]{2})|(?<=['’ʼ][a-z]))['’ʼ](?![A-Z])"  # also the second of Topol's'ke
_NO_LETTER = re.compile(rf"ʹ|{_SIGN}|(?<=\S)\s*,.*$")


def fields_of(layer: Layer) -> NamingFields:
    """Return the properties by which events of *layer* name a place that is known closely enough."""
    names = [name for name in layer.fields if name == FIELD or name.startswith(f"{FIELD}_")]
    evidence = layer.evidence
    if evidence is None:
        return NamingFields(names, "", ())
    coarse = [each.code for each in evidence.classes if each.metres > _EXACT_M]
    return NamingFields(names, evidence.exactness, coarse)


async def load_places(
    connection: Connection, tileset: Tileset, now: datetime
) -> list[tuple[NamedPlace, str]]:
    """Return the places of *tileset* at the instant *now*, each with its origin, ``desk`` or ``data``.

    An event names its place only once the event is public; a list of the desk has no date, and is.
    """
    found = [(place, "desk") for place in await declared_places(connection, tileset.theatre.id)]
    ended = from_micros(horizon_of(tileset, now).ended)
    for served in tileset.layers:
        asked = fields_of(served.stored.layer)
        if served.is_state or not asked.names:
            continue
        own = await places_of_events(connection, served.stored.layer_id, asked, ended, _ZOOM)
        found += [(place, "data") for place in own]
    return found


def places_document(found: Iterable[tuple[NamedPlace, str]]) -> dict[str, Any]:
    """Return *found* as GeoJSON (RFC 7946): of places with one name nearby the first alone, `MOST` at most.

    Properties of a place: ``name`` and ``name_uk`` as an example, ``zoom``, the first to write it,
    and ``by``, ``desk`` or ``data``. Longitude and latitude in degrees, to a metre.
    """
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [round(place.lon, 5), round(place.lat, 5)]},
            "properties": {**_names(place), "zoom": place.zoom, "by": origin},
        }
        for place, origin in distinct_places(found)
    ]
    return {"type": "FeatureCollection", "features": features[:MOST]}


def _names(place: NamedPlace) -> dict[str, str]:
    return {f"name_{language}" if language else "name": name for language, name in place.names.items()}


def _without_signs(place: NamedPlace) -> NamedPlace:
    return place._replace(names={key: _NO_LETTER.sub("", name) for key, name in place.names.items()})


def distinct_places(found: Iterable[tuple[NamedPlace, str]]) -> Iterator[tuple[NamedPlace, str]]:
    """Yield of places with one name nearby the first alone; of events also of names that are alike.

    An event that names a district, a street or what lies near a place names none; its names are without the
    apostrophes that stand for soft signs, and without what follows a comma.
    """
    seen: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
    for told, origin in found:
        place = told if origin == "desk" else _without_signs(told)
        x, y = round(place.lon * 10), round(place.lat * 10)
        spelled = {plain(name) for name in place.names.values()}
        near = set().union(*(seen[x + dx, y + dy] for dx in (-1, 0, 1) for dy in (-1, 0, 1)))
        if spelled & near:
            continue
        if origin == "data":
            if any(_NO_TOWN.search(name) for name in place.names.values()):
                continue
            if any(is_alike(name, other) for name in spelled for other in near):
                continue
        seen[x, y] |= spelled
        yield place, origin
