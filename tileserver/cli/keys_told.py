"""Printed forms of keys and of their usage."""

from __future__ import annotations

from datetime import datetime

from tileserver.cli.session import print_table
from tileserver.store.keys import DayOfUse, StoredKey
from tileserver.times import format_instant


def told(key: StoredKey) -> dict[str, object]:
    return {
        "name": key.label,
        "tilesets": list(key.tilesets),
        "class": key.embargo_class or None,
        "origins": list(key.origins),
        "per_minute": key.per_minute,
        "per_month": key.per_month,
        "created": format_instant(key.created),
        "expires": None if key.expires is None else format_instant(key.expires),
        "revoked": None if key.revoked is None else format_instant(key.revoked),
    }


def state_of(key: StoredKey, now: datetime) -> str:
    """Return the state of *key* at the instant *now*; a key ends with its last instant, exclusive."""
    if key.revoked is not None:
        return f"revoked {key.revoked:%Y-%m-%d}"
    if key.expires is None:
        return "good"
    return f"good until {key.expires:%Y-%m-%d}" if now < key.expires else f"expired {key.expires:%Y-%m-%d}"


def print_usage(days: list[DayOfUse]) -> None:
    rows = [(str(each.day), each.key_id, each.requests, each.refused) for each in days]
    print_table("", ("day (UTC)", "key", "requests", "refused"), rows)
