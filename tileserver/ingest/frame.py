"""Coordinates of one file become longitude and latitude: its reference system and its order of axes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.findings import Finding
from tileserver.geometry import parse_geometry, write_geometry
from tileserver.grid import BoundsLonLat
from tileserver.ingest.axes import Axes, decide, tally
from tileserver.ingest.crs import Places, ToLonLat, is_latlon, to_lonlat
from tileserver.ingest.report import Report


@dataclass(frozen=True, slots=True)
class Frame:
    """Transformation of every coordinate of a file; the identity for most files."""

    transform: ToLonLat | None = None
    axes: Axes = "lonlat"

    def place(self, geometry: bytes, origin: str, report: Report) -> bytes:
        """Return *geometry*, the bytes of a GeoJSON geometry, in longitude and latitude, two dimensions.

        Bytes that are no geometry stay as they are, and so does every geometry under the identity.
        """
        if self.transform is None and self.axes == "lonlat":
            return geometry
        shape = parse_geometry(geometry)
        if shape is None:
            return geometry
        if shape.has_z:
            report.note(Finding.DIMENSION_DROPPED, origin)
        if self.transform is not None:
            report.note(Finding.TRANSFORMED, origin)
        if self.axes == "latlon":
            report.note(Finding.SWAPPED, origin)
        return write_geometry(self._placed(shape))

    def _placed(self, shape: BaseGeometry) -> BaseGeometry:
        shape = shapely.force_2d(shape)
        if self.axes == "latlon":
            shape = shapely.transform(shape, _swap)
        return shape if self.transform is None else shapely.transform(shape, self.transform)


def _swap(places: Places) -> Places:
    return np.ascontiguousarray(places[:, ::-1])


def find_frame(
    geometries: Callable[[], Iterable[bytes]],
    crs: Any,
    axes: Literal["auto", "lonlat", "latlon"],
    bounds: BoundsLonLat,
    origin: str,
) -> Frame:
    """Return the frame of a file, from its ``crs`` member and the axes that are declared or found.

    *geometries* gives the bytes of all its geometries (GeoJSON texts), of rows without one ``b''``; it is
    called only where the axes are not declared, and no geometry is kept. `UnreadableSource` where no one
    frame holds for the file.
    """
    transform = to_lonlat(crs, bounds, origin)
    if axes != "auto":
        return Frame(transform, axes)
    if transform is not None:
        return Frame(transform)  # eastings and northings swapped lie nowhere near, and are put aside
    found = tally((parse_geometry(text) for text in geometries()), bounds)
    return Frame(None, decide(found, origin, is_latlon_system=is_latlon(crs)))
