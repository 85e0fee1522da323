"""Drafts: the desk's words on an event or note, checked against its layer and made into a feature."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

import msgspec
import shapely

from tileserver.complaints import near_miss
from tileserver.desk.prepare import Preparer, make_feature
from tileserver.errors import BadInstant, BadParameter
from tileserver.findings import Finding
from tileserver.grid import BoundsLonLat
from tileserver.ingest import END_COLUMNS, START_COLUMNS, RawFeature, Report
from tileserver.ingest.fields import kept_fields
from tileserver.model import DIRECTION, Feature, Layer, Revision, Theatre, Value
from tileserver.shape.project import to_lonlat
from tileserver.store.amendments import StoredEvent
from tileserver.store.catalogue import StoredLayer
from tileserver.times import TICK, Period, day_period, day_zone, local_day, parse_day

Place: TypeAlias = tuple[float, float]  # longitude, latitude in degrees

_MEANT = frozenset((Finding.COARSENED, Finding.EXACTNESS_UNSAID))  # what a layer declares to be done


@dataclass(frozen=True, slots=True)
class Draft:
    """Words to be said of an event or note; all else stays.

    ``fields`` are those of the layer, '' takes one away. ``place`` is longitude and latitude in degrees.
    ``first`` and ``last`` are local days, both included; ``last`` alone moves the end.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    place: Place | None = None
    first: date | None = None
    last: date | None = None
    base: Revision | None = None  # the revision in which what it was made from began to be known


@dataclass(frozen=True, slots=True)
class Drafted:
    """The feature that a draft makes, in its half-open period; ``before`` gives way to the feature."""

    feature: Feature
    start: datetime
    end: datetime | None
    before: StoredEvent | None

    @property
    def number(self) -> int:
        """The id of the event in tiles."""
        return self.feature.id if self.before is None else self.before.id

    @property
    def place(self) -> Place:
        """Longitude and latitude in degrees."""
        lon, lat = to_lonlat(shapely.get_coordinates(shapely.from_wkb(self.feature.wkb)))[0].tolist()
        return lon, lat

    @property
    def is_said(self) -> bool:
        """Whether that is said already, so that nothing changes."""
        before = self.before
        return (
            before is not None
            and (before.start, before.end) == (self.start, self.end)
            and before.wkb == self.feature.wkb
            and dict(before.properties) == self.feature.properties
        )


def make_drafted(stored: StoredLayer, number: int, draft: Draft, before: StoredEvent | None) -> Drafted:
    """Return *draft* as the feature of the event *number*, the id in tiles, in place of *before*.

    Raises
    ------
    BadParameter
        A field, word, place or day that the layer does not have or allow, with what would do; nothing of it
        is cut, moved or left out.
    """
    theatre, layer = stored.theatre, stored.layer
    if before is not None and draft.base not in (None, before.known_from):
        raise BadParameter(
            f"{number} was changed meanwhile, in revision {before.known_from}; look at it, and say it again"
        )
    period = _period(draft, before, theatre)
    properties = _properties(draft, before, layer)
    properties |= _said_days(layer, properties, before, period, theatre)
    if layer.role == "notes":
        _check_note(properties, theatre)
    if draft.place is not None:
        check_place(draft.place, theatre, layer)
    prepared = _prepared(_raw(draft, before, properties, period), theatre, layer)
    wkb = before.wkb if before is not None and _keeps_place(draft, before, prepared, layer) else prepared.wkb
    feature = make_feature(shapely.from_wkb(wkb), prepared.properties, number)
    assert period.start is not None  # of local days, or as it was
    return Drafted(feature, period.start, period.end, before)


def _check_note(said: Mapping[str, Value], theatre: Theatre) -> None:
    """Raise `BadParameter` unless a note says its direction, and something in a language at least."""
    if not any(name.startswith("text") for name in said):
        raise BadParameter("say what the note says, in a language at least: en=...")
    if DIRECTION not in said:
        there = ", ".join(each.id for each in theatre.directions)
        raise BadParameter(f"say its direction{f': {there}, or other words' if there else ''}")


def _raw(
    draft: Draft, before: StoredEvent | None, properties: Mapping[str, Value], period: Period
) -> RawFeature:
    place = draft.place or (None if before is None else (before.lon, before.lat))
    if place is None:
        raise BadParameter("say where it is: a place, longitude first, or a direction that has one")
    geometry = msgspec.json.encode({"type": "Point", "coordinates": place})
    return RawFeature(geometry, properties, period, "the draft")


def _keeps_place(draft: Draft, before: StoredEvent, prepared: Feature, layer: Layer) -> bool:
    """Whether the place stays as stored; `BadParameter` where a more exact place is not said."""
    if draft.place is not None:
        return False
    old, new = (_metres(said, layer) for said in (before.properties, prepared.properties))
    if new < old:
        raise BadParameter("say the place: it is to be told more exactly, and only the inexact one is stored")
    return new == old


def is_coarser(drafted: Drafted, layer: Layer) -> bool:
    """Whether *drafted* tells its place less exactly than the row before."""
    before = drafted.before
    if before is None:
        return False
    return _metres(drafted.feature.properties, layer) > _metres(before.properties, layer)


def _metres(said: Mapping[str, Value], layer: Layer) -> float:
    """Return the width in metres of the square in whose middle a place is put; 0 where the place stays."""
    evidence = layer.evidence
    if evidence is None:
        return 0.0
    return next((each.metres for each in evidence.classes if each.code == said.get(evidence.exactness)), 0.0)


def check_place(place: Place, theatre: Theatre, layer: Layer) -> None:
    """Raise `BadParameter` unless *place* lies where the layer may; swapped coordinates are told."""
    bounds = BoundsLonLat(*(layer.bounds or theatre.bounds))
    lon, lat = place
    if bounds.contains(lon, lat):
        return
    where = f"{lon:g},{lat:g} lies outside the bounds of layer {layer.name}"
    if bounds.contains(lat, lon):
        raise BadParameter(f"{where}, and {lat:g},{lon:g} inside: longitude comes first")
    raise BadParameter(where)


def _properties(draft: Draft, before: StoredEvent | None, layer: Layer) -> dict[str, Value]:
    kept = dict(before.properties) if before is not None else {}
    for name in draft.fields:
        if name not in layer.fields:
            there = ", ".join(layer.fields)
            raise BadParameter(
                f"layer {layer.name} has no field {name[:40]!r}{near_miss(name, layer.fields)};"
                f" it has {there}"
            )
        kept.pop(name, None)
    return {**kept, **_checked(draft.fields, layer)}


def _checked(fields: Mapping[str, str], layer: Layer) -> dict[str, Value]:
    """Return *fields* that say something; `BadParameter` where anything would be lost."""
    lost: list[str] = []
    given = {name: text.strip() for name, text in fields.items() if text.strip()}
    kept = kept_fields(given, layer, lambda finding, words: lost.append(f"{words}: {finding.meaning}"))
    if lost:
        raise BadParameter("; ".join(lost))
    said = kept.get(layer.category)
    if layer.categories and said is not None and said not in layer.codes():
        codes = [each.code for each in layer.categories]
        raise BadParameter(
            f"{said!r} is no {layer.category}{near_miss(str(said), codes)}; there are {', '.join(codes)}"
        )
    return kept


def _prepared(raw: RawFeature, theatre: Theatre, layer: Layer) -> Feature:
    """Return *raw* as an import would store the feature; `BadParameter` where anything would be left out."""
    report = Report()
    feature = Preparer(theatre, layer, report).prepare(raw)
    faults = [finding for finding in report.counts if finding not in _MEANT]
    if feature is None or faults:
        words = [f"{'; '.join(report.examples[each])}: {each.meaning}" for each in faults]
        raise BadParameter("; ".join(words) or "it is no point that the layer can have")
    return feature


def _period(draft: Draft, before: StoredEvent | None, theatre: Theatre) -> Period:
    """Return the period of local days that *draft* says; without any, the one of before."""
    if draft.first is None and draft.last is None:
        if before is None:
            raise BadInstant("say of which day it is, or from which day to which")
        return Period(before.start, before.end)
    zone = day_zone(theatre.day_zone)
    start, end = (None, None) if before is None else (before.start, before.end)
    if draft.first is not None:
        start = day_period(draft.first, zone).start
    last = draft.last or (draft.first if end is None or (start is not None and end <= start) else None)
    if last is not None:
        end = day_period(last, zone).end
    if start is None:
        raise BadInstant("say its first day, or its only one, as well as its last")
    if end is not None and end <= start:
        raise BadInstant(f"its last day {last} is before its first, {local_day(start, zone)}")
    return Period(start, end)


def _said_days(
    layer: Layer,
    properties: Mapping[str, Value],
    before: StoredEvent | None,
    period: Period,
    theatre: Theatre,
) -> dict[str, Value]:
    """Return the fields that say a day, with the days of *period*; none where the period stays."""
    if before is not None and (before.start, before.end) == (period.start, period.end):
        return {}
    days = days_of(period.start, period.end, theatre)
    return {
        name: day.isoformat()
        for name, day in _day_fields(layer, *days)
        if before is None or name not in properties or _is_day(properties[name])
    }


def _day_fields(layer: Layer, first: date, last: date) -> Iterator[tuple[str, date]]:
    yield from ((name, first) for name in START_COLUMNS if name in layer.fields and name != "datetime")
    yield from ((name, last) for name in END_COLUMNS if name in layer.fields)


def _is_day(value: Value) -> bool:
    try:
        parse_day(str(value))
    except BadInstant:
        return False
    return True


def days_of(start: datetime | None, end: datetime | None, theatre: Theatre) -> tuple[date, date]:
    """Return the first and the last local day of ``[start, end)``, both included."""
    zone = day_zone(theatre.day_zone)
    assert start is not None  # of an event
    return local_day(start, zone), local_day(start if end is None else end - TICK, zone)
