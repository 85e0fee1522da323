"""A map as SVG: paths in whole units, a hundred thousand across, to be enlarged at will."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.grid import Bounds
from tileserver.picture.drawing import DrawnMap, DrawnShape, Mark, Paint, seen_in
from tileserver.picture.html import Html, element
from tileserver.picture.land import world_land
from tileserver.picture.live import live_map

UNITS = 100_000  # across; a tenth of a metre for a picture of ten kilometres
_APART = 3000  # units between two teeth of a front
_EDGE = 1200  # units from the edge, for a mark of what lies beyond


def figure(drawing: DrawnMap, name: str, *, is_live: bool = False) -> Html:
    """Return the map of *drawing* with its legend; *name* is a word of its own on the page, for ids.

    Where it *is_live*, a script of the page has what it needs to draw the map over a basemap instead.
    """
    beneath = {each.paint for each in drawing.public}
    items = [
        element(
            "li", _swatch(drawing.paints[n], f"{name}-{n}", is_beneath=n in beneath), drawing.paints[n].words
        )
        for n in drawing.used
    ]
    legend = element("ul", *items, class_="legend") if items else Html()
    caption = element("figcaption", drawing.title, legend)
    data = live_map(drawing, name) if is_live else None
    return element("figure", svg(drawing, name), caption, data_map=data)


def paint_style(paints: Sequence[Paint], name: str) -> str:
    """Return the CSS of the *paints* of the drawing *name*, in light and dark."""
    light = "".join(f".{name}-{n}{{--c:{each.colour}}}" for n, each in enumerate(paints))
    dark = "".join(f".{name}-{n}{{--c:{each.colour_dark}}}" for n, each in enumerate(paints))
    return f"{light}@media (prefers-color-scheme:dark){{{dark}}}"


def svg(drawing: DrawnMap, name: str) -> Html:
    """Return *drawing* as an SVG element; its style is `paint_style` of the same *name*."""
    view = drawing.view
    height = round(UNITS * (view.north - view.south) / (view.east - view.west))
    paths = [_path(view, world_land(), "land")]
    paths += [_shape(drawing, each, name, "public ") for each in drawing.public]
    areas = [shapely.get_dimensions(each.geometry).item() == 2 for each in drawing.change]
    change = [
        (is_area, _shape(drawing, each, name)) for is_area, each in zip(areas, drawing.change, strict=True)
    ]
    paths += [shape for is_area, shape in change if is_area]
    paths += [_path(view, each, "outline") for each in drawing.outlines]
    paths += [_path(view, each.geometry, "casing") for each in drawing.front]
    paths += [_path(view, each.geometry, f"front {name}-{each.paint}", each.title) for each in drawing.front]
    paths += _teeth(drawing, name)
    paths += [shape for is_area, shape in change if not is_area]
    patterns = [_pattern(name, n, each) for n, each in enumerate(drawing.paints)]
    return element(
        "svg",
        element("defs", *patterns),
        *paths,
        *(_mark(view, each, name, height) for each in drawing.marks),
        viewBox=f"0 0 {UNITS} {height}",
        class_="map",
        role="group",
        aria_label=drawing.title,
    )


def _shape(drawing: DrawnMap, each: DrawnShape, name: str, role: str = "") -> Html:
    texture = drawing.paints[each.paint].texture
    fill = f"url(#{name}-{texture}-{each.paint})" if texture in ("hatch", "dots") else None
    kinds = {0: "dots-of-points", 1: "line", 2: f"area {texture}"}
    kind = kinds.get(shapely.get_dimensions(each.geometry).item(), "area")
    return _path(drawing.view, each.geometry, f"{role}{kind} {name}-{each.paint}", each.title, fill)


def _teeth(drawing: DrawnMap, name: str) -> Iterator[Html]:
    """Yield teeth along the front, on the right of its lines, each as large on the screen as any other."""
    view, least = drawing.view, (drawing.view.east - drawing.view.west) * _APART / UNITS
    for each in drawing.front:
        seen = seen_in(view, each.geometry)
        for run in shapely.get_parts(shapely.get_parts(seen)):
            if run.geom_type != "LineString":
                continue
            at = np.arange(least / 2, run.length, least)
            ends = np.stack([at - least / 20, at + least / 20])
            places = shapely.get_coordinates(shapely.line_interpolate_point(run, [at, *ends]))
            feet, before, after = (_placed(view, part) for part in np.split(places, 3))
            turns = np.degrees(np.arctan2(*(after - before).T[::-1])).round().astype(int)
            for (x, y), turn in zip(feet.tolist(), turns.tolist(), strict=True):
                tooth = element("path", d="M-3 0H3L0 5z", class_=f"tooth {name}-{each.paint}")
                yield element("g", tooth, transform=f"translate({x} {y}) rotate({turn})")


def _path(view: Bounds, geometry: BaseGeometry, kind: str, title: str = "", fill: str | None = None) -> Html:
    text = "".join(_runs(view, seen_in(view, geometry)))
    if not text:
        return Html()
    inner = [element("title", title)] if title else []
    return element("path", *inner, d=text, class_=kind, fill=fill, fill_rule="evenodd")


def _runs(view: Bounds, geometry: BaseGeometry) -> Iterator[str]:
    """Yield the commands of a path: a point as a line of no length, a line, a closed ring."""
    for part in shapely.get_parts(shapely.get_parts(geometry)):
        if part.is_empty:
            continue
        if part.geom_type == "Point":
            x, y = _placed(view, shapely.get_coordinates(part))[0]
            yield f"M{x} {y}h0"
        elif part.geom_type == "Polygon":
            yield from (f"{_line(view, ring)}z" for ring in (part.exterior, *part.interiors))
        else:
            yield _line(view, part)


def _line(view: Bounds, line: BaseGeometry) -> str:
    places = _placed(view, shapely.get_coordinates(line))
    steps = np.diff(places, axis=0)
    steps = steps[steps.any(axis=1)]
    return f"M{places[0, 0]} {places[0, 1]}l{' '.join(map(str, steps.ravel()))}" if len(steps) else ""


def _placed(view: Bounds, metres: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return units of the picture, shape (n, 2), of places in EPSG:3857; y runs down."""
    scale = UNITS / (view.east - view.west)
    return np.rint((metres - [view.west, view.north]) * [scale, -scale]).astype(np.int64)


def _mark(view: Bounds, mark: Mark, name: str, height: int) -> Html:
    """Return a mark; one beyond the picture stands at its edge, open, and says so."""
    x, y = _placed(view, np.array([[mark.x, mark.y]]))[0]
    beyond = not (0 <= x <= UNITS and 0 <= y <= height)
    at = (min(max(x, _EDGE), UNITS - _EDGE), min(max(y, _EDGE), height - _EDGE)) if beyond else (x, y)
    title = mark.title + (" (beyond this picture)" if beyond else "")
    disc = element(
        "g",
        element("circle", r=max(8, 3 * len(mark.label) + 2), class_="beyond" if beyond else "disc"),
        element("text", mark.label, y=3, text_anchor="middle"),
        class_=f"mark {name}-{mark.paint}",
    )
    link = element("a", element("title", title), disc, href=f"#{mark.target}", aria_label=title)
    return element("g", link, transform=f"translate({at[0]} {at[1]})")


def _pattern(name: str, number: int, paint: Paint) -> Html:
    if paint.texture not in ("hatch", "dots"):
        return Html()
    drawn = (
        element("path", d="M0 700L700 0M-175 175L175 -175M525 875L875 525", class_="ink")
        if paint.texture == "hatch"
        else element("circle", cx=350, cy=350, r=150, class_="dot")
    )
    return element(
        "pattern",
        element("rect", width=700, height=700, class_="pale"),
        drawn,
        id=f"{name}-{paint.texture}-{number}",
        width=700,
        height=700,
        patternUnits="userSpaceOnUse",
        class_=f"{name}-{number}",
    )


def _swatch(paint: Paint, kind: str, *, is_beneath: bool) -> Html:
    look = f"swatch beneath {paint.texture}" if is_beneath else f"swatch {paint.texture}"
    return element("span", class_=f"{look} {kind}", aria_hidden="true")
