"""Tiles as paths and points of a picture: an MVT decoded, placed, without anything out of sight."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import mapbox_vector_tile
import numpy as np
import numpy.typing as npt

from tileserver.grid import BUFFER, EXTENT, TileAddress
from tileserver.picture.press.view import Placing, View

FINE = 4  # units of a path to a pixel
_TILES = 48  # a picture is laid out before it is drawn, and the next day has most of its tiles
_UNCUT = (-math.inf, -math.inf, math.inf, math.inf)
_BEYOND = 40.0  # pixels around a picture that are drawn, too: a wide line, a symbol


class Shape(NamedTuple):
    """A feature of a tile: ``paths`` in pixels, each of shape (n, 2); rings are closed, a point is a row."""

    kind: str  # Polygon, LineString or Point
    paths: list[npt.NDArray[np.float64]]
    properties: Mapping[str, Any]
    id: int
    cut: tuple[float, float, float, float] = _UNCUT  # its tile's edges with the strip around


def shapes_of(data: bytes, address: TileAddress, view: View) -> dict[str, list[Shape]]:
    """Return the features of the MVT *data* by layer, in pixels, as far as *view* reaches."""
    if not data:
        return {}
    decoded = _decoded(data)
    place = view.placing(address)
    found: dict[str, list[Shape]] = {}
    for name, layer in decoded.items():
        scaled = Placing(place.left, place.top, place.unit * EXTENT / layer["extent"])
        shapes = (_shape(each, scaled, view) for each in layer["features"])
        found[name] = [each for each in shapes if each.paths]
    return found


@lru_cache(_TILES)
def _decoded(data: bytes) -> Mapping[str, Any]:
    """Return the MVT *data* as layers with features of GeoJSON's form, to be read alone."""
    found: Mapping[str, Any] = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})
    return found


def _shape(feature: Mapping[str, Any], place: Placing, view: View) -> Shape:
    kind = feature["geometry"]["type"].removeprefix("Multi")
    paths = [np.asarray(each, dtype=float) for each in _runs(feature["geometry"])]
    placed = [path * place.unit + (place.left, place.top) for path in paths]
    seen = [each for each in placed if _in_sight(each, view)]
    low, high = -BUFFER * place.unit, (EXTENT + BUFFER) * place.unit
    cut = place.left + low, place.top + low, place.left + high, place.top + high
    return Shape(kind, seen, feature["properties"], feature["id"], cut)


def _runs(geometry: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the paths of a geometry of GeoJSON's form."""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind == "Point":
        yield [coordinates]
    elif kind == "MultiPoint":
        yield from ([each] for each in coordinates)
    elif kind == "LineString":
        yield coordinates
    elif kind in ("MultiLineString", "Polygon"):
        yield from coordinates
    else:
        yield from (ring for polygon in coordinates for ring in polygon)


def _in_sight(path: npt.NDArray[np.float64], view: View) -> bool:
    low, high = path.min(axis=0), path.max(axis=0)
    return bool(
        high[0] >= -_BEYOND
        and high[1] >= -_BEYOND
        and low[0] <= view.width + _BEYOND
        and low[1] <= view.height + _BEYOND
    )


def path_of(shapes: Iterable[Shape]) -> str:
    """Return the commands of an SVG path over *shapes*, in units of which `FINE` are a pixel."""
    return "".join(
        _commands(path, shape.kind == "Polygon")
        for shape in shapes
        if shape.kind != "Point"
        for path in shape.paths
    )


def outline_of(shapes: Iterable[Shape]) -> str:
    """Return the commands of an SVG path along the edges of areas, in pixels, without cuts between tiles."""
    return "".join(
        _commands(run, False) for shape in shapes for path in shape.paths for run in _uncut(path, shape.cut)
    )


def _uncut(
    path: npt.NDArray[np.float64], cut: tuple[float, float, float, float]
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the parts of a ring, shape (n, 2), without cuts along the edge of a tile."""
    along = np.zeros(len(path) - 1, dtype=bool)
    for axis, edge in enumerate(cut):
        on = np.abs(path[:, axis % 2] - edge) < 0.05
        along |= on[:-1] & on[1:]
    begin = 0
    for end in (*np.flatnonzero(along).tolist(), len(along)):
        if end > begin:
            yield path[begin : end + 1]
        begin = end + 1


def _commands(path: npt.NDArray[np.float64], closed: bool) -> str:
    places = np.rint(path * FINE).astype(np.int64)
    steps = np.diff(places[:-1] if closed else places, axis=0)
    steps = steps[steps.any(axis=1)]
    if not len(steps):
        return ""
    return (
        f"M{places[0, 0]} {places[0, 1]}l{' '.join(map(str, steps.ravel().tolist()))}{'z' if closed else ''}"
    )
