"""A raw feature becomes a content: repaired, projected, hashed; each geometry once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
import shapely

from tileserver.desk.storable import is_storable, storable_properties
from tileserver.findings import Finding
from tileserver.grid import BoundsLonLat
from tileserver.ingest import Report
from tileserver.model import Layer, RawFeature, Theatre, Value
from tileserver.shape.repair import repair_geometry
from tileserver.store.revisions import VersionRow

EPSG_3857 = 3857
_ID_BITS = 53  # the whole numbers that JavaScript has


@dataclass(frozen=True, slots=True)
class Content:
    """One feature's geometry and properties, and the hash that names them."""

    key: bytes
    properties: dict[str, Value]
    wkb: bytes

    @property
    def id(self) -> int:
        """The feature's id in tiles: the same in every state, revision and database."""
        return int.from_bytes(self.key[:8], "big") >> (64 - _ID_BITS)

    def row(self, start: datetime, end: datetime | None) -> VersionRow:
        """Return the version of this content that holds in ``[start, end)``."""
        return VersionRow(self.id, self.key, start, end, dict(self.properties), self.wkb)


def make_content(geometry: shapely.Geometry, properties: Mapping[str, Value]) -> Content:
    """Name a valid geometry in EPSG:3857 and its properties by their hash."""
    wkb = shapely.to_wkb(shapely.set_srid(geometry, EPSG_3857), include_srid=True, byte_order=1)
    spelled = msgspec.json.encode(properties, order="deterministic")
    key = hashlib.blake2b(wkb + spelled, digest_size=16).digest()
    return Content(key, dict(properties), wkb)


class Preparer:
    """Prepares the features of one layer, remembering what each distinct raw feature became."""

    def __init__(self, theatre: Theatre, layer: Layer, report: Report) -> None:
        self.contents: dict[bytes, Content] = {}
        self._layer = layer
        self._bounds = BoundsLonLat(*(layer.bounds or theatre.bounds))
        self._anywhere = {each.code for each in layer.categories if each.scope == "anywhere"}
        self._report = report
        self._seen: dict[bytes, tuple[bytes | None, tuple[Finding, ...]]] = {}

    def prepare(self, feature: RawFeature) -> Content | None:
        """Return the content of *feature*, or ``None`` where it was quarantined; the report says why."""
        if feature.period is not None and not is_storable(feature.period):
            self._report.quarantine(Finding.ABSURD_DATE, feature.origin, str(feature.period))
            return None
        properties, changed = storable_properties(feature.properties)
        for finding in changed:
            self._report.note(finding, feature.origin)
        spelled = msgspec.json.encode(properties, order="deterministic")
        raw = hashlib.blake2b(feature.geometry + b"\0" + spelled, digest_size=16).digest()
        if raw not in self._seen:
            self._seen[raw] = self._repair(feature.geometry, properties)
        key, findings = self._seen[raw]
        for finding in findings:
            if finding.treatment == "quarantined":
                self._report.quarantine(
                    finding, feature.origin, feature.geometry[:10_000].decode(errors="replace")
                )
            else:
                self._report.note(finding, feature.origin)
        return None if key is None else self.contents[key]

    def _repair(
        self, geometry: bytes, properties: dict[str, Value]
    ) -> tuple[bytes | None, tuple[Finding, ...]]:
        anywhere = properties.get(self._layer.category) in self._anywhere
        repaired = repair_geometry(geometry, self._layer.kind, self._bounds, anywhere=anywhere)
        findings = repaired.findings
        if repaired.geometry is None:
            return None, findings
        content = make_content(repaired.geometry, properties)
        self.contents[content.key] = content
        return content.key, findings
