"""Raw features repaired, projected to EPSG:3857 and hashed; each distinct geometry once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

import msgspec
import shapely

from tileserver.desk.evidence import Undeclared, obey
from tileserver.desk.own_place import tells_place
from tileserver.desk.storable import is_storable, storable_properties
from tileserver.event_keys import event_id, has_keys
from tileserver.findings import Finding
from tileserver.grid import BoundsLonLat
from tileserver.ingest import RawFeature, Report
from tileserver.ingest.hidden import without_sources
from tileserver.ingest.report import Repair
from tileserver.model import Feature, Layer, Theatre, Value, hash_id
from tileserver.shape.coarsen import coarsen
from tileserver.shape.measure import area_km2
from tileserver.shape.project import to_lonlat
from tileserver.shape.repair import Repaired, repair_geometry

EPSG_3857 = 3857
_TILE_DECIMALS = 5  # of a degree, about as fine as the grid of the last zoom: so many are not rounded to


def make_feature(
    geometry: shapely.Geometry, properties: Mapping[str, Value], keyed_id: int | None = None
) -> Feature:
    """Return the feature of a valid geometry in EPSG:3857 and its *properties*, with their hash.

    Of an event that has a key, its *keyed_id* goes into the first half of the hash alone: two events of which
    the same is said are two, and the second half still tells that the same is said (`said_of`).
    """
    wkb = shapely.to_wkb(shapely.set_srid(geometry, EPSG_3857), include_srid=True, byte_order=1)
    feature = Feature(_hash(wkb, properties), dict(properties), wkb)
    if keyed_id is None:
        return feature
    own = hashlib.blake2b(keyed_id.to_bytes(8, "big") + feature.feature_hash, digest_size=8).digest()
    return Feature(own + said_of(feature.feature_hash), feature.properties, wkb, keyed_id)


def unkeyed_hash(feature: Feature) -> bytes:
    """Return the hash, 16 bytes, that *feature* would have if its source had no keys."""
    return _hash(feature.wkb, feature.properties)


def _hash(wkb: bytes, properties: Mapping[str, Value]) -> bytes:
    spelled = msgspec.json.encode(properties, order="deterministic")
    return hashlib.blake2b(wkb + spelled, digest_size=16).digest()


def said_of(feature_hash: bytes) -> bytes:
    """Return the half, 8 bytes, of a hash that is over geometry and properties alone, whatever the key."""
    return feature_hash[8:]


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
        self._has_keys = has_keys(layer)
        self._bounds = BoundsLonLat(*(layer.bounds or theatre.bounds))
        self._anywhere = {each.code for each in layer.categories if each.scope == "anywhere"}
        self._declares = bool(layer.vocabularies or layer.evidence)
        self._is_inexact = bool(layer.evidence and layer.evidence.is_inexact)
        self._report = report
        self.hidden: dict[int, bytes | None] = {}  # ids that are hidden now, with the hash that may stay
        self._theatre = theatre
        self._seen: dict[bytes, tuple[bytes | None, tuple[Finding, ...]]] = {}

    def prepare(self, feature: RawFeature) -> Feature | None:
        """Return *feature* repaired and hashed, or ``None`` where quarantined; the report says why."""
        if feature.hidden:
            return self._hide(feature)
        if feature.period is not None and not is_storable(feature.period):
            period = str(feature.period)
            self._report.quarantine(Finding.ABSURD_DATE, feature.origin, period, feature.geometry)
            return None
        try:
            properties, metres = self._kept(feature)
        except Undeclared as undeclared:
            self._report.turn_away(undeclared.finding, feature.origin, str(undeclared))
            return None
        keyed_id = self._keyed_id(feature)
        spelled = msgspec.json.encode(properties, order="deterministic")
        named = b"" if keyed_id is None else b"\0%d" % keyed_id
        raw = hashlib.blake2b(feature.geometry + b"\0" + spelled + named, digest_size=16).digest()
        if raw not in self._seen:
            self._seen[raw] = self._repair(feature, properties, metres, keyed_id)
        feature_hash, findings = self._seen[raw]
        for finding in findings:
            if finding.treatment == "quarantined":
                shown = feature.geometry[:10_000].decode(errors="replace")
                self._report.quarantine(finding, feature.origin, shown, feature.geometry)
            else:
                self._report.note(finding, feature.origin)
        return None if feature_hash is None else self.features[feature_hash]

    def _keyed_id(self, feature: RawFeature) -> int | None:
        if not feature.event_key or not self._has_keys:
            return None
        if self._is_inexact and tells_place({"": feature.event_key}, feature.geometry):
            return None  # the id follows from the key, and would tell the place to whoever tries places
        return event_id(self._layer.name, feature.event_key)

    def _hide(self, feature: RawFeature) -> Feature | None:
        """Return *feature* without its sources, or ``None``, as the desk decided.

        What may be public of it is known by its key, or by what it would say if no source were hidden.
        """
        ids = self._ids(feature)
        self.hidden |= dict.fromkeys(ids)
        if feature.hidden == "leave_out":
            self._report.note(Finding.HIDDEN, feature.origin)
            return None
        self._report.note(Finding.WITHOUT_SOURCES, feature.origin)
        bare = self.prepare(
            replace(feature, properties=without_sources(feature.properties, self._layer), hidden="")
        )
        if bare is not None and bare.id in ids:
            self.hidden[bare.id] = bare.feature_hash
        return bare

    def _ids(self, feature: RawFeature) -> set[int]:
        """Return the ids in tiles under which *feature* may be public: by key and by content."""
        keyed_id = self._keyed_id(feature)
        ids = set() if keyed_id is None else {keyed_id}
        if not feature.geometry:
            return ids
        before = Preparer(self._theatre, self._layer, Report()).prepare(replace(feature, hidden=""))
        return ids if before is None else {*ids, before.id, hash_id(unkeyed_hash(before))}

    def _kept(self, feature: RawFeature) -> tuple[dict[str, Value], float]:
        """Return the properties as stored, and the metres that bound the place; `Undeclared` for none."""
        properties, found = storable_properties(feature.properties)
        metres = 0.0
        if self._declares:
            properties, metres, more = obey(properties, self._layer)
            found += more
        told = tells_place(properties, feature.geometry) if metres else set()
        if told:
            properties = {name: value for name, value in properties.items() if name not in told}
        if told or (self._is_inexact and tells_place({"": feature.event_key}, feature.geometry)):
            found += (Finding.PLACE_TOLD,)
        for finding in found:
            self._report.note(finding, feature.origin)
        return properties, metres

    def _repair(
        self, raw: RawFeature, properties: dict[str, Value], metres: float, keyed_id: int | None
    ) -> tuple[bytes | None, tuple[Finding, ...]]:
        anywhere = properties.get(self._layer.category) in self._anywhere
        repaired = repair_geometry(raw.geometry, self._layer.kind, self._bounds, anywhere=anywhere)
        findings = repaired.findings
        if repaired.geometry is None:
            return None, findings
        self._report.repairs += repairs_of(repaired, raw.origin)
        place, moved = self._bounded(repaired.geometry, metres)
        findings += moved
        feature = make_feature(place, properties, keyed_id)
        self.features[feature.feature_hash] = feature
        return feature.feature_hash, findings

    def _bounded(
        self, geometry: shapely.Geometry, metres: float
    ) -> tuple[shapely.Geometry, tuple[Finding, ...]]:
        """Return a place no more exact than its class and its layer allow; areas and lines unchanged.

        They are bounded by the grid of each zoom. Here, before hashing and storing, so that no way out of the
        server, no past revision and no copy of the database can tell more.
        """
        decimals = self._layer.precision
        if not isinstance(geometry, shapely.Point) or (not metres and decimals >= _TILE_DECIMALS):
            return geometry, ()
        place = coarsen(geometry, metres, decimals, self._bounds)
        return place, (Finding.COARSENED,) if metres else ()
