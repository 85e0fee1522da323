"""WebMercatorQuad in documents (OGC 17-083r4, Annex D.1): its matrices, and the limits of a tileset."""

from __future__ import annotations

from typing import Any

from tileserver.grid import MAX_ZOOM, WORLD
from tileserver.tiles.limits import limits_of
from tileserver.tiles.tileset import Tileset

TMS = "WebMercatorQuad"
TMS_URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{TMS}"
CRS_URI = "http://www.opengis.net/def/crs/EPSG/0/3857"
CRS84_URI = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_PIXELS = 256  # of a tile's side
_PIXEL_M = 0.00028  # 17-083r4, 6.1.1: the standardized rendering pixel


def tile_matrix_set() -> dict[str, Any]:
    """Return the definition of the tile matrix set, with all of its zooms."""
    return {
        "id": TMS,
        "title": "Google Maps Compatible for the World",
        "uri": TMS_URI,
        "crs": CRS_URI,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [_matrix(zoom) for zoom in range(MAX_ZOOM + 1)],
    }


def limits_block(tileset: Tileset) -> list[dict[str, Any]]:
    """Return by zoom the rows and columns that *tileset* has tiles in; elsewhere there is none."""
    low, high = tileset.zooms
    listed = []
    for zoom in range(low, high + 1):
        limits = limits_of(tileset.bounds, zoom)
        listed.append(
            {
                "tileMatrix": str(zoom),
                "minTileRow": limits.min_y,
                "maxTileRow": limits.max_y,
                "minTileCol": limits.min_x,
                "maxTileCol": limits.max_x,
            }
        )
    return listed


def bounding_box(tileset: Tileset) -> dict[str, Any]:
    """Return the bounds of *tileset*, in degrees, east before north."""
    west, south, east, north = tileset.bounds
    return {
        "lowerLeft": [west, south],
        "upperRight": [east, north],
        "crs": CRS84_URI,
        "orderedAxes": ["E", "N"],
    }


def _matrix(zoom: int) -> dict[str, Any]:
    side = 1 << zoom
    cell_m = 2 * WORLD / _PIXELS / side
    return {
        "id": str(zoom),
        "scaleDenominator": cell_m / _PIXEL_M,
        "cellSize": cell_m,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-WORLD, WORLD],
        "tileWidth": _PIXELS,
        "tileHeight": _PIXELS,
        "matrixWidth": side,
        "matrixHeight": side,
    }
