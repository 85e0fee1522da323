"""Names on a picture: countries and places, the most important first, none over another or over a mark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from tileserver.picture.html import Html
from tileserver.picture.palette import palette
from tileserver.picture.press.decoded import Shape
from tileserver.picture.press.fonts import text_width, wrapped
from tileserver.picture.press.ground import Layers
from tileserver.picture.press.ink import draw, interpolated, text
from tileserver.picture.press.view import View

Box: TypeAlias = tuple[float, float, float, float]  # west, north, east, south in pixels

_PADDING = 3.0  # pixels around a name
_LINE = 1.15  # the height of a line, in ems
_COUNTRIES_TO = 6.2  # the zoom from which on countries have no names


class Place(NamedTuple):
    """A name to be set: its pixel, size and weight, and its rank."""

    name: str
    x: float
    y: float
    size: float
    weight: int
    is_capital: bool
    rank: tuple[float, float]  # ascending: the first is set first


def names(
    layers: Mapping[str, Layers], view: View, theme: str, language: str, taken: Sequence[Box], factor: float
) -> Html:
    """Return the names in *view*, *factor* times the page's size, outside the boxes that are *taken*."""
    boxes = list(taken)
    drawn: list[Html] = []
    for place in sorted(_places(layers, view, language, factor), key=lambda each: each.rank):
        drawn += _set_place(place, view, theme, boxes, factor)
    if view.camera.zoom < _COUNTRIES_TO:
        for shape, (x, y) in _points(layers["world"].get("country", ()), view, "size"):
            drawn += _set_country(_name(shape.properties, language), x, y, view, theme, boxes, factor)
    return draw("g", *drawn, id="names") if drawn else Html()


def _places(layers: Mapping[str, Layers], view: View, language: str, factor: float) -> Iterator[Place]:
    zoom = view.camera.zoom
    if zoom < 3.5:
        return
    seen: set[tuple[str, int, int]] = set()
    for source in ("world", "regions"):
        for shape, (x, y) in _points(layers[source].get("place", ()), view, "people"):
            said, since = _name(shape.properties, language), float(shape.properties.get("from", 0))
            if since > zoom or not said or (said, round(x), round(y)) in seen:
                continue
            seen.add((said, round(x), round(y)))
            far = 12.0 if since <= 4 else 10.5
            near = 17.0 if since <= 5 else 13.5 if since <= 7 else 11.5
            size = interpolated(zoom, [(4, far), (9, near)]) * factor
            rank = since, -float(shape.properties.get("people", 0))
            yield Place(said, x, y, size, 500 if since <= 5 else 400, "capital" in shape.properties, rank)


def _points(shapes: Sequence[Shape], view: View, key: str) -> Iterator[tuple[Shape, tuple[float, float]]]:
    """Yield the points in sight, the largest by *key* first."""
    for shape in sorted(shapes, key=lambda each: -float(each.properties.get(key, 0))):
        if shape.kind == "Point":
            x, y = shape.paths[0][0].tolist()
            if 0 <= x <= view.width and 0 <= y <= view.height:
                yield shape, (x, y)


def _name(properties: Mapping[str, Any], language: str) -> str:
    return str(properties.get(f"name_{language}") or properties.get("name_en") or "")


def _set_place(place: Place, view: View, theme: str, boxes: list[Box], factor: float) -> list[Html]:
    """Return dot and name at the first of four sides that is free; nothing where none is."""
    dot = (3.0 if place.is_capital else 1.8) * factor
    lines = wrapped(place.name, place.size, 8 * place.size, place.weight)
    own: Box = (place.x - dot, place.y - dot, place.x + dot, place.y + dot)
    if any(_meet(own, other) for other in boxes):
        return []
    for anchor, x, box in _sides(place, lines):
        if _inside(box, view) and not any(_meet(box, other) for other in boxes):
            boxes += [box, own]
            top = box[1] + _PADDING / 2
            return [*_dot(place, dot, theme), *_name_lines(place, lines, anchor, (x, top), theme)]
    return []


def _sides(place: Place, lines: Sequence[str]) -> Iterator[tuple[str, float, Box]]:
    """Yield right, left, below, above: anchor of the text, its pixel, box of the text."""
    width = max(text_width(line, place.size, place.weight) for line in lines)
    height, gap = len(lines) * place.size * _LINE, 0.5 * place.size
    beside = place.y - height / 2
    for anchor, x, west, top in (
        ("start", place.x + gap, place.x + gap, beside),
        ("end", place.x - gap, place.x - gap - width, beside),
        ("middle", place.x, place.x - width / 2, place.y + gap),
        ("middle", place.x, place.x - width / 2, place.y - gap - height),
    ):
        east, bottom = west + width + _PADDING, top + height + _PADDING / 2
        yield anchor, x, (west - _PADDING, top - _PADDING / 2, east, bottom)


def _dot(place: Place, radius: float, theme: str) -> list[Html]:
    return [
        draw("circle", cx=place.x, cy=place.y, r=radius + grown, fill=palette(theme)[colour])
        for grown, colour in ((1.2, "labelHalo"), (0.0, "label"))
    ]


def _name_lines(
    place: Place, lines: Sequence[str], anchor: str, at: tuple[float, float], theme: str
) -> list[Html]:
    colours, step = palette(theme), place.size * _LINE
    look = {"weight": place.weight, "anchor": anchor, "halo": colours["labelHalo"]}
    return [
        text(line, at[0], at[1] + (n + 0.78) * step, place.size, colours["label"], **look)
        for n, line in enumerate(lines)
    ]


def _set_country(
    name: str, x: float, y: float, view: View, theme: str, boxes: list[Box], factor: float
) -> list[Html]:
    colours, spacing = palette(theme), 0.14
    size = interpolated(view.camera.zoom, [(2, 9), (6, 13)]) * factor
    lines = wrapped(name.upper(), size, 7 * size, 500)
    width = max(text_width(line, size, 500, spacing) for line in lines)
    top = y - len(lines) * size * _LINE / 2
    box = (x - width / 2 - _PADDING, top, x + width / 2 + _PADDING, y + len(lines) * size * _LINE / 2)
    if not _inside(box, view) or any(_meet(box, other) for other in boxes):
        return []
    boxes.append(box)
    return [
        text(
            line, x, top + (n + 0.78) * size * _LINE, size, colours["labelFaint"],
            weight=500, anchor="middle", halo=colours["labelHalo"], spacing=spacing,
        )
        for n, line in enumerate(lines)
    ]  # fmt: skip


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _inside(box: Box, view: View) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= view.width and box[3] <= view.height
