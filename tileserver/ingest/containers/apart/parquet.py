"""GeoParquet 1.1 and plain Parquet, as batches that are decoded one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from arro3.io import read_parquet

from tileserver.errors import UnreadableSource
from tileserver.ingest.containers.apart.columns import BATCH, read_batches
from tileserver.ingest.containers.apart.messages import Listed, Record, Request


def list_tables(request: Request) -> Iterator[Listed]:
    """Yield the one table of the file."""
    schema = read_parquet(request.path).schema
    geometry, crs = _geometry(schema)
    yield Listed("", [name for name in schema.names if name != geometry], crs, {})


def read_rows(request: Request, _table: str) -> Iterator[Record]:
    """Yield the rows of the table."""
    reader = read_parquet(request.path, batch_size=BATCH)
    return read_batches(reader, _geometry(reader.schema)[0], request.row_bytes)


def _geometry(schema: Any) -> tuple[str, str | None]:
    """Return the name of the geometry column, empty where there is none, and its reference system."""
    geo = msgspec.json.decode(schema.metadata.get(b"geo", b"{}"))
    name = geo.get("primary_column", "")
    column = geo.get("columns", {}).get(name)
    if column is None:
        return "", None
    if column.get("encoding") != "WKB":
        raise UnreadableSource(
            f"it is GeoParquet with geometries in the encoding {column.get('encoding')!r}; save them as WKB"
        )
    crs = column.get("crs", "OGC:CRS84")  # GeoParquet 1.1: absent is CRS84, null is unknown
    if not isinstance(crs, dict):
        return name, crs
    code = crs.get("id", {})
    known = "authority" in code and "code" in code
    return name, f"{code['authority']}:{code['code']}" if known else msgspec.json.encode(crs).decode()
