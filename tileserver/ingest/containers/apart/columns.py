"""Batches of Arrow columns as rows, with their geometries as GeoJSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import shapely
from arro3.core import RecordBatchReader

from tileserver.ingest.containers.apart.messages import Record, packed

BATCH = 100  # rows that are in memory together, of up to some MB each


def read_batches(stream: Any, geometry: str, row_bytes: int) -> Iterator[Record]:
    """Yield the rows of an Arrow *stream*; the column *geometry* is of WKB, and becomes GeoJSON bytes."""
    number = 0
    for batch in RecordBatchReader.from_arrow(stream):
        names = batch.schema.names
        columns: dict[str, list[Any]] = {name: list(batch.column(name).to_pylist()) for name in names}
        shapes = columns.pop(geometry, [None] * batch.num_rows)
        for index, (text, trouble) in enumerate(_texts(shapes, row_bytes)):
            number += 1
            values = {name: packed(column[index]) for name, column in columns.items()}
            yield Record(number, values, text, trouble)


def _texts(shapes: Sequence[bytes | None], row_bytes: int) -> Iterator[tuple[bytes | None, str]]:
    """Yield for each of *shapes*, WKB or nothing, its GeoJSON, and why there is none."""
    for wkb in shapes:
        if wkb is None:
            yield None, ""
        elif len(wkb) > row_bytes:
            yield None, f"its geometry has {len(wkb):,} bytes; {row_bytes:,} are allowed"
        else:
            yield _text(wkb)


def _text(wkb: bytes) -> tuple[bytes | None, str]:
    try:
        text: str = shapely.to_geojson(shapely.from_wkb(wkb))
    except (shapely.GEOSException, ValueError) as error:
        return None, f"its geometry cannot be read: {error}"
    return text.encode(), ""
