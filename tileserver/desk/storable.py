"""Values that the database gives back as written; others are changed, or stopped, on the way in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from tileserver.findings import Finding
from tileserver.model import Value
from tileserver.times import Period

# PostgreSQL has infinities where Python's calendar ends, and its driver takes one for the other.
FIRST, LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
EXACT = 2**53 - 1  # the whole numbers that JSON, a tile's reader and JavaScript all have


def is_storable(period: Period) -> bool:
    """Whether *period* begins, and both its ends come back from the database unchanged."""
    return (
        period.start is not None
        and FIRST <= period.start <= LAST
        and (period.end is None or period.start < period.end <= LAST)
    )


def storable_properties(properties: Mapping[str, Value]) -> tuple[dict[str, Value], tuple[Finding, ...]]:
    """Return *properties* as stored, and a finding for each kind of change.

    Texts lose NUL and halves of surrogate pairs, which neither jsonb nor UTF-8 has; a number beyond 2^53
    becomes its digits, as the ids of posts are; minus zero becomes zero; what is no number is not
    there.
    """
    kept: dict[str, Value] = {}
    findings: dict[Finding, None] = {}
    for name, value in properties.items():
        stored = _stored(value)
        if stored is not None:
            kept[name] = stored
        if isinstance(value, str) and stored != value:
            findings[Finding.CHARACTERS_DROPPED] = None
        elif not isinstance(value, str) and (stored is None or isinstance(stored, str)):
            findings[Finding.NUMBER_AS_TEXT] = None
    return kept, tuple(findings)


def _stored(value: Value) -> Value | None:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "ignore").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if abs(value) > EXACT:
        return repr(value)
    return value + 0.0 if isinstance(value, float) else value
