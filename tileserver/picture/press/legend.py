"""The legend of a picture: whatever is on the map and nothing else, drawn as on the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from tileserver.declared import Category, Text
from tileserver.model import Layer
from tileserver.picture.html import Html, join
from tileserver.picture.palette import palette
from tileserver.picture.press.areas import by_status, categories_of, colour_of
from tileserver.picture.press.decoded import Shape
from tileserver.picture.press.events import MarkLook, kinds_of, mark
from tileserver.picture.press.frame import SWATCH, Item
from tileserver.picture.press.ink import draw, pattern
from tileserver.picture.press.sheet import Words
from tileserver.picture.press.teeth import faced_areas, facing_status, tooth_swatch

_WIDE, _HIGH = SWATCH


def said(text: Text, language: str) -> str:
    """Return the words in *language*, else in English, else in any."""
    return text.get(language) or text.get("en") or next(iter(text.values()), "")


def items_of(
    layers: Sequence[Layer],
    shapes: Mapping[str, Sequence[Shape]],
    counts: Mapping[tuple[str, str], int],
    theme: str,
    words: Words,
    amounts: Mapping[str, Mapping[str, str]],
) -> tuple[list[Item], list[Item]]:
    """Return a row for each class of *shapes*, in pixels, and of events, in *counts* by layer and code.

    What *amounts* has by layer and code is told of the whole map, wherever the picture looks.
    """
    language = words.language
    items: list[Item] = []
    numbers = count()
    for layer in layers:
        seen = shapes.get(layer.name, ())
        if layer.role == "areas":
            declared = {each.code: each for each in layer.categories}
            for code in by_status(layer, seen):
                if code in declared:
                    own = declared[code]
                    told = _told(said(own.label, language), amounts.get(layer.name, {}).get(code))
                    items.append(Item(told, _area(own, theme, next(numbers))))
        elif layer.role == "overlay" and seen:
            items += [
                Item(said(layer.title, language), _area(each, theme, next(numbers)))
                for each in categories_of(layer)[:1]
            ]
        elif layer.role == "front" and seen:
            items.append(Item(said(layer.title, language), _line(layer, theme)))
            items += _teeth(layer, layers, theme, words)
    happened = [each for each in layers if each.role == "events"]
    return items, _events(happened, counts, theme, language, amounts)


def _told(name: str, amount: str | None) -> str:
    return name if amount is None else f"{name}: {amount}"


def _events(
    layers: Sequence[Layer],
    counts: Mapping[tuple[str, str], int],
    theme: str,
    language: str,
    amounts: Mapping[str, Mapping[str, str]],
) -> list[Item]:
    kinds = kinds_of(layers, theme)
    items = []
    for layer in layers:
        if number := counts.get((layer.name, ""), 0):
            swatch = mark(MarkLook(0, palette(theme)["note"]), _WIDE / 2, _HIGH / 2, 6, theme)
            items.append(Item(f"{said(layer.title, language)}: {number}", swatch))
        for each in layer.categories:
            if number := counts.get((layer.name, each.code), 0):
                swatch = mark(kinds[layer.name, each.code], _WIDE / 2, _HIGH / 2, 5.5, theme)
                there = amounts.get(layer.name, {}).get(each.code, str(number))
                items.append(Item(_told(said(each.label, language), there), swatch))
    return items


def _teeth(layer: Layer, layers: Sequence[Layer], theme: str, words: Words) -> list[Item]:
    """Return the row on the side of the front's teeth; none where the front has no side."""
    areas = faced_areas(layer, layers)
    status = None if areas is None else facing_status(layer, areas)
    if status is None or not words.teeth:
        return []
    named = next(iter(categories_of(layer)), None)
    colour = colour_of(named, theme) if named else str(palette(theme)["frontline"])
    land = draw("rect", y=7, width=_WIDE, height=7, fill=colour_of(status, theme), fill_opacity=0.4)
    edges = [
        draw("path", d=f"M0 6H{_WIDE:g}", stroke=ink, stroke_width=width)
        for ink, width in ((str(palette(theme)["casing"]), 5.0), (colour, 2.2))
    ]
    swatch = join((land, *edges, tooth_swatch(7, 6, colour), tooth_swatch(18, 6, colour)))
    return [Item(words.teeth.format(side=said(status.label, words.language)), swatch)]


def older_item(words: str, theme: str) -> list[Item]:
    """Return the row for events before the day."""
    look = MarkLook(0, palette(theme)["labelFaint"])
    return [Item(words, mark(look, _WIDE / 2, _HIGH / 2, 5.5, theme, is_older=True))] if words else []


def _area(category: Category, theme: str, number: int) -> Html:
    colours, colour = palette(theme), colour_of(category, theme)
    box = {"width": _WIDE, "height": _HIGH}
    name = f"swatch-{number}"
    opacity = colours["paleOpacity" if category.pattern == "pale" else "controlOpacity"]
    parts = [
        draw("rect", fill=colours["land"], **box),
        draw("rect", fill=colour, fill_opacity=opacity, **box),
    ]
    if category.pattern != "none":
        parts.append(draw("defs", pattern(name, category.pattern, colour)))
        parts.append(draw("rect", fill=f"url(#{name})", fill_opacity=colours["patternOpacity"], **box))
    edge = draw("rect", x=0.5, y=0.5, width=_WIDE - 1, height=_HIGH - 1, fill="none", stroke=colour)
    return join((*parts, edge))


def _line(layer: Layer, theme: str) -> Html:
    named = next(iter(categories_of(layer)), None)
    colour = colour_of(named, theme) if named else palette(theme)["frontline"]
    bend = "M2 10C8 1 15 14 22 4"
    lines = (str(palette(theme)["casing"]), 5.0), (str(colour), 2.2)
    return join(
        draw("path", d=bend, fill="none", stroke=ink, stroke_width=width, stroke_linecap="round")
        for ink, width in lines
    )
