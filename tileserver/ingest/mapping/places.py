"""Geometries of rows as texts of GeoJSON in the file's coordinates: from columns, or the container's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec
import shapely

from tileserver.geometry import MAX_DEPTH, write_geometry
from tileserver.ingest.containers.table import Row
from tileserver.ingest.mapping.declared import Decimals, GeometryRule, spelled
from tileserver.ingest.mapping.values import number_of, says, value_at

Kind: TypeAlias = Literal["areas", "lines", "points"]

_KINDS: dict[Kind, tuple[str, str]] = {
    "areas": ("Polygon", "MultiPolygon"),
    "lines": ("LineString", "MultiLineString"),
    "points": ("Point", "MultiPoint"),
}
_CLOSED = 4  # positions of the shortest ring


class NoPlace(ValueError):
    """Columns with words or numbers that are no geometry."""


class _Typed(msgspec.Struct):
    type: str = ""


_TYPE = msgspec.json.Decoder(_Typed)


@dataclass(frozen=True, slots=True)
class Places:
    """Reader of the geometries of one source."""

    rule: GeometryRule
    decimal: Decimals

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that have the geometry; none where the container has a geometry itself."""
        rule = self.rule
        given = (rule.lon, rule.lat, rule.wkt, rule.geojson, rule.coordinates)
        return tuple(spelled(each) for each in given if each != "")

    @property
    def are_lonlat(self) -> bool:
        """Whether a column is declared as longitude and another as latitude."""
        return self.rule.lon != ""

    def read(self, row: Row) -> bytes | None:
        """Return the UTF-8 text of a GeoJSON geometry, in the file's coordinates; ``None`` for none.

        `NoPlace` where columns say what is no geometry.
        """
        rule = self.rule
        if not self.columns:
            return row.geometry
        if self.are_lonlat:
            return self._point(row)
        value = value_at(row.values, self.columns[0])
        if not says(value):
            return None
        if rule.wkt != "":
            return _wkt(value)
        return _geojson(value) if rule.geojson != "" else _coordinates(value, rule.shape)

    def _point(self, row: Row) -> bytes | None:
        said = [value_at(row.values, spelled(each)) for each in (self.rule.lon, self.rule.lat)]
        if not any(map(says, said)):
            return None
        is_degrees = not self.rule.crs
        lon, lat = (number_of(each, self.decimal, is_degrees=is_degrees) for each in said)
        if lon is None or lat is None:
            words = f"{str(said[0])[:40]!r}, {str(said[1])[:40]!r} are no longitude and latitude"
            raise NoPlace(words + self._other_sign(said))
        return f'{{"type":"Point","coordinates":[{lon!r},{lat!r}]}}'.encode()

    def _other_sign(self, said: list[Any]) -> str:
        """Return advice for coordinates with the decimal sign that is not declared."""
        both = (number_of(each, ".,", is_degrees=True) for each in said)
        if self.decimal == ".," or any(each is None for each in both):
            return ""
        sign, name = (",", "comma") if self.decimal == "." else (".", "point")
        return (
            f'; with a decimal {name} say [file] decimal = "{sign}", and where the file has both signs'
            ' decimal = [".", ","]'
        )


def kind_of(geometry: bytes) -> Kind | None:
    """Return the kind that the type of a GeoJSON geometry, UTF-8, says; ``None`` for any other."""
    said = _type(geometry)
    return next((kind for kind, types in _KINDS.items() if said in types), None)


def is_of_kind(geometry: bytes, kind: Kind) -> bool:
    """Whether the text of a GeoJSON geometry, UTF-8, says a type that a layer of *kind* has a use for.

    A collection is looked into, and what cannot be read is put aside, when the geometry is repaired.
    """
    return _type(geometry) in ("", "GeometryCollection", *_KINDS[kind])


def _type(geometry: bytes) -> str:
    try:
        return _TYPE.decode(geometry).type
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def _wkt(value: Any) -> bytes:
    text = str(value).strip()
    text = text.partition(";")[2] if text[:5].upper() == "SRID=" else text
    if text.count("(") > 0 and _nesting(text) > MAX_DEPTH:
        raise NoPlace(f"its WKT nests deeper than {MAX_DEPTH} brackets")
    try:
        shape = shapely.from_wkt(text)
    except (shapely.errors.GEOSException, ValueError, TypeError, NotImplementedError) as error:
        raise NoPlace(f"{text[:40]!r} is no WKT: {str(error)[:80]}") from error
    if shape is None or shape.is_empty:
        raise NoPlace(f"{text[:40]!r} is an empty geometry")
    return write_geometry(shape)


def _nesting(text: str) -> int:
    deepest = depth = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        deepest = max(deepest, depth)
        if deepest > MAX_DEPTH:
            break
    return deepest


def _geojson(value: Any) -> bytes:
    return value.encode("utf-8", "replace") if isinstance(value, str) else msgspec.json.encode(value)


def _coordinates(value: Any, shape: Literal["point", "line", "area"]) -> bytes:
    """Return the geometry of a bare list: a position, a line or lines, a ring or rings; a ring is closed."""
    try:
        given = msgspec.json.decode(value) if isinstance(value, str) else value
    except (msgspec.MsgspecError, RecursionError) as error:
        raise NoPlace(f"{str(value)[:40]!r} is no list of numbers") from error
    if not isinstance(given, list) or not given:
        raise NoPlace(f"{str(given)[:40]!r} is no list of numbers")
    if shape == "point":
        return _encoded("Point", given)
    are_several = isinstance(given[0], list) and bool(given[0]) and isinstance(given[0][0], list)
    if shape == "line":
        return _encoded("MultiLineString" if are_several else "LineString", given)
    rings = given if are_several else [given]
    return _encoded("Polygon", [_closed(ring) for ring in rings])


def _closed(ring: Any) -> Any:
    if not isinstance(ring, list) or len(ring) < _CLOSED - 1:
        raise NoPlace("a ring has to have three places or more")
    return ring if ring[0] == ring[-1] else [*ring, ring[0]]


def _encoded(kind: str, coordinates: Any) -> bytes:
    return msgspec.json.encode({"type": kind, "coordinates": coordinates})
