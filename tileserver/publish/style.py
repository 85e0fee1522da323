"""MapLibre styles over snapshot tiles: the templates of ``styles/``, filled for a theatre.

A template is itself valid by the style specification. Its source layers are roles, each of which stands for
all layers of that role; a layer's name takes the role's place in the ids. ``["get", "colour"]`` stands for
the colour of a category, ``["get", "tint"]`` for the same on white paper, and a ``match`` over ``["get",
"pattern"]`` for one over the categories that have such a pattern. Filled in are matches with their labels in
lists, which QGIS reads too; a layer that is ``apart`` becomes one of a single colour for each category.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from tileserver.model import Layer
from tileserver.publish.credits import credit_line
from tileserver.publish.time_query import TimeQuery
from tileserver.tiles.tileset import Tileset

TEMPLATES = ("plain", "full", "print", "mobile")
OVER = "over"  # the plain style without its ground, to lie over a map of one's own

SPRITE = "signs"  # of the front end's build

_COLOUR, _TINT, _PATTERN = ["get", "colour"], ["get", "tint"], ["get", "pattern"]
_SIGNS = "tileserver:"  # what a template says to the code that fills it


def theatre_style(tileset: Tileset, base_url: str, asked: TimeQuery, name: str) -> dict[str, Any]:
    """Return a version 8 style that draws *tileset* as *asked*, after the template *name*."""
    low, high = tileset.zooms
    longitude, latitude, zoom = tileset.theatre.centre
    layers = [served.stored.layer for served in tileset.layers]
    tiles = {
        "type": "vector",
        "tiles": [f"{base_url}/tiles/{tileset.name}/{{z}}/{{x}}/{{y}}.mvt{asked.query}"],
        "minzoom": low,
        "maxzoom": high,
        "bounds": list(tileset.bounds),
        "attribution": credit_line(layers),
    }
    places = f"{base_url}/tilesets/{tileset.name}/places"
    return {
        "version": 8,
        "name": tileset.theatre.title.get("en", tileset.name),
        "center": [longitude, latitude],
        "zoom": zoom,
        **_written_with(name, base_url),
        "sources": {"tileserver": tiles, **_named_by(name, places)},
        "layers": style_layers(layers, name),
    }


def _written_with(name: str, base_url: str) -> dict[str, str]:
    """Return the addresses of glyphs and of the sprite, for a template that has any."""
    if "glyphs" not in _template(name):
        return {}
    return {
        "glyphs": f"{base_url}/fonts/{{fontstack}}/{{range}}.pbf",
        "sprite": f"{base_url}/sprites/{SPRITE}",
    }


def _named_by(name: str, url: str) -> dict[str, Any]:
    """Return the source of places at *url*, for a template that writes their names."""
    source = _template(name)["sources"].get("places")
    return {} if source is None else {"places": {**source, "data": url}}


def style_layers(layers: Sequence[Layer], name: str) -> list[dict[str, Any]]:
    """Return the template *name* filled for *layers*, the lowest first; other roles are not drawn."""
    template = _template(name)
    ground = [each for each in template["layers"] if "source" not in each]
    named = [each for each in template["layers"] if each.get("source") == "places"]
    return [*ground, *(drawn for layer in layers for drawn in _filled(template, layer)), *named]


@cache
def _template(name: str) -> dict[str, Any]:
    if name == OVER:
        plain = _template("plain")
        return {**plain, "layers": [each for each in plain["layers"] if "source" in each]}
    packaged = resources.files("tileserver").joinpath(f"styles/{name}.json")
    checkout = Path(__file__).parents[2] / "styles" / f"{name}.json"
    text = packaged.read_bytes() if packaged.is_file() else checkout.read_bytes()
    template: dict[str, Any] = msgspec.json.decode(text)
    return template


def _filled(template: dict[str, Any], layer: Layer) -> list[dict[str, Any]]:
    """Return the template's layers of the role of *layer*, with the names and categories of *layer*."""
    signs, filled = template["metadata"], list[dict[str, Any]]()
    for each in template["layers"]:
        says = each.get("metadata", {})
        unless = says.get(f"{_SIGNS}unless")
        if each.get("source-layer") != layer.role or (layer.has_faces and unless == "faces"):
            continue
        drawn = {name: _put(value, layer, signs) for name, value in each.items() if name != "metadata"}
        if drawn.get("filter") is False:
            continue
        drawn |= {"id": layer.name + each["id"].removeprefix(layer.role), "source-layer": layer.name}
        if "fill-antialias" in drawn["paint"]:
            # Faces are cut where cells meet: a soft edge would show the cells.
            drawn["paint"]["fill-antialias"] = not layer.has_faces
        filled += _apart(drawn) if says.get(f"{_SIGNS}apart") else [drawn]
    return filled


def _apart(drawn: dict[str, Any]) -> list[dict[str, Any]]:
    """Return *drawn*, of circles, once for each colour, for QGIS 3.22 reads no match of a circle's.

    The first, which keeps the id, has the points whose category is declared nowhere.
    """
    colour = drawn["paint"]["circle-color"]
    if not isinstance(colour, list):
        return [drawn]
    _, value, *pairs, otherwise = colour
    codes = [label[0] for label in pairs[::2]]
    unlike = [["!=", value, code] for code in codes]
    parts = [(drawn["id"], unlike, otherwise)]
    for code, own in zip(codes, pairs[1::2], strict=True):
        parts.append((f"{drawn['id']}-{code}", [["==", value, code]], own))
    return [
        {
            **drawn,
            "id": name,
            "filter": ["all", drawn["filter"], *rules],
            "paint": {**drawn["paint"], "circle-color": own},
        }
        for name, rules, own in parts
    ]


def _put(value: Any, layer: Layer, signs: dict[str, Any]) -> Any:
    """Return *value* with the categories of *layer* in place of stand-ins."""
    if isinstance(value, dict):
        return {name: _put(inner, layer, signs) for name, inner in value.items()}
    if value == _COLOUR:
        return _by_category(layer, [each.colour for each in layer.categories], signs)
    if value == _TINT:
        shares = signs[f"{_SIGNS}tints"]
        tints = [
            _on_white(each.colour, shares.get(each.pattern, shares["other"])) for each in layer.categories
        ]
        return _by_category(layer, tints, signs)
    if isinstance(value, list) and value[:2] == ["match", _PATTERN]:
        return _by_pattern(layer, value[2:-1], value[-1])
    return value


def _by_category(layer: Layer, colours: list[str], signs: dict[str, Any]) -> Any:
    if not colours:
        return signs[f"{_SIGNS}uncategorised"]
    # A label in a list, though it be one: QGIS reads no other.
    pairs = [
        part for each, colour in zip(layer.categories, colours, strict=True) for part in ([each.code], colour)
    ]
    return ["match", ["get", layer.category], *pairs, signs[f"{_SIGNS}unknown"]]


def _by_pattern(layer: Layer, pairs: list[Any], otherwise: Any) -> Any:
    """Return a match over the categories with the patterns of *pairs*; without any, *otherwise*."""
    matched = [
        (codes, value)
        for patterns, value in zip(pairs[::2], pairs[1::2], strict=True)
        if (codes := [each.code for each in layer.categories if each.pattern in patterns])
    ]
    if not matched:
        return otherwise
    return ["match", ["get", layer.category], *(part for pair in matched for part in pair), otherwise]


def _on_white(colour: str, share: float) -> str:
    """Return the opaque tint of a ``#rrggbb`` *colour* of which white paper takes *share*."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(255 + (part - 255) * share):02x}" for part in parts)
