"""All routes in the words of OpenAPI: their ids, parameters and media types, by path.

Parameters are the very tuples that the routes allow; `tests/web/test_api.py` asks each route and compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tileserver.publish.openapi import OPENAPI_30, OPENAPI_31
from tileserver.web.basemap import PMTILES
from tileserver.web.changed import COUNTED
from tileserver.web.corrections import ATOM, LISTED
from tileserver.web.events import WINDOWED
from tileserver.web.foreign import XML
from tileserver.web.glyphs import PBF
from tileserver.web.ogc import TIMED
from tileserver.web.params import DATED, ENDS, FORMS, OGC
from tileserver.web.picture_params import DRAWN
from tileserver.web.pictures import PICTURE_TYPES
from tileserver.web.places import GEOJSON
from tileserver.web.represent import CSV, HTML, JSON, MVT

_DRESS = ("lang", "theme")
_PICTURES = tuple(PICTURE_TYPES.values())


class Operation(NamedTuple):
    """A route: id, summary, media types of its answer, parameters of its query.

    ``chooses`` where the categories of events are parameters, too; ``is_strict`` where others are refused.
    """

    id: str
    summary: str
    gives: tuple[str, ...] = (JSON,)
    takes: tuple[str, ...] = ()
    chooses: bool = False
    is_strict: bool = True


def _tile(name: str, summary: str, *takes: str) -> Operation:
    return Operation(name, summary, (MVT,), takes, chooses=True)


def _page(name: str, summary: str, *takes: str) -> Operation:
    return Operation(name, summary, (HTML,), takes, is_strict=False)


OPERATIONS: Mapping[str, Operation] = {
    "/": Operation(
        "getLandingPage", "The map for readers, or the landing page", (JSON, HTML), FORMS, is_strict=False
    ),
    "/embed": _page("getEmbed", "The map for iframes", "theatre", *_DRESS),
    "/developers": _page("getDevelopersPage", "How to build on the tiles, as a page", "theme"),
    "/embed.js": Operation(
        "getEmbedScript",
        "A script for articles with embeds",
        ("text/javascript; charset=utf-8",),
        is_strict=False,
    ),
    "/oembed": Operation(
        "getOembed",
        "An embed for a link, by oEmbed 1.0",
        takes=("url", "maxwidth", "maxheight", "format"),
        is_strict=False,
    ),
    "/api": Operation("getApi", "This description, as OpenAPI 3.1 or 3.0", (OPENAPI_31, OPENAPI_30), FORMS),
    "/conformance": Operation("getConformance", "Conformance classes of OGC API", takes=FORMS),
    "/collections": Operation(
        "getCollections", "Every tileset, with its extent in space and time", takes=FORMS
    ),
    "/collections/{collectionId}": Operation(
        "getCollection", "A tileset, with its extent in space and time", takes=FORMS
    ),
    "/collections/{collectionId}/tiles": Operation(
        "ogc.collection.vector.getTileSetsList", "Tilesets of a collection", takes=TIMED
    ),
    "/collections/{collectionId}/tiles/WebMercatorQuad": Operation(
        "ogc.collection.vector.getTileSet", "Metadata of a tileset", takes=TIMED
    ),
    "/collections/{collectionId}/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}": _tile(
        "ogc.collection.vector.getTile", "A tile of a collection, at a time", *DATED, *OGC
    ),
    "/tiles": Operation("ogc.dataset.vector.getTileSetsList", "Tilesets of the dataset", takes=TIMED),
    "/tiles/WebMercatorQuad": Operation(
        "ogc.dataset.vector.getTileSet", "Metadata of the tileset of the dataset", takes=TIMED
    ),
    "/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}": _tile(
        "ogc.dataset.vector.getTile", "A tile of the dataset, at a time", *DATED, *OGC
    ),
    "/tileMatrixSets": Operation("getTileMatrixSetsList", "Tile matrix sets", takes=FORMS),
    "/tileMatrixSets/WebMercatorQuad": Operation(
        "getTileMatrixSet", "The definition of WebMercatorQuad", takes=FORMS
    ),
    "/tilesets": Operation("getCatalogue", "Theatres and tilesets, and their days"),
    "/tilesets/{tileset}": Operation("getTileJson", "TileJSON 3.0.0, with a block on time", takes=DATED),
    "/tilesets/{tileset}/timeline": Operation(
        "getTimeline", "What changed when, by day", takes=("revision",)
    ),
    "/tilesets/{tileset}/changed": Operation(
        "getChangedTiles", "Tiles that changed since a revision", takes=COUNTED
    ),
    "/tilesets/{tileset}/places": Operation(
        "getPlaces", "Places named by the desk and by events, as GeoJSON", (GEOJSON,)
    ),
    "/tilesets/{tileset}/events.json": Operation(
        "getEvents", "Events of a window, the newest first", takes=WINDOWED
    ),
    "/tilesets/{tileset}/km2.json": Operation("getKm2", "Km2 by status at the end of each day", takes=DATED),
    "/tilesets/{tileset}/km2.csv": Operation("getKm2Table", "Km2 by status, as a table", (CSV,), DATED),
    "/tilesets/{tileset}/gains.json": Operation(
        "getGains", "Who gained and lost what, by day and direction", takes=DATED
    ),
    "/tilesets/{tileset}/gains.csv": Operation(
        "getGainsTable", "Who gained and lost what, as a table", (CSV,), DATED
    ),
    "/tiles/{tileset}/{z}/{x}/{y}.mvt": _tile(
        "getDatedTile", "A tile at a time, as known in a revision", *DATED
    ),
    "/tiles/{tileset}/{z}/{x}/{y}.pbf": _tile("getDatedTilePbf", "The same tile", *DATED),
    "/dated/{tileset}/{when}/{z}/{x}/{y}.mvt": _tile("getTileOfPath", "A tile with its time in the path"),
    "/dated/{tileset}/{when}/{z}/{x}/{y}.pbf": _tile("getTileOfPathPbf", "The same tile"),
    "/tiles/{tileset}/{version}/{z}/{x}/{y}.mvt": Operation(
        "getTileVersion", "A tile by the name of its content, immutable", (MVT,)
    ),
    "/history/{tileset}/{period}/{z}/{x}/{y}.mvt": Operation(
        "getHistoryTile", "All that held on any day of a period", (MVT,)
    ),
    "/history/{tileset}/{period}/faces/{band}.json": Operation(
        "getHistoryFaces", "Ids and days of all that begins or ends in a period"
    ),
    "/dated/{tileset}/{when}/metadata.json": Operation("getGdalMetadata", "By which GDAL reads a zoom"),
    "/arcgis/rest/services/{tileset}/{when}/VectorTileServer": Operation(
        "getArcgisService", "The tiles as a vector tile service of ArcGIS", takes=FORMS
    ),
    "/arcgis/rest/services/{tileset}/{when}/VectorTileServer/resources/styles/root.json": Operation(
        "getArcgisStyle", "A style over that service", takes=FORMS
    ),
    "/arcgis/rest/services/{tileset}/{when}/VectorTileServer/tile/{z}/{y}/{x}.pbf": _tile(
        "getArcgisTile", "A tile of that service; the row before the column"
    ),
    "/tilesets/{tileset}.json": Operation("getTileJsonFile", "The same TileJSON", takes=DATED),
    "/tilesets/{tileset}/qgis.xml": Operation(
        "getQgisConnection", "A connection for QGIS to load", (XML,), DATED
    ),
    "/changes/{tileset}/{from}/{to}/{z}/{x}/{y}.mvt": Operation(
        "getChangeTile", "Gained and lost from one date to the other", (MVT,), ENDS
    ),
    "/changes/{tileset}/{from}/{to}.json": Operation(
        "getChange", "Km2 gained and lost, by status", takes=ENDS
    ),
    "/changes/{tileset}/{from}/{to}/sides.json": Operation(
        "getChangeOfSides", "Km2 gained and lost, by side", takes=ENDS
    ),
    "/corrections/{theatre}": _page("getCorrectionsPage", "Corrections, as a page", *_DRESS, "revision"),
    "/corrections/{theatre}.json": Operation(
        "getCorrections", "Corrections of days that were public", takes=LISTED
    ),
    "/corrections/{theatre}.atom": Operation(
        "getCorrectionsFeed", "Corrections, as an Atom feed", (ATOM,), ("lang",)
    ),
    "/method/{theatre}": _page("getMethodPage", "How the map is made, as a page", *_DRESS),
    "/styles/{style}.json": Operation("getStyle", "A MapLibre style over the tiles of a date", takes=DATED),
    "/fonts/{fontstack}/{range}.pbf": Operation("getGlyphs", "Glyphs of 256 characters, for styles", (PBF,)),
    "/sprites/{file}": Operation(
        "getSprite", "Signs for styles, and where each is", (JSON, PICTURE_TYPES["png"])
    ),
    "/pictures/{theatre}.{form}": Operation(
        "getPicture", "A picture of a day, or an animation of several", _PICTURES, (*DATED, *DRAWN)
    ),
    "/healthz": Operation("getHealth", "The process answers", is_strict=False),
    "/readyz": Operation("getReadiness", "The database answers and is followed", is_strict=False),
    "/promise": Operation("getPromise", "A name that is another one after each withdrawal", is_strict=False),
    "/basemap/own.pmtiles": Operation("getOwnBasemap", "A range of the newsroom's own basemap", (PMTILES,)),
}
