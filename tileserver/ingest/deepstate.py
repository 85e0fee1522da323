"""Snapshots in the dialect of the DeepState map: one GeoJSON file per publication, named by its time.

Geometry is handed on as the bytes it came in and never parsed here: of 100,000 areas in the archive
fewer than 9,000 are distinct.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from tileserver.errors import BadInstant, HostileSource, UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest.containers.sources import Opening, PlainFile, open_sources
from tileserver.ingest.crs import is_lonlat
from tileserver.ingest.dates import DateReader, Said
from tileserver.ingest.deepstate_status import is_no_claim, status_of
from tileserver.ingest.formats import seen_format
from tileserver.ingest.limits import LIMITS, MB, Limits
from tileserver.ingest.options import ReadOptions
from tileserver.ingest.raw import RawFeature, RawSnapshot
from tileserver.ingest.report import Report
from tileserver.model import Layer, Theatre
from tileserver.times import day_zone

# ``deepstate/1648989208.geojson`` and ``2023-10-01T181527Z_1696184127.geojson.gz``
_NAMED = re.compile(r"(?:^|[/_])([0-9]{9,10})\.(?:geo)?json(?:\.gz)?\Z")
_IS_JSON = re.compile(r"\.(?:geo)?json(?:\.gz)?\Z")
_POINT_HEADS = (b'{"type":"Point"', b'{"type": "Point"')
_AREA_HEADS = (b'{"type":"Polygon"', b'{"type":"GeometryCollection"', b'{"type":"MultiPolygon"')


class _Properties(msgspec.Struct):
    name: str | None = None
    fill: str | None = None


class _Feature(msgspec.Struct):
    geometry: msgspec.Raw = msgspec.Raw(b"null")
    properties: _Properties | None = None


class _Collection(msgspec.Struct, tag_field="type", tag="FeatureCollection"):
    features: list[_Feature]
    crs: Any = None


class _Geometry(msgspec.Struct):
    type: str


@dataclass(frozen=True, slots=True)
class _Member:
    """One file: its name for reports, its bytes unpacked, and the reason where there are none."""

    name: str
    data: bytes
    error: str = ""


_COLLECTION = msgspec.json.Decoder(_Collection)
_GEOMETRY = msgspec.json.Decoder(_Geometry)


def read(
    path: Path, theatre: Theatre, layer: Layer, options: ReadOptions, report: Report, limits: Limits = LIMITS
) -> Iterator[RawSnapshot]:
    """Yield the snapshots in *path*, ascending by publication time, each time once.

    Of several files with the same time the first in the order of names counts; a copy is left out,
    a different one is quarantined. A single file that cannot be read is an error; one among many is
    quarantined, and the state before it goes on holding.
    """
    dates = DateReader.of(layer.dates, day_zone(theatre.day_zone))
    last: tuple[datetime, bytes] | None = None
    found = False
    for source in open_sources(path, Opening(limits, lambda _: True, _order)):
        member, single = _member(source, path.name, limits), not source.member
        if single and not source.trouble and (what := _other_format(source.head)):
            raise UnreadableSource(f"{member.name} {what}")
        at = options.at if single and options.at else published(member.name)
        why = member.error or (_absurd(at, dates) if at else "its name says no publication time")
        if at is None or why:
            _refuse(member, why, single, report)
            continue
        found = True
        if last is not None and last[0] == at:
            _again(member, last[1] == member.data, report)
            continue
        last = (at, member.data)
        features = _features(member, single, report)
        if features is not None:
            yield _snapshot(member.name, at, features, layer, report)
    if not found and not report.total("quarantined"):
        raise UnreadableSource(
            f"{path.name} holds no snapshot; one is named by its publication time: 1696184127.geojson"
        )


def _member(source: PlainFile, file: str, limits: Limits) -> _Member:
    name = source.member or file
    if source.trouble:
        return _Member(name, b"", source.trouble)
    if source.path.stat().st_size > limits.member_bytes:
        raise HostileSource(f"{name} unpacks to more than {limits.member_bytes // MB} MB")
    return _Member(name, source.path.read_bytes())


def _other_format(head: bytes) -> str:
    """Return the format of a file by its first bytes, and a remedy; empty for JSON."""
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) or not head:
        return ""
    what, would_do = seen_format(head)
    return f"is {what}, and the files of this layer's reader are GeoJSON; {would_do}, and give --mapping"


def published(name: str) -> datetime | None:
    """Return the publication time that a file name says, in unix seconds."""
    match = _NAMED.search(name)
    return datetime.fromtimestamp(int(match[1]), UTC) if match else None


def _order(name: str) -> tuple[float, str]:
    at = published(name)
    return (at.timestamp() if at else 0.0, name)


def _absurd(at: datetime, dates: DateReader) -> str:
    """Return the reason why nothing can have been published at *at*, or an empty text."""
    try:
        dates.checked(Said(at, at, False))
    except BadInstant as error:
        return str(error)
    return ""


def _refuse(member: _Member, why: str, single: bool, report: Report) -> None:
    """Account for a file that is no snapshot, or says no time that can be, or cannot be unpacked."""
    if single:
        raise UnreadableSource(f"{member.name}: {why}; name it like 1696184127.geojson, or give it with --at")
    report.read += 1
    if _IS_JSON.search(member.name):
        report.quarantine(Finding.UNREADABLE_SNAPSHOT, member.name, why)
    else:
        report.note(Finding.NO_SNAPSHOT, member.name)


def _again(member: _Member, same: bool, report: Report) -> None:
    report.read += 1
    if same:
        report.note(Finding.DUPLICATE, member.name)
    else:
        report.quarantine(Finding.UNREADABLE_SNAPSHOT, member.name, "another file has the same time")


def _features(member: _Member, single: bool, report: Report) -> list[_Feature] | None:
    try:
        found = _COLLECTION.decode(member.data)
        if is_lonlat(found.crs):
            return found.features
        why = f"is in the reference system {str(found.crs)[:120]}; this dialect is in WGS 84"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        why = f"is {seen_format(member.data)[0]}, no GeoJSON FeatureCollection: {error}"
    if single:
        raise UnreadableSource(f"{member.name} {why}")
    report.read += 1
    report.quarantine(Finding.UNREADABLE_SNAPSHOT, member.name, f"it {why}")
    return None


def _snapshot(name: str, at: datetime, features: list[_Feature], layer: Layer, report: Report) -> RawSnapshot:
    report.read += len(features)
    kept: list[RawFeature] = []
    for index, feature in enumerate(features):
        area = _area(feature, f"{name}#{index}", at, layer, report)
        if area is not None:
            kept.append(area)
    return RawSnapshot(at, tuple(kept), name)


def _area(feature: _Feature, origin: str, at: datetime, layer: Layer, report: Report) -> RawFeature | None:
    """Return the area with its code, or ``None`` where the feature was left out or put aside."""
    geometry = bytes(feature.geometry)
    if geometry == b"null":
        report.quarantine(Finding.NULL_GEOMETRY, origin, _name(feature))
        return None
    if _is_point(geometry):
        report.note(Finding.UNIT_MARKER)  # no example: a position is not repeated in a report
        return None
    fill = (feature.properties.fill if feature.properties else None) or ""
    if is_no_claim(_name(feature), fill):
        report.note(Finding.NO_CLAIM, f"{origin}: {_name(feature)} {fill}")
        return None
    verdict = status_of(_name(feature), fill, at)
    if verdict.code not in layer.codes():
        report.quarantine(
            verdict.note or Finding.UNKNOWN_STATUS, origin, f"{_name(feature)} {fill}", geometry
        )
        return None
    if verdict.note is not None:
        report.note(verdict.note, f"{origin}: {_name(feature)} {fill} -> {verdict.code}")
    return RawFeature(geometry, {layer.category: verdict.code}, origin=origin)


def _name(feature: _Feature) -> str:
    return (feature.properties.name if feature.properties else None) or ""


def _is_point(geometry: bytes) -> bool:
    if geometry.startswith(_POINT_HEADS):
        return True
    if geometry.startswith(_AREA_HEADS):
        return False
    try:
        return _GEOMETRY.decode(geometry).type in ("Point", "MultiPoint")
    except msgspec.MsgspecError:
        return False
