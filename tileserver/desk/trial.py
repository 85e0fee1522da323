"""A file tried by a mapping: all features that would be imported, and all losses, without a database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import shapely

from tileserver.desk.judge import Ruling, Tally, judge_tally
from tileserver.desk.prepare import Preparer
from tileserver.errors import ImportFailed
from tileserver.findings import Finding
from tileserver.geometry import write_geometry
from tileserver.ingest import RawFeature, Report
from tileserver.ingest.mapping.load import LoadedMapping
from tileserver.ingest.mapping.opening import open_source
from tileserver.ingest.mapping.places import Kind, NoPlace, kind_of
from tileserver.ingest.mapping.plan import IntakePlan
from tileserver.ingest.mapping.reader import read_features, read_snapshots
from tileserver.ingest.mapping.standin import theatre_for
from tileserver.ingest.mapping.starts import TableSource
from tileserver.model import Feature, Layer, Theatre, Value
from tileserver.shape.project import to_lonlat
from tileserver.times import Period, format_instant

_LOOKED_AT = 200  # rows, for the kind of a layer that is not given


@dataclass(frozen=True, slots=True)
class TriedTable:
    """A table of the file: its place, container and columns, and the dialect that was found out."""

    place: str
    container: str
    columns: tuple[str, ...]
    seen: dict[str, str]
    taken: bool


@dataclass(frozen=True, slots=True)
class TriedFeature:
    """A feature as an import would have the feature; *geometry* is GeoJSON in longitude and latitude."""

    origin: str
    start: str
    end: str
    properties: dict[str, Value]
    geometry: dict[str, Any]


@dataclass(slots=True)
class Trial:
    """Account of a file tried by a mapping; *refusal* says why nothing of the file would be imported.

    *rulings* are reasons to hold an import back that need no database; none without a layer.
    """

    layer: Layer
    tables: list[TriedTable] = field(default_factory=list)
    features: list[TriedFeature] = field(default_factory=list)
    categories: Counter[str] = field(default_factory=Counter)
    snapshots: int = 0
    report: Report = field(default_factory=Report)
    refusal: str = ""
    rulings: list[Ruling] = field(default_factory=list)


def try_mapping(
    path: Path,
    loaded: LoadedMapping,
    place: tuple[Theatre, Layer] | None,
    at: datetime | None,
    *,
    most: int | None = None,
    complete: bool = False,
) -> Trial:
    """Return the account of the file at *path*, tried by *loaded* in the layer at *place*, or in a stand-in.

    Features are repaired as an import does it, and are held to the bounds; *at* is UTC. At *most* so many
    features are kept of all that are counted. Where a *place* is given, it is judged whether an import, of a
    *complete* file or not, would be held back. `BadParameter` where the mapping does not fit the layer,
    `ImportFailed` for a file that cannot be opened.
    """
    layer = place[1] if place else None
    place = place or _stand_in(path, loaded)
    plan = IntakePlan.of(loaded, *place, at)
    source = open_source(path, plan.dialect, lookups=plan.lookup_files)
    trial = Trial(place[1], tables=[_table(each, plan, source.file) for each in source.tables(None)])
    try:
        for raw, feature in _prepared(
            _raw(source, plan, trial), Preparer(*place, trial.report), trial.report
        ):
            trial.categories[str(feature.properties.get(plan.layer.category, ""))] += 1
            if most is None or len(trial.features) < most:
                trial.features.append(_feature(raw, feature))
    except ImportFailed as error:
        trial.refusal = str(error)
    if layer is not None and not trial.refusal:
        trial.rulings = _judged(layer, trial.report, complete=complete)
    return trial


def _judged(layer: Layer, report: Report, *, complete: bool) -> list[Ruling]:
    """Return the reasons to hold an import back that its account alone gives."""
    aside = {each.meaning: n for each, n in report.counts.items() if each.treatment == "quarantined"}
    return judge_tally(layer, Tally(report.read, report.imported, aside, complete))


def _stand_in(path: Path, loaded: LoadedMapping) -> tuple[Theatre, Layer]:
    theatre = theatre_for(loaded.rules, "points")
    plan = IntakePlan.of(loaded, theatre, theatre.layers[0])
    source = open_source(path, plan.dialect, lookups=plan.lookup_files)
    theatre = theatre_for(loaded.rules, _kind(source, loaded, theatre))
    return theatre, theatre.layers[0]


def _prepared(
    features: Iterator[RawFeature], preparer: Preparer, report: Report
) -> Iterator[tuple[RawFeature, Feature]]:
    """Yield each distinct feature that would be imported, as read and as stored; count all features."""
    seen: set[tuple[bytes, Period | None]] = set()
    for raw in features:
        feature = preparer.prepare(raw)
        if feature is None:
            continue
        if (feature.feature_hash, raw.period) in seen:
            report.note(Finding.DUPLICATE, raw.origin)
            continue
        seen.add((feature.feature_hash, raw.period))
        report.imported += 1
        yield raw, feature


def _raw(source: TableSource, plan: IntakePlan, trial: Trial) -> Iterator[RawFeature]:
    """Yield the features of the source; features of a snapshot hold from its instant on."""
    if plan.rules.means == "features":
        yield from read_features(source, plan, trial.report)
        return
    for snapshot in read_snapshots(source, plan, trial.report):
        trial.snapshots += 1
        for raw in snapshot.features:
            period = Period(snapshot.at, None)
            yield RawFeature(raw.geometry, raw.properties, period, raw.origin, snapshot.precision)


def _feature(raw: RawFeature, feature: Feature) -> TriedFeature:
    assert raw.period is not None
    end = format_instant(raw.period.end) if raw.period.end else ""
    start = format_instant(raw.period.start)
    return TriedFeature(raw.origin, start, end, dict(feature.properties), _geometry(raw, feature))


def _geometry(raw: RawFeature, feature: Feature) -> dict[str, Any]:
    """Return a point as stored, which may be less exact; lines and areas as in the file."""
    shape = shapely.from_wkb(feature.wkb)
    if shape.geom_type != "Point":
        return dict(msgspec.json.decode(raw.geometry))
    lonlat = shapely.set_srid(shapely.transform(shape, to_lonlat), 0)
    return dict(msgspec.json.decode(write_geometry(shapely.set_precision(lonlat, 1e-7))))


def _table(table: Any, plan: IntakePlan, file: str) -> TriedTable:
    place = "/".join(each for each in (table.member or file, table.name) if each)
    return TriedTable(place, table.container, table.columns, dict(table.seen), plan.takes(table, file))


def _kind(source: TableSource, loaded: LoadedMapping, theatre: Theatre) -> Kind:
    """Return the kind of most of the first geometries of *source*."""
    plan = IntakePlan.of(loaded, theatre, theatre.layers[0])
    counts: Counter[Kind] = Counter()
    for table in source.taken(plan):
        for row in islice(table.rows(), _LOOKED_AT):
            try:
                geometry = None if row.trouble else plan.places.read(row)
            except NoPlace:
                continue
            if geometry is not None and (kind := kind_of(geometry)) is not None:
                counts[kind] += 1
    return counts.most_common(1)[0][0] if counts else "points"
