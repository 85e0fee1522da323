"""The order in which files are imported: by the date in their names, as the files of one folder are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from tileserver.errors import BadRequest
from tileserver.ingest import ReadOptions
from tileserver.ingest.dates import DateReader, day_in_name
from tileserver.ingest.deepstate import published
from tileserver.ingest.mapping.of_layer import mapping_for
from tileserver.ingest.mapping.plan import IntakePlan
from tileserver.model import Layer, Theatre
from tileserver.times import day_zone
from tileserver.watch.looking import Sighting

_DIGITS = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)")
_LAST = datetime.max.replace(tzinfo=UTC)


def in_order(
    found: Iterable[Sighting], theatre: Theatre, layer: Layer, options: ReadOptions
) -> list[Sighting]:
    """Return the files ascending by the date in their names, then by name; files without a date last.

    The date is found as the mapping, or the layer, says; else it is an instant in unix seconds, or a day.
    """
    return sorted(
        found, key=lambda each: (_instant(each.path, theatre, layer, options) or _LAST, str(each.path))
    )


def _instant(path: Path, theatre: Theatre, layer: Layer, options: ReadOptions) -> datetime | None:
    try:
        if (mapping := mapping_for(layer, options)) is not None:
            said = IntakePlan.of(mapping, theatre, layer).dates.of_name(path.name)
        else:
            said = day_in_name(path.name, DateReader.of(layer.dates, day_zone(theatre.day_zone)))
    except BadRequest:
        return None
    if said is not None:
        return said.start
    return published(path.name) or _day(path.name)


def _day(name: str) -> datetime | None:
    match = _DIGITS.search(name)
    try:
        return datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC) if match else None
    except ValueError:
        return None
