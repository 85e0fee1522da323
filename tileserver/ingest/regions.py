"""A file of named regions: GeoJSON polygons in longitude and latitude, without dates (RFC 7946)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from tileserver.errors import BadParameter, UnreadableSource
from tileserver.ingest.containers.sources import open_only
from tileserver.ingest.limits import LIMITS, Limits, read_bounded

MAX_REGIONS = 10_000


class _Feature(msgspec.Struct):
    geometry: msgspec.Raw = msgspec.Raw(b"null")
    properties: dict[str, Any] | None = None


class _Collection(msgspec.Struct, tag_field="type", tag="FeatureCollection"):
    features: list[_Feature]


def read_regions(path: Path, name_field: str, *, limits: Limits = LIMITS) -> list[tuple[str, bytes]]:
    """Return the name of each feature in *path*, and its geometry as the text of a GeoJSON geometry.

    The name is what the property *name_field* says, or the first property that the first feature has.

    Raises
    ------
    UnreadableSource
        No GeoJSON FeatureCollection, or one without features.
    HostileSource
        Larger than *limits* allow.
    BadParameter
        A feature has no such property, or it says nothing.
    """
    with open_only(path, limits) as found, found.path.open("rb") as stream:
        data = read_bounded(stream, limits.member_bytes, path.name)
    try:
        features = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=_Collection).features
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableSource(f"{path.name} is no GeoJSON FeatureCollection: {error}") from error
    if not 0 < len(features) <= MAX_REGIONS:
        raise UnreadableSource(
            f"{path.name} has {len(features)} features; 1 to {MAX_REGIONS:,} can be regions"
        )
    field = name_field or next(iter(features[0].properties or {}), "")
    return [(_name(each, number, field, path), bytes(each.geometry)) for number, each in enumerate(features)]


def _name(feature: _Feature, number: int, field: str, path: Path) -> str:
    given = feature.properties or {}
    name = given.get(field)
    if not isinstance(name, str | int | float) or str(name).strip() == "":
        there = ", ".join(key for key, value in given.items() if isinstance(value, str)) or "none"
        raise BadParameter(
            f"{path.name}#{number} has no name in property {field[:40]!r}; properties with words are: {there}"
        )
    return str(name).strip()
