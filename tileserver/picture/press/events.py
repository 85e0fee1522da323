"""Events of a picture: a mark for each kind, a ring where the place is not exact, squares with counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tileserver.model import Layer
from tileserver.picture.html import Html
from tileserver.picture.palette import palette
from tileserver.picture.press.areas import colour_of
from tileserver.picture.press.decoded import Shape
from tileserver.picture.press.ink import draw, interpolated, number, text
from tileserver.picture.press.view import View

RADIUS = 5.0  # pixels of a mark at zoom 9
_RING = 11.0  # pixels of the narrowest ring, around the mark
_FAINT, _CLEAR = 0.08, 0.8
_SQUARE, _OTHER = 0, 3  # shapes of a square with a count, and of an event of no category

# As the page draws them: circle, diamond, triangle, square, cross, triangle upside down, hexagon, bar.
_OUTLINES: tuple[tuple[tuple[float, float], ...], ...] = (
    (),
    ((0, -1.12), (1.12, 0), (0, 1.12), (-1.12, 0)),
    ((0, -1.1), (1.08, 0.8), (-1.08, 0.8)),
    ((-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)),
    (
        (-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (1.1, -0.4), (1.1, 0.4), (0.4, 0.4),
        (0.4, 1.1), (-0.4, 1.1), (-0.4, 0.4), (-1.1, 0.4), (-1.1, -0.4), (-0.4, -0.4),
    ),
    ((0, 1.1), (-1.08, -0.8), (1.08, -0.8)),
    ((0.55, -0.95), (1.1, 0), (0.55, 0.95), (-0.55, 0.95), (-1.1, 0), (-0.55, -0.95)),
    ((-1.15, -0.5), (1.15, -0.5), (1.15, 0.5), (-1.15, 0.5)),
)  # fmt: skip


class MarkLook(NamedTuple):
    """A class of marks: the number of its shape, and its colour."""

    shape: int
    colour: str


class Marks(NamedTuple):
    """The drawing of layers of events: elements, numbers by kind, boxes in pixels that labels avoid."""

    drawn: Html
    counts: dict[tuple[str, str], int]  # by layer and code
    boxes: list[tuple[float, float, float, float]]


def kinds_of(layers: Sequence[Layer], theme: str) -> dict[tuple[str, str], MarkLook]:
    """Return the look of every kind of event by layer and code, shapes counted over all layers."""
    pairs = [(layer, each) for layer in layers for each in layer.categories]
    return {
        (layer.name, each.code): MarkLook(n % len(_OUTLINES), colour_of(each, theme))
        for n, (layer, each) in enumerate(pairs)
    }


def mark(kind: MarkLook, x: float, y: float, radius: float, theme: str) -> Html:
    """Return one mark with its casing, *radius* in pixels."""
    ink = {
        "fill": kind.colour,
        "stroke": palette(theme)["eventCasing"],
        "stroke_width": radius * 0.26,
        "stroke_linejoin": "round",
        "paint_order": "stroke",
    }
    outline = _OUTLINES[kind.shape]
    if not outline:
        return draw("circle", cx=x, cy=y, r=radius, **ink)
    points = " ".join(f"{number(x + radius * dx)},{number(y + radius * dy)}" for dx, dy in outline)
    return draw("polygon", points=points, **ink)


def marks(
    layers: Sequence[Layer], shapes: Mapping[str, Sequence[Shape]], view: View, theme: str, factor: float
) -> Marks:
    """Return the events in sight of all *layers*, in pixels, rings below the marks; each event once."""
    kinds = kinds_of(layers, theme)
    rings, drawn, boxes, counts = [], [], [], dict[tuple[str, str], int]()
    grown = interpolated(view.camera.zoom, [(4, 0.5), (9, 1.0)]) * RADIUS * factor
    for layer in layers:
        for shape, (x, y) in _once(shapes.get(layer.name, ()), view):
            count = shape.properties.get("count")
            code = str(shape.properties.get(layer.category, ""))
            if count is not None:
                square = _square(int(count), x, y, grown, theme)
                drawn.append(square)
                counts[layer.name, ""] = counts.get((layer.name, ""), 0) + int(count)
            else:
                kind = kinds.get((layer.name, code), MarkLook(_OTHER, palette(theme)["note"]))
                rings.append(_ring(layer, shape, kind, (x, y), view))
                drawn.append(mark(kind, x, y, grown, theme))
                counts[layer.name, code] = counts.get((layer.name, code), 0) + 1
            boxes.append((x - grown, y - grown, x + grown, y + grown))
    inside = [each for each in (*rings, *drawn) if each]
    return Marks(draw("g", *inside, id="events") if inside else Html(), counts, boxes)


def _once(shapes: Sequence[Shape], view: View) -> Iterator[tuple[Shape, tuple[float, float]]]:
    """Yield each point in sight once: the strips around tiles have the same points."""
    seen: set[int] = set()
    for shape in shapes:
        if shape.kind != "Point" or shape.id in seen:
            continue
        x, y = shape.paths[0][0].tolist()
        if 0 <= x <= view.width and 0 <= y <= view.height:
            seen.add(shape.id)
            yield shape, (x, y)


def _square(count: int, x: float, y: float, radius: float, theme: str) -> Html:
    colours = palette(theme)
    size = radius * max(1.4, min(3.0, math.sqrt(count)))
    said = text(str(count), x, y + size * 0.36, size, colours["noteText"], weight=600, anchor="middle")
    return Html(mark(MarkLook(_SQUARE, colours["note"]), x, y, size, theme) + said)


def _ring(layer: Layer, shape: Shape, kind: MarkLook, at: tuple[float, float], view: View) -> Html:
    evidence = layer.evidence
    if evidence is None or not evidence.exactness:
        return Html()
    code = str(shape.properties.get(evidence.exactness, ""))
    metres = next((each.metres for each in evidence.classes if each.code == code), 0)
    if metres <= 0:
        return Html()
    radius = max(_RING, metres * math.sqrt(0.5) / view.metres)
    return draw(
        "circle",
        cx=at[0],
        cy=at[1],
        r=radius,
        fill=kind.colour,
        fill_opacity=_FAINT,
        stroke=kind.colour,
        stroke_width=1.25,
        stroke_opacity=_CLEAR,
    )
