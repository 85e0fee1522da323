"""Areas and lines of a day: statuses with their patterns, overlays, the front with its casing."""

from __future__ import annotations

from collections.abc import Sequence

from tileserver.declared import Category
from tileserver.model import Layer
from tileserver.picture.html import Html
from tileserver.picture.palette import palette
from tileserver.picture.press.decoded import FINE, Shape, path_of
from tileserver.picture.press.ink import draw, group, interpolated, path, pattern
from tileserver.picture.press.teeth import drawn_teeth, teeth_of
from tileserver.picture.press.view import View

_OTHER = "#8a8a8a"  # of a status that the layer does not declare
_OVERLAY_OPACITY = 0.28
# By zoom, in pixels of the page; as there.
_LINE = ((4.0, 0.9), (7.0, 1.6), (10.0, 3.0))
_CASING = ((4.0, 2.2), (7.0, 3.8), (10.0, 7.0))


def colour_of(category: Category, theme: str) -> str:
    """Return the colour of a category in a theme."""
    return category.colour_dark if theme == "dark" else category.colour


def categories_of(layer: Layer) -> tuple[Category, ...]:
    """Return the vocabulary of a layer; of a layer with a look alone, that under its title."""
    if layer.categories or layer.look is None:
        return layer.categories
    look = layer.look
    return (Category("", layer.title, look.colour, look.colour_dark, look.pattern),)


def by_status(layer: Layer, shapes: Sequence[Shape]) -> dict[str, list[Shape]]:
    """Return the shapes of *layer*, in pixels, by code, in the vocabulary's order, then undeclared codes."""
    found: dict[str, list[Shape]] = {each.code: [] for each in layer.categories}
    for shape in shapes:
        found.setdefault(str(shape.properties.get(layer.category, "")), []).append(shape)
    return {code: own for code, own in found.items() if own}


def statuses(layer: Layer, shapes: Sequence[Shape], theme: str, view: View) -> Html:
    """Return the areas of a layer in pixels of *view*: statuses, pale statuses, patterns, by opacity."""
    colours = palette(theme)
    declared = {each.code: each for each in layer.categories}
    plain: list[Html] = []
    pale: list[Html] = []
    patterned: list[Html] = []
    for code, own in by_status(layer, shapes).items():
        commands, status = path_of(own), declared.get(code)
        colour = colour_of(status, theme) if status else _OTHER
        among = pale if status is not None and status.pattern == "pale" else plain
        among.append(path(commands, fill=colour, id=f"{layer.name}-{code}"))
        if status is not None and status.pattern != "none":
            ink = pattern(f"{layer.name}-{code}-pattern", status.pattern, colour, view)
            over = path(commands, fill=f"url(#{layer.name}-{code}-pattern)")
            patterned += [draw("defs", ink), over]
    return Html(
        group(layer.name, *plain, opacity=colours["controlOpacity"])
        + group(f"{layer.name}-pale", *pale, opacity=colours["paleOpacity"])
        + group(f"{layer.name}-patterns", *patterned, opacity=colours["patternOpacity"])
    )


def overlay(layer: Layer, shapes: Sequence[Shape], theme: str, view: View) -> Html:
    """Return areas or lines over the statuses, in pixels of *view*: a thin fill, the pattern, an outline."""
    category = next(iter(categories_of(layer)), None)
    colour = colour_of(category, theme) if category else _OTHER
    areas = path_of(shape for shape in shapes if shape.kind == "Polygon")
    name = f"{layer.name}-pattern"
    fill = path(areas, fill=colour, fill_opacity=_OVERLAY_OPACITY)
    over = Html()
    if category is not None and category.pattern != "none" and areas:
        ink = draw("defs", pattern(name, category.pattern, colour, view))
        opacity = palette(theme)["patternOpacity"]
        over = Html(ink + path(areas, fill=f"url(#{name})", fill_opacity=opacity))
    width = interpolated(view.camera.zoom, [(4, 0.8), (10, 2)]) * FINE
    edge = path(path_of(shapes), fill="none", stroke=colour, stroke_width=width, stroke_linejoin="round")
    return group(layer.name, fill, over, edge)


def front(
    layer: Layer, shapes: Sequence[Shape], our_side: Sequence[Shape], theme: str, zoom: float, factor: float
) -> Html:
    """Return a front line in pixels above its casing, *factor* times as wide as on the page.

    Its teeth point to the land of *our_side*, areas in pixels.
    """
    commands, colours = path_of(shapes), palette(theme)
    named = next(iter(categories_of(layer)), None)
    colour = colour_of(named, theme) if named else str(colours["frontline"])
    looks = ((str(colours["casing"]), _CASING), (colour, _LINE))
    lines = [
        path(
            commands,
            fill="none",
            stroke=ink,
            stroke_width=interpolated(zoom, widths) * FINE * factor,
            stroke_linejoin="round",
            stroke_linecap="round",
        )
        for ink, widths in looks
    ]
    teeth = drawn_teeth(teeth_of(shapes, our_side, zoom), colour, theme, zoom, factor)
    return group(layer.name, *lines, *teeth)
