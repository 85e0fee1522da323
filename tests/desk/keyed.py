"""Events as GeoJSON Features that are known by their own id, and the options by which they are read."""

from __future__ import annotations

from typing import Any

from tileserver.event_keys import event_id
from tileserver.ingest import ReadOptions

KEYED = ReadOptions(reader="geojson", date_column="date", key_columns=("id",))
UNKEYED = ReadOptions(reader="geojson", date_column="date")
ONE, TWO = event_id("events", "A1"), event_id("events", "B2")


def event(name: str | int | None, text: str, lon: float = 37.5, day: str = "2023-11-02") -> dict[str, Any]:
    said = {"side": "ru", "text": text, "date": day}
    place = {"type": "Point", "coordinates": [lon, 48.5]}
    own = {} if name is None else {"id": name}
    return {"type": "Feature", **own, "properties": said, "geometry": place}
