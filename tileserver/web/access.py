"""The access log of answers from `web.wire`: the same lines as of other answers, written many at a time.

To format and write a line takes as long as a dozen such answers. So they are noted, and written together a
few times a second: about 2 us a line in place of 60.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Literal, NamedTuple
from urllib.parse import unquote

import msgspec
import structlog

from tileserver.origin import Tier
from tileserver.times import format_instant, system_clock
from tileserver.web.keys_text import without_keys

_WRITE_S = 0.25
_TOGETHER = 500  # lines; more would keep the loop from answering for milliseconds

Write = Callable[[str], object]


class Line(NamedTuple):
    """An answer: the instant, UTC; the bytes of method, path with query, and request id; status."""

    at: datetime
    method: bytes
    target: bytes
    status: int
    request_id: bytes
    size: int  # bytes of the body
    tier: Tier | Literal["hot"] = "hot"  # where the answer came from
    seconds: float = 0.0  # that it took; those of the hot tier are not timed


class AccessLog:
    """Notes answers, and writes a line for each soon after, on standard error, in the *form* of the log."""

    def __init__(self, form: str, write: Write = sys.stderr.write) -> None:
        self._render = _as_json if _is_json(form) else _as_text
        self._write = write
        self._lines: list[Line] = []
        self._due: asyncio.TimerHandle | None = None
        self.tell: Callable[[Sequence[Line]], None] | None = None  # of the lines that are written

    def note(
        self,
        method: bytes,
        target: bytes,
        status: int,
        request_id: bytes,
        size: int,
        tier: Tier | Literal["hot"] = "hot",
        seconds: float = 0.0,
    ) -> None:
        """Note an answer, from the event loop: the parts of a `Line`, bytes as such, and seconds.

        At the present instant, UTC.
        """
        self._lines.append(Line(system_clock(), method, target, status, request_id, size, tier, seconds))
        if len(self._lines) >= _TOGETHER:
            self.flush()
        elif self._due is None:
            self._due = asyncio.get_running_loop().call_later(_WRITE_S, self.flush)

    def flush(self) -> None:
        """Write the lines of all answers noted so far."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        lines, self._lines = self._lines, []
        if lines and self.tell is not None:
            self.tell(lines)
        with suppress(OSError, ValueError):  # a line that cannot be written, on a full disk say, is lost
            if lines:
                self._write("".join(map(self._render, lines)))


def _is_json(form: str) -> bool:
    return form == "json" or (form == "auto" and not sys.stderr.isatty())


def _fields(line: Line) -> dict[str, object]:
    """Return the fields of a line, named and ordered as by `web.middleware`."""
    return {
        "method": line.method.decode("ascii"),
        "path": without_keys(unquote(line.target.partition(b"?")[0].decode("latin-1")))[:200],
        "status": line.status,
        "ms": round(line.seconds * 1000, 1),
        "event": "request",
        "request_id": line.request_id.decode("ascii"),
        "level": "info",
        "timestamp": format_instant(line.at),
    }


def _as_json(line: Line) -> str:
    return _ENCODE(_fields(line)).decode() + "\n"


_ENCODE = msgspec.json.Encoder().encode


_console = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())


def _as_text(line: Line) -> str:
    return f"{_console(None, 'info', _fields(line))}\n"
