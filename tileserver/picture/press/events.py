"""Events of a picture: a mark for each kind, a ring where the place is not exact, squares with counts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from tileserver.model import Layer
from tileserver.picture.html import Html
from tileserver.picture.palette import palette
from tileserver.picture.press.areas import colour_of
from tileserver.picture.press.decoded import Shape
from tileserver.picture.press.ink import draw, interpolated, number, text
from tileserver.picture.press.view import View

RADIUS = 5.0  # pixels of a mark at zoom 9
# Of a mark by zoom, as on the page: from afar many would cover the front.
_SIZES, _SIZES_OF_FEW = [(4, 0.42), (6, 0.66), (9, 1.0)], [(4, 0.9), (6, 1.0), (9, 1.0)]
_RING = 11.0  # pixels of the narrowest ring, around the mark
_FAINT, _CLEAR = 0.08, 0.8
_OLDER = 0.75  # opacity of a mark of an earlier day
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
    are_older: bool  # whether any happened before the day


def kinds_of(layers: Sequence[Layer], theme: str) -> dict[tuple[str, str], MarkLook]:
    """Return the look of every kind of event by layer and code, shapes counted over all layers."""
    pairs = [(layer, each) for layer in layers for each in layer.categories]
    return {
        (layer.name, each.code): MarkLook(n % len(_OUTLINES), colour_of(each, theme))
        for n, (layer, each) in enumerate(pairs)
    }


def mark(look: MarkLook, x: float, y: float, radius: float, theme: str, *, is_older: bool = False) -> Html:
    """Return a mark with its casing, *radius* in pixels; hollow and fainter where *is_older*."""
    casing = palette(theme)["eventCasing"]
    ink = {
        "fill": look.colour,
        "stroke": casing,
        "stroke_width": radius * 0.26,
        "stroke_linejoin": "round",
        "paint_order": "stroke",
    }
    outline = _OUTLINES[look.shape]
    points = " ".join(f"{number(x + radius * dx)},{number(y + radius * dy)}" for dx, dy in outline)
    whole = draw("polygon", points=points, **ink) if outline else draw("circle", cx=x, cy=y, r=radius, **ink)
    if not is_older:
        return whole
    return draw("g", whole, draw("circle", cx=x, cy=y, r=radius * 0.46, fill=casing), opacity=_OLDER)


def marks(
    layers: Sequence[Layer],
    shapes: Mapping[str, Sequence[Shape]],
    today: AbstractSet[int] | None,
    view: View,
    theme: str,
    factor: float,
    *,
    are_few: bool = False,
) -> Marks:
    """Return the events in sight of all *layers*, in pixels, each event once; older than *today* is all else.

    Rings lie below the marks, older marks below those of the day. Where the theatre has few events, marks are
    larger from afar.
    """
    looks = kinds_of(layers, theme)
    sizes = _SIZES_OF_FEW if are_few else _SIZES
    radius = interpolated(view.camera.zoom, sizes) * RADIUS * factor
    rings, older, newer = list[Html](), list[Html](), list[Html]()
    boxes, counts = [], dict[tuple[str, str], int]()
    for layer in layers:
        for shape, (x, y) in _once(shapes.get(layer.name, ()), view):
            count = shape.properties.get("count")
            code = "" if count is not None else str(shape.properties.get(layer.category, ""))
            counts[layer.name, code] = counts.get((layer.name, code), 0) + int(count or 1)
            boxes.append((x - radius, y - radius, x + radius, y + radius))
            if count is not None:
                newer.append(_square(int(count), x, y, radius, theme))
                continue
            look = looks.get((layer.name, code), MarkLook(_OTHER, palette(theme)["note"]))
            is_older = today is not None and shape.id not in today
            rings.append(_ring(layer, shape, look, (x, y), view))
            own = older if is_older else newer
            own.append(mark(look, x, y, radius, theme, is_older=is_older))
    inside = [each for each in (*rings, *older, *newer) if each]
    return Marks(draw("g", *inside, id="events") if inside else Html(), counts, boxes, bool(older))


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
