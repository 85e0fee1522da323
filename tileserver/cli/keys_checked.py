"""Checks of a new key's rights: a slip in a name would make a key that opens nothing."""

from __future__ import annotations

import re
from datetime import datetime

from tileserver.complaints import near_miss
from tileserver.errors import BadParameter
from tileserver.store.catalogue import load_stored
from tileserver.store.connect import Connection
from tileserver.store.keys import StoredKey
from tileserver.times import parse_duration, parse_instant
from tileserver.web.keys_visit import OPENED, is_open, origin_of, tileset_in

_PATTERN = re.compile(r"(\*|[a-z][a-z0-9-]{0,39}(\.([a-z][a-z0-9_]{0,39}|\*))?)\Z")
_CLASS = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


def label_of(text: str) -> str:
    """Return whose a key is; `BadParameter` unless anybody is named."""
    if not text.strip() or len(text) > 200:
        raise BadParameter("a key is for somebody: give 1 to 200 characters, such as 'Evening Post, app'")
    return text.strip()


def pattern_of(text: str) -> str:
    """Return a pattern of tilesets; `BadParameter` for another text."""
    if not _PATTERN.match(text):
        raise BadParameter(f"{text[:80]!r} names no tilesets; write ukraine, ukraine.control, ukraine.* or *")
    return text


def class_of(text: str) -> str:
    """Return the name of an embargo class, or nothing; `BadParameter` for another text."""
    if text and not _CLASS.match(text):
        raise BadParameter(f"{text[:80]!r} is no name of a class: small letters, digits, underscores")
    return text


def checked_origin(text: str) -> str:
    """Return the origin of pages, in small letters; `BadParameter` for an address of something else."""
    origin = origin_of(text)
    if not origin.startswith(("http://", "https://")) or origin != text.rstrip("/").lower():
        raise BadParameter(f"{text[:80]!r} is no origin; write https://post.example, without a path")
    return origin


def end_of(text: str, now: datetime) -> datetime | None:
    """Return the end, exclusive, of a key that is made at the instant *now*; ``None`` for never."""
    if not text:
        return None
    try:
        end = parse_instant(text) if "T" in text else now + parse_duration(text)
    except BadParameter as error:
        raise BadParameter(f"--expires {text[:40]!r}: write 365d, or 2027-01-01T00:00:00Z") from error
    if end <= now:
        raise BadParameter(f"{text} is over already")
    return end


def check_signable(key: StoredKey, covered: str, now: datetime, expires: datetime) -> None:
    """Refuse a signature of *key* for the path *covered* that would open nothing.

    It opens in the half-open period from the instant *now* to *expires*.

    Raises
    ------
    BadParameter
        It would be over already, or the key does not open what it covers.
    """
    if expires <= now:
        raise BadParameter("--for 0 is over already; write 15m, 24h or 7d")
    if key.revoked is not None or (key.expires is not None and key.expires <= now):
        state = "revoked" if key.revoked is not None else "over"
        raise BadParameter(f"key {key.id} is {state}, so what it signs opens nothing")
    tileset = tileset_in(covered)
    if not tileset:
        raise BadParameter(
            f"no key opens {covered[:80]!r}, whoever asks gets the same there; keys open what lies below"
            f" {' '.join(OPENED)}"
        )
    if not is_open(key.tilesets, tileset):
        raise BadParameter(f"key {key.id} is for {', '.join(key.tilesets)}, not for {tileset[:80]}")


async def check_declared(connection: Connection, new: StoredKey) -> None:
    """Raise `BadParameter` unless theatres and class of *new* are declared: a slip would open nothing."""
    theatres = {each.theatre.id: each.theatre for each in (await load_stored(connection)).layers}
    for pattern in new.tilesets:
        name = pattern.partition(".")[0]
        if name != "*" and name not in theatres:
            there = ", ".join(theatres) or "none yet"
            raise BadParameter(f"there is no theatre {name!r}{near_miss(name, theatres)}; there are: {there}")
    classes = {each.name for theatre in theatres.values() for each in theatre.embargo_classes}
    if new.embargo_class and new.embargo_class not in classes:
        there = ", ".join(sorted(classes)) or "none yet; docs/definition.md says how one is declared"
        raise BadParameter(
            f"no theatre declares the embargo class {new.embargo_class!r}"
            f"{near_miss(new.embargo_class, classes)}; there are: {there}"
        )
