"""Code to copy, by client, for tiles of a date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tileserver.picture.html import Html, element, join


class Example(NamedTuple):
    """Values that the code is written with: the beginning of URLs, a tileset, a day, zooms, a tile."""

    base: str
    tileset: str
    day: str
    zooms: tuple[int, int]
    centre: tuple[float, float, float]  # longitude, latitude, zoom
    tile: str  # z/x/y
    areas: str  # the name of a layer

    @property
    def tiles(self) -> str:
        """The template of the tiles of the day."""
        return f"{self.base}/tiles/{self.tileset}/{{z}}/{{x}}/{{y}}.mvt?datetime={self.day}"

    @property
    def style(self) -> str:
        """The address of a style over the tiles of the day."""
        return f"{self.base}/styles/{self.tileset}.json?datetime={self.day}"


def _curl(on: Example) -> str:
    return f"""\
curl "{on.base}/tilesets/{on.tileset}"            # TileJSON: days, layers, credits
curl "{on.base}/tilesets/{on.tileset}/timeline"   # what changed when
curl --compressed -o tile.mvt "{on.base}/tiles/{on.tileset}/{on.tile}.mvt?datetime={on.day}"
"""


def _maplibre(on: Example) -> str:
    longitude, latitude, zoom = on.centre
    return f"""\
const map = new maplibregl.Map({{
  container: "map",
  center: [{longitude}, {latitude}],
  zoom: {zoom},
  style: "{on.style}",
}});
"""


def _openlayers(on: Example) -> str:
    longitude, latitude, zoom = on.centre
    return f"""\
import {{ apply }} from "ol-mapbox-style";
import {{ fromLonLat }} from "ol/proj";

apply("map", "{on.style}").then((map) => {{
  map.getView().setCenter(fromLonLat([{longitude}, {latitude}]));
  map.getView().setZoom({zoom} + 1);  // OpenLayers counts tiles of 256 pixels
}});
"""


def _leaflet(on: Example) -> str:
    longitude, latitude, zoom = on.centre
    return f"""\
// npm install leaflet @maplibre/maplibre-gl-leaflet maplibre-gl
const map = L.map("map").setView([{latitude}, {longitude}], {zoom} + 1);
L.maplibreGL({{ style: "{on.style}" }}).addTo(map);
"""


def _qgis(on: Example) -> str:
    low, high = on.zooms
    return f"""\
Layer > Add Layer > Add Vector Tile Layer > New Generic Connection
URL        {on.tiles}
Style URL  {on.style}
Zooms      {low} to {high}

Or load a connection with all of it (Vector Tiles > Load Connections from File):
{on.base}/tilesets/{on.tileset}/qgis.xml?datetime={on.day}
"""


def _arcgis(on: Example) -> str:
    return f"""\
const layer = new VectorTileLayer({{
  url: "{on.base}/arcgis/rest/services/{on.tileset}/{on.day}/VectorTileServer",
}});
"""


def _gdal(on: Example) -> str:
    zoom = f"{on.base}/dated/{on.tileset}/{on.day}/{on.tile.partition('/')[0]}"
    return f"""\
ogrinfo -so "MVT:{zoom}" {on.areas}
ogr2ogr day.gpkg "MVT:{zoom}"   # all tiles of the zoom
"""


def _swift(on: Example) -> str:
    longitude, latitude, zoom = on.centre
    return f"""\
let map = MLNMapView(frame: view.bounds, styleURL: URL(string: "{on.style}"))
let centre = CLLocationCoordinate2D(latitude: {latitude}, longitude: {longitude})
map.setCenter(centre, zoomLevel: {zoom}, animated: false)
view.addSubview(map)
"""


def _kotlin(on: Example) -> str:
    longitude, latitude, zoom = on.centre
    return f"""\
mapView.getMapAsync {{ map ->
    map.setStyle("{on.style}")
    map.cameraPosition = CameraPosition.Builder()
        .target(LatLng({latitude}, {longitude})).zoom({float(zoom)}).build()
}}
"""


CODE: Mapping[str, Callable[[Example], str]] = {
    "curl": _curl,
    "MapLibre GL JS": _maplibre,
    "Leaflet": _leaflet,
    "OpenLayers": _openlayers,
    "QGIS": _qgis,
    "GDAL": _gdal,
    "ArcGIS Maps SDK for JavaScript": _arcgis,
    "MapLibre Native, Swift": _swift,
    "MapLibre Native, Kotlin": _kotlin,
}


def code_block(name: str, text: str) -> Html:
    """Return *text* as code of the client *name*, line by line."""
    lines = join(text.splitlines(), Html("\n"))  # an element alone would lose the line ends
    return element("pre", element("code", lines), tabindex=0, role="region", aria_label=f"Code for {name}")
