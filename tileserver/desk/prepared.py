"""A file read and repaired, ready to be committed; and packed, to be kept while the desk decides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import zstandard

from tileserver.desk.periods import State
from tileserver.errors import HostileSource
from tileserver.findings import Finding
from tileserver.ingest import Quarantined, Report
from tileserver.ingest.limits import LIMITS, MB
from tileserver.model import DatedFeature, Feature, Value
from tileserver.store.audit import Deed

_LEVEL = 9
_COUNTED = ("read", "imported", "quarantined", "left_out", "duplicates", "counts", "treatments", "examples")


@dataclass(frozen=True, slots=True)
class Amending:
    """The desk's own word on events and notes, by their ids in tiles.

    ``deed`` names what it does. ``sources`` has those that it writes, amends or ends, each with the hash of
    what its source says, empty for none; ``ended`` are no more, and ``released`` are left to their source
    again. ``before`` are the current rows of all of them, on which the desk has looked.
    """

    deed: Deed
    sources: Mapping[int, bytes] = field(default_factory=dict)
    ended: frozenset[int] = frozenset()
    released: frozenset[int] = frozenset()
    before: frozenset[DatedFeature] = frozenset()

    @property
    def ids(self) -> list[int]:
        """All ids, ascending."""
        return sorted({*self.sources, *self.ended, *self.released})


@dataclass(frozen=True, slots=True)
class Prepared:
    """Contents of a file for one layer: whole *states* at their instants, or features with their *periods*.

    ``features`` are keyed by their 16-byte hash; states are sets of such hashes, and hold until the next
    instant; periods are half-open.
    """

    origin: str
    report: dict[str, Any]
    quarantined: tuple[Quarantined, ...]
    features: Mapping[bytes, Feature]
    states: Mapping[datetime, State] | None = None
    origins: Mapping[datetime, str] = field(default_factory=dict)  # of the states
    periods: frozenset[DatedFeature] = frozenset()
    complete: bool = False  # what is not in *periods* ends
    days: Mapping[datetime, datetime] = field(default_factory=dict)  # instants known to the day: its end
    # Ids in tiles of events with a hidden source, and the hash of the version that may stay, if any may.
    hidden: Mapping[int, bytes | None] = field(default_factory=dict)
    sha256: str = ""  # of the file in hex, see `desk.file_hash`; '' where there is none
    amending: Amending | None = None  # what the desk itself says; an import of a file has none


def prepared(report: Report, **said: Any) -> Prepared:
    """Return the import of a file with its account, which has to balance."""
    assert report.balances, f"the account does not balance: {report.as_dict()}"
    return Prepared(report=report.as_dict(), quarantined=tuple(report.quarantined), **said)


class _PackedWord(msgspec.Struct, array_like=True):
    deed: Deed
    sources: list[tuple[int, bytes]]
    ended: list[int]
    released: list[int]
    before: list[tuple[bytes, datetime, datetime | None]]


class _Packed(msgspec.Struct, array_like=True):
    origin: str
    report: dict[str, Any]
    quarantined: list[tuple[str, str, str]]
    features: list[tuple[bytes, dict[str, Value], bytes]]
    states: list[tuple[datetime, str, list[bytes]]] | None
    periods: list[tuple[bytes, datetime, datetime | None]]
    complete: bool
    days: list[tuple[datetime, datetime]]
    keyed: list[tuple[bytes, int]] = []  # hashes of events that have keys, and their ids
    hidden: list[tuple[int, bytes | None]] = []
    sha256: str = ""
    amending: _PackedWord | None = None


def pack(given: Prepared) -> tuple[bytes, bytes]:
    """Return the 16-byte digest of *given*, and *given* as zstd-compressed msgpack; equal for equal input.

    Raises `HostileSource` where the bytes are more than `LIMITS.held_bytes`.
    """
    packed = _Packed(
        given.origin,
        given.report,
        [(each.finding.value, each.origin, each.raw) for each in given.quarantined],
        [(key, dict(each.properties), each.wkb) for key, each in sorted(given.features.items())],
        None
        if given.states is None
        else [(at, given.origins[at], sorted(state)) for at, state in sorted(given.states.items())],
        [(*each,) for each in sorted(given.periods, key=str)],
        given.complete,
        sorted(given.days.items()),
        [(key, each.keyed_id) for key, each in sorted(given.features.items()) if each.keyed_id is not None],
        sorted(given.hidden.items()),
        given.sha256,
        _packed_word(given.amending),
    )
    small = zstandard.compress(msgspec.msgpack.encode(packed, order="deterministic"), _LEVEL)
    if len(small) > LIMITS.held_bytes:
        raise HostileSource(
            f"{given.origin} is held back, and too large to be kept ({len(small) // MB} MB):"
            " split it, or import it again with --accept and a reason"
        )
    return _import_hash(packed), small


def _packed_word(own: Amending | None) -> _PackedWord | None:
    if own is None:
        return None
    before = [(*each,) for each in sorted(own.before, key=str)]
    return _PackedWord(own.deed, sorted(own.sources.items()), sorted(own.ended), sorted(own.released), before)


def _amending(packed: _PackedWord | None) -> Amending | None:
    if packed is None:
        return None
    ended, released = frozenset(packed.ended), frozenset(packed.released)
    before = frozenset(DatedFeature(*each) for each in packed.before)
    return Amending(packed.deed, dict(packed.sources), ended, released, before)


def _import_hash(packed: _Packed) -> bytes:
    """Return the hash of an import, 16 bytes; of its report only the numbers and examples count.

    Without keys, hidden sources or the desk's own word it is the one of before there were any: what the desk
    decided on is known again.
    """
    counted = {name: packed.report[name] for name in _COUNTED if name in packed.report}
    whole = msgspec.structs.replace(packed, report=counted)
    # Those of the file are not what was read; of the desk's own word there is no file.
    unsaid = 0 if whole.amending else 2 if whole.hidden else 3 if whole.keyed else 4
    values = msgspec.structs.astuple(whole)[: len(whole.__struct_fields__) - unsaid]
    return hashlib.blake2b(msgspec.msgpack.encode(values, order="deterministic"), digest_size=16).digest()


def unpack(small: bytes) -> Prepared:
    """Return the import that `pack` made the bytes *small* of."""
    packed = msgspec.msgpack.decode(zstandard.decompress(small), type=_Packed)
    states, keyed = packed.states, dict(packed.keyed)
    return Prepared(
        packed.origin,
        packed.report,
        tuple(Quarantined(Finding(finding), origin, raw) for finding, origin, raw in packed.quarantined),
        {each[0]: Feature(*each, keyed.get(each[0])) for each in packed.features},
        None if states is None else {at: frozenset(hashes) for at, _, hashes in states},
        {} if states is None else {at: origin for at, origin, _ in states},
        frozenset(DatedFeature(*each) for each in packed.periods),
        packed.complete,
        dict(packed.days),
        dict(packed.hidden),
        packed.sha256,
        _amending(packed.amending),
    )
