"""A plain MapLibre style over snapshot tiles: for MapLibre Native, QGIS and partners' maps.

Nothing but what all of them read: no feature-state and no global-state, which MapLibre Native and QGIS do not
know, ``match`` with its labels in lists, and no other expression where something is painted. The colours are
the legend's and those of ``styles/palette.json``, so the style cannot say another thing than the map.
"""

from __future__ import annotations

from typing import Any

from tileserver.model import Layer
from tileserver.picture.palette import palette
from tileserver.publish.credits import credit_line
from tileserver.publish.time_query import TimeQuery
from tileserver.tiles.tileset import Tileset

# As good as transparent, which QGIS takes as it is; what is wholly so OpenLayers draws in the fill's colour.
_NO_OUTLINE = "rgba(0,0,0,0.001)"

_COVERS, _PALE = 0.4, 0.14  # opacities of areas

# Events in a cell, from and below, and its radius in pixels: the area grows as their number does.
_SIZES = ((1, 10, 4), (10, 100, 6), (100, 1000, 10), (1000, 1 << 31, 15))


def plain_style(tileset: Tileset, base_url: str, asked: TimeQuery) -> dict[str, Any]:
    """Return a version 8 style that draws *tileset* as *asked*."""
    low, high = tileset.zooms
    longitude, latitude, zoom = tileset.theatre.centre
    layers = [served.stored.layer for served in tileset.layers]
    return {
        "version": 8,
        "name": tileset.theatre.title.get("en", tileset.name),
        "center": [longitude, latitude],
        "zoom": zoom,
        "sources": {
            "tileserver": {
                "type": "vector",
                "tiles": [f"{base_url}/tiles/{tileset.name}/{{z}}/{{x}}/{{y}}.mvt{asked.query}"],
                "minzoom": low,
                "maxzoom": high,
                "bounds": list(tileset.bounds),
                "attribution": credit_line(layers),
            }
        },
        "layers": [
            {"id": "background", "type": "background", "paint": {"background-color": _palette()["land"]}},
            *(drawn for layer in layers if layer.role in _DRAWN for drawn in _DRAWN[layer.role](layer)),
        ],
    }


def _palette() -> dict[str, Any]:
    return palette("light")


def _areas(layer: Layer) -> list[dict[str, Any]]:
    base = {"source": "tileserver", "source-layer": layer.name}
    colour = _colours(layer)
    # Faces are cut where cells meet: an edge around each, or a soft one, would show the cells. QGIS draws a
    # black one unless it is told another colour.
    fill = {
        "fill-color": colour,
        "fill-opacity": _opacity(layer),
        "fill-antialias": not layer.has_faces,
        "fill-outline-color": _NO_OUTLINE,
    }
    drawn: list[dict[str, Any]] = [{**base, "id": f"{layer.name}-fill", "type": "fill", "paint": fill}]
    if not layer.has_faces:
        edge = {"line-color": colour, "line-width": 0.8}
        drawn.append({**base, "id": f"{layer.name}-edge", "type": "line", "paint": edge})
    return drawn


def _opacity(layer: Layer) -> Any:
    """Return how much the colour of each status covers: less for statuses that are long settled."""
    pale = [category.code for category in layer.categories if category.pattern == "pale"]
    return ["match", ["get", layer.category], pale, _PALE, _COVERS] if pale else _COVERS


def _front(layer: Layer) -> list[dict[str, Any]]:
    paint = {"line-color": _palette()["frontline"], "line-width": 2}
    return [
        {"id": layer.name, "type": "line", "source": "tileserver", "source-layer": layer.name, "paint": paint}
    ]


def _points(layer: Layer) -> list[dict[str, Any]]:
    paint = {
        "circle-radius": 4,
        "circle-color": _colours(layer),
        "circle-stroke-color": _palette()["eventCasing"],
        "circle-stroke-width": 1,
    }
    base = {"type": "circle", "source": "tileserver", "source-layer": layer.name}
    points = {**base, "id": layer.name, "filter": ["!", ["has", "cell"]], "paint": paint}
    return [*_squares(layer), points]


def _squares(layer: Layer) -> list[dict[str, Any]]:
    """Draw event squares as circles, a style layer for each of a few sizes, which QGIS can read.

    Without the number: text needs glyphs, which a style for anybody's map does not bring along.
    """
    return [
        {
            "id": f"{layer.name}-cells-{least}",
            "type": "circle",
            "source": "tileserver",
            "source-layer": layer.name,
            "filter": [
                "all",
                ["has", "cell"],
                [">=", ["get", "count"], least],
                ["<", ["get", "count"], more],
            ],
            "paint": {
                "circle-radius": radius,
                "circle-color": _palette()["note"],
                "circle-opacity": 0.75,
                "circle-stroke-color": _palette()["eventCasing"],
                "circle-stroke-width": 0.5,
            },
        }
        for least, more, radius in _SIZES
    ]


def _colours(layer: Layer) -> Any:
    if not layer.categories:
        return _palette()["note"]
    # A label in a list, though it be one: QGIS reads no other.
    pairs = [part for each in layer.categories for part in ([each.code], each.colour)]
    return ["match", ["get", layer.category], *pairs, _palette()["labelFaint"]]


_DRAWN = {"areas": _areas, "front": _front, "events": _points, "notes": _points}
