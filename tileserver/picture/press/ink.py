"""Elements of a picture: paths, patterns and texts as SVG, with numbers of two decimals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tileserver.picture.html import Html, element
from tileserver.picture.press.decoded import FINE
from tileserver.picture.press.fonts import STACK
from tileserver.picture.press.view import View


def number(value: float) -> str:
    """Return *value* with two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def draw(tag: str, *children: str, **attributes: str | float | None) -> Html:
    """Return an element, as `html.element`; numbers are written short."""
    given = {
        name: number(value) if isinstance(value, int | float) else value for name, value in attributes.items()
    }
    return element(tag, *children, **given)


def path(commands: str, **attributes: str | float | None) -> Html:
    """Return a path of *commands* from `decoded.path_of`, unescaped; nothing without commands."""
    if not commands:
        return Html()
    shell = draw("path", **attributes)
    return Html(f'<path d="{commands}"{shell.removeprefix("<path")}')


def group(name: str, *children: Html, **attributes: str | float | None) -> Html:
    """Return a group *name* in the units of a path; nothing where all its *children* are nothing."""
    drawn = [each for each in children if each]
    return draw("g", *drawn, id=name, transform=f"scale({1 / FINE:g})", **attributes) if drawn else Html()


def text(
    said: str,
    x: float,
    y: float,
    size: float,
    colour: str,
    *,
    weight: int = 400,
    anchor: str = "start",
    halo: str = "",
    edge: float = 0.24,
    spacing: float = 0.0,
    italic: bool = False,
    turn: float = 0.0,
) -> Html:
    """Return a line of text whose baseline begins, or has its middle or end, at *x* and *y*.

    A *halo* is a colour around the letters, *edge* wide, of which *spacing* is between two, both in ems;
    *turn* is in degrees.
    """
    around: dict[str, str | float | None] = {
        "stroke": halo,
        "stroke_width": size * edge,
        "stroke_linejoin": "round",
        "paint_order": "stroke",
    }
    return draw(
        "text",
        said,
        x=x,
        y=y,
        font_family=STACK,
        font_size=size,
        font_weight=None if weight == 400 else weight,
        font_style="italic" if italic else None,
        text_anchor=None if anchor == "start" else anchor,
        letter_spacing=spacing * size if spacing else None,
        transform=f"rotate({turn:.1f} {x:.1f} {y:.1f})" if turn else None,
        fill=colour,
        **(around if halo else {}),
    )


_SIDES = {"hatch": 6, "rising": 9, "falling": 9, "pale": 10, "dots": 8}  # page pixels
_STROKES = {
    "hatch": (1.3, None),
    "rising": (2.6, None),
    "falling": (2.6, None),
    "pale": (0.7, 0.55),
}  # width in page pixels, opacity
_MOST_LINES, _MOST_DOTS = 40, 8  # of a pattern, each way, in its square


def pattern(name: str, kind: str, colour: str, view: View | None = None) -> Html:
    """Return the pattern *kind* of `_SIDES` as on the page: laid over *view*, or of a swatch."""
    unit, times, laid, side = 1.0, 1, None, _SIDES[kind]
    if view is not None:
        left, top, scale = view.lattice(side)
        times = _repeats(side * scale, _MOST_DOTS if kind == "dots" else _MOST_LINES)
        unit, laid = FINE, f"translate({number(left * FINE)} {number(top * FINE)}) scale({scale:.5f})"
    step, whole = side * unit, side * unit * times
    inside = _dots(step, times, unit, colour) if kind == "dots" else [_lines(kind, step, times, unit, colour)]
    placed = {"patternUnits": "userSpaceOnUse", "patternTransform": laid}
    return draw("pattern", *inside, id=name, width=whole, height=whole, **placed)


def _repeats(period: float, most: int) -> int:
    """Return how often a pattern is drawn in its square, of so many pixels a *period*.

    The rasteriser makes each square a whole number of pixels wide: this one is nearly that by itself.
    """
    return min(
        range(1, most + 1), key=lambda times: (round(abs(times * period - round(times * period)), 2), times)
    )


def _dots(step: float, times: int, unit: float, colour: str) -> list[Html]:
    return [
        draw("circle", cx=step * (column + at), cy=step * (row + at), r=1.15 * unit, fill=colour)
        for row in range(times)
        for column in range(times)
        for at in (0.25, 0.75)
    ]


def _lines(kind: str, step: float, times: int, unit: float, colour: str) -> Html:
    whole, beyond = step * times, 2 * unit  # so that they meet those of the next square
    low, high = (whole + beyond, -beyond) if kind in ("hatch", "rising") else (-beyond, whole + beyond)
    commands = "".join(
        f"M{number(begin - beyond)} {number(low)}L{number(begin + whole + beyond)} {number(high)}"
        for begin in (shift * step for shift in range(-times, times + 1))
    )
    width, opacity = _STROKES[kind]
    return path(commands, stroke=colour, stroke_width=width * unit, stroke_opacity=opacity)


def interpolated(zoom: float, stops: Sequence[tuple[float, float]], base: float = 1.0) -> float:
    """Return the value at *zoom* between stops (zoom, value), as MapLibre's ``interpolate`` does."""
    if zoom <= stops[0][0]:
        return stops[0][1]
    for (low, first), (high, last) in pairwise(stops):
        if zoom < high:
            share = (zoom - low) / (high - low)
            if base != 1.0:
                share = (base ** (zoom - low) - 1) / (base ** (high - low) - 1)
            return first + (last - first) * share
    return stops[-1][1]
