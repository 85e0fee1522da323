"""Parameters of paths and queries in the words of JSON Schema, by name, as `web.params` reads each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tileserver.grid import MAX_ZOOM
from tileserver.languages import LANGUAGES
from tileserver.publish.lettering import FONTS, SPRITE_FILES


class Parameter(NamedTuple):
    """A parameter in words, with the schema of its values and an example."""

    says: str
    schema: Mapping[str, Any]
    example: str | int | None = None


_TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}
_DAY = "2023-11-09"
_NUMBER: Mapping[str, Any] = {"type": "integer", "minimum": 0}
_REVISION: Mapping[str, Any] = {"type": "integer", "minimum": 1, "maximum": 999_999_999_999_999}
_SWITCH: Mapping[str, Any] = {"type": "string", "enum": ["0", "1"]}


def _pixels(low: int, high: int) -> Mapping[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


def _one_of(*texts: str) -> Mapping[str, Any]:
    return {"type": "string", "enum": list(texts)}


PATH: Mapping[str, Parameter] = {
    "tileset": Parameter("a theatre, a layer, or layers of one theatre with commas", _TEXT),
    "collectionId": Parameter("a theatre or a layer", _TEXT),
    "theatre": Parameter("a theatre", _TEXT),
    "style": Parameter("a theatre, or a theatre with -over, -full, -print, -mobile or -history", _TEXT),
    "tileMatrix": Parameter("the zoom", _TEXT, "6"),
    "tileRow": Parameter("the row, from the north", _NUMBER, 22),
    "tileCol": Parameter("the column, from the west", _NUMBER, 38),
    "z": Parameter("the zoom", {**_NUMBER, "maximum": MAX_ZOOM}, 6),
    "x": Parameter("the column, from the west", _NUMBER, 38),
    "y": Parameter("the row, from the north", _NUMBER, 22),
    "when": Parameter("a day, an instant, latest, a--b; and @ with a revision", _TEXT, _DAY),
    "version": Parameter("the name of a content, from Content-Location", _TEXT),
    "period": Parameter("a period of the TileJSON's time.history", _TEXT),
    "band": Parameter("the lowest zoom of a band", _NUMBER, 5),
    "from": Parameter("the first date", _TEXT, "2023-11-01"),
    "to": Parameter("the second date", _TEXT, _DAY),
    "fontstack": Parameter("a font, or several with commas", _one_of(*FONTS), FONTS[0]),
    "range": Parameter("the first and the last of 256 characters", _TEXT, "1024-1279"),
    "file": Parameter("the picture of the signs or its index", _one_of(*SPRITE_FILES), SPRITE_FILES[0]),
    "form": Parameter("the form of the picture", _one_of("png", "svg", "gif", "webp"), "svg"),
}
QUERY: Mapping[str, Parameter] = {
    "datetime": Parameter(
        "an instant, a local day, or an interval of either; unasked, the latest", _TEXT, _DAY
    ),
    "subset": Parameter("the same time, as an axis", _TEXT, f'datetime("{_DAY}")'),
    "revision": Parameter("as known in this revision; unasked, in the newest", _REVISION, 1),
    "known": Parameter("the first end as known in this revision", _REVISION),
    "f": Parameter("the form of the answer", _TEXT),
    "bbox": Parameter("west,south,east,north in degrees", _TEXT, "22,44,40,52"),
    "event": Parameter("layer.id of one event alone", _TEXT),
    "hide": Parameter("layer.field.code of events to leave out", _TEXT),
    "limit": Parameter("entries at most", _pixels(0, 2000), 10),
    "since": Parameter("a revision that is at hand", _REVISION, 1),
    "public": Parameter("how much was public then, from the last list", _TEXT),
    "zooms": Parameter("first-last", _TEXT, "0-8"),
    "after": Parameter("z/x/y, the last tile of the page before", _TEXT),
    "width": Parameter("pixels", _pixels(200, 2400), 400),
    "height": Parameter("pixels", _pixels(200, 2400), 300),
    "scale": Parameter("pixels of the picture to a pixel", _pixels(1, 3), 1),
    "map": Parameter("zoom/latitude/longitude", _TEXT, "5/48.3/37"),
    "theme": Parameter("light or dark", _one_of("light", "dark")),
    "lang": Parameter("the language", _one_of(*LANGUAGES)),
    "layers": Parameter("layers of the theatre, with commas", _TEXT),
    "events": Parameter("days of events", _one_of("1", "7", "30")),
    "frame": Parameter("whether date and credits stand around the map", _SWITCH),
    "labels": Parameter("whether places have names", _SWITCH),
    "legend": Parameter("whether the statuses are named", _SWITCH),
    "recent": Parameter("whether gains of the last days are drawn", _SWITCH),
    "theatre": Parameter("the theatre that the page shows", _TEXT),
    "url": Parameter("a link to the map", _TEXT),
    "maxwidth": Parameter("pixels", _pixels(1, 99999)),
    "maxheight": Parameter("pixels", _pixels(1, 99999)),
    "format": Parameter("the form of the answer", _one_of("json")),
}
