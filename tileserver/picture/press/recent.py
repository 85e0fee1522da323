"""Recent gains on a picture: land that changed hands within a few days strongly, within many palely.

They are drawn of comparison tiles, whose pieces say the status that land had, and the one that it has.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from tileserver.declared import Category
from tileserver.model import Layer
from tileserver.picture.html import Html
from tileserver.picture.palette import palette
from tileserver.picture.press.areas import colour_of
from tileserver.picture.press.decoded import FINE, Shape, outline_of, path_of
from tileserver.picture.press.frame import SWATCH, Item
from tileserver.picture.press.ink import draw, group, interpolated, path, pattern
from tileserver.picture.press.sheet import Words
from tileserver.picture.press.teeth import faced_areas
from tileserver.picture.press.view import View

FEW, MANY = RECENT_DAYS = (7, 30)
_OUTLINE_KM2 = 25.0  # no strip along an outline is larger
_CELL_DEG = 0.06  # a piece is near the front where its square or one beside it has a stretch of that
_WIDE, _HIGH = SWATCH

Kind: TypeAlias = Literal["gained", "lost"]


class _Look(NamedTuple):
    fill: float  # opacities
    pattern: float
    width: float  # of the edge, in page pixels


_LOOKS = {FEW: _Look(0.42, 0.55, 1.8), MANY: _Look(0.14, 0.32, 0.8)}
_STRIPES: Mapping[Kind, str] = {"gained": "rising", "lost": "falling"}


class Gainer(NamedTuple):
    """Who may gain land: ``gained``: the side of the front; ``lost``: the side against the front."""

    kind: Kind
    status: Category  # whose colour and name its gains have


class TakenLand(NamedTuple):
    """The pieces of land, in pixels, that changed hands within so many local days, the last one included."""

    days: int
    shapes: Sequence[Shape]


def sides_of_front(layers: Sequence[Layer]) -> tuple[Layer, list[Gainer]] | None:
    """Return the areas of which gains are told, and both sides; nothing where the front has no side."""
    line = next((each for each in layers if each.role == "front" and each.derived is not None), None)
    areas = faced_areas(line, layers) if line is not None else None
    if line is None or line.derived is None or areas is None or areas.role != "areas":
        return None
    sides = [each for each in areas.categories if each.side]
    own = next((each for each in sides if each.side == line.derived.side), None)
    other = next((each for each in sides if each.side != line.derived.side), None)
    if own is None or other is None:
        return None
    return areas, [Gainer("gained", own), Gainer("lost", other)]


def gain_of(was: str, now: str, gainers: Sequence[Gainer], statuses: Sequence[Category]) -> Kind | None:
    """Return whose gain land is that went from one status to another, "" being none.

    Land of no status is that of whoever stands against our side. ``None``: it went to nobody, or between
    two statuses of one side.
    """
    own, other = (each.status.side for each in gainers)
    side_of = {each.code: each.side for each in statuses} | {"": other}
    before, after = side_of.get(was, ""), side_of.get(now, "")
    if before == after or not after:
        return None
    return "gained" if after == own else "lost"


def recent_gains(
    layers: Sequence[Layer], taken: Sequence[TakenLand], lines: Sequence[Shape], view: View, theme: str
) -> Html:
    """Return the land that was *taken*, of most days first, in pixels of *view*.

    Where land without a status comes or goes far from the front's *lines*, an outline was drawn anew: such a
    piece is left out.
    """
    found = sides_of_front(layers)
    if found is None:
        return Html()
    areas, gainers = found
    near = _near(lines, view)
    drawn: list[Html] = []
    for days, shapes in taken:
        by_kind: dict[Kind, list[Shape]] = {}
        for shape in shapes:
            was, now = (str(shape.properties.get(name, "")) for name in ("was", "is"))
            kind = gain_of(was, now, gainers, areas.categories)
            if kind and (_is_movement(shape, was, now) or _is_near(shape, near, view)):
                by_kind.setdefault(kind, []).append(shape)
        for gainer in gainers:
            drawn += _drawn(gainer, by_kind.get(gainer.kind, []), days, view, theme)
    return group("recent", *drawn)


def recent_items(layers: Sequence[Layer], amounts: Mapping[str, str], theme: str, words: Words) -> list[Item]:
    """Return a row of the legend for each side, with its *amounts* by kind of gain."""
    found = sides_of_front(layers)
    if found is None or not amounts:
        return []
    items: list[Item] = []
    for each in found[1]:
        if each.kind in amounts:
            lead = "" if items else f"{words.recent}: "
            said = f"{lead}{words.sides.get(each.kind, '')} {amounts[each.kind]}"
            items.append(Item(said.rstrip(), _swatch(each, theme)))
    return items


def _is_movement(shape: Shape, was: str, now: str) -> bool:
    return bool(was and now) or float(shape.properties.get("km2", 0)) > _OUTLINE_KM2


def _near(lines: Iterable[Shape], view: View) -> set[tuple[int, int]]:
    """Return the squares with a stretch of the front, and every square beside such a square."""
    return {
        (x + dx, y + dy)
        for shape in lines
        for x, y in _squares(shape, view)
        for dx in (-1, 0, 1)
        for dy in (-1, 0, 1)
    }


def _is_near(shape: Shape, near: set[tuple[int, int]], view: View) -> bool:
    return not near.isdisjoint(_squares(shape, view))


def _squares(shape: Shape, view: View) -> set[tuple[int, int]]:
    corners = (view.place(*corner) for run in shape.paths for corner in run.tolist())
    return {(math.floor(lon / _CELL_DEG), math.floor(lat / _CELL_DEG)) for lon, lat in corners}


def _drawn(gainer: Gainer, shapes: Sequence[Shape], days: int, view: View, theme: str) -> list[Html]:
    commands = path_of(shapes)
    if not commands:
        return []
    colour, look = colour_of(gainer.status, theme), _LOOKS[days]
    name = f"recent-{days}-{gainer.kind}"
    stripes = draw("defs", pattern(name, _STRIPES[gainer.kind], colour, view))
    width = interpolated(view.camera.zoom, [(5, look.width + 0.6), (9, look.width)])
    return [
        path(commands, fill=colour, fill_opacity=look.fill),
        Html(stripes + path(commands, fill=f"url(#{name})", fill_opacity=look.pattern)),
        path(
            outline_of(shapes), fill="none", stroke=colour, stroke_width=width * FINE, stroke_linejoin="round"
        ),
    ]


def _swatch(gainer: Gainer, theme: str) -> Html:
    """Return the swatch of both ages side by side, the recent one first."""
    colour, half = colour_of(gainer.status, theme), _WIDE / 2
    parts = [draw("rect", width=_WIDE, height=_HIGH, fill=palette(theme)["land"])]
    for n, days in enumerate(RECENT_DAYS):
        look, name = _LOOKS[days], f"recent-swatch-{days}-{gainer.kind}"
        box: dict[str, str | float | None] = {"x": n * half, "width": half, "height": _HIGH}
        parts += [
            draw("rect", fill=colour, fill_opacity=look.fill, **box),
            draw("defs", pattern(name, _STRIPES[gainer.kind], colour)),
            draw("rect", fill=f"url(#{name})", fill_opacity=look.pattern, **box),
            draw("rect", fill="none", stroke=colour, stroke_width=look.width, **box),
        ]
    return Html("".join(parts))
