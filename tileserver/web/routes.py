"""Every path of the server, and the method that answers; the order is the order of matching."""

from __future__ import annotations

from typing import NamedTuple

from starlette.routing import BaseRoute, Mount, Route

from tileserver.web.aliased import AliasedTileRoutes
from tileserver.web.api import ApiRoute
from tileserver.web.basemap import OwnBasemap
from tileserver.web.built import BuiltFiles
from tileserver.web.changed import ChangedRoute
from tileserver.web.comparisons import ComparisonRoutes
from tileserver.web.corrections import CorrectionRoutes
from tileserver.web.developers import DeveloperRoute
from tileserver.web.documents import DocumentRoutes
from tileserver.web.events import EventRoutes
from tileserver.web.foreign import ForeignRoutes
from tileserver.web.gains import GainsRoutes
from tileserver.web.glyphs import GlyphRoutes
from tileserver.web.history import HistoryRoutes
from tileserver.web.oembed import OembedRoute
from tileserver.web.ogc import OgcRoutes
from tileserver.web.pages import PageRoutes
from tileserver.web.pictures import PictureRoutes
from tileserver.web.places import PlaceRoutes
from tileserver.web.promised import PromiseRoute
from tileserver.web.ready import ReadyRoute
from tileserver.web.text_pages import MethodRoutes
from tileserver.web.tiles import TileRoutes


class Endpoints(NamedTuple):
    """Objects whose methods answer, wired together by `web.app`."""

    ogc: OgcRoutes
    api: ApiRoute
    developers: DeveloperRoute
    pages: PageRoutes
    oembed: OembedRoute
    documents: DocumentRoutes
    places: PlaceRoutes
    events: EventRoutes
    changed: ChangedRoute
    gains: GainsRoutes
    tiles: TileRoutes
    aliased: AliasedTileRoutes
    foreign: ForeignRoutes
    history: HistoryRoutes
    glyphs: GlyphRoutes
    comparisons: ComparisonRoutes
    corrections: CorrectionRoutes
    method: MethodRoutes
    pictures: PictureRoutes
    ready: ReadyRoute
    promise: PromiseRoute
    basemap: OwnBasemap


def routes_of(on: Endpoints) -> list[BaseRoute]:
    """Return the routes, over the endpoints *on*."""
    return [
        Route("/", on.ogc.landing),
        Route("/embed", on.pages.embed),
        Route("/embed.js", on.pages.embed_script),
        Route("/oembed", on.oembed.oembed),
        Route("/api", on.api.document),
        Route("/developers", on.developers.page),
        Route("/conformance", on.ogc.conformance),
        Route("/collections", on.ogc.collections),
        Route("/collections/{collectionId}", on.ogc.collection),
        Route("/collections/{collectionId}/tiles", on.ogc.tilesets),
        Route("/collections/{collectionId}/tiles/WebMercatorQuad", on.ogc.tileset),
        Route(
            "/collections/{collectionId}/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}", on.ogc.tile
        ),
        Route("/tiles", on.ogc.tilesets),
        Route("/tiles/WebMercatorQuad", on.ogc.tileset),
        Route("/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}", on.ogc.tile),
        Route("/tileMatrixSets", on.ogc.tile_matrix_sets),
        Route("/tileMatrixSets/WebMercatorQuad", on.ogc.tile_matrix_set),
        Route("/tilesets", on.documents.catalogue),
        Route("/tilesets/{tileset}.json", on.documents.tilejson),
        Route("/tilesets/{tileset}", on.documents.tilejson),
        Route("/tilesets/{tileset}/qgis.xml", on.foreign.qgis),
        Route("/tilesets/{tileset}/timeline", on.documents.timeline),
        Route("/tilesets/{tileset}/places", on.places.places),
        Route("/tilesets/{tileset}/events.json", on.events.json),
        Route("/tilesets/{tileset}/changed", on.changed.json),
        Route("/tilesets/{tileset}/km2.json", on.documents.km2_json),
        Route("/tilesets/{tileset}/km2.csv", on.documents.km2_csv),
        Route("/tilesets/{tileset}/gains.json", on.gains.json),
        Route("/tilesets/{tileset}/gains.csv", on.gains.csv),
        Route("/tiles/{tileset}/{z}/{x}/{y}.mvt", on.tiles.dated),
        Route("/tiles/{tileset}/{z}/{x}/{y}.pbf", on.aliased.pbf),
        Route("/dated/{tileset}/{when}/{z}/{x}/{y}.mvt", on.aliased.dated),
        Route("/dated/{tileset}/{when}/{z}/{x}/{y}.pbf", on.aliased.dated),
        Route("/dated/{tileset}/{when}/metadata.json", on.foreign.metadata),
        Route("/arcgis/rest/services/{tileset}/{when}/VectorTileServer", on.foreign.service),
        Route(
            "/arcgis/rest/services/{tileset}/{when}/VectorTileServer/resources/styles/root.json",
            on.foreign.style,
        ),
        Route(
            "/arcgis/rest/services/{tileset}/{when}/VectorTileServer/tile/{z}/{y}/{x}.pbf", on.aliased.dated
        ),
        Route("/tiles/{tileset}/{version}/{z}/{x}/{y}.mvt", on.tiles.versioned),
        Route("/history/{tileset}/{period}/{z}/{x}/{y}.mvt", on.history.tile),
        Route("/history/{tileset}/{period}/faces/{band}.json", on.history.faces),
        Route("/changes/{tileset}/{from}/{to}/{z}/{x}/{y}.mvt", on.comparisons.tile),
        Route("/changes/{tileset}/{from}/{to}.json", on.comparisons.document),
        Route("/changes/{tileset}/{from}/{to}/sides.json", on.comparisons.sides),
        Route("/corrections/{theatre}.json", on.corrections.json),
        Route("/corrections/{theatre}.atom", on.corrections.feed),
        Route("/corrections/{theatre}", on.corrections.page),
        Route("/method/{theatre}", on.method.page),
        Route("/styles/{style}.json", on.documents.style),
        Route("/fonts/{fontstack}/{range}.pbf", on.glyphs.glyphs),
        Route("/sprites/{file}", on.glyphs.sprite),
        Route("/pictures/{theatre}.{form}", on.pictures.picture),
        Route("/healthz", on.documents.healthz),
        Route("/readyz", on.ready.readyz),
        Route("/promise", on.promise.promise),
        Route("/basemap/own.pmtiles", on.basemap.bytes_of),
        Mount("/static", BuiltFiles()),
    ]
