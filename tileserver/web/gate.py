"""Everything that a connection needs before the framework is asked, and the requests that go no further."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import lru_cache

from tileserver.tiles.audience import Audience
from tileserver.web.access import AccessLog
from tileserver.web.aliases import Aliases
from tileserver.web.direct import DirectTiles
from tileserver.web.doors import Doors
from tileserver.web.forwarded import Proxies, household
from tileserver.web.hot import HotAnswers
from tileserver.web.keys import Keys
from tileserver.web.keys_audiences import Audiences, Server
from tileserver.web.limits import Allowances
from tileserver.web.ready import ReadyRoute

_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]{0,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?\Z")
_TARGET = 8_192  # bytes of path and query


@dataclass(frozen=True, slots=True)
class Head:
    """Line and headers of a request, for the decision whether to answer.

    ``heard`` are the headers that are looked at, in lower case, ``repeated`` which of them came more than
    once, ``length`` how many there are in all, ``bytes`` no less than the head takes.
    """

    version: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    heard: Mapping[bytes, bytes]
    repeated: Set[bytes]
    bytes: int


@dataclass(frozen=True, slots=True)
class Gate:
    """The parts that `web.wire` works with, the same for all connections of a process."""

    hot: HotAnswers
    aliases: Aliases
    direct: DirectTiles | None  # none where each request is traced or timed by the framework
    doors: Doors
    access: AccessLog
    proxies: Proxies
    allowances: Allowances
    ready: ReadyRoute
    keys: Keys
    audiences: Audiences

    @property
    def is_leaving(self) -> bool:
        """Whether the process was told to end."""
        return self.ready.leaving

    def server(self, audience: Audience) -> Gate | Server:
        """Return the answering parts for *audience*: our own for the public."""
        return self if audience is None else self.audiences.server(audience)

    def payer(self, address: str) -> str:
        """Return whom *address*, of a connection, counts for; nothing for this machine and trusted proxies.

        Whom a header of a proxy names is counted, this machine too.
        """
        return "" if self.doors.is_uncounted(address) else household(address)

    def trouble(self, head: Head) -> tuple[int, str] | None:
        """Return status and reason for refusing a request with *head*; `None` for a good request."""
        return self._excess(head) or _wrong_host(head)

    def _excess(self, head: Head) -> tuple[int, str] | None:
        doors = self.doors
        if len(head.headers) > doors.headers:
            return 431, f"a request may have {doors.headers} headers"
        if len(head.target) > _TARGET:
            return 414, f"path and query may take {_TARGET} bytes"
        if head.bytes > doors.head_bytes and _size(head) > doors.head_bytes:
            return 431, f"a request's line and headers may take {doors.head_bytes} bytes"
        length = head.heard.get(b"content-length", b"0")
        if not length.isdigit() or int(length[:18]) > doors.body_bytes:
            return 413, f"a request's body may take {doors.body_bytes} bytes"
        return None


def _wrong_host(head: Head) -> tuple[int, str] | None:
    """Refuse a request without a Host, with two, or with an impossible one (RFC 9112 3.2)."""
    host = head.heard.get(b"host")
    if b"host" in head.repeated or (host is None and head.version == "1.1"):
        return 400, "a request names one Host"
    if host is not None and not _is_host(host):
        return 400, "the Host of the request is no name or address"
    return None


def _size(head: Head) -> int:
    """Return the bytes of the head; more than one request may have come in at once."""
    return len(head.target) + sum(len(name) + len(value) + 4 for name, value in head.headers)


@lru_cache(1024)
def _is_host(value: bytes) -> bool:
    return bool(_HOST.match(value))
