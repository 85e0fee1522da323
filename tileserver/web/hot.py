"""Answers that are known already, as bytes: the way a request takes that somebody has asked before.

The framework, its middleware and a log line cost a hundred times what it costs to find a tile in memory. So
the protocol (`web.wire`) asks here first, and whatever the slow way answers is kept here (`Remembering`):

    socket -> wire -> HotAnswers.answer --- known ---> socket
                          | unknown
                          v
              Remembering -> Envelope -> routes        and what comes back is kept

A raw address is only a memo of what the slow way answered for it. It dies with the catalogue that it was
answered from, and so with a revision, a withdrawal, a definition; and where the answer is not fixed for good
within that catalogue, after a second.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tileserver.tiles.compress import Coding
from tileserver.tiles.current import Current
from tileserver.web.follower import OBEYED_S, Pulse
from tileserver.web.limits import Bill
from tileserver.web.memo import Memo
from tileserver.web.negotiate import choose_coding, etag_matches
from tileserver.web.spelled import Spelled

_KEPT_S = 1.0  # an answer that the passing of time may change
_CODINGS = 512  # spellings of Accept-Encoding that are remembered
_OVERHEAD = 600  # bytes of an entry beside its texts
_LONGEST = 2_048  # bytes of an address; what is longer is not worth a place
_FORMS = 16  # of an address
# Of the room, by the beginning of an address: nothing else there is decided by address and coding alone.
_SHARES = {b"/tiles/": 0.6, b"/histor": 0.2, b"/change": 0.1, b"/tilese": 0.08, b"/styles": 0.02}
_OWN = (b"date", b"x-request-id", b"cache-status")  # said anew of each answer
_OF_A_BODY = (b"content-type:", b"content-length:", b"content-encoding:")  # which a 304 has none of
_UNCHANGED = b"HTTP/1.1 304 Not Modified"
_HIT = b"tileserver; hit"
_FREE = (304, 400, 404, 405)
_STATUS = {200: b"HTTP/1.1 200 OK\r\n", 204: b"HTTP/1.1 204 No Content\r\n"}

FormKey: TypeAlias = Coding | tuple[bytes | None, bytes]  # with a dictionary: the header, and its name


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
        Where a day has several spellings, the key under which one answer is kept for all.
    """

    def __init__(self, limit: int, current: Current, pulse: Pulse, spelled: Spelled) -> None:
        self._current = current
        self._pulse = pulse
        self._known: object = None
        self._memos: dict[bytes, Memo[Entry]] = {
            kind: Memo(int(limit * share)) for kind, share in _SHARES.items()
        }
        self._spelled = spelled
        self._codings: dict[bytes, Coding] = {}
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
        entry = (
            memo.get(lookup.target)
            or memo.get(lookup.origin + lookup.target)
            or memo.get(self._spelled.cache_key(lookup.target))
        )
        if entry is None or entry.end < (now := time.monotonic()) or now - self._pulse.beat_at > OBEYED_S:
            return None
        form = entry.forms.get(self._form_key(lookup))
        if form is None:
            return None
        entry.asked += 1
        self.answered += 1
        number = self.number()
        if lookup.condition is not None and etag_matches(lookup.condition.decode("latin-1"), form.etag):
            status, head, body = 304, form.unchanged, b""
        else:
            status, head, body = (200 if form.body else 204), form.head, b"" if lookup.is_head else form.body
        return b"%s%s\r\nx-request-id: %s%s%s" % (head, date, number, end, body), status, number, len(body)

    def number(self) -> bytes:
        """Return an id for a request that is answered before the framework."""
        return b"%s%08x" % (self._prefix, next(self._numbers) & 0xFFFFFFFF)

    def keep(self, lookup: Lookup, generation: object, start: Message, body: bytes, scope: Scope) -> None:
        """Keep the answer that begins with *start*, worked out from *generation*, where caches may.

        A route may say in *scope* that time alone changes nothing of it (``settled``), or that it repeats
        scheme and host (``by_host``), so that no cache but this may keep it.
        """
        memo = self._memos.get(lookup.target[:7])
        if memo is None or start["status"] not in _STATUS or len(lookup.target) > _LONGEST:
            return
        if generation is None or generation is not self._current.read:
            return
        if generation is not self._known:
            self.clear()
            self._known = generation
        headers = [(name.lower(), value) for name, value in start["headers"]]
        found, by_host = dict(headers), scope.get("by_host", False)
        if lookup.dictionary is not None and found.get(b"content-encoding") != b"dcz":
            return  # a name that nobody knows must not take a place
        kept_s = _kept_for(found.get(b"cache-control", b""), scope)
        if not kept_s or b"etag" not in found:
            return
        key = lookup.origin + lookup.target if by_host else lookup.target
        if scope.get("settled"):
            key = self._spelled.cache_key(key) or key
        known = memo.get(key)
        if known is None or known.end < time.monotonic():
            known = Entry(time.monotonic() + kept_s, 0, {}, known.asked if known else 0)
        forms = {**known.forms, self._form_key(lookup): form_of(start["status"], headers, body)}
        if len(forms) <= _FORMS:
            weight = _OVERHEAD + len(key) + sum(form.weight for form in forms.values())
            memo.put(key, Entry(known.end, weight, forms, known.asked))

    @property
    def generation(self) -> object:
        """The catalogue from which answers are worked out now."""
        return self._current.read

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
        if lookup.dictionary is not None:
            return accepted, lookup.dictionary
        if accepted is None:
            return "identity"
        coding = self._codings.get(accepted)
        if coding is None:
            if len(self._codings) >= _CODINGS:
                self._codings.clear()
            coding = self._codings[accepted] = choose_coding(accepted.decode("latin-1"))
        return coding


def _kept_for(control: bytes, scope: Scope) -> float:
    """Return the seconds for which an answer stays the same in its catalogue; *control* is for caches."""
    if scope.get("settled") or b"immutable" in control:
        return float("inf") if control.startswith(b"public") else 0.0
    if scope.get("by_host"):
        return _KEPT_S
    return _KEPT_S if control.startswith(b"public, max-age=") and control != b"public, max-age=0" else 0.0


def form_of(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Form:
    """Return the kept form of an answer; the names of *headers* are in lower case, as bytes."""
    lines = [b"%s: %s\r\n" % (name, value) for name, value in headers if name not in _OWN]
    found = dict(headers)
    rest = b"cache-status: %s\r\ndate: " % _HIT if b"cache-status" in found else b"date: "
    return Form(_STATUS[status] + b"".join(lines) + rest, found[b"etag"].decode("latin-1"), body)


class Remembering:
    """Middleware that keeps answers of the application for `web.wire` to give the next time."""

    def __init__(self, app: ASGIApp, hot: HotAnswers) -> None:
        self.app = app
        self.hot = hot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        generation = self.hot.generation
        start: Message = {}

        async def keeping(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                _settle(scope, start)
            elif scope["method"] == "GET" and not message.get("more_body"):
                self.hot.keep(_lookup(scope), generation, start, message.get("body", b""), scope)
            await send(message)

        await self.app(scope, receive, keeping)


def _settle(scope: Scope, start: Message) -> None:
    """Let nobody pay for work that was not done."""
    bill: Bill | None = scope.get("bill")
    if bill is not None and (start["status"] in _FREE or (b"cache-status", _HIT) in start["headers"]):
        bill.settle()


def _lookup(scope: Scope) -> Lookup:
    """Return the same parts of a request as `web.wire` does."""
    path, query = scope.get("raw_path") or b"", scope["query_string"]
    found = dict(reversed(scope["headers"]))  # the first of each name
    return Lookup(
        b"%s?%s" % (path, query) if query else path,
        b"%s://%s" % (scope["scheme"].encode(), found.get(b"host", b"")),
        found.get(b"accept-encoding"),
        found.get(b"available-dictionary"),
    )
