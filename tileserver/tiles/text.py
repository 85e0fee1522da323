"""A tile as text, for goldens, for `tileserver tile --text`, and for measuring drawn geometry."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
import shapely
from shapely.geometry import shape

from tileserver.grid import EXTENT, TileAddress


def decode_tile(data: bytes) -> dict[str, list[dict[str, Any]]]:
    """Return ``{layer: [{id, geometry, properties}]}`` of an MVT; shapely geometries, tile units, y down."""
    if not data:
        return {}
    decoded = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})
    return {
        name: [
            {"id": each["id"], "geometry": shape(each["geometry"]), "properties": each["properties"]}
            for each in layer["features"]
        ]
        for name, layer in decoded.items()
    }


def to_metres(geometry: shapely.Geometry, address: TileAddress) -> shapely.Geometry:
    """Return *geometry* from tile units, y down, to metres of EPSG:3857."""
    bounds = address.bounds
    unit = (bounds.east - bounds.west) / EXTENT
    return shapely.transform(geometry, lambda xy: xy * [unit, -unit] + [bounds.west, bounds.north])


def dump_tile(data: bytes) -> str:
    """Return one line a feature: layer, id, geometry with its number of vertices, properties; sorted.

    *data* is an MVT. Coordinates are tile units, y down. Equal tiles have equal texts, in whatever order the
    features are.
    """
    lines = []
    for name, features in sorted(decode_tile(data).items()):
        lines.append(f"layer {name} extent {EXTENT} features {len(features)}")
        for each in sorted(features, key=lambda feature: int(feature["id"])):
            geometry = shapely.normalize(each["geometry"])
            properties = " ".join(f"{key}={value!r}" for key, value in sorted(each["properties"].items()))
            count = shapely.get_num_coordinates(geometry)
            lines.append(f"  {each['id']} {properties}".rstrip())
            lines.append(
                f"    {geometry.geom_type}[{count}] {shapely.to_wkt(geometry, rounding_precision=0)}"
            )
    return "\n".join(lines) + "\n" if lines else "empty\n"
