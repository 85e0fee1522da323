"""Names that columns commonly have, by which a draft of a mapping is begun."""

from __future__ import annotations

from collections.abc import Iterable

from tileserver.ingest.spelling import fold

DATES = ("date", "event_date", "datetime", "when", "day", "time", "timestamp", "datum", "дата")
STARTS = ("date_start", "start_date", "from", "_datefrom", "begin", "start", "valid_from", "first_seen_day")
ENDS = ("date_end", "end_date", "to", "_dateto", "end", "valid_to", "last_seen_day")
LONS = ("lon", "lng", "long", "longitude", "x", "länge", "laenge", "довгота", "долгота")
LATS = ("lat", "latitude", "y", "breite", "широта")
CLASSES = ("kind", "type", "event_type", "category", "status", "side", "class", "art", "тип", "held by")
IDS = ("id", "event_id", "event_id_cnty", "uid", "uuid", "globaleventid", "entry")
FIELDS = {  # of a layer -> columns
    "text": ("text", "notes", "note", "description", "comment", "d", "title", "name"),
    "url": ("url", "link", "source_url", "sourceurl", "urls", "sourcelink"),
    "place": ("place", "location", "town", "city", "settlement", "name"),
}


def column_called(columns: Iterable[str], names: Iterable[str]) -> str:
    """Return the column of the first of *names* that there is, whatever its case; empty for none."""
    folded = {fold(each): each for each in columns}
    return next((folded[fold(name)] for name in names if fold(name) in folded), "")
