"""The straight edges of lines and outlines, as arrays."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

Shapes: TypeAlias = npt.NDArray[np.object_]


def segments(lines: BaseGeometry) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """Return the segments of *lines* in order, shape (n, 2, 2), and the number of the line of each, (n,)."""
    coordinates, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    together = line[1:] == line[:-1]
    return np.stack([coordinates[:-1][together], coordinates[1:][together]], axis=1), line[:-1][together]
