"""Parts of a map by their names: oblasts, the directions of a theatre, and the areas of a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.errors import BadParameter
from tileserver.grid import BoundsLonLat, TileAddress
from tileserver.model import Theatre
from tileserver.shape.directions import direction_regions
from tileserver.shape.project import MAX_LATITUDE, to_lonlat, to_mercator
from tileserver.theatres.land import read_areas

# Outlines of Ukraine's regions (Natural Earth, admin 1, public domain) with their official names, drawn
# 3.5 km wider than they are, so that nothing of a region is missing. Kyiv Oblast has the city in it.
_OBLASTS = files("tileserver.export") / "oblasts.geojson"
_KIND = re.compile(r"\b(oblast|область|autonomous republic of|автономна республіка|автономная республика)\b")
_DECIMALS = 6
_FILES = (".geojson", ".json")


@dataclass(frozen=True, slots=True)
class NamedArea:
    """A part of a map: its *shape*, EPSG:3857, which decides, and its bounds in degrees."""

    bounds: BoundsLonLat
    shape: BaseGeometry

    def touched(self, addresses: list[TileAddress]) -> list[TileAddress]:
        """Return the *addresses* whose tiles, without buffer, touch the area, in their order."""
        edges = np.array([_edges(each) for each in addresses]).reshape(-1, 4)
        shapely.prepare(self.shape)
        meets = shapely.intersects(shapely.box(*edges.T), self.shape)
        return [address for address, does in zip(addresses, meets, strict=True) if does]


def area_of(text: str, theatre: Theatre) -> NamedArea:
    """Return the area that *text* names: an oblast, a direction of *theatre*, or a GeoJSON file with areas.

    A name is that of any language, in large or small letters, with or without the word for oblast.
    `BadParameter`, with the names that there are, for any other.
    """
    if text.endswith(_FILES):
        whole = read_areas(Path(text), BoundsLonLat(*theatre.bounds), "area file")
        return _area(shapely.transform(shapely.from_geojson(whole), to_mercator))
    known = dict(_by_name(theatre))
    if (shape := known.get(_plain(text))) is not None:
        return _area(shape)
    names = {_plain(name): name for name in names_of(theatre)}
    near = get_close_matches(_plain(text), known, n=1)
    hint = next((f", did you mean {names[each]}?" for each in near if each in names), "")
    there = ", ".join(names.values()) or "none; a GeoJSON file can be one"
    raise BadParameter(f"--area {text[:60]!r} is no area of {theatre.id}{hint}. There are: {there}")


def names_of(theatre: Theatre) -> list[str]:
    """Return the English names of the areas that can be named, oblasts first."""
    return [names[0] for names, _ in _declared(theatre)]


def _by_name(theatre: Theatre) -> Iterator[tuple[str, BaseGeometry]]:
    """Yield each plain name with its shape, of equal names the first declared last."""
    for names, shape in reversed(list(_declared(theatre))):
        yield from ((_plain(name), shape) for name in names)


def _declared(theatre: Theatre) -> Iterator[tuple[list[str], BaseGeometry]]:
    """Yield names, English first, and shape, EPSG:3857, of each oblast there, then each direction."""
    west, south, east, north = theatre.bounds
    box = shapely.transform(shapely.box(west, south, east, north), to_mercator)
    yield from ((names, shape) for names, shape in _oblasts() if shapely.contains(box, shape))
    regions = direction_regions(theatre.directions)
    for each in theatre.directions:
        titles = [each.title[name] for name in sorted(each.title, key=lambda name: name != "en")]
        yield [*titles, each.id], regions.shape_of(each.id)


@cache
def _oblasts() -> list[tuple[list[str], BaseGeometry]]:
    found = json.loads(_OBLASTS.read_text("utf-8"))["features"]
    return [
        (
            [name for _, name in sorted(each["properties"].items(), key=lambda one: one[0] != "name_en")],
            shapely.transform(shapely.from_geojson(json.dumps(each["geometry"])), to_mercator),
        )
        for each in found
    ]


def _plain(name: str) -> str:
    return " ".join(_KIND.sub(" ", name.casefold().replace("’", "'")).split())


def _area(shape: BaseGeometry) -> NamedArea:
    west, south, east, north = shapely.transform(shape, to_lonlat).bounds
    edges = (
        round(each, _DECIMALS) for each in (west, max(south, -MAX_LATITUDE), east, min(north, MAX_LATITUDE))
    )
    return NamedArea(BoundsLonLat(*edges), shape)


def _edges(address: TileAddress) -> tuple[float, float, float, float]:
    box = address.bounds
    return box.west, box.south, box.east, box.north
