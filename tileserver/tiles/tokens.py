"""What contents are named by: numbers spread so that sums of them tell sets apart."""

from __future__ import annotations

import numpy as np

from tileserver.model import Integers


def spread(values: Integers) -> Integers:
    """Return *values* spread over 64 bits: splitmix64 (Steele, Lea and Flood 2014), the finaliser."""
    z = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
