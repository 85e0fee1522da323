"""Small GeoJSON files, written for a test."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def event(at: Sequence[float], **properties: Any) -> dict[str, Any]:
    """A point with properties; dated unless they say otherwise."""
    geometry = {"type": "Point", "coordinates": at}
    return {"type": "Feature", "properties": {"date": "2016-12-01", **properties}, "geometry": geometry}


def write(path: Path, *features: Any, **members: Any) -> Path:
    """Write a FeatureCollection."""
    path.write_text(json.dumps({"type": "FeatureCollection", **members, "features": features}))
    return path
