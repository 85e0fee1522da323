"""Placing of geometries on a band's grid in a tile: shifted and cut, and in nothing else changed."""

from __future__ import annotations

from tileserver.grid import BUFFER, EXTENT

_BOX = f"ST_MakeEnvelope({-BUFFER}, {-BUFFER}, {EXTENT + BUFFER}, {EXTENT + BUFFER}, 3857)"


def placed(tile: str, reach: str) -> str:
    """Return the SQL of ``geom``, areas or lines on the grid of a band, in units of a tile; else null.

    *tile* and *reach* are the SQL of the tile's envelope, without and with its buffer, in EPSG:3857.

    Not ST_AsMVTGeom: it simplifies, snaps and mends each geometry by itself, by up to a unit, and what two
    faces share, or a face and the front, is then no longer the same for both. Here only where an edge leaves
    the buffer is a vertex new, and rounded; to the same place for all that have the edge.
    MVT 2.1, 4.3.3.3: an exterior ring has a positive area.
    """
    unit = f"((ST_XMax({tile}) - ST_XMin({tile})) / {EXTENT})"
    moved = f"ST_TransScale(geom, -ST_XMin({tile}), -ST_YMax({tile}), 1 / {unit}, -1 / {unit})"
    whole = f"ST_SnapToGrid({moved}, 1)"
    cut = f"ST_SnapToGrid(ST_CollectionExtract(ST_Intersection({whole}, {_BOX}), ST_Dimension(geom) + 1), 1)"
    once = f"(SELECT part FROM (SELECT {cut} AS part OFFSET 0) AS cut WHERE NOT ST_IsEmpty(part))"
    return f"ST_ForcePolygonCCW(CASE WHEN geom @ {reach} THEN {whole} ELSE {once} END)"
