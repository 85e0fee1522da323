"""Geolocated footage in the dialect of the UAControlMap archive: one CSV row per event.

Columns ``date_key`` (YYYYMMDD, the local day of the report), ``side`` (whose unit is shown: ru, ua),
``lon``, ``lat`` in degrees, ``d`` (a description by a stranger, with the URL of its source). Others are
ignored.
"""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from tileserver.errors import BadInstant, UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest.containers.sources import open_only
from tileserver.ingest.formats import seen_format
from tileserver.ingest.limits import LIMITS, Limits, lines_bounded
from tileserver.ingest.options import ReadOptions
from tileserver.ingest.raw import RawFeature
from tileserver.ingest.report import Report
from tileserver.model import Layer, Theatre, Value
from tileserver.times import Period, day_period, day_zone, parse_day, system_clock

COLUMNS = ("date_key", "side", "lon", "lat", "d")
FIRST_DAY = date(2014, 1, 1)  # nothing in this dialect is older than the war it records
TEXT_LENGTH = 1000

_URL = re.compile(r"(?i:https?)://(?:(?!\|https?://)[^\s<>\"'])+")  # lists of some publishers: a|b
_URL_RUN = re.compile(rf"\(?{_URL.pattern}(?:[\s,;&|]*(?:and\b)?\s*{_URL.pattern})*\)?")
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
_NUMBER = re.compile(r"-?[0-9]{1,4}(?:\.[0-9]{1,20})?\Z")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def read(
    path: Path, theatre: Theatre, layer: Layer, _: ReadOptions, report: Report, limits: Limits = LIMITS
) -> Iterator[RawFeature]:
    """Yield the events in *path*; each lasts its local day in *theatre*. Exact copies are left out.

    The columns say what is longitude and what is latitude, so no axes are swapped: an event whose numbers
    are the wrong way round lies outside the bounds, and is put aside for somebody to look at.
    """
    zone = day_zone(theatre.day_zone)
    seen: set[tuple[object, ...]] = set()
    for origin, row in _rows(path, limits):
        report.read += 1
        feature = _feature(row, origin, layer, zone, report)
        if feature is None:
            continue
        key = (feature.geometry, feature.period, *sorted(feature.properties.items()))
        if key in seen:
            report.note(Finding.DUPLICATE, origin)
            continue
        seen.add(key)
        yield feature


def _rows(path: Path, limits: Limits) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row by column name with its place in the file."""
    with open_only(path, limits) as found, found.path.open("rb") as stream:
        lines = (line.decode("utf-8", "replace") for line in lines_bounded(stream, limits, path.name))
        reader = csv.reader(lines)
        try:
            header = [column.lstrip("\ufeff").strip() for column in next(reader, [])]
            if missing := [column for column in COLUMNS if column not in header]:
                raise UnreadableSource(
                    f"{path.name} has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)};"
                    f" by the look of it, it is {seen_format(found.head)[0]}"
                )
            for row in reader:
                yield f"{path.name}:{reader.line_num}", dict(zip(header, row, strict=False))
        except csv.Error as error:
            raise UnreadableSource(f"{path.name}:{reader.line_num} is no CSV: {error}") from error


def _feature(
    row: dict[str, str], origin: str, layer: Layer, zone: ZoneInfo, report: Report
) -> RawFeature | None:
    raw = msgspec.json.encode(row).decode()
    if not all(column in row for column in COLUMNS):
        report.quarantine(Finding.UNREADABLE_ROW, origin, raw)
        return None
    period = _day(row["date_key"], zone)
    geometry = _point(row["lon"], row["lat"])
    if period is None or geometry is None or row["side"] not in layer.codes():
        report.quarantine(_why(period, geometry), origin, raw)
        return None
    properties = _properties(row, layer, origin, report)
    return RawFeature(geometry, properties, period, origin)


def _why(period: Period | None, geometry: bytes | None) -> Finding:
    if period is None:
        return Finding.ABSURD_DATE
    return Finding.UNREADABLE if geometry is None else Finding.UNKNOWN_STATUS


def _day(key: str, zone: ZoneInfo) -> Period | None:
    try:
        day = parse_day(f"{key[:4]}-{key[4:6]}-{key[6:]}")
        tomorrow = system_clock().date() + timedelta(days=1)
        return day_period(day, zone) if FIRST_DAY <= day <= tomorrow else None
    except BadInstant:
        return None


def _point(lon: str, lat: str) -> bytes | None:
    if not (_NUMBER.match(lon) and _NUMBER.match(lat)):
        return None
    return f'{{"type":"Point","coordinates":[{float(lon)!r},{float(lat)!r}]}}'.encode()


def _properties(row: dict[str, str], layer: Layer, origin: str, report: Report) -> dict[str, Value]:
    text, urls = split_sources(row["d"])
    if not text:
        report.note(Finding.MISSING_TEXT, origin)
    if not urls:
        report.note(Finding.MISSING_SOURCE, origin)
    elif len(urls) > 1:
        report.note(Finding.MORE_SOURCES, origin)
    key = row["date_key"]
    said: dict[str, Value] = {"side": row["side"], "date": f"{key[:4]}-{key[4:6]}-{key[6:]}"}
    if text:
        said["text"] = text
    if urls:
        said["url"] = urls[0]
    return {name: value for name, value in said.items() if name in layer.fields}


def split_sources(description: str) -> tuple[str, list[str]]:
    """Return the plain text of *description*, without markup, and its distinct URLs, in order.

    Two passes of unescaping and of dropping tags, so that escaped markup does not come back as markup;
    what remains is still a stranger's text, to be shown as text only.
    """
    for _ in range(2):
        description = _TAG.sub(" ", html.unescape(description))
    description = _UNSEEN.sub(" ", description)
    urls = list(dict.fromkeys(url.rstrip(").,;") for url in _URL.findall(description)))
    return " ".join(_URL_RUN.sub(" ", description).split())[:TEXT_LENGTH], urls
