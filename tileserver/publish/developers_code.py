"""Code to copy, by client, for tiles of a date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import quote

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
    category: str  # the property of that layer that says whose an area is; empty where it has none
    colours: tuple[tuple[str, str], ...]  # its codes, each with a colour

    @property
    def fill(self) -> str:
        """The colour of an area as an expression of MapLibre."""
        pairs = "".join(f'"{code}", "{colour}", ' for code, colour in self.colours)
        other = '"#8c8780"'
        return f'["match", ["get", "{self.category}"], {pairs}{other}]' if pairs else other

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


def _slider(on: Example) -> str:
    return f"""\
// Every layer over the tileset follows the slider. Codes and colours are those of the TileJSON's categories
import {{ Map }} from "maplibre-gl";
import {{ TimeSlider }} from "{on.base}/static/slider/time-slider.js";

const tilejson = "{on.base}/tilesets/{on.tileset}";
{_own_map(on)}
const slider = new TimeSlider({{ tilejson, day: "{on.day}" }});
slider.addEventListener("change", ({{ detail }}) => console.log(detail.day));
map.addControl(slider);
"""


def _own_map(on: Example) -> str:
    longitude, latitude, zoom = on.centre
    return f"""\
const map = new Map({{
  container: "map",
  center: [{longitude}, {latitude}],
  zoom: {zoom},
  fadeDuration: 0,             // or names of two days fade into each other
  refreshExpiredTiles: false,  // or a corrected tile is replaced alone
  style: {{
    version: 8,
    sources: {{ dated: {{ type: "vector", url: tilejson }} }},
    layers: [{{
      id: "held", type: "fill", source: "dated", "source-layer": "{on.areas}",
      paint: {{
        "fill-color": {on.fill},
        "fill-opacity": 0.4,
        "fill-antialias": false,  // or the edges of tiles can be seen
      }},
    }}],
  }},
}});"""


def _article(on: Example) -> str:
    page = f"{on.base}/?theatre={on.tileset}&at={on.day}"
    return f"""\
<iframe src="{on.base}/embed?theatre={on.tileset}&at={on.day}" title="The map on {on.day}"
        loading="lazy" width="100%" height="520" style="border:0" allow="fullscreen"
        referrerpolicy="strict-origin-when-cross-origin"></iframe>
<script async src="{on.base}/embed.js"></script>

Or let the newsroom's system ask for it (oEmbed), with the link of the map, here {page}:
curl "{on.base}/oembed?url={quote(page, safe="")}"
"""


def _ogc(on: Example) -> str:
    zoom, column, row = on.tile.split("/")
    tiles = f"{on.base}/collections/{on.tileset}/tiles/WebMercatorQuad"
    return f"""\
curl -H "Accept: application/json" "{on.base}/"   # begin here: links to all else
curl "{tiles}?datetime={on.day}"   # zooms, limits, the template of its tiles
curl --compressed -o tile.mvt "{tiles}/{zoom}/{row}/{column}?datetime={on.day}"   # row, column
"""


def _changed(on: Example) -> str:
    return f"""\
curl "{on.base}/tilesets/{on.tileset}"   # "time": {{"revision": 12}}: keep it with what you keep
curl "{on.base}/tilesets/{on.tileset}/changed?since=1&zooms=0-8"   # z/x/y of tiles to ask for anew

"next", where there is one, is the query of the next page.
Next time ask with since= and public= of the last list.
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
Style URL  {on.base}/styles/{on.tileset}-over.json?datetime={on.day}
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
ogr2ogr day.gpkg "MVT:{zoom}"   # all layers, all tiles of the zoom
ogr2ogr -t_srs EPSG:4326 day.geojson "MVT:{zoom}" {on.areas}   # longitude, latitude; a piece for each tile
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
    "MapLibre GL JS, a time slider over your own style": _slider,
    "An article": _article,
    "Leaflet": _leaflet,
    "OpenLayers": _openlayers,
    "QGIS": _qgis,
    "GDAL": _gdal,
    "OGC API - Tiles": _ogc,
    "What changed since": _changed,
    "ArcGIS Maps SDK for JavaScript": _arcgis,
    "MapLibre Native, Swift": _swift,
    "MapLibre Native, Kotlin": _kotlin,
}


def code_block(name: str, text: str) -> Html:
    """Return *text* as code of the client *name*, line by line."""
    lines = join(text.splitlines(), Html("\n"))  # an element alone would lose the line ends
    return element("pre", element("code", lines), tabindex=0, role="region", aria_label=f"Code for {name}")
