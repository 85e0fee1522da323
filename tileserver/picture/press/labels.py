"""Names on a picture, the most important first: countries, places, regions, waters; sized as on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from tileserver.picture.html import Html
from tileserver.picture.press.decoded import Shape
from tileserver.picture.press.fonts import wrapped
from tileserver.picture.press.ground import Layers, present
from tileserver.picture.press.ink import draw, interpolated
from tileserver.picture.press.placing import Box, Lettering, NameStyle, Room, box_around
from tileserver.picture.press.river_names import river_names
from tileserver.picture.press.sheet import Village
from tileserver.picture.press.view import View
from tileserver.spelling import is_alike, plain

_LAST_CITY, _LAST_TOWN = 7, 9  # zooms from which a place is shown
_NEAR_LON, _NEAR_LAT = 0.12, 0.08  # degrees, some ten kilometres: of one name, one place


def names(
    layers: Mapping[str, Layers],
    view: View,
    style: NameStyle,
    taken: Sequence[Box],
    spots: Sequence[Village] = (),
) -> Html:
    """Return the names in *view*, none over another or over the boxes that are *taken*, in pixels.

    Of *spots* those that the ground does not write itself are written like its places.
    """
    room, zoom = Room(view, tuple(taken)), view.camera.zoom
    world, regions = layers["world"], layers["regions"]
    drawn: list[Html] = []
    if zoom < 6.2:
        drawn += _titles(world.get("country", ()), room, style, _country(zoom, style), 7)
    if zoom >= 3.5:
        written = (*world.get("place", ()), *regions.get("place", ()))
        drawn += _places((*written, *_spots(spots, written, view)), room, style)
    if 5 <= zoom < 8.2:
        drawn += _titles(regions.get("oblast", ()), room, style, _oblast(zoom, style), 8)
    drawn += _seas(regions.get("sea", ()), room, style)
    if zoom >= 5.5:
        drawn += river_names(_due(regions.get("river", ()), room.view, style, 0.7), room, style)
    return draw("g", *drawn, id="names") if drawn else Html()


def _country(zoom: float, style: NameStyle) -> Lettering:
    size = interpolated(zoom, [(2, 9), (6, 13)]) * style.factor
    return Lettering(size, style.colour("labelFaint"), style.colour("labelHalo"), 500, 0.14)


def _oblast(zoom: float, style: NameStyle) -> Lettering:
    size = interpolated(zoom, [(5, 9), (8, 11.5)]) * style.factor
    return Lettering(size, style.colour("oblastLabel"), style.colour("labelHalo"), 400, 0.16, edge=0.45)


def _due(shapes: Sequence[Shape], view: View, style: NameStyle, later: float = 0.0) -> list[Shape]:
    """Return the features of the day that have a name at the zoom."""
    return [
        each
        for each in shapes
        if float(each.properties.get("zoom", 0)) + later <= view.camera.zoom
        and present(each, style.day)
        and style.name(each.properties)
    ]


def _points(shapes: Sequence[Shape], view: View) -> Iterator[tuple[Shape, tuple[float, float]]]:
    """Yield the points in sight, each once: the strips around tiles have the same points."""
    seen: set[tuple[str, int, int]] = set()
    for shape in shapes:
        if shape.kind == "Point":
            x, y = shape.paths[0][0].tolist()
            key = str(shape.properties.get("name")), round(x), round(y)
            if 0 <= x <= view.width and 0 <= y <= view.height and key not in seen:
                seen.add(key)
                yield shape, (x, y)


def _titles(
    shapes: Sequence[Shape], room: Room, style: NameStyle, look: Lettering, ems: float
) -> Iterator[Html]:
    """Yield names in capitals in the middle of their land, in pixels, the largest land first."""
    due = sorted(_due(shapes, room.view, style), key=lambda each: -float(each.properties.get("size", 0)))
    for shape, (x, y) in _points(due, room.view):
        lines = wrapped(style.name(shape.properties).upper(), look.size, ems * look.size, look.weight)
        extent = look.extent(lines)
        top = y - extent[1] / 2
        if room.take(box_around(x, top, extent)):
            yield from look.drawn(lines, x, top)


def _seas(shapes: Sequence[Shape], room: Room, style: NameStyle) -> Iterator[Html]:
    due = sorted(_due(shapes, room.view, style), key=lambda each: -float(each.properties.get("size", 1)))
    for shape, (x, y) in _points(due, room.view):
        rank = float(shape.properties.get("size", 1))
        size = interpolated(room.view.camera.zoom, [(4, 7.5 + rank), (9, 10 + 1.5 * rank)]) * style.factor
        look = Lettering(size, style.colour("waterLabel"), spacing=0.12, italic=True)
        lines = wrapped(style.name(shape.properties), size, 7 * size)
        extent = look.extent(lines)
        top = y - extent[1] / 2
        if room.take(box_around(x, top, extent)):
            yield from look.drawn(lines, x, top)


def _places(shapes: Sequence[Shape], room: Room, style: NameStyle) -> Iterator[Html]:
    """Yield dots with names, in pixels: towns of lower zooms first, the largest of each zoom first."""
    ranked = sorted(
        _due(shapes, room.view, style),
        key=lambda each: (float(each.properties.get("zoom", 0)), -float(each.properties.get("people", 0))),
    )
    for shape, (x, y) in _points(ranked, room.view):
        yield from _set_place(shape, x, y, room, style)


def _spots(spots: Sequence[Village], written: Sequence[Shape], view: View) -> Iterator[Shape]:
    """Yield *spots* as places, in pixels, without any that is among the *written* nearby.

    A desk's is there by its very name, that of an event also by one that is alike.
    """
    known = [(_names_of(shape.properties), view.place(*at)) for shape, at in _points(written, view)]
    for spot in spots:
        named = {f"name_{language}" if language else "name": text for language, text in spot.names.items()}
        near = set().union(*(names for names, (lon, lat) in known if _is_near(spot, lon, lat)))
        own = _names_of(named)
        if own & near or (spot.by == "data" and any(is_alike(one, other) for one in own for other in near)):
            continue
        place = np.array([view.at(spot.lon, spot.lat)])
        yield Shape("Point", [place], {**named, "zoom": spot.zoom}, 0)


def _is_near(village: Village, lon: float, lat: float) -> bool:
    return abs(village.lon - lon) < _NEAR_LON and abs(village.lat - lat) < _NEAR_LAT


def _names_of(properties: Mapping[str, Any]) -> set[str]:
    return {plain(str(text)) for key, text in properties.items() if re.match(r"name(_|$)", key)}


def _set_place(shape: Shape, x: float, y: float, room: Room, style: NameStyle) -> list[Html]:
    """Return dot and name at the first free one of four sides; a city has its name over marks if need be."""
    zoom = float(shape.properties.get("zoom", 0))
    size = _place_size(zoom, room.view.camera.zoom) * style.factor
    look = Lettering(size, style.colour("label"), style.colour("labelHalo"), 500 if zoom <= 5 else 400)
    dot = (3.0 if "capital" in shape.properties else 1.8) * style.factor
    own: Box = (x - dot, y - dot, x + dot, y + dot)  # may meet a mark: a town that is shelled keeps its name
    lines = wrapped(style.name(shape.properties), size, 8 * size, look.weight)
    (width, height), gap = look.extent(lines), 0.5 * size
    sides = (
        ("start", x + gap, x + gap + width / 2, y - height / 2),
        ("end", x - gap, x - gap - width / 2, y - height / 2),
        ("middle", x, x, y + gap),
        ("middle", x, x, y - gap - height),
    )
    is_city = zoom <= _last_city(room.view.camera.zoom)
    for over_marks, (anchor, at, middle, top) in product((False, True) if is_city else (False,), sides):
        if room.take_with_dot(box_around(middle, top, (width, height)), own, over_marks=over_marks):
            dots = [
                draw("circle", cx=x, cy=y, r=dot + grown, fill=style.colour(colour))
                for grown, colour in ((1.2, "labelHalo"), (0.0, "label"))
            ]
            return [*dots, *look.drawn(lines, at, top, anchor)]
    return []


def _last_city(zoom: float) -> float:
    """Return the highest rank, a zoom, of places treated as cities at a map's *zoom*."""
    return max(_LAST_CITY, min(_LAST_TOWN, zoom), zoom - 1)


def _place_size(first: float, zoom: float) -> float:
    """Return the size of a place that has a name from the zoom *first* on."""
    far = 12.0 if first <= 4 else 10.5
    near, close = (
        (17.0, 20.0)
        if first <= 5
        else (13.5, 16.0)
        if first <= 7
        else (12.0, 14.0)
        if first <= 8
        else (11.0, 12.0)
    )
    return interpolated(zoom, [(4, far), (9, near), (12, close)])
