"""The frame of a picture: title, date and sentence above the map, legend and credit below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tileserver.languages import written
from tileserver.picture.html import Html, join
from tileserver.picture.palette import palette
from tileserver.picture.press.fonts import text_width, wrapped
from tileserver.picture.press.ink import draw, text
from tileserver.picture.press.placing import Box
from tileserver.picture.press.sheet import Words
from tileserver.picture.press.view import View

SWATCH = (24.0, 14.0)  # width and height of a swatch at factor 1
_KM = {"uk": "км", "ru": "км"}
_M = {"uk": "м", "ru": "м"}


class Item(NamedTuple):
    """A row of the legend: its words, and its swatch, drawn at the origin at factor 1."""

    words: str
    swatch: Html


@dataclass(frozen=True, slots=True)
class Type:
    """Sizes of a picture's type and margins, in pixels, *factor* times a card's of 1200 by 630."""

    factor: float

    @classmethod
    def of(cls, width: int, height: int) -> Type:
        """Choose by the shorter side: a small picture is seen from near."""
        return cls(max(0.8, min(1.7, min(width, height) / 630)))

    @property
    def margin(self) -> float:
        """Space at the left and right edge."""
        return 26 * self.factor


class FrameLine(NamedTuple):
    """A line of the frame: its words, with size and weight, and its height."""

    words: str
    size: float
    weight: int
    height: float
    colour: str  # of the palette


def header(words: Words, width: int, kind: Type) -> list[FrameLine]:
    """Return the lines above the map."""
    room, factor = width - 2 * kind.margin, kind.factor
    rows = [FrameLine(words.title, 14.5 * factor, 500, 20 * factor, "labelFaint")] if words.title else []
    size = 31 * factor
    size = min(size, size * room / max(1.0, text_width(words.date, size, 600)))
    rows.append(FrameLine(words.date, size, 600, 36 * factor, "note"))
    lines = wrapped(words.sentence, 16.5 * factor, room)
    return rows + [FrameLine(line, 16.5 * factor, 400, 22 * factor, "note") for line in lines]


def footer(words: Words, width: int, kind: Type) -> list[FrameLine]:
    """Return the lines below the legend: remarks, then the credit."""
    room, factor = width - 2 * kind.margin, kind.factor
    said = [line for each in words.remarks for line in wrapped(each, 12 * factor, room)]
    credit = wrapped(words.credit, 9.5 * factor, room)
    return [FrameLine(line, 12 * factor, 400, 16.5 * factor, "label") for line in said] + [
        FrameLine(line, 9.5 * factor, 400, 12.5 * factor, "labelFaint") for line in credit
    ]


def heights(rows: Sequence[FrameLine]) -> float:
    """Return the height of *rows*."""
    return sum(row.height for row in rows)


def lines(rows: Sequence[FrameLine], x: float, top: float, theme: str) -> Html:
    """Return *rows*, each below the last, the first at *top*."""
    drawn, y = [], top
    for row in rows:
        baseline = y + row.height / 2 + row.size * 0.35
        drawn.append(text(row.words, x, baseline, row.size, palette(theme)[row.colour], weight=row.weight))
        y += row.height
    return join(drawn)


def legend_rows(items: Sequence[Item], width: int, kind: Type) -> list[list[tuple[float, Item]]]:
    """Return the rows of a legend, each item with its distance from the left margin."""
    size, room = 12.5 * kind.factor, width - 2 * kind.margin
    rows: list[list[tuple[float, Item]]] = []
    x = 0.0
    for item in items:
        own = (SWATCH[0] + 7) * kind.factor + text_width(item.words, size)
        if not rows or x + own > room:
            rows.append([])
            x = 0.0
        rows[-1].append((x, item))
        x += own + 20 * kind.factor
    return rows


def legend(rows: Sequence[Sequence[tuple[float, Item]]], top: float, kind: Type, theme: str) -> Html:
    """Return the legend's *rows*, the first at *top*."""
    drawn: list[Html] = []
    for n, row in enumerate(rows):
        y = top + n * row_height(kind)
        for x, item in row:
            at = kind.margin + x
            top_of = y + (row_height(kind) - SWATCH[1] * kind.factor) / 2
            place = f"translate({at:.1f} {top_of:.1f}) scale({kind.factor:g})"
            size = 12.5 * kind.factor
            words_at = at + (SWATCH[0] + 7) * kind.factor
            drawn.append(draw("g", item.swatch, transform=place))
            drawn.append(
                text(
                    item.words,
                    words_at,
                    y + row_height(kind) / 2 + size * 0.35,
                    size,
                    palette(theme)["label"],
                )
            )
    return draw("g", *drawn, id="legend") if drawn else Html()


def row_height(kind: Type) -> float:
    """Return the height of a row of the legend."""
    return 21 * kind.factor


def scale_bar(view: View, kind: Type, theme: str, language: str) -> tuple[Html, Box]:
    """Return a bar in the lower right corner of the map that is a round number of kilometres, and its box."""
    colours, factor = palette(theme), kind.factor
    metres = _round_down(110 * factor * view.metres)
    length = metres / view.metres
    right, bottom = view.width - 14 * factor, view.height - 12 * factor
    said = _distance(metres, language)
    size = 11 * factor
    bar = (
        f"M{right - length:.1f} {bottom - 5 * factor:.1f}V{bottom:.1f}H{right:.1f}V{bottom - 5 * factor:.1f}"
    )
    look = {"fill": "none", "stroke_linejoin": "round", "stroke_linecap": "round"}
    drawn = [
        draw("path", d=bar, stroke=colours["labelHalo"], stroke_width=4 * factor, **look),
        draw("path", d=bar, stroke=colours["label"], stroke_width=1.3 * factor, **look),
        text(
            said, right - length / 2, bottom - 6 * factor, size, colours["label"],
            anchor="middle", halo=colours["labelHalo"],
        ),
    ]  # fmt: skip
    box = (right - length - 6 * factor, bottom - 22 * factor, float(view.width), float(view.height))
    return draw("g", *drawn, id="scale"), box


def _round_down(metres: float) -> float:
    """Return the greatest of 1, 2, 3, 5 times a power of ten that is no more than *metres*."""
    power = float(10 ** math.floor(math.log10(max(metres, 1.0))))
    return max(step * power for step in (1, 2, 3, 5) if step * power <= max(metres, 1.0))


def _distance(metres: float, language: str) -> str:
    if metres < 1000:
        return f"{metres:.0f}\u202f{_M.get(language, 'm')}"
    return f"{written(metres / 1000, 0, language)}\u202f{_KM.get(language, 'km')}"
