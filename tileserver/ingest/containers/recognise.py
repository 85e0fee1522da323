"""Containers told by their first bytes, whatever the file's name is."""

from __future__ import annotations

import re

from tileserver.errors import UnreadableSource
from tileserver.ingest.containers.encodings import seen_encoding
from tileserver.ingest.containers.sources import PlainFile
from tileserver.ingest.containers.table import Dialect
from tileserver.ingest.formats import seen_format

CONTAINERS = (
    *("csv", "geojson", "geojsonseq", "json", "topojson", "kml"),
    *("shapefile", "gpkg", "fgb", "parquet", "xlsx"),
)
JSON = ("geojson", "geojsonseq", "json", "topojson")
_MAGIC = (
    (b"fgb\x03", "fgb"),
    (b"PAR1", "parquet"),
    (b"SQLite format 3\0", "gpkg"),
    (b"\x00\x00\x27\x0a", "shapefile"),
    (b"PK\x03\x04", "xlsx"),  # other zip archives are opened before
)
_KML = re.compile(r"<(?:\w+:)?kml[\s>/]")  # wherever: a document type may come before, to be refused there
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_SEPARATORS = ",;\t|"


def recognise(source: PlainFile, dialect: Dialect) -> str:
    """Return the container of *source*, "json" for all of JSON.

    `UnreadableSource` names the format where it is no container, or not the declared one.
    """
    seen = _seen(source, is_table=dialect.container == "csv")
    declared = "json" if dialect.container in JSON else dialect.container
    if declared and seen != declared:
        raise UnreadableSource(
            f"it is {seen}, and declared as {dialect.container}; declare what it is, or nothing"
        )
    return seen


def _seen(source: PlainFile, *, is_table: bool) -> str:
    for magic, container in _MAGIC:
        if source.head.startswith(magic):
            return container
    encoding = seen_encoding(source.head)
    text = source.head.decode(encoding, "replace").lstrip("\ufeff\x1e \t\r\n")
    if text.startswith("<") and _KML.search(text):
        return "kml"
    if text.startswith(("{", "[")) and not is_table:
        if encoding.startswith("utf-16"):
            raise UnreadableSource("it is JSON in UTF-16; save it in UTF-8")
        return "json"
    line = text.split("\n", 1)[0]
    if (
        not text.startswith("<")
        and (is_table or any(each in line for each in _SEPARATORS))
        and not _CONTROL.search(line)
    ):
        return "csv"
    what, would_do = _format(text) if text.startswith("<") else seen_format(source.head)
    raise UnreadableSource(f"it is {what}; {would_do}")


def _format(text: str) -> tuple[str, str]:
    return seen_format(text.encode("utf-8", "replace"))
