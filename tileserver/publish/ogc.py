"""Documents of OGC API - Tiles 1.0 (OGC 20-057), from the catalogue in memory; nothing past the horizon.

A collection is a tileset: a theatre, or a layer. The dataset is the theatre that is shown first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tileserver.languages import pick
from tileserver.markup import link_of, text_of
from tileserver.model import Layer
from tileserver.publish.credits import credit_line
from tileserver.publish.documents import time_block
from tileserver.publish.ogc_grid import CRS84_URI, CRS_URI, TMS, TMS_URI, bounding_box, limits_block
from tileserver.publish.openapi import OPENAPI_30, OPENAPI_31
from tileserver.publish.time_query import TimeQuery
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.tileset import Tileset
from tileserver.times import parse_day

_JSON, _MVT = "application/json", "application/vnd.mapbox-vector-tile"
_REL = "http://www.opengis.net/def/rel/ogc/1.0"
_TILES, _COMMON = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf", "http://www.opengis.net/spec"
CONFORMS_TO = (
    f"{_COMMON}/ogcapi-common-1/1.0/conf/core",
    f"{_COMMON}/ogcapi-common-1/1.0/conf/landing-page",
    f"{_COMMON}/ogcapi-common-1/1.0/conf/json",
    f"{_COMMON}/ogcapi-common-1/1.0/conf/oas30",
    f"{_COMMON}/ogcapi-common-2/1.0/conf/collections",
    f"{_COMMON}/tms/2.0/conf/tilematrixset",
    f"{_COMMON}/tms/2.0/conf/json-tilematrixset",
    f"{_COMMON}/tms/2.0/conf/json-tilesetmetadata",
    *(f"{_TILES}/{each}" for each in ("core", "tileset", "tilesets-list", "dataset-tilesets")),
    *(f"{_TILES}/{each}" for each in ("geodata-tilesets", "datetime", "mvt", "oas30")),
)
_DIMENSIONS = {"areas": 2, "front": 1, "events": 0, "notes": 0}


@dataclass(frozen=True, slots=True)
class Links:
    """Links between the documents; *base* is the beginning of their absolute URLs."""

    base: str

    def to(self, path: str, rel: str, title: str, media_type: str = _JSON) -> dict[str, Any]:
        """Return a link to *path*, of the relation *rel*."""
        return {"href": self.base + path, "rel": rel, "type": media_type, "title": title}

    def item(self, tiles: str, asked: TimeQuery) -> dict[str, Any]:
        """Return the template of the tiles below the path *tiles*, at the time that is *asked*."""
        path = f"{tiles}/{TMS}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}{asked.query}"
        return {**self.to(path, "item", "Tiles", _MVT), "templated": True}


def landing_page(catalogue: Catalogue, default: str, links: Links) -> dict[str, Any]:
    """Return the landing page (OGC 19-072, 8.2), with a link to everything else."""
    theatre = catalogue.theatres.get(catalogue.default_theatre(default) or "")
    return {
        "title": pick(theatre.title, "en") if theatre else "tileserver",
        "description": "Dated vector tiles, at any instant and as known at any revision.",
        "links": [
            links.to("/?f=json", "self", "This document"),
            links.to("/?f=html", "alternate", "The map for readers", "text/html"),
            links.to("/api?f=openapi31", "service-desc", "The API, as OpenAPI 3.1", OPENAPI_31),
            links.to("/api?f=openapi30", "service-desc", "The API, as OpenAPI 3.0", OPENAPI_30),
            links.to("/developers", "service-doc", "How to build on the tiles", "text/html"),
            links.to("/conformance", f"{_REL}/conformance", "Conformance classes"),
            links.to("/conformance", "conformance", "Conformance classes"),
            links.to("/collections", f"{_REL}/data", "Collections"),
            links.to("/collections", "data", "Collections"),
            links.to("/tiles", f"{_REL}/tilesets-vector", "Tilesets of the dataset"),
            links.to("/tileMatrixSets", f"{_REL}/tiling-schemes", "Tile matrix sets"),
            links.to("/tilesets", "describedby", "Catalogue of tilesets, with TileJSON of each"),
        ],
    }


def conformance() -> dict[str, Any]:
    """Return the conformance classes."""
    return {"conformsTo": list(CONFORMS_TO)}


def collections(catalogue: Catalogue, now: datetime, links: Links) -> dict[str, Any]:
    """Return all collections, as of the instant *now*."""
    listed = [collection(name, tileset, now, links) for name, tileset in catalogue.served()]
    return {
        "links": [links.to("/collections", "self", "This document")],
        "numberMatched": len(listed),
        "numberReturned": len(listed),
        "collections": listed,
    }


def collection(name: str, tileset: Tileset, now: datetime, links: Links) -> dict[str, Any]:
    """Return the collection *name* of *tileset*, with its public extent at the instant *now*."""
    path, title = f"/collections/{name}", title_of(tileset)
    low, high = tileset.zooms
    return {
        "id": name,
        "title": title,
        "description": f"Zooms {low} to {high}; a plain date is a day in {tileset.theatre.day_zone}.",
        "attribution": credit_line([served.stored.layer for served in tileset.layers]),
        "extent": extent(tileset, now),
        "itemType": "feature",
        "dataType": "vector",
        "crs": [CRS_URI],
        "links": [
            links.to(path, "self", title),
            links.to(f"{path}/tiles", f"{_REL}/tilesets-vector", f"Tilesets of {title}"),
            links.to(f"/tilesets/{name}", "alternate", f"{title} as TileJSON"),
            links.to(f"/tilesets/{name}/timeline", "describedby", f"What changed when in {title}"),
            *({"href": url, "rel": "license", "title": text} for url, text in _licences(tileset)),
        ],
    }


def extent(tileset: Tileset, now: datetime) -> dict[str, Any]:
    """Return where and when *tileset* has something public: degrees, and a closed interval (19-072, 9.3).

    Every instant can be asked for; the grid has the local days, at each of which something may change.
    """
    time = time_block(tileset, now)
    first, last = time["first_day"], time["last_day"]
    days = (parse_day(last) - parse_day(first)).days + 1 if first and last else 0
    return {
        "spatial": {"bbox": [list(tileset.bounds)], "crs": CRS84_URI},
        "temporal": {
            "interval": [time["extent"] or [None, None]],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
            "grid": {"cellsCount": days, "resolution": time["resolution"]},
        },
    }


def tilesets_list(
    name: str, tileset: Tileset, asked: TimeQuery, now: datetime, links: Links
) -> dict[str, Any]:
    """Return the one tileset of the collection *name*, or, where empty, of the dataset, as a list."""
    path = f"/collections/{name}/tiles" if name else "/tiles"
    own = links.to(path + asked.query, "self", "This document")
    return {"links": [own], "tilesets": [tileset_metadata(name, tileset, asked, now, links)]}


def tileset_metadata(
    name: str, tileset: Tileset, asked: TimeQuery, now: datetime, links: Links
) -> dict[str, Any]:
    """Return tileset metadata (17-083r4, 7.3) of the collection *name*, else, where empty, of the dataset.

    Its template has the time that is *asked*; *now* decides what is public.
    """
    own, title = name or tileset.name, title_of(tileset)
    tiles = f"/collections/{name}/tiles" if name else "/tiles"
    longitude, latitude, _ = tileset.theatre.centre
    time = time_block(tileset, now)
    layers = [served.stored.layer for served in tileset.layers]
    return {
        "title": title,
        "dataType": "vector",
        "crs": CRS_URI,
        "tileMatrixSetId": TMS,
        "tileMatrixSetURI": TMS_URI,
        "tileMatrixSetLimits": limits_block(tileset),
        "boundingBox": bounding_box(tileset),
        "centerPoint": {
            "coordinates": [longitude, latitude],
            "crs": CRS84_URI,
            "tileMatrix": str(tileset.centre_zoom),
        },
        "attribution": credit_line(layers),
        "accessConstraints": "unclassified",
        **({"updated": time["updated"]} if time["updated"] else {}),
        "mediaTypes": [_MVT],
        "layers": [_layer(layer, tileset, links) for layer in layers],
        "links": [
            links.to(f"{tiles}/{TMS}{asked.query}", "self", title),
            links.item(tiles, asked),
            links.to(f"/tileMatrixSets/{TMS}", f"{_REL}/tiling-scheme", TMS),
            links.to(f"/collections/{own}", f"{_REL}/geodata", f"The collection {own}"),
            links.to(f"/tilesets/{own}{asked.query}", "alternate", f"{title} as TileJSON"),
        ],
    }


def tile_matrix_sets(links: Links) -> dict[str, Any]:
    """Return the list of tile matrix sets, with a single entry."""
    own = links.to(f"/tileMatrixSets/{TMS}", "self", TMS)
    return {
        "links": [links.to("/tileMatrixSets", "self", "This document")],
        "tileMatrixSets": [{"id": TMS, "title": TMS, "uri": TMS_URI, "crs": CRS_URI, "links": [own]}],
    }


def title_of(tileset: Tileset) -> str:
    """Return the title of *tileset* in English, or in the first language that has any."""
    theatre = pick(tileset.theatre.title, "en") or tileset.theatre.id
    if len(tileset.layers) > 1:
        return theatre
    layer = tileset.layers[0].stored.layer
    return f"{theatre}: {pick(layer.title, 'en') or layer.name}"


def _layer(layer: Layer, tileset: Tileset, links: Links) -> dict[str, Any]:
    """Return the entry of *layer*, whose name is the layer's in a tile, with the types of its fields."""
    ref, dimension = f"{tileset.theatre.id}.{layer.name}", _DIMENSIONS.get(layer.role)
    return {
        "id": layer.name,
        "title": pick(layer.title, "en") or layer.name,
        "dataType": "vector",
        **({} if dimension is None else {"geometryDimension": dimension}),
        "minTileMatrix": str(layer.minzoom),
        "maxTileMatrix": str(layer.maxzoom),
        "propertiesSchema": {
            "type": "object",
            "properties": {name: {"description": text} for name, text in layer.fields.items()},
        },
        "links": [links.to(f"/collections/{ref}", f"{_REL}/geodata", f"The collection {ref}")],
    }


def _licences(tileset: Tileset) -> Iterator[tuple[str, str]]:
    """Yield address and name of each source's page, once, where there is any."""
    seen = set()
    for served in tileset.layers:
        source = served.stored.layer.source
        url = link_of(source.url)
        if url and url not in seen:
            seen.add(url)
            yield url, text_of(source.licence)
