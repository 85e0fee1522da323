"""A sheet becomes an SVG: its tiles in the map's order, and the frame around the map."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import msgspec

from tileserver.grid import TileAddress
from tileserver.model import Layer
from tileserver.picture.html import Html, join
from tileserver.picture.palette import palette
from tileserver.picture.press import frame
from tileserver.picture.press.areas import front, overlay, statuses
from tileserver.picture.press.decoded import Shape, shapes_of
from tileserver.picture.press.events import Marks, marks
from tileserver.picture.press.ground import above_areas, ground_layers, land
from tileserver.picture.press.ink import draw
from tileserver.picture.press.labels import names
from tileserver.picture.press.legend import items_of, older_item
from tileserver.picture.press.placing import Box, NameStyle
from tileserver.picture.press.recent import TakenLand, recent_gains, recent_items
from tileserver.picture.press.sheet import Sheet, Tile, Words
from tileserver.picture.press.teeth import FIRST_ZOOM, faced_areas, land_of_side
from tileserver.picture.press.view import View

_LEAST = 80  # pixels of the map's height, however much is said around it
_GAP = 10.0  # at factor 1, between the map and what stands next to it


class _InSight(NamedTuple):
    """The data in a view: shapes in pixels by layer, drawn events, and the rows of the legend."""

    shapes: Mapping[str, list[Shape]]
    events: Marks
    items: list[frame.Item]


def svg_of(sheet: Sheet) -> str:
    """Return the picture of *sheet* as the text of an SVG."""
    if not sheet.framed:
        return _document(sheet, _map(sheet, View(sheet.camera, sheet.width, sheet.height), None))
    laid = _laid(sheet)
    kind, view, under = laid.kind, laid.view, laid.top + laid.view.height + (_GAP - 2) * laid.kind.factor
    height = max(len(laid.rows), sheet.legend_rows) * frame.row_height(kind)
    return _document(
        sheet,
        draw("rect", width=sheet.width, height=sheet.height, fill=palette(sheet.theme)["casing"]),
        draw("svg", _map(sheet, view, kind), y=laid.top, width=view.width, height=view.height),
        frame.lines(laid.above, kind.margin, 14 * kind.factor, sheet.theme),
        frame.legend(laid.rows, under, kind, sheet.theme),
        frame.lines(laid.below, kind.margin, under + height + 3 * kind.factor, sheet.theme),
    )


def legend_height(sheet: Sheet) -> int:
    """Return the number of rows in the legend of *sheet*."""
    return len(_laid(sheet).rows) if sheet.framed and sheet.legend else 0


class _Laid(NamedTuple):
    """The parts of a framed picture, laid out: *top* is where the map begins."""

    kind: frame.Type
    above: list[frame.FrameLine]
    below: list[frame.FrameLine]
    rows: list[list[tuple[float, frame.Item]]]
    top: float
    view: View


def _laid(sheet: Sheet) -> _Laid:
    kind = frame.Type.of(sheet.width, sheet.height)
    above, below = frame.header(sheet.words, sheet.width, kind), frame.footer(sheet.words, sheet.width, kind)
    top = frame.heights(above) + (14 + _GAP) * kind.factor
    rows: list[list[tuple[float, frame.Item]]] = []
    view = View(sheet.camera, sheet.width, sheet.height)
    for _ in range(2):  # how high the legend is follows from what is seen, and that from how high it is
        rows = frame.legend_rows(_in_sight(sheet, view).items if sheet.legend else [], sheet.width, kind)
        legend = max(len(rows), sheet.legend_rows) * frame.row_height(kind)
        foot = legend + frame.heights(below) + (12 + _GAP) * kind.factor
        view = View(sheet.camera, sheet.width, max(_LEAST, round(sheet.height - top - foot)))
    return _Laid(kind, above, below, rows, top, view)


def _document(sheet: Sheet, *inside: Html) -> str:
    words = sheet.words
    told = " ".join(each for each in (words.sentence, *words.remarks, words.credit) if each)
    return draw(
        "svg",
        draw("title", f"{words.title}: {words.date}" if words.title else words.date),
        draw("desc", told),
        *inside,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {sheet.width} {sheet.height}",
        width=sheet.width,
        height=sheet.height,
        lang=words.language,
        role="img",
    )


def _in_sight(sheet: Sheet, view: View, factor: float = 1.0) -> _InSight:
    """Return the data of *sheet* in *view*, with events *factor* times as large as on the page."""
    shapes, theme = _shapes(sheet.tiles, view), sheet.theme
    happened = [each for each in sheet.layers if each.role == "events"]
    events = marks(happened, shapes, _today(sheet, view), view, theme, factor, are_few=sheet.few_events)
    words = _legend_words(sheet, view)
    land, happenings = items_of(sheet.layers, shapes, events.counts, theme, words, sheet.amounts)
    gained = recent_items(sheet.layers, sheet.amounts.get("recent", {}), theme, words) if shapes else []
    older = older_item(words.earlier, theme) if events.are_older else []
    return _InSight(shapes, events, [*land, *gained, *happenings, *older])


def _legend_words(sheet: Sheet, view: View) -> Words:
    """Return the words of *sheet*, without a word on teeth where *view* is too far for teeth."""
    is_near = view.camera.zoom >= FIRST_ZOOM
    return sheet.words if is_near else msgspec.structs.replace(sheet.words, teeth="")


def _map(sheet: Sheet, view: View, kind: frame.Type | None) -> Html:
    """Return the map of *sheet* in *view*; in a frame of some *kind* with a scale, as large as its type."""
    theme = sheet.theme
    factor = 1.0 if kind is None else max(1.0, kind.factor**0.6)
    shapes, events, _ = _in_sight(sheet, view, factor)
    ground = ground_layers(sheet.ground, view)
    taken: list[Box] = list(events.boxes)
    scale = Html()
    if kind is not None:
        scale, box = frame.scale_bar(view, kind, theme, sheet.words.language)
        taken.append(box)
    style = NameStyle(theme, sheet.words.language, sheet.day, factor)
    return join(
        (
            land(ground, view, theme),
            *(_below(layer, shapes.get(layer.name, []), theme, view) for layer in sheet.layers),
            recent_gains(sheet.layers, _taken(sheet, view), _lines(sheet, shapes), view, theme),
            above_areas(ground, view, theme, sheet.day),
            *(_above(layer, sheet, shapes, view, factor) for layer in sheet.layers),
            events.drawn,
            names(ground, view, style, taken, sheet.spots) if sheet.labels else Html(),
            scale,
        )
    )


def _today(sheet: Sheet, view: View) -> frozenset[int] | None:
    """Return the ids of all points of the day itself; ``None`` where there are no others."""
    if sheet.today is None:
        return None
    found = _shapes(sheet.today, view)
    return frozenset(each.id for own in found.values() for each in own if each.kind == "Point")


def _taken(sheet: Sheet, view: View) -> list[TakenLand]:
    """Return the land that changed hands, in pixels of *view*, each piece of each tile."""
    taken = []
    for each in sheet.recent:
        found = chain.from_iterable(_shapes(each.tiles, view).values())
        taken.append(TakenLand(each.days, [shape for shape in found if shape.kind == "Polygon"]))
    return taken


def _lines(sheet: Sheet, shapes: Mapping[str, list[Shape]]) -> list[Shape]:
    """Return the stretches of the front, in pixels."""
    return [shape for each in sheet.layers if each.role == "front" for shape in shapes.get(each.name, [])]


@lru_cache(6)  # of the day, of its window and of recent gains, in a view that is laid out and drawn
def _shapes(tiles: tuple[Tile, ...], view: View) -> Mapping[str, list[Shape]]:
    """Return the shapes of *tiles* in pixels of *view*, by layer."""
    found: dict[str, list[Shape]] = {}
    for tile in tiles:
        for name, own in shapes_of(tile.data, TileAddress(tile.z, tile.x, tile.y), view).items():
            found.setdefault(name, []).extend(own)
    return found


def _below(layer: Layer, shapes: list[Shape], theme: str, view: View) -> Html:
    """Return the part of a layer, in pixels, under water and borders."""
    return statuses(layer, shapes, theme, view) if layer.role == "areas" else Html()


def _above(layer: Layer, sheet: Sheet, shapes: Mapping[str, list[Shape]], view: View, factor: float) -> Html:
    """Return the part of a layer, in pixels, over water and borders."""
    own = shapes.get(layer.name, [])
    if layer.role == "overlay":
        return overlay(layer, own, sheet.theme, view)
    if layer.role != "front":
        return Html()
    areas = faced_areas(layer, sheet.layers)
    our_side = [] if areas is None else land_of_side(layer, areas, shapes.get(areas.name, []))
    return front(layer, own, our_side, sheet.theme, view.camera.zoom, factor)
