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
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tileserver.tiles.compress import Coding
from tileserver.tiles.current import Current
from tileserver.web.follower import OBEYED_S, Pulse
from tileserver.web.negotiate import choose_coding, etag_matches

_KEPT_S = 1.0  # an answer that the passing of time may change
_CODINGS = 512  # spellings of Accept-Encoding that are remembered
_OVERHEAD = 600  # bytes of an entry beside its texts
_LONGEST = 2_048  # bytes of an address; what is longer is not worth a place
_FAMILIES = (b"/tiles/", b"/history/", b"/changes/")  # nothing else in a request changes what these say
_OWN = (b"date", b"x-request-id", b"cache-status")  # said anew of each answer
_OF_A_BODY = (b"content-type", b"content-length", b"content-encoding")  # which a 304 has none of


@dataclass(frozen=True, slots=True)
class Form:
    """An answer in one coding: the lines of its head that are always the same, its tag, its body."""

    head: bytes
    unchanged: bytes  # the head of a 304
    etag: str
    body: bytes

    @property
    def weight(self) -> int:
        """Bytes that the form takes."""
        return len(self.head) + len(self.unchanged) + len(self.body)


@dataclass(slots=True)
class Entry:
    """The forms known of an address, for instants of `time.monotonic`, in seconds, up to ``end``."""

    end: float
    forms: dict[Coding, Form] = field(default_factory=dict)


class HotAnswers:
    """A bounded memo of address to answer, which dies with the catalogue.

    Parameters
    ----------
    limit
        Bytes that it may take; the oldest entries leave first.
    current
        Whose catalogue the answers were worked out from; an answer is valid while that is the same object.
    pulse
        While the database is silent, an answer has to say so, and the slow way says it.
    """

    def __init__(self, limit: int, current: Current, pulse: Pulse) -> None:
        self._limit = limit
        self._current = current
        self._pulse = pulse
        self._known: object = None
        self._entries: dict[bytes, Entry] = {}
        self._weight = 0
        self._codings: dict[bytes, Coding] = {}
        self._prefix = os.urandom(4).hex().encode()
        self._numbers = count()
        self.answered = 0

    def answer(
        self, target: bytes, accepted: bytes | None, condition: bytes | None, date: bytes, *, is_head: bool
    ) -> tuple[bytes, int, bytes] | None:
        """Return the whole answer to *target*, its status, and the id of this request; `None` if not known.

        *accepted* and *condition* are the request's ``Accept-Encoding`` and ``If-None-Match``, *date* the
        present time, as ``Date`` has it.
        """
        entry = self._entries.get(target)
        if entry is None:
            return None
        if self._current.read is not self._known:
            self.clear()
            return None
        if entry.end < (now := time.monotonic()) or now - self._pulse.beat_at > OBEYED_S:
            return None
        form = entry.forms.get(self._coding(accepted))
        if form is None:
            return None
        self.answered += 1
        number = b"%s%08x" % (self._prefix, next(self._numbers) & 0xFFFFFFFF)
        if condition is not None and etag_matches(condition.decode("latin-1"), form.etag):
            status, head, body = 304, form.unchanged, b""
        else:
            status, head, body = (200 if form.body else 204), form.head, b"" if is_head else form.body
        return b"%s%s\r\nx-request-id: %s\r\n\r\n%s" % (head, date, number, body), status, number

    def keep(
        self,
        target: bytes,
        accepted: bytes | None,
        generation: object,
        start: Message,
        body: bytes,
        *,
        is_fixed: bool = False,
    ) -> None:
        """Keep the answer that begins with *start*, worked out from *generation*, where caches may.

        *is_fixed* says that time alone changes nothing of it.
        """
        if start["status"] not in (200, 204) or generation is None or generation is not self._current.read:
            return
        if generation is not self._known:
            self.clear()
            self._known = generation
        headers = [(name.lower(), value) for name, value in start["headers"]]
        kept_s = float("inf") if is_fixed else kept_for(dict(headers)[b"cache-control"])
        if not kept_s:
            return
        entry = self._entries.get(target)
        if entry is None or entry.end < time.monotonic():
            self._forget(target)
            entry = self._entries[target] = Entry(time.monotonic() + kept_s)
            self._weight += _OVERHEAD + len(target)
        form = form_of(start["status"], headers, body)
        before = entry.forms.get(coding := self._coding(accepted))
        entry.forms[coding] = form
        self._weight += form.weight - (before.weight if before else 0)
        while self._weight > self._limit and self._entries:
            self._forget(next(iter(self._entries)))

    @property
    def generation(self) -> object:
        """The catalogue from which answers are worked out now."""
        return self._current.read

    @property
    def weight(self) -> int:
        """The memory that the entries take."""
        return self._weight

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._weight, self._known = 0, None

    def _forget(self, target: bytes) -> None:
        entry = self._entries.pop(target, None)
        if entry is not None:
            self._weight -= _OVERHEAD + len(target) + sum(form.weight for form in entry.forms.values())

    def _coding(self, accepted: bytes | None) -> Coding:
        if accepted is None:
            return "identity"
        coding = self._codings.get(accepted)
        if coding is None:
            if len(self._codings) >= _CODINGS:
                self._codings.clear()
            coding = self._codings[accepted] = choose_coding(accepted.decode("latin-1"))
        return coding


def kept_for(control: bytes) -> float:
    """Return the seconds for which an answer stays the same in its catalogue, by the bytes of *control*."""
    if b"immutable" in control:
        return float("inf")
    return _KEPT_S if control.startswith(b"public, max-age=") and control != b"public, max-age=0" else 0.0


def form_of(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Form:
    """Return the kept form of an answer; the names of *headers* are in lower case, as bytes."""
    lines = [(name, b"%s: %s\r\n" % (name, value)) for name, value in headers if name not in _OWN]
    rest = b"cache-status: tileserver; hit\r\ndate: "
    first = b"HTTP/1.1 200 OK\r\n" if status == HTTPStatus.OK else b"HTTP/1.1 204 No Content\r\n"
    head = first + b"".join(line for _, line in lines) + rest
    same = b"".join(line for name, line in lines if name not in _OF_A_BODY)
    etag = dict(headers)[b"etag"].decode("latin-1")
    return Form(head, b"HTTP/1.1 304 Not Modified\r\n" + same + rest, etag, body)


class Remembering:
    """Middleware that keeps answers of the application for `web.wire` to give the next time."""

    def __init__(self, app: ASGIApp, hot: HotAnswers) -> None:
        self.app = app
        self.hot = hot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request through."""
        target = _target(scope)
        if target is None:
            await self.app(scope, receive, send)
            return
        generation = self.hot.generation
        accepted = next((value for name, value in scope["headers"] if name == b"accept-encoding"), None)
        start: Message = {}

        async def keeping(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            elif not message.get("more_body"):
                fixed = scope.get("settled", False)
                body = message.get("body", b"")
                self.hot.keep(target, accepted, generation, start, body, is_fixed=fixed)
            await send(message)

        await self.app(scope, receive, keeping)


def _target(scope: Scope) -> bytes | None:
    """Return the address as asked for, the bytes of path and query, if its answers may be kept."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    path, query = scope.get("raw_path") or b"", scope["query_string"]
    target: bytes = b"%s?%s" % (path, query) if query else path
    return target if target.startswith(_FAMILIES) and len(target) <= _LONGEST else None
