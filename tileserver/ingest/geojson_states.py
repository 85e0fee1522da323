"""GeoJSON files each of which is the whole state of its day: a thing that is not in the file has ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tileserver.errors import BadInstant, BadParameter, UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest import archive
from tileserver.ingest.dates import day_in_name
from tileserver.ingest.geojson import Rules, begins_day, decode_feature, read_properties, said_date
from tileserver.ingest.limits import LIMITS, Limits
from tileserver.ingest.options import ReadOptions
from tileserver.ingest.raw import RawFeature, RawSnapshot
from tileserver.ingest.report import Report
from tileserver.ingest.texts import BROKEN, FEATURE, Texts, texts_of_data
from tileserver.model import Layer, Precision, Theatre

_IS_JSON = re.compile(r"\.(?:geo)?json(?:l|s|seq)?(?:\.gz)?\Z", re.IGNORECASE)
_FIRST = datetime.min.replace(tzinfo=UTC)


def read(
    path: Path, theatre: Theatre, layer: Layer, options: ReadOptions, report: Report, limits: Limits = LIMITS
) -> Iterator[RawSnapshot]:
    """Yield the states in *path*, a file, folder or archive, ascending by their date, each date once.

    A file's date is what the caller says (of a single file), else what its name says where the layer
    declares a pattern, else the one date that its features say, else the one ISO day in its name; a plain
    date is the beginning of its local day. Of several files with the same date the first in the order of
    names counts; a copy is left out, a different one is quarantined. A single file that cannot be read is
    an error; one among many is quarantined, and the state before it goes on holding.
    """
    rules = replace(Rules.of(theatre, layer, options), end=())  # a state ends where the next one begins
    if not path.is_dir() and not archive.is_tar(path):
        (member,) = archive.read_members(path, _name, limits)
        yield _state(member, _instant(member, rules), rules, report)
        return
    dates = {
        each.name: at for each in archive.read_members(path, _name, limits) if (at := _said_at(each, rules))
    }
    last: tuple[datetime, bytes] | None = None
    for member in archive.read_members(path, lambda name: (dates.get(name, _FIRST), name), limits):
        state = _one_of_many(member, last, rules, report)
        if state is not None:
            last = (state.at, member.data)
            yield state
    if last is None:
        raise UnreadableSource(
            f"{path.name} holds no state of a day; see that its files, or their names, say dates"
        )


def _name(name: str) -> str:
    return name


def _said_at(member: archive.Member, rules: Rules) -> datetime | None:
    """Return the instant from which a file's state holds, or ``None`` where that cannot be told."""
    try:
        return _instant(member, rules)
    except (BadParameter, UnreadableSource):
        return None


def _one_of_many(
    member: archive.Member, last: tuple[datetime, bytes] | None, rules: Rules, report: Report
) -> RawSnapshot | None:
    if not _IS_JSON.search(member.name):
        report.read += 1
        report.note(Finding.NO_SNAPSHOT, member.name)
        return None
    try:
        at = _instant(member, rules)
        if last is not None and last[0] == at:
            if last[1] == member.data:
                report.read += 1
                report.note(Finding.DUPLICATE, member.name)
                return None
            raise UnreadableSource(f"another file has the same time, {at:%Y-%m-%d %H:%M} UTC")
        return _state(member, at, rules, report)
    except (BadParameter, UnreadableSource) as error:
        report.read += 1
        report.quarantine(Finding.UNREADABLE_SNAPSHOT, member.name, str(error))
        return None


def _instant(member: archive.Member, rules: Rules) -> datetime:
    """Return the instant from which the file's state holds; `UnreadableSource` or `BadInstant` for none."""
    if member.error:
        raise UnreadableSource(f"{member.name}: {member.error}")
    if rules.at is not None:
        return rules.at
    declared = bool(rules.layer.dates.file_name)
    in_features = None if declared else _common(texts_of_data(member.data, member.name), rules)
    if in_features is not None:
        return in_features
    said = day_in_name(member.name, rules.dates)
    if said is None:
        raise UnreadableSource(
            f"{member.name}: neither its features nor its name say one date; name the file like"
            " control_2024-01-31.geojson, declare [layers.dates] file_name, or say --at"
        )
    return said.start


def _common(texts: Texts, rules: Rules) -> datetime | None:
    """Return the common date of all features, ``None`` where no feature has a date."""
    found: set[datetime] = set()
    for _, text in texts.each():
        try:
            said = said_date(FEATURE.decode(text), rules)
        except (*BROKEN, BadInstant):
            continue  # put aside when the features are read
        if said is not None:
            found.add(said.start)
    if len(found) > 1:
        raise UnreadableSource(
            f"{texts.name}: its features say {len(found)} dates, from {min(found):%Y-%m-%d} to"
            f" {max(found):%Y-%m-%d}; the whole state of a day has one"
        )
    return found.pop() if found else None


def _state(member: archive.Member, at: datetime, rules: Rules, report: Report) -> RawSnapshot:
    texts = texts_of_data(member.data, member.name)
    frame = rules.frame(texts)
    kept: list[RawFeature] = []
    for origin, text in texts.each():
        report.read += 1
        feature = decode_feature(text, origin, report)
        if feature is None:
            continue
        try:
            said_date(feature, rules)
        except BadInstant as error:
            report.quarantine(Finding.ABSURD_DATE, origin, str(error))
            continue
        properties = read_properties(feature, origin, rules, report)
        if properties is not None:
            geometry = frame.place(bytes(feature.geometry), origin, report)
            kept.append(RawFeature(geometry, properties, origin=origin))
    precision: Precision = "day" if begins_day(at, rules) else "instant"
    return RawSnapshot(at, tuple(kept), member.name, precision)
