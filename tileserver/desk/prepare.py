"""Raw features repaired, projected to EPSG:3857 and hashed; each distinct geometry once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import msgspec
import shapely

from tileserver.desk.storable import is_storable, storable_properties
from tileserver.findings import Finding
from tileserver.grid import BoundsLonLat
from tileserver.ingest import RawFeature, Report
from tileserver.ingest.report import Repair
from tileserver.model import Feature, Layer, Theatre, Value
from tileserver.shape.measure import area_km2
from tileserver.shape.project import to_lonlat
from tileserver.shape.repair import Repaired, repair_geometry

EPSG_3857 = 3857


def make_feature(geometry: shapely.Geometry, properties: Mapping[str, Value]) -> Feature:
    """Return the feature of a valid geometry in EPSG:3857 and its *properties*, with their hash."""
    wkb = shapely.to_wkb(shapely.set_srid(geometry, EPSG_3857), include_srid=True, byte_order=1)
    spelled = msgspec.json.encode(properties, order="deterministic")
    feature_hash = hashlib.blake2b(wkb + spelled, digest_size=16).digest()
    return Feature(feature_hash, dict(properties), wkb)


def repairs_of(repaired: Repaired, origin: str) -> Iterator[Repair]:
    """Yield the repairs of the feature from *origin*, each in degrees where land moved, or in the feature."""
    for finding in repaired.findings:
        if finding.treatment == "repaired":
            moved = repaired.moved.get(finding)
            where = repaired.geometry if moved is None or moved.is_empty else moved
            metres = shapely.get_coordinates(shapely.point_on_surface(where))
            lon, lat = to_lonlat(metres)[0].tolist()
            yield Repair(finding, origin, lon, lat, None if moved is None else area_km2(moved) * 1e6)


class Preparer:
    """Preparer of the features of one layer, with a memory of each distinct raw feature."""

    def __init__(self, theatre: Theatre, layer: Layer, report: Report) -> None:
        self.features: dict[bytes, Feature] = {}
        self._layer = layer
        self._bounds = BoundsLonLat(*(layer.bounds or theatre.bounds))
        self._anywhere = {each.code for each in layer.categories if each.scope == "anywhere"}
        self._report = report
        self._seen: dict[bytes, tuple[bytes | None, tuple[Finding, ...]]] = {}

    def prepare(self, feature: RawFeature) -> Feature | None:
        """Return *feature* repaired and hashed, or ``None`` where quarantined; the report says why."""
        if feature.period is not None and not is_storable(feature.period):
            self._report.quarantine(Finding.ABSURD_DATE, feature.origin, str(feature.period))
            return None
        properties, changed = storable_properties(feature.properties)
        for finding in changed:
            self._report.note(finding, feature.origin)
        spelled = msgspec.json.encode(properties, order="deterministic")
        raw = hashlib.blake2b(feature.geometry + b"\0" + spelled, digest_size=16).digest()
        if raw not in self._seen:
            self._seen[raw] = self._repair(feature, properties)
        feature_hash, findings = self._seen[raw]
        for finding in findings:
            if finding.treatment == "quarantined":
                self._report.quarantine(
                    finding, feature.origin, feature.geometry[:10_000].decode(errors="replace")
                )
            else:
                self._report.note(finding, feature.origin)
        return None if feature_hash is None else self.features[feature_hash]

    def _repair(
        self, raw: RawFeature, properties: dict[str, Value]
    ) -> tuple[bytes | None, tuple[Finding, ...]]:
        anywhere = properties.get(self._layer.category) in self._anywhere
        repaired = repair_geometry(raw.geometry, self._layer.kind, self._bounds, anywhere=anywhere)
        findings = repaired.findings
        if repaired.geometry is None:
            return None, findings
        self._report.repairs += repairs_of(repaired, raw.origin)
        feature = make_feature(repaired.geometry, properties)
        self.features[feature.feature_hash] = feature
        return feature.feature_hash, findings
