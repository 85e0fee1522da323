"""A trial as a page: features over the land, coloured by category, and rows that were put aside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.desk.preview_maps import status_words
from tileserver.desk.preview_page import findings_tables
from tileserver.desk.trial import Trial, TriedFeature
from tileserver.model import Layer
from tileserver.picture.drawing import DrawnMap, DrawnShape, Mark, Paint, view_of
from tileserver.picture.html import Html, element, page, table
from tileserver.picture.land import projected
from tileserver.picture.svg import figure, paint_style

DRAWN = 10_000  # features; more are no picture
_ASIDE = Paint("put aside, not published", "#a52714", "#f08a76", "outline")
_NONE = Paint("without a category", "#8c8780", "#8c8780")
# Of categories without colours of their own, as a mapping has that is tried without a theatre.
_COLOURS = (
    *(("#1b6e9c", "#6cc0ea"), ("#7a5c00", "#e0b84a"), ("#3d7a3a", "#86c982"), ("#6a4c93", "#b79ae0")),
    *(("#9c4a1b", "#eaa06c"), ("#00707a", "#5fc7cf"), ("#8a1b5e", "#e07ab5"), ("#4d4d4d", "#bdbdbd")),
)


def trial_page(trial: Trial, file: str, mapping: str, *, own_colours: bool) -> str:
    """Return the page of *trial* as HTML in UTF-8, which loads nothing; every word of the file is escaped.

    *own_colours*: the layer's categories have colours that are its own.
    """
    report = trial.report.as_dict()
    drawn = _drawn(trial, report["put_aside"], own_colours=own_colours)
    counts = f"read {report['read']:,}, would import {report['imported']:,}"
    lead = f"{counts}, put aside {report['quarantined']:,}, leave out {report['left_out']:,}"
    body = [
        element("h1", f"{file}, by {mapping}"),
        element("p", f"Nothing would be imported: {trial.refusal}" if trial.refusal else lead, class_="lead"),
        element("p", "A trial: nothing was imported, and no embargo is obeyed.", class_="faint"),
        figure(drawn, "trial"),
        *_counts(trial),
        *findings_tables(report),
    ]
    return page(f"{file}, by {mapping}", body, style=paint_style(drawn.paints, "trial"))


def _counts(trial: Trial) -> Iterator[Html]:
    rows = [(status_words(trial.layer, code) or "none", n) for code, n in trial.categories.most_common()]
    if rows:
        yield table("By category", ("category", "features"), rows)


def _drawn(trial: Trial, aside: list[dict[str, Any]], *, own_colours: bool) -> DrawnMap:
    paints = _paints(trial.layer, own_colours=own_colours)
    numbers = {code: number for number, code in enumerate(paints)}
    shown = trial.features[:DRAWN]
    shapes = [
        DrawnShape(_geometry(each), numbers.get(_code(trial, each), numbers[""]), _words(each))
        for each in shown
    ]
    marks = []
    for number, row in enumerate(aside, 1):
        if row["at"] is not None:
            x, y = shapely.get_coordinates(projected(shapely.Point(*row["at"])))[0].tolist()
            words = f"{number}: {row['finding']}, {row['file']} row {row['row']}"
            marks.append(Mark(x, y, str(number), len(paints), words, f"aside-{number}"))
    title = f"The first {len(shown):,} features" if len(trial.features) > DRAWN else "All features"
    if marks:
        title += "; numbered are rows put aside"
    view = view_of([each.geometry for each in shapes] or [shapely.Point(each.x, each.y) for each in marks])
    return DrawnMap(title, view, [*paints.values(), _ASIDE], shapes, marks)


def _paints(layer: Layer, *, own_colours: bool) -> dict[str, Paint]:
    """Return the paint of each category by its code, of none by the empty text."""
    found = {}
    for number, each in enumerate(layer.categories):
        colours = (each.colour, each.colour_dark) if own_colours else _COLOURS[number % len(_COLOURS)]
        found[each.code] = Paint(status_words(layer, each.code), *colours)
    return {**found, "": _NONE}


def _code(trial: Trial, each: TriedFeature) -> str:
    return str(each.properties.get(trial.layer.category, ""))


def _geometry(each: TriedFeature) -> BaseGeometry:
    return projected(shapely.from_geojson(msgspec.json.encode(each.geometry).decode()))


def _words(each: TriedFeature) -> str:
    said = ", ".join(f"{name}: {str(value)[:80]}" for name, value in each.properties.items())
    return f"{each.origin}, from {each.start}: {said}"[:400]
