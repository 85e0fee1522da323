"""Placing of geometries on a band's grid in a tile: shifted and cut, and in nothing else changed."""

from __future__ import annotations

from tileserver.grid import BUFFER, EXTENT

_LOW, _HIGH = -BUFFER, EXTENT + BUFFER
_BOX = f"ST_MakeEnvelope({_LOW}, {_LOW}, {_HIGH}, {_HIGH}, 3857)"


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
    return f"ST_ForcePolygonCCW(CASE WHEN geom @ {reach} THEN {whole} ELSE {_cut(whole)} END)"


def _cut(whole: str) -> str:
    """Return the SQL of *whole* cut at the buffer of the tile; null where nothing is left.

    ST_ClipByBox2D takes a third of the time of ST_Intersection, but what comes of it may be invalid: about
    one part in 400 is then cut the other way.
    """
    quick, slow = (
        f"ST_SnapToGrid(ST_CollectionExtract({cut}(whole, {_BOX}), ST_Dimension(whole) + 1), 1)"
        for cut in ("ST_ClipByBox2D", "ST_Intersection")
    )
    return f"""(
        SELECT CASE WHEN ST_IsEmpty(quick) THEN NULL WHEN ST_IsValid(quick) THEN quick
            ELSE (SELECT slow FROM (SELECT {slow} AS slow OFFSET 0) AS cut WHERE NOT ST_IsEmpty(slow)) END
        FROM (
            SELECT whole, {quick} AS quick FROM (SELECT {whole} AS whole OFFSET 0) AS moved OFFSET 0
        ) AS cut
    )"""
