"""A map as JSON in degrees, for the script of a page that draws the map over a basemap."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from tileserver.picture.drawing import DrawnMap, DrawnShape, Mark
from tileserver.shape.project import to_lonlat

_DECIMALS = 5  # of a degree: a metre
_SLACK_M = 10.0  # of EPSG:3857, that what is public may be drawn beside its place: a pixel at zoom 14


def live_map(drawing: DrawnMap, name: str) -> str:
    """Return *drawing* as JSON: ``bounds``, ``paints``, ``marks``, and three collections of GeoJSON.

    Longitude first. ``public`` and ``front`` are what lies beneath, ``change`` the rest; of each feature
    ``paint`` counts ``paints`` from 0. *name* is that of `svg.figure`: the look of a paint is the class of
    that name and its number.
    """
    view = drawing.view
    corners = _degrees(np.array([[view.west, view.south], [view.east, view.north]]))
    document = {
        "name": name,
        "title": drawing.title,
        "bounds": corners.ravel().tolist(),
        "paints": [asdict(each) for each in drawing.paints],
        "public": _collection(drawing.public, _SLACK_M),
        "front": _collection(drawing.front, 0.0),
        "change": _collection(drawing.change, 0.0),
        "marks": [_mark(each) for each in drawing.marks],
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _mark(mark: Mark) -> dict[str, Any]:
    said = asdict(mark)
    place = np.array([[said.pop("x"), said.pop("y")]])
    return {"at": _degrees(place)[0].tolist(), **said}


def _collection(shapes: Iterable[DrawnShape], slack: float) -> dict[str, Any]:
    """Return *shapes* as a FeatureCollection; neighbours that are simplified by *slack* stay neighbours."""
    every = list(shapes)
    drawn = [each.geometry for each in every]
    if slack and drawn:
        drawn = list(shapely.coverage_simplify(drawn, slack))
    features = [
        {
            "type": "Feature",
            "properties": {"paint": each.paint, "title": each.title},
            "geometry": json.loads(shapely.to_geojson(shapely.transform(geometry, _degrees))),
        }
        for each, geometry in zip(every, drawn, strict=True)
        if not geometry.is_empty
    ]
    return {"type": "FeatureCollection", "features": features}


def _degrees(metres: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return to_lonlat(metres).round(_DECIMALS)
