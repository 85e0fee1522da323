"""The order in which files are imported: by the date in their names, as the files of one folder are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TypeAlias

from tileserver.errors import BadRequest
from tileserver.ingest import ReadOptions
from tileserver.ingest.dates import DateReader, Said, day_in_name
from tileserver.ingest.deepstate import published
from tileserver.ingest.mapping.of_layer import mapping_for
from tileserver.ingest.mapping.plan import IntakePlan
from tileserver.model import Layer, Theatre
from tileserver.times import day_zone
from tileserver.watch.looking import Sighting

_Said: TypeAlias = Callable[[str], Said | None]  # the date in a name, if it has one

_DIGITS = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)")
_LAST = datetime.max.replace(tzinfo=UTC)


def in_order(
    found: Iterable[Sighting], theatre: Theatre, layer: Layer, options: ReadOptions
) -> list[Sighting]:
    """Return the files ascending by the date in their names, then by name; files without a date last.

    The date is found as the mapping, or the layer, says; else it is an instant in unix seconds, or a day.
    """
    said = _said_by(theatre, layer, options)
    return sorted(found, key=lambda each: (_instant(each.path.name, said) or _LAST, str(each.path)))


def _said_by(theatre: Theatre, layer: Layer, options: ReadOptions) -> _Said:
    """Return the date in a name as the mapping, or the layer, says; none where a mapping does not fit."""
    mapping = mapping_for(layer, options)
    if mapping is None:
        reader = DateReader.of(layer.dates, day_zone(theatre.day_zone))
        return lambda name: day_in_name(name, reader)
    try:
        return IntakePlan.of(mapping, theatre, layer).dates.of_name
    except BadRequest:  # which each file says as it is read
        return lambda name: None


def _instant(name: str, said: _Said) -> datetime | None:
    try:
        found = said(name)
    except BadRequest:
        return None
    if found is not None:
        return found.start
    return published(name) or _day(name)


def _day(name: str) -> datetime | None:
    match = _DIGITS.search(name)
    try:
        return datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC) if match else None
    except ValueError:
        return None
