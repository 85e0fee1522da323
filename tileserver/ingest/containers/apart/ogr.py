"""Shapefile, GeoPackage, FlatGeobuf and TopoJSON, read by GDAL with four drivers and no other.

Coordinates are x, y, whatever the reference system's own order of axes is: so GDAL gives them.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from tileserver.errors import UnreadableSource
from tileserver.ingest.containers.apart.columns import BATCH, read_batches
from tileserver.ingest.containers.apart.database import check_database
from tileserver.ingest.containers.apart.messages import Listed, Record, Request, packed
from tileserver.ingest.containers.encodings import seen_encoding

DRIVERS = {
    "shapefile": "ESRI Shapefile",
    "gpkg": "GPKG",
    "fgb": "FlatGeobuf",
    "topojson": "TopoJSON",
}
# Every other driver of the wheel that is pinned: GDAL cannot be told which it may have, only which not.
_SKIPPED = (
    "ADBC,AIVector,AVCBin,AVCE00,AmigoCloud,CSV,CSW,Carto,DGN,DXF,EDIGEO,EEDA,ESRIJSON,"
    "Elasticsearch,GDALG,GML,GPSBabel,GPX,GTFS,GeoJSON,GeoJSONSeq,GeoRSS,HTTP,Idrisi,JML,"
    "JSONFG,KML,LIBKML,LVBAG,MBTiles,MEM,MVT,MapInfo File,MapML,MiraMonVector,NGW,OAPIF,ODS,"
    "OGCAPI,OGR_GMT,OGR_PDS,OGR_VRT,OSM,OpenFileGDB,PCIDSK,PDF,PDS4,PGDUMP,PLSCENES,PMTiles,"
    "S57,SQLite,SXF,Selafin,VDV,VFK,VICAR,WAsP,WFS,XLSX"
)
_CONFIG = {
    "GDAL_SKIP": _SKIPPED,
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "PROJ_NETWORK": "OFF",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "OGR_GEOJSON_MAX_OBJ_SIZE": "200",
}
_NO_CODE_PAGE = (0, 0x57)  # of a DBF, byte 29: none, and "as Windows is set"


@cache
def gdal() -> ModuleType:
    """Return pyogrio with no driver but `DRIVERS`; `UnreadableSource` where this GDAL has others."""
    os.environ.update(_CONFIG)
    import pyogrio  # noqa: PLC0415  # reads its drivers to skip when it is imported

    other = set(pyogrio.list_drivers()) - set(DRIVERS.values())
    if other:
        raise UnreadableSource(
            f"GDAL has drivers that are not allowed here: {', '.join(sorted(other))[:200]}"
        )
    module: ModuleType = pyogrio
    return module


def list_tables(request: Request) -> Iterator[Listed]:
    """Yield the layers of a file, each with its columns and reference system."""
    views = check_database(request.path) if request.kind == "gpkg" else frozenset()
    encoding = _encoding(request)
    for name, _ in gdal().list_layers(request.path):
        if str(name).lower() in views:
            raise UnreadableSource(
                f"its layer {name[:40]!r} is a view, which is computed; save it as a table"
            )
        info = _read_info(request, str(name), encoding)
        found = {"encoding": encoding or str(info["encoding"])} if request.kind == "shapefile" else {}
        columns = [info["fid_column"]] if _has_fids(request) else []
        yield Listed(str(name), [*columns, *map(str, info["fields"])], info["crs"], found)


def _read_info(request: Request, layer: str, encoding: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = gdal().read_info(request.path, layer=layer, **_options(request, encoding))
    except gdal().errors.CRSError as error:
        raise UnreadableSource(
            f"its reference system, of a shapefile the .prj, cannot be understood ({error}); take the .prj"
            ' away, and declare the system in a mapping: [geometry] crs = "EPSG:4326"'
        ) from error
    return found


def read_rows(request: Request, layer: str) -> Iterator[Record]:
    """Yield the rows of one layer, batch by batch."""
    with gdal().open_arrow(
        request.path,
        layer=layer,
        batch_size=BATCH,
        return_fids=_has_fids(request),
        datetime_as_string=True,
        **_options(request, _encoding(request)),
    ) as (meta, stream):
        geometry = meta["geometry_name"] or "wkb_geometry"
        kinds = dict(zip(map(str, meta["fields"]), meta["ogr_types"], strict=True))
        dated = {name for name, kind in kinds.items() if kind == "OFTDateTime"}
        for record in read_batches(stream, geometry, request.row_bytes):
            yield _dated(record, dated) if dated else record


def _dated(record: Record, columns: set[str]) -> Record:
    """Return *record* with the texts of dated columns as instants, in a zone where the file has a zone."""
    values: dict[str, Any] = dict(record.values)
    for name in columns & values.keys():
        values[name] = values[name] and _instant(values[name])
    return Record(record.number, values, record.geometry, record.trouble)


def _instant(text: str) -> Any:
    try:
        return packed(datetime.fromisoformat(text))
    except ValueError:
        return text


def _options(request: Request, encoding: str) -> dict[str, str]:
    return {"encoding": encoding} if encoding else {"IMMUTABLE": "YES"} if _has_fids(request) else {}


def _has_fids(request: Request) -> bool:
    """Whether the ids of features are a column of the file that its maker sees."""
    return request.kind == "gpkg"


def _encoding(request: Request) -> str:
    """Return the encoding of a shapefile's texts, declared or found; empty where GDAL knows."""
    if request.kind != "shapefile" or request.encoding:
        return request.encoding if request.kind == "shapefile" else ""
    table = Path(request.path).with_suffix(".dbf")
    if not table.exists() or table.with_suffix(".cpg").exists():
        return ""
    with table.open("rb") as stream:
        head = stream.read(32)
        if len(head) < 32 or head[29] not in _NO_CODE_PAGE:
            return ""
        stream.seek(struct.unpack_from("<H", head, 8)[0])
        sample = stream.read(1 << 20)
    return "" if sample.isascii() else seen_encoding(sample)
