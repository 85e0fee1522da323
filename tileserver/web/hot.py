"""Answers that are known already, as bytes: the way a request takes that somebody has asked before.

The framework, its middleware and a log line cost a hundred times what it costs to find a tile in memory. So
the protocol (`web.wire`) asks here first, and whatever the slow way answers is kept here (`web.remembering`):

    socket -> wire -> HotAnswers.answer --- known ---> socket
                          | unknown
                          v
              Remembering -> Envelope -> routes        and what comes back is kept

A raw address is only a memo of what the slow way answered for it. It dies with the catalogue that it was
answered from, and so with a revision, a withdrawal, a definition; and where the answer is not fixed for good
within that catalogue, when the horizon moves (`tiles.horizon`): at the same moment for all, so that nobody
can tell by how long an answer is known whether something is to come.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple, TypeAlias

from starlette.types import Message, Scope

from tileserver.tiles.compress import Coding
from tileserver.tiles.current import Current
from tileserver.web.follower import OBEYED_S, Pulse
from tileserver.web.memo import Memo
from tileserver.web.negotiate import choose_coding, etag_matches, prefers_dictionary
from tileserver.web.spelled import Spelled, content_key

_FOR_GOOD = float("inf")  # within a catalogue
_CODINGS = 64  # spellings of Accept-Encoding that are remembered, of up to 32 kB each
_OVERHEAD = 600  # bytes of an entry beside its texts
_LONGEST = 2_048  # bytes of an address; what is longer is not worth a place
_DELTAS = 12  # forms of an address that are differences; what holders ask for takes no other form's place
# Of the room, by the beginning of an address: nothing else there is decided by address and coding alone.
_SHARES = {b"/tiles/": 0.6, b"/histor": 0.2, b"/change": 0.1, b"/tilese": 0.08, b"/styles": 0.02}
_OWN = (b"date", b"x-request-id", b"cache-status")  # said anew of each answer
_OF_A_BODY = (b"content-type:", b"content-length:", b"content-encoding:")  # which a 304 has none of
_UNCHANGED = b"HTTP/1.1 304 Not Modified"
HIT = b"tileserver; hit"
_STATUS = {200: b"HTTP/1.1 200 OK\r\n", 204: b"HTTP/1.1 204 No Content\r\n"}

# A difference is by the coding that it saves against and by its dictionary, as the header names that.
FormKey: TypeAlias = Coding | tuple[Coding, bytes]


class Lookup(NamedTuple):
    """Parts of a request that a known answer depends on: raw values of headers, ``None`` where absent."""

    target: bytes
    origin: bytes = b""  # scheme and host, as the client sees them
    accepted: bytes | None = None
    dictionary: bytes | None = None  # RFC 9842: the one that the client has
    condition: bytes | None = None
    is_head: bool = False

    @classmethod
    def heard(cls, target: bytes, origin: bytes, headers: Mapping[bytes, bytes], *, is_head: bool) -> Lookup:
        """Return the parts of a request for *target* with *headers*, whose names are in lower case."""
        return cls(
            target,
            origin,
            headers.get(b"accept-encoding"),
            headers.get(b"available-dictionary"),
            headers.get(b"if-none-match"),
            is_head,
        )


class Basis(NamedTuple):
    """Basis of an answer: a catalogue, ``None`` before the first is read, and a stride of the horizon.

    The stride ends at the instant ``end`` of `time.monotonic`, in seconds.
    """

    catalogue: object
    end: float


@dataclass(frozen=True, slots=True)
class Form:
    """An answer in one coding: the lines of its head that are always the same, its tag, its body."""

    head: bytes
    etag: str
    body: bytes

    @property
    def unchanged(self) -> bytes:
        """The head of a 304, put together at each call: keeping both would double the room taken."""
        lines = self.head.split(b"\r\n")[1:]
        return b"\r\n".join([_UNCHANGED, *(line for line in lines if not line.startswith(_OF_A_BODY))])

    @property
    def weight(self) -> int:
        """Bytes that the form takes."""
        return len(self.head) + len(self.body)


@dataclass(slots=True)
class Entry:
    """The forms known of an address, for instants of `time.monotonic`, in seconds, up to ``end``."""

    end: float
    weight: int
    forms: dict[FormKey, Form] = field(default_factory=dict)
    asked: int = 0


class HotAnswers:
    """A bounded memo of address to answer, which dies with the catalogue.

    Parameters
    ----------
    limit
        Bytes that it may take; each kind of address has a share of its own.
    current
        Whose catalogue the answers were worked out from; an answer is valid while that is the same object.
    pulse
        While the database is silent, an answer has to say so, and the slow way says it.
    spelled
        Of a dated address, the key under which one answer is kept for all spellings of its content.
    shared
        What ``Cache-Control`` begins with where an answer may be kept here, as bytes: ``private`` for an
        audience that has its own memo.
    """

    def __init__(
        self, limit: int, current: Current, pulse: Pulse, spelled: Spelled, shared: bytes = b"public"
    ) -> None:
        self._current = current
        self._kept = shared + b", max-age="
        self._pulse = pulse
        self._known: object = None
        self._memos: dict[bytes, Memo[Entry]] = {
            kind: Memo(int(limit * share)) for kind, share in _SHARES.items()
        }
        self._spelled = spelled
        self._codings: dict[bytes, tuple[Coding, bool]] = {}
        self._prefix = os.urandom(4).hex().encode()
        self._numbers = count()
        self.answered = 0

    def answer(
        self, lookup: Lookup, date: bytes, end: bytes = b"\r\n\r\n"
    ) -> tuple[bytes, int, bytes, int] | None:
        """Return a whole answer, its status, the id of this request, bytes of its body; `None` if not known.

        *date* is the present time, as ``Date`` has it; *end* is the end of the head.
        """
        memo = self._memos.get(lookup.target[:7])
        if memo is None:
            return None
        if self._current.read is not self._known:
            self.clear()
            return None
        entry = self._entry(memo, lookup, time.monotonic())
        form = None if entry is None else entry.forms.get(self._form_key(lookup))
        if entry is None or form is None:
            return None
        entry.asked += 1
        self.answered += 1
        number = self.number()
        if lookup.condition is not None and etag_matches(lookup.condition.decode("latin-1"), form.etag):
            status, head, body = 304, form.unchanged, b""
        else:
            status, head, body = (200 if form.body else 204), form.head, b"" if lookup.is_head else form.body
        return b"%s%s\r\nx-request-id: %s%s%s" % (head, date, number, end, body), status, number, len(body)

    def _entry(self, memo: Memo[Entry], lookup: Lookup, now: float) -> Entry | None:
        """Return the forms known at the instant *now* of `time.monotonic`, in seconds."""
        if now - self._pulse.beat_at > OBEYED_S:
            return None
        target = lookup.target
        entry = memo.get(target) or memo.get(lookup.origin + target)
        entry = entry or memo.get(self._spelled.cache_key(target, now))
        return None if entry is None or entry.end <= now else entry

    def number(self) -> bytes:
        """Return an id for a request that is answered before the framework."""
        return b"%s%08x" % (self._prefix, next(self._numbers) & 0xFFFFFFFF)

    def keep(self, lookup: Lookup, basis: Basis, start: Message, body: bytes, scope: Scope) -> None:
        """Keep the answer that begins with *start*, worked out from *basis*, where caches may.

        A route may say in *scope* which content of a tile it is (``located``), or that it repeats scheme and
        host (``by_host``), so that no cache but this may keep it.
        """
        memo = self._memos.get(lookup.target[:7])
        if memo is None or start["status"] not in _STATUS or len(lookup.target) > _LONGEST:
            return
        if basis.catalogue is None or basis.catalogue is not self._current.read:
            return
        if basis.catalogue is not self._known:
            self.clear()
            self._known = basis.catalogue
        headers = [(name.lower(), value) for name, value in start["headers"]]
        found, now, form_key = dict(headers), time.monotonic(), self._form_key(lookup)
        if isinstance(form_key, tuple) and found.get(b"content-encoding") != b"dcz":
            return  # a name that nobody knows must not take a place
        key, end = self._place(lookup, found.get(b"cache-control", b""), scope, basis.end, now)
        if end <= now or b"etag" not in found:
            return
        known = memo.get(key)
        if known is None or known.end <= now:
            known = Entry(end, 0, {}, known.asked if known else 0)
        forms = {**known.forms, form_key: form_of(start["status"], headers, body)}
        if sum(isinstance(each, tuple) for each in forms) <= _DELTAS:
            memo.put(key, Entry(min(known.end, end), _weight(key, forms), forms, known.asked))

    def _place(
        self, lookup: Lookup, control: bytes, scope: Scope, still: float, now: float
    ) -> tuple[bytes, float]:
        """Return the key of an answer, and the end of its being known; *still* is the end of the stride.

        *control* is for caches. Where the end is not after *now* the answer is not to be kept.
        """
        target, located = lookup.target, scope.get("located")
        if scope.get("by_host"):
            return lookup.origin + target, still
        if not control.startswith(self._kept) or control == self._kept + b"0":
            return target, now
        if b"immutable" in control:
            return target, _FOR_GOOD
        if located is None or not (key := self._spelled.cache_key(target, now)):
            return target, still
        if key != content_key(target.partition(b"?")[0], located):
            return target, now  # the horizon has moved since: the address means something else
        return key, _FOR_GOOD  # a content says the same for good; what the address means does not

    def basis(self) -> Basis:
        """Return the basis of an answer that is begun now."""
        return Basis(self._current.read, self._current.stride_end())

    @property
    def weight(self) -> int:
        """The memory that the entries take."""
        return sum(memo.weight for memo in self._memos.values())

    def clear(self) -> None:
        """Forget everything."""
        for memo in self._memos.values():
            memo.clear()
        self._spelled.clear()
        self._known = None

    def _form_key(self, lookup: Lookup) -> FormKey:
        accepted = lookup.accepted
        if accepted is None:
            return "identity"
        known = self._codings.get(accepted)
        if known is None:
            if len(self._codings) >= _CODINGS:
                self._codings.clear()
            text = accepted.decode("latin-1")
            known = self._codings[accepted] = choose_coding(text), prefers_dictionary(text)
        coding, is_welcome = known
        return (coding, lookup.dictionary) if is_welcome and lookup.dictionary is not None else coding


def _weight(key: bytes, forms: Mapping[FormKey, Form]) -> int:
    return _OVERHEAD + len(key) + sum(form.weight for form in forms.values())


def form_of(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Form:
    """Return the kept form of an answer; the names of *headers* are in lower case, as bytes."""
    lines = [b"%s: %s\r\n" % (name, value) for name, value in headers if name not in _OWN]
    found = dict(headers)
    rest = b"cache-status: %s\r\ndate: " % HIT if b"cache-status" in found else b"date: "
    return Form(_STATUS[status] + b"".join(lines) + rest, found[b"etag"].decode("latin-1"), body)
