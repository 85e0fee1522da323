"""The audit log read: entries as documents, and the check of the whole chain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tileserver.errors import BadParameter, UnreadableSource
from tileserver.model import Revision
from tileserver.store.audit import (
    START,
    Link,
    canonical,
    find_link,
    find_links,
    last_link,
    link_hash,
    links,
)
from tileserver.store.connect import Connection, translated


class Walked(NamedTuple):
    """Result of a walk along the chain.

    ``head`` is the last hash that held, 32 bytes, after ``entries`` entries; ``broken`` says which entry is
    the first that does not, and why, '' for none.
    """

    entries: int
    head: bytes
    broken: str


def entry_document(link: Link) -> dict[str, Any]:
    """Return an entry as a line of an export: all its fields, the hash before and its own hash, in hex."""
    said: dict[str, Any] = msgspec.json.decode(link.said)
    return {**said, "previous": link.previous.hex(), "hash": link.hash.hex()}


async def newest_entries(
    connection: Connection, *, theatre: str = "", what: str = "", by: str = "", most: int | None = None
) -> list[dict[str, Any]]:
    """Return the newest *most* entries that fit every text that is not empty, the newest first."""
    with translated():
        found = await find_links(connection, theatre=theatre, what=what, by=by, most=most)
    return list(map(entry_document, found))


async def entries_of(connection: Connection, revision: Revision) -> list[dict[str, Any]]:
    """Return the entries of *revision*, newest first; none from before the log."""
    with translated():
        return list(map(entry_document, await find_links(connection, revision=revision)))


async def entry(connection: Connection, number: int) -> dict[str, Any]:
    """Return the entry *number*; `BadParameter` where there is none."""
    with translated():
        found = await find_link(connection, number)
        if found is None:
            newest = (await last_link(connection)).number
            raise BadParameter(f"there is no entry {number} in the audit log; the newest is {newest}")
    return entry_document(found)


async def head(connection: Connection) -> tuple[int, bytes]:
    """Return the number and the hash, 32 bytes, of the newest entry: to be remembered for `verify`."""
    with translated():
        newest = await last_link(connection)
    return newest.number, newest.hash


async def exported(connection: Connection) -> AsyncIterator[str]:
    """Give a line of canonical JSON for each entry, from the first on."""
    async for link in links(connection):
        yield canonical(entry_document(link))


async def verify(connection: Connection, remembered: bytes | None = None) -> Walked:
    """Walk along the whole chain of the database, which has to contain the head *remembered*, 32 bytes."""
    walk = _Walk(remembered)
    with translated():
        async for link in links(connection):
            if not walk.step(link):
                break
    return walk.walked()


def verify_file(path: Path, remembered: bytes | None = None) -> Walked:
    """Walk along the chain of an export, without a database; *remembered* is a head of before, 32 bytes.

    `UnreadableSource` where a line is no entry.
    """
    walk = _Walk(remembered)
    for link in _lines(path):
        if not walk.step(link):
            break
    return walk.walked()


class _Walk:
    """Steps from the beginning of a chain to the end, or to the first entry that was changed."""

    def __init__(self, remembered: bytes | None) -> None:
        self._remembered = remembered
        self._has_met = remembered in (None, START)
        self._entries, self._head, self._broken = 0, START, ""

    def step(self, link: Link) -> bool:
        """Whether *link* follows."""
        due = self._entries + 1
        if why := _trouble(link, due, self._head):
            self._broken = f"entry {due}: {why}"
            return False
        self._entries, self._head = due, link.hash
        self._has_met = self._has_met or link.hash == self._remembered
        return True

    def walked(self) -> Walked:
        """Return the findings until now."""
        broken = self._broken
        if not broken and not self._entries:
            broken = "entry 1: it is missing, and so is every other"
        elif not broken and not self._has_met:
            broken = (
                f"entry {self._entries + 1}: the head that was remembered is not in the chain; entries that"
                " came after were cut off, or the chain was made anew"
            )
        return Walked(self._entries, self._head, broken)


def _trouble(link: Link, due: int, previous: bytes) -> str:
    """Return why *link* cannot be the entry number *due* after the hash *previous*, 32 bytes; '' else."""
    if link.number != due:
        return f"it is missing, or not in its place; number {link.number} stands there"
    if link.previous != previous:
        return "it does not follow the entry before, which was changed, left out or put elsewhere"
    if link.hash != link_hash(link.previous, link.said):
        return "what it says is not what was written"
    if not _says(link.said, due):
        return "it does not say its own number in canonical JSON"
    return ""


def _says(said: str, number: int) -> bool:
    try:
        document = msgspec.json.decode(said, type=dict[str, Any])
    except msgspec.DecodeError:
        return False
    return document.get("number") == number and canonical(document) == said


class _Line(msgspec.Struct):
    number: int
    previous: str
    hash: str


def _lines(path: Path) -> Iterator[Link]:
    """Give the entries of an export, line by line."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield _link(line)
                except (msgspec.DecodeError, ValueError) as error:
                    raise UnreadableSource(f"{path.name}, line {number}, is no entry: {error}") from error
    except OSError as error:
        raise UnreadableSource(f"{path.name} cannot be read: {error.strerror}") from error


def _link(line: bytes) -> Link:
    chained = msgspec.json.decode(line, type=_Line)
    said = msgspec.json.decode(line, type=dict[str, Any])
    del said["previous"], said["hash"]
    previous, own = bytes.fromhex(chained.previous), bytes.fromhex(chained.hash)
    return Link(chained.number, previous, own, canonical(said))


def head_of(text: str) -> bytes:
    """Return the 32 bytes of a head in hex; `BadParameter` where *text* is none."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != len(START):
        raise BadParameter(f"{text[:80]!r} is no head of a chain: 64 hex digits, from: tileserver audit head")
    return found
