"""Documents that other programs expect beside tiles: of ArcGIS, QGIS and GDAL, about a tileset at a time."""

from __future__ import annotations

from typing import Any

import msgspec

from tileserver.grid import WORLD
from tileserver.markup import text_of
from tileserver.picture.html import element
from tileserver.publish.credits import credit_line
from tileserver.publish.ogc import title_of
from tileserver.publish.style import OVER, theatre_style
from tileserver.publish.time_query import TimeQuery
from tileserver.tiles.limits import limits_of
from tileserver.tiles.tileset import Tileset

_PIXELS = 512  # of a tile's side, as MapLibre draws it, and ArcGIS
_INCHES_A_METRE, _DPI = 39.37, 96
_REFERENCE = {"wkid": 102100, "latestWkid": 3857}


def arcgis_service(tileset: Tileset) -> dict[str, Any]:
    """Return the description of a vector tile service (ArcGIS REST API), whose paths are below its own."""
    low, high = tileset.zooms
    extent = {**_metres(tileset), "spatialReference": _REFERENCE}
    whole = {"xmin": -WORLD, "ymin": -WORLD, "xmax": WORLD, "ymax": WORLD, "spatialReference": _REFERENCE}
    return {
        "currentVersion": 10.81,
        "name": title_of(tileset),
        "copyrightText": text_of(credit_line([served.stored.layer for served in tileset.layers])),
        "capabilities": "TilesOnly",
        "type": "indexedVector",
        "tileMap": None,
        "defaultStyles": "resources/styles",
        "tiles": ["tile/{z}/{y}/{x}.pbf"],
        "exportTilesAllowed": False,
        "initialExtent": extent,
        "fullExtent": extent,
        "minScale": _scale(low),
        "maxScale": _scale(high),
        "minzoom": low,
        "maxzoom": high,
        "tileInfo": {
            "rows": _PIXELS,
            "cols": _PIXELS,
            "dpi": _DPI,
            "format": "pbf",
            "origin": {"x": whole["xmin"], "y": whole["ymax"]},
            "spatialReference": _REFERENCE,
            "lods": [
                {"level": zoom, "resolution": _resolution_m(zoom), "scale": _scale(zoom)}
                for zoom in range(high + 1)
            ],
        },
    }


def arcgis_style(tileset: Tileset, base_url: str, asked: TimeQuery) -> dict[str, Any]:
    """Return the plain style of *tileset* over a service of ArcGIS two paths above the style's."""
    style = theatre_style(tileset, base_url, asked, "plain")
    sources = {name: {"type": "vector", "url": "../../"} for name in style["sources"]}
    return {**style, "sources": sources}


def qgis_connection(tileset: Tileset, base_url: str, asked: TimeQuery) -> str:
    """Return a file that QGIS loads under Vector Tiles, Load Connections: tiles and style at a time."""
    low, high = tileset.zooms
    when = f" {asked.datetime}" if asked.datetime else ""
    style = f"{base_url}/styles/{tileset.theatre.id}-{OVER}.json{asked.query}"
    whole = tileset.name == tileset.theatre.id
    connection = element(
        "vectortile",
        name=f"{title_of(tileset)}{when}",
        url=f"{base_url}/tiles/{tileset.name}/{{z}}/{{x}}/{{y}}.mvt{asked.query}",
        zmin=low,
        zmax=high,
        styleUrl=style if whole else "",
    )
    root = element("qgsVectorTileConnections", connection, version="1.0")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE connections>\n{root}\n'


def gdal_metadata(tileset: Tileset) -> dict[str, Any]:
    """Return the ``metadata.json`` beside zooms (MBTiles 1.3, 4.3), by which GDAL reads a zoom whole."""
    low, high = tileset.zooms
    longitude, latitude, _ = tileset.theatre.centre
    layers = [served.stored.layer for served in tileset.layers]
    fields = [
        {
            "id": layer.name,
            "description": layer.title.get("en", layer.name),
            "minzoom": layer.minzoom,
            "maxzoom": layer.maxzoom,
            "fields": dict.fromkeys(layer.fields, "String"),
        }
        for layer in layers
    ]
    return {
        "name": tileset.name,
        "description": title_of(tileset),
        "version": "2",
        "minzoom": str(low),
        "maxzoom": str(high),
        "center": f"{longitude},{latitude},{tileset.centre_zoom}",
        "bounds": ",".join(map(str, tileset.bounds)),
        "type": "overlay",
        "format": "pbf",
        "json": msgspec.json.encode({"vector_layers": fields}).decode(),
    }


def _metres(tileset: Tileset) -> dict[str, float]:
    """Return the bounds in metres of EPSG:3857, of the tiles of the highest zoom that touch *tileset*."""
    high = tileset.zooms[1]
    limits, side = limits_of(tileset.bounds, high), 2 * WORLD / (1 << high)
    return {
        "xmin": -WORLD + limits.min_x * side,
        "ymin": WORLD - (limits.max_y + 1) * side,
        "xmax": -WORLD + (limits.max_x + 1) * side,
        "ymax": WORLD - limits.min_y * side,
    }


def _resolution_m(zoom: int) -> float:
    return 2 * WORLD / _PIXELS / (1 << zoom)


def _scale(zoom: int) -> float:
    return _resolution_m(zoom) * _INCHES_A_METRE * _DPI
