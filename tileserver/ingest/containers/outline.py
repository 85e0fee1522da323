"""Lists of records in a JSON document, by path and first byte, found in one pass that keeps no record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tileserver.errors import HostileSource
from tileserver.ingest.containers.scan import Broken, Scanner

_NAMED = 64 << 10  # bytes of a member that says what the rest is: type, crs
_DEEP = 8  # names in a path; what lies deeper is part of a record
_PATHS = 10_000
BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass(slots=True)
class JsonOutline:
    """Lists in a JSON document by path, each with its first byte, and small members by path."""

    lists: dict[str, int] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    members: dict[str, Any] = field(default_factory=dict)

    def type_of(self, path: str) -> Any:
        """Return the ``type`` member of the JSON object at *path*."""
        return self.members.get(joined(path, "type"))


def joined(path: str, name: str) -> str:
    """Return the path of the member *name* of the object at *path*."""
    return f"{path}.{name}" if path else name


def read_outline(scanner: Scanner) -> JsonOutline:
    """Return the outline of the JSON value that begins at *scanner*; `Broken` for a value without an end."""
    outline = JsonOutline()
    _value(scanner, "", 0, outline)
    return outline


def _value(scanner: Scanner, path: str, depth: int, outline: JsonOutline) -> None:
    start = scanner.peek()
    if len(outline.lists) + len(outline.objects) > _PATHS:
        raise HostileSource(f"its JSON has more than {_PATHS:,} lists and objects that may hold records")
    if start == ord("["):
        outline.lists[path] = scanner.place
        scanner.pass_items()
    elif start == ord("{") and depth < _DEEP:
        outline.objects[path] = scanner.place
        for name in _names(scanner):
            _member(scanner, path, name, depth, outline)
    else:
        scanner.take(0)


def _member(scanner: Scanner, path: str, name: str, depth: int, outline: JsonOutline) -> None:
    here = joined(path, name)
    if name in ("type", "crs"):
        text = scanner.take(_NAMED)
        outline.members[here] = None if text is None else _decoded(text)
    else:
        _value(scanner, here, depth + 1, outline)


def _names(scanner: Scanner) -> Iterator[str]:
    """Yield the name of each member of the object that begins here, before its value."""
    scanner.skip("{")
    if scanner.peek() != ord("}"):
        yield _name(scanner)
        while scanner.peek() != ord("}"):
            scanner.skip(",")
            yield _name(scanner)
    scanner.skip("}")


def _name(scanner: Scanner) -> str:
    place = scanner.place
    text = scanner.take(_NAMED) if scanner.peek() == ord('"') else None
    name = None if text is None else _decoded(text)
    if not isinstance(name, str):
        raise Broken(f"no name of a member begins at byte {place}")
    scanner.skip(":")
    return name


def _decoded(text: bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except BROKEN as error:
        raise Broken(f"{error} in {text[:40].decode('utf-8', 'replace')}") from error
