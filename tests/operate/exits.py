"""Every way out of a running map over the island, by route: what is asked while something is withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tileserver.grid import address_at

PLACE = (-29.5, 45.0)  # longitude, latitude: where the wrong things are
DAY = "2024-05-15"  # of which the map had told already
_BEFORE, _AFTER = "2024-05-12", "2024-05-18"
_TILESETS = ("merrow", "merrow.zones", "merrow.battles", "merrow.texts")
_AT = address_at(*PLACE, 6)
_ROWS_FIRST = f"{_AT.z}/{_AT.y}/{_AT.x}"
_ARCGIS = "/arcgis/rest/services/{tileset}/{when}/VectorTileServer"
_SMALL = "width=200&height=200&map=6/45/-29.5"

# Places of events, of which the island has none; and pages, which name the newest day, a right one.
UNTOLD = {"/tilesets/{tileset}/places", "/", "/embed", "/oembed"}
# Routes that are asked here, though tests/embargo/exits.py says that they tell nothing of what is secret.
CORRECTIONS = ("/corrections/{theatre}", "/corrections/{theatre}.atom", "/corrections/{theatre}.json")


def asked(document: Any, located: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return paths by route; *document* is the TileJSON of the theatre, *located* has immutable paths.

    The latter are those that dated answers named while the wrong things were public, by what they begin with.
    """
    page, found = f"theatre=merrow&lang=en&at={DAY}", _of_tilesets()
    periods = [
        each["id"]
        for each in document["time"]["history"]["periods"]
        if each["first_day"] <= DAY <= each["last_day"]
    ]
    found["/tiles/{tileset}/{version}/{z}/{x}/{y}.mvt"] = list(located["/tiles/"])
    found["/changes/{tileset}/{from}/{to}/{z}/{x}/{y}.mvt"] += [
        path for path in located["/changes/"] if path.endswith(".mvt")
    ]
    found["/history/{tileset}/{period}/{z}/{x}/{y}.mvt"] = [
        f"/history/merrow/{each}/{_AT}.mvt" for each in periods
    ]
    found["/history/{tileset}/{period}/faces/{band}.json"] = [
        f"/history/merrow/{each}/faces/5.json" for each in periods
    ]
    embedded = quote(f"http://127.0.0.1/embed?theatre=merrow&at={DAY}", safe="")
    return found | {
        "/": [f"/?{page}", "/?theatre=merrow"],
        "/embed": [f"/embed?{page}"],
        "/oembed": [f"/oembed?url={embedded}"],
        "/tilesets": ["/tilesets"],
        "/developers": ["/developers"],
        "/collections": ["/collections"],
        "/tiles": ["/tiles"],
        "/tiles/WebMercatorQuad": ["/tiles/WebMercatorQuad"],
        "/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}": [
            f"/tiles/WebMercatorQuad/{_ROWS_FIRST}?datetime={DAY}"
        ],
        "/styles/{style}.json": [f"/styles/merrow-history.json?datetime={DAY}"],
        "/pictures/{theatre}.{form}": [
            f"/pictures/merrow.{form}?{_SMALL}&datetime={DAY}" for form in ("svg", "png")
        ],
        "/corrections/{theatre}": ["/corrections/merrow"],
        "/corrections/{theatre}.atom": ["/corrections/merrow.atom"],
        "/corrections/{theatre}.json": [
            "/corrections/merrow.json",
            f"/corrections/merrow.json?datetime={DAY}",
        ],
    }


def dated() -> list[str]:
    """Return the dated paths that name an immutable one for what they answer."""
    tiles = [f"/tiles/{tileset}/{_AT}.mvt?datetime={DAY}" for tileset in _TILESETS]
    return [*tiles, f"/changes/merrow.zones/{_BEFORE}/{DAY}/{_AT}.mvt"]


def _of_tilesets() -> dict[str, list[str]]:
    changes = f"/changes/merrow.zones/{_BEFORE}/{DAY}"
    each = {
        "/tiles/{tileset}/{z}/{x}/{y}.mvt": f"/tiles/{{tileset}}/{_AT}.mvt?datetime={DAY}",
        "/tiles/{tileset}/{z}/{x}/{y}.pbf": f"/tiles/{{tileset}}/{_AT}.pbf?datetime={DAY}",
        "/dated/{tileset}/{when}/{z}/{x}/{y}.mvt": f"/dated/{{tileset}}/{DAY}/{_AT}.mvt",
        "/dated/{tileset}/{when}/{z}/{x}/{y}.pbf": f"/dated/{{tileset}}/{DAY}/{_AT}.pbf",
        f"{_ARCGIS}/tile/{{z}}/{{y}}/{{x}}.pbf": f"{_ARCGIS.replace('{when}', DAY)}/tile/{_ROWS_FIRST}.pbf",
        "/collections/{collectionId}": "/collections/{tileset}",
        "/collections/{collectionId}/tiles": "/collections/{tileset}/tiles",
        "/collections/{collectionId}/tiles/WebMercatorQuad": "/collections/{tileset}/tiles/WebMercatorQuad",
        "/collections/{collectionId}/tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}": (
            f"/collections/{{tileset}}/tiles/WebMercatorQuad/{_ROWS_FIRST}?datetime={DAY}"
        ),
        "/tilesets/{tileset}": "/tilesets/{tileset}",
        "/tilesets/{tileset}.json": "/tilesets/{tileset}.json",
        "/tilesets/{tileset}/timeline": "/tilesets/{tileset}/timeline",
        "/tilesets/{tileset}/places": "/tilesets/{tileset}/places",
        "/tilesets/{tileset}/events.json": f"/tilesets/{{tileset}}/events.json?datetime={DAY}",
        "/tilesets/{tileset}/changed": "/tilesets/{tileset}/changed?zooms=0-8&since=2",
    }
    found = {route: [path.replace("{tileset}", name) for name in _TILESETS] for route, path in each.items()}
    for form in ("km2", "gains"):
        for ending in ("json", "csv"):
            found[f"/tilesets/{{tileset}}/{form}.{ending}"] = [
                f"/tilesets/merrow.zones/{form}.{ending}?datetime={_BEFORE}/{_AFTER}"
            ]
    return found | {
        "/changes/{tileset}/{from}/{to}/{z}/{x}/{y}.mvt": [f"{changes}/{_AT}.mvt"],
        "/changes/{tileset}/{from}/{to}.json": [f"{changes}.json"],
        "/changes/{tileset}/{from}/{to}/sides.json": [f"{changes}/sides.json"],
    }
