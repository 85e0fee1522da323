"""Plain GeoJSON whose dates stand in named properties: every feature with a period of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from tileserver.errors import BadInstant, BadParameter, UnreadableSource
from tileserver.event_keys import joined_key
from tileserver.findings import Finding
from tileserver.grid import BoundsLonLat
from tileserver.ingest.crs import is_lonlat
from tileserver.ingest.dates import DateReader, Said
from tileserver.ingest.fields import kept_fields, other_names
from tileserver.ingest.frame import Frame, find_frame
from tileserver.ingest.hidden import HiddenMark, without_sources
from tileserver.ingest.limits import LIMITS, Limits
from tileserver.ingest.mapping.values import text_of_value
from tileserver.ingest.options import ReadOptions
from tileserver.ingest.raw import RawFeature
from tileserver.ingest.report import Report
from tileserver.ingest.spelling import Vocabulary
from tileserver.ingest.texts import BROKEN, FEATURE, Feature, Texts, texts_of_file
from tileserver.model import Layer, Precision, Theatre, Value
from tileserver.times import Period, day_period, day_zone, local_day

START_COLUMNS = ("from", "start", "date", "datetime")  # looked for in this order where none is named
END_COLUMNS = ("to", "end")
RAW_LENGTH = 200  # of a row that is no feature


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules by which the features of one layer are read: its columns, dates, vocabulary and axes."""

    layer: Layer
    bounds: BoundsLonLat
    dates: DateReader
    vocabulary: Vocabulary
    at: datetime | None
    start: Sequence[str]
    end: Sequence[str]
    category: str
    axes: Literal["auto", "lonlat", "latlon"]
    event_key: Sequence[str]
    hidden: HiddenMark | None

    @classmethod
    def of(cls, theatre: Theatre, layer: Layer, options: ReadOptions) -> Rules:
        """Return the rules that *layer* declares, overridden by *options*.

        `BadInstant` where *options* have a date that cannot be.
        """
        dates = DateReader.of(layer.dates, day_zone(theatre.day_zone))
        if options.at is not None:
            dates.checked(Said(options.at, options.at, False))
        return cls(
            layer,
            BoundsLonLat(*(layer.bounds or theatre.bounds)),
            dates,
            Vocabulary.of(layer),
            options.at,
            (options.date_column,) if options.date_column else START_COLUMNS,
            (options.end_column,) if options.end_column else END_COLUMNS,
            options.category_column or layer.category,
            options.axes or layer.axes,
            options.key_columns or layer.event_key,
            HiddenMark.of(layer.evidence.hidden if layer.evidence else None),
        )

    def frame(self, texts: Texts) -> Frame:
        """Return how the coordinates of a file become longitude and latitude."""
        return find_frame(texts.geometries, texts.crs, self.axes, self.bounds, texts.name)


def read(
    path: Path, theatre: Theatre, layer: Layer, options: ReadOptions, report: Report, limits: Limits = LIMITS
) -> Iterator[RawFeature]:
    """Yield the features in *path*, each with its own period.

    The period goes from the start of what the date column says to the end of what the end column says:
    a plain date there includes its local day, an instant is where the half-open period ends, unless the
    layer declares otherwise. Without an end, a window layer's feature lasts what its date says (a day or an
    instant), a state layer's holds from then on. Without any date, `ReadOptions.at` is the start, or the
    feature is quarantined.
    """
    rules = Rules.of(theatre, layer, options)
    if path.is_dir():
        raise UnreadableSource(
            f"{path.name} is a folder; import its files one by one, or say --whole-state where each of them"
            " is all that holds from its date on"
        )
    texts = texts_of_file(path, limits)
    frame = rules.frame(texts)
    for origin, text in texts.each():
        report.read += 1
        feature = decode_feature(text, origin, report)
        dated = None if feature is None else _dated(feature, origin, rules, report)
        if feature is None or dated is None:
            continue
        properties = read_properties(feature, origin, rules, report)
        if properties is not None:
            geometry = frame.place(bytes(feature.geometry), origin, report)
            yield RawFeature(geometry, properties, dated[0], origin, dated[1], _event_key(feature, rules))


def decode_feature(text: bytes, origin: str, report: Report) -> Feature | None:
    """Return the feature in *text*, bytes of JSON, or ``None`` where broken or nowhere, and so put aside."""
    try:
        feature = FEATURE.decode(text)
    except BROKEN as error:
        shown = text[:RAW_LENGTH].decode("utf-8", "replace")
        report.quarantine(Finding.UNREADABLE_ROW, origin, f"{error}: {shown}")
        return None
    if bytes(feature.geometry) == b"null":
        report.quarantine(Finding.NULL_GEOMETRY, origin, _raw(feature))
        return None
    if not is_lonlat(feature.crs):
        report.quarantine(
            Finding.UNREADABLE, origin, f"it has a reference system of its own: {str(feature.crs)[:120]}"
        )
        return None
    return feature


def said_date(feature: Feature, rules: Rules) -> Said | None:
    """Return the date in the first start column of *feature* that is not empty; ``None`` where all are.

    `BadInstant` where the column has no date.
    """
    value = _first(feature.properties or {}, rules.start)
    return None if value is None else rules.dates.read(value)


def read_properties(feature: Feature, origin: str, rules: Rules, report: Report) -> dict[str, Value] | None:
    """Return the feature's properties that the layer declares, the status as a code.

    ``None`` where the feature was put aside for a status that is not declared, or left out for its source.
    """
    given = feature.properties or {}
    if rules.hidden is not None and (refused := rules.hidden.refuses(given, report)):
        report.turn_away(refused[0], origin, refused[1])
        return None
    category, said = rules.layer.category, given.get(rules.category)
    named = {**given, category: said} if category else given
    if rules.vocabulary.codes:
        code = rules.vocabulary.read(said)
        if code is None:
            hint = rules.vocabulary.hint(said)
            report.quarantine(Finding.UNKNOWN_STATUS, origin, f"{hint}: {_raw(feature)}")
            return None
        if code != said:
            report.note(Finding.SPELLING, f"{origin}: {str(said)[:80]!r} -> {code}")
        named = {**named, category: code}
    used = {*rules.layer.fields, *rules.start, *rules.end, *rules.event_key, rules.category}
    used |= {rules.hidden.column} if rules.hidden else set()
    if other := other_names(given, used):
        report.note(Finding.OTHER_FIELDS, f"{origin}: {', '.join(other)}")
    kept = kept_fields(named, rules.layer, lambda finding, what: report.note(finding, f"{origin}: {what}"))
    if rules.hidden is not None and rules.hidden.is_on(given):
        report.note(Finding.WITHOUT_SOURCES, origin)
        return without_sources(kept, rules.layer)
    return kept


def _event_key(feature: Feature, rules: Rules) -> str:
    """Return the key of *feature*, in the properties that the layer declares; empty for none."""
    said = {"id": feature.id, **(feature.properties or {})}
    return joined_key(text_of_value(said.get(name)) for name in rules.event_key)


def _dated(feature: Feature, origin: str, rules: Rules, report: Report) -> tuple[Period, Precision] | None:
    """Return the period of *feature* and its precision, or ``None`` where the feature was put aside."""
    try:
        return _period(feature, rules)
    except BadParameter as error:
        report.quarantine(Finding.ABSURD_DATE, origin, f"{error}: {_raw(feature)}")
        return None


def _period(feature: Feature, rules: Rules) -> tuple[Period, Precision]:
    said = said_date(feature, rules)
    start = said.start if said else rules.at
    if start is None:
        raise BadInstant("it has no date")
    until = _first(feature.properties or {}, rules.end)
    if until is not None:
        end = rules.dates.read_end(until)
    else:
        end = said.end if said and rules.layer.time == "window" else None
    if end is not None and end <= start:
        raise BadInstant("it ends before it starts")
    is_day = (said.is_day if said else begins_day(start, rules)) or rules.dates.says_day(until)
    return Period(start, end), "day" if is_day else "instant"


def begins_day(at: datetime, rules: Rules) -> bool:
    """Whether *at*, given by the caller without a precision, is the first instant of a local day."""
    return day_period(local_day(at, rules.dates.zone), rules.dates.zone).start == at


def _first(given: dict[str, Any], names: Sequence[str]) -> Any:
    """Return the first of the properties *names* that says anything, or ``None``."""
    return next((given[name] for name in names if given.get(name) not in (None, "")), None)


def _raw(feature: Feature) -> str:
    return msgspec.json.encode(feature.properties or {}).decode()
