"""Plain GeoJSON, whole or one feature a line, whose dates stand in named properties.

RFC 7946 (FeatureCollection, Feature) and RFC 8142 or newline-delimited sequences of features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tileserver.errors import BadInstant, BadParameter, UnreadableSource
from tileserver.ingest.archive import open_file
from tileserver.ingest.limits import LIMITS, Limits, lines_bounded, read_bounded
from tileserver.ingest.options import ReadOptions
from tileserver.ingest.report import Report
from tileserver.model import Finding, Layer, RawFeature, Value
from tileserver.times import TICK, Period, parse_datetime

START_COLUMNS = ("from", "start", "date", "datetime")  # looked for in this order where none is named
END_COLUMNS = ("to", "end")
VALUE_LENGTH = 4000


class _Feature(msgspec.Struct, tag_field="type", tag="Feature"):
    geometry: msgspec.Raw = msgspec.Raw(b"null")
    properties: dict[str, Any] | None = None


class _Collection(msgspec.Struct, tag_field="type", tag="FeatureCollection"):
    features: list[msgspec.Raw]


_FEATURE = msgspec.json.Decoder(_Feature)
_COLLECTION = msgspec.json.Decoder(_Collection)
_BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class _Rules:
    """How the features of one file are read: which properties carry what, and what they are read into."""

    layer: Layer
    zone: ZoneInfo
    at: datetime | None
    start: Sequence[str]
    end: Sequence[str]
    category: str


def read(
    path: Path, layer: Layer, zone: ZoneInfo, options: ReadOptions, report: Report, *, limits: Limits = LIMITS
) -> Iterator[RawFeature]:
    """Yield the features in *path*, each with its own period.

    The period goes from the start of what the date column says to the end of what the end column says:
    a plain date there includes its local day, an instant is where the half-open period ends. Without an
    end, a window layer's feature lasts what its date says (a day or an instant), a state layer's holds
    from then on. Without any date, `ReadOptions.at` is the start, or the feature is quarantined.
    """
    start = (options.date_column,) if options.date_column else START_COLUMNS
    end = (options.end_column,) if options.end_column else END_COLUMNS
    rules = _Rules(layer, zone, options.at, start, end, options.category_column or layer.category)
    for origin, text in _texts(path, limits):
        report.read += 1
        try:
            feature = _FEATURE.decode(text)
        except _BROKEN as error:
            shown = text[:200].decode("utf-8", "replace")
            report.quarantine(Finding.UNREADABLE_ROW, origin, f"{error}: {shown}")
            continue
        kept = _keep(feature, origin, rules, report)
        if kept is not None:
            yield kept


def _texts(path: Path, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Yield the text of each feature with its place in the file."""
    if _is_collection(path, limits):
        with open_file(path) as stream:
            data = read_bounded(stream, limits.member_bytes, path.name)
        for index, raw in enumerate(_decode_collection(data, path)):
            yield f"{path.name}#{index}", bytes(raw)
        return
    with open_file(path) as stream:
        for number, line in enumerate(lines_bounded(stream, limits, path.name), start=1):
            text = line.strip(b"\x1e \t\r\n")  # RFC 8142 2: a record separator before each text
            if text:
                yield f"{path.name}:{number}", text


def _decode_collection(data: bytes, path: Path) -> list[msgspec.Raw]:
    try:
        return _COLLECTION.decode(data.removeprefix(b"\xef\xbb\xbf")).features
    except _BROKEN as error:
        raise UnreadableSource(
            f"{path.name} is no GeoJSON FeatureCollection, nor one feature a line: {error}"
        ) from error


def _is_collection(path: Path, limits: Limits) -> bool:
    """Whether the file is one document: its first line is not a whole feature of its own."""
    with open_file(path) as stream:
        first = stream.readline(min(limits.line_bytes, limits.member_bytes) + 1).strip(b"\x1e \t\r\n")
    try:
        return msgspec.json.decode(first, type=_Kind).type != "Feature"
    except _BROKEN:
        return True


class _Kind(msgspec.Struct):
    type: str = ""


def _keep(feature: _Feature, origin: str, rules: _Rules, report: Report) -> RawFeature | None:
    given = feature.properties or {}
    raw = msgspec.json.encode(given).decode()
    geometry = bytes(feature.geometry)
    if geometry == b"null":
        report.quarantine(Finding.NULL_GEOMETRY, origin, raw)
        return None
    try:
        period = _period(given, rules)
    except BadParameter as error:
        report.quarantine(Finding.ABSURD_DATE, origin, f"{error}: {raw}")
        return None
    properties = _properties(given, rules)
    codes = rules.layer.codes()
    if codes and properties.get(rules.layer.category) not in codes:
        report.quarantine(Finding.UNKNOWN_STATUS, origin, raw)
        return None
    if other := _others(given, rules):
        report.note(Finding.OTHER_FIELDS, f"{origin}: {', '.join(other)}")
    return RawFeature(geometry, properties, period, origin)


def _period(given: dict[str, Any], rules: _Rules) -> Period:
    said = _first(given, rules.start, rules.zone)
    until = _first(given, rules.end, rules.zone)
    start = said.start if said else rules.at
    if start is None:
        raise BadInstant("it has no date")
    if until is not None:
        is_instant = until.start is not None and until.end == until.start + TICK
        end = until.start if is_instant else until.end
    else:
        end = said.end if said and rules.layer.time == "window" else None
    if end is not None and end <= start:
        raise BadInstant("it ends before it starts")
    return Period(start, end)


def _first(given: dict[str, Any], names: Sequence[str], zone: ZoneInfo) -> Period | None:
    """Return what the first of the properties *names* that says anything says."""
    for name in names:
        value = given.get(name)
        if value is None or value == "":
            continue
        if not isinstance(value, str) or "/" in value:
            raise BadInstant(f"{str(value)[:40]!r} is no date; write 2023-11-09 or 2023-11-09T12:00:00Z")
        return parse_datetime(value.strip(), zone)
    return None


def _properties(given: dict[str, Any], rules: _Rules) -> dict[str, Value]:
    """Return what the layer declares; words, numbers and truth values only."""
    fields = rules.layer.fields
    named = {**given, rules.layer.category: given.get(rules.category)}
    return {
        name: value[:VALUE_LENGTH] if isinstance(value, str) else value
        for name, value in named.items()
        if name in fields and isinstance(value, str | int | float | bool) and value != ""
    }


def _others(given: dict[str, Any], rules: _Rules) -> list[str]:
    """Return the names of the properties that are not kept."""
    known = {*rules.layer.fields, *rules.start, *rules.end, rules.category}
    return [name for name in given if name not in known]
