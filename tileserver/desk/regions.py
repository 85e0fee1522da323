"""Regions to measure by, read from a file and repaired."""

from __future__ import annotations

from pathlib import Path

from tileserver.errors import UnreadableSource
from tileserver.findings import Finding
from tileserver.grid import BoundsLonLat
from tileserver.ingest.regions import read_regions
from tileserver.shape.regions import Regions
from tileserver.shape.repair import repair_geometry

_WORLD = BoundsLonLat(-180.0, -90.0, 180.0, 90.0)


def regions_of_file(path: Path, name_field: str) -> tuple[Regions, list[str]]:
    """Return the regions in *path*, anywhere on earth, and a line for each repair: region and finding.

    A feature that is no area is refused, with its whole file: the land of a region that is left out would
    be counted as lying in none.
    """
    named = []
    repaired = []
    for number, (name, geometry) in enumerate(read_regions(path, name_field)):
        found = repair_geometry(geometry, "areas", _WORLD, anywhere=True)
        if found.geometry is None:
            raise UnreadableSource(
                f"{path.name}#{number}, {name!r}, cannot be a region: it {found.findings[0].meaning}"
            )
        named.append((name, found.geometry))
        repaired += [
            f"{name}: {finding.meaning}" for finding in found.findings if finding != Finding.DIMENSION_DROPPED
        ]
    return Regions(named), repaired
