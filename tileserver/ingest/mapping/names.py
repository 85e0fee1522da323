"""Names that columns commonly have, by which a draft of a mapping is begun."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tileserver.ingest.spelling import fold

DATES = ("date", "event_date", "datetime", "when", "day", "time", "timestamp", "datum", "дата")
STARTS = ("date_start", "start_date", "from", "_datefrom", "begin", "start", "valid_from", "first_seen_day")
ENDS = ("date_end", "end_date", "to", "_dateto", "end", "valid_to", "last_seen_day")
LONS = ("lon", "lng", "long", "longitude", "x", "länge", "laenge", "довгота", "долгота")
LATS = ("lat", "latitude", "y", "breite", "широта")
PLAIN_LONS = ("lon", "lng", "long", "longitude")  # of files without a mapping
PLAIN_LATS = ("lat", "latitude")
CLASSES = ("kind", "type", "event_type", "category", "status", "side", "class", "art", "тип", "held by")
IDS = ("id", "event_id", "event_id_cnty", "uid", "uuid", "globaleventid", "entry")
FIELDS = {  # of a layer -> columns
    "text": ("text", "notes", "note", "description", "comment", "d", "title", "name"),
    "url": ("url", "link", "source_url", "sourceurl", "urls", "sourcelink"),
    "place": ("place", "location", "town", "city", "settlement", "name"),
}
# Words within a name: "SiND Event ID", "Type of Health Facility", "Event Description".
ID_WORDS = ("id", "uid", "uuid")
CLASS_WORDS = ("kind", "type", "category", "class")
FIELD_WORDS = {"text": ("description", "notes", "text"), "url": ("url", "link"), "place": ("place",)}
# Of columns that may say that a row is not for publication.
HIDING_WORDS = (
    *("confidential", "confidentiality", "hidden", "hide", "withdrawn", "retracted", "status", "visible"),
    *("visibility", "sichtbar", "public", "publish", "published", "publication", "private", "sensitive"),
    *("sensitivity", "restricted"),
)
# Of values that say whether a row is published, and are no kinds of events.
PUBLICATION = (
    *("published", "unpublished", "withdrawn", "retracted", "draft", "public", "hidden", "deleted"),
    *("archived", "pending", "confidential"),
)

# HXL tags (hxlstandard.org), the most telling first.
HXL_DATES = ("#date+occurred", "#date+event", "#date+start", "#date")
HXL_STARTS = ("#date+start",)
HXL_ENDS = ("#date+end",)
HXL_LONS = ("#geo+lon", "#geo+lng", "#lon_deg", "#lon")
HXL_LATS = ("#geo+lat", "#lat_deg", "#lat")
HXL_IDS = ("#event+id", "#incident+id", "#meta+id", "#id")
HXL_CLASSES = ("#event+type", "#incident+type", "#event+code", "#loc+facility+type", "#event", "#cause")
HXL_HIDING = ("#meta+confidential", "#meta+hidden", "#status")
HXL_FIELDS = {
    "text": ("#description", "#event+description", "#event+name"),
    "url": ("#meta+url", "#contact+url"),
    "place": ("#loc+name", "#adm4+name", "#adm3+name", "#adm2+name", "#adm1+name"),
}


def column_called(columns: Iterable[str], names: Iterable[str]) -> str:
    """Return the column of the first of *names* that there is, whatever its case; empty for none.

    Where none is called exactly so, brackets, signs and underscores of the columns say nothing either: "Lat.
    (WGS84)" is called "lat".
    """
    columns, names = list(columns), list(names)
    for spell in (fold, _bare):
        spelled = {spell(each): each for each in reversed(columns)}
        for name in names:
            if found := spelled.get(spell(name)):
                return found
    return ""


def columns_about(columns: Iterable[str], words: Iterable[str]) -> Iterator[str]:
    """Yield the columns with one of *words* in the name, columns with the first word first."""
    columns = list(columns)
    for word in words:
        yield from (each for each in columns if word in words_of(each))


def words_of(name: str) -> list[str]:
    """Return the words of a column's *name*, in small letters."""
    return _bare(name).split()


def _bare(name: str) -> str:
    outside = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", fold(name))
    return " ".join(re.findall(r"[^\W_]+", outside))
