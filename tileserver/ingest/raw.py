"""Values that readers yield: features and whole states as written in files, before anything is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from tileserver.model import Precision, Value
from tileserver.times import Period


@dataclass(frozen=True, slots=True)
class RawFeature:
    """A feature as written in a file, before anything is checked.

    ``geometry`` is the text of a GeoJSON geometry in longitude and latitude: bytes, so that a geometry
    that was seen before is recognised without being parsed. ``period`` is half-open.
    """

    geometry: bytes
    properties: Mapping[str, Value] = field(default_factory=dict)
    period: Period | None = None  # None: holds as long as the snapshot it came in
    origin: str = ""  # file and place in it, for the report
    precision: Precision = "instant"  # of the period; "day" where either of its ends is a plain date
    event_key: str = ""  # by which the source knows the event, whatever it says of it; '' where it has none
    # The desk's decision on an event with a hidden source; its properties are still as they would be without
    # it. A geometry of no bytes is that of an event to leave out that is known by its key alone.
    hidden: Literal["", "leave_out", "without_sources"] = ""


@dataclass(frozen=True, slots=True)
class RawSnapshot:
    """The whole state of a layer in a file, from *at* on; *at* is the first instant of a ``day``."""

    at: datetime
    features: tuple[RawFeature, ...]
    origin: str
    precision: Precision = "instant"
