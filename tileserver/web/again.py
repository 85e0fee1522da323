"""Requests of a connection that repeat the headers of the last, as a browser's do: parsed once."""

from __future__ import annotations

from typing import NamedTuple

from tileserver.web.hot import Lookup

_END = b"\r\n\r\n"  # of a head


class Again(NamedTuple):
    """Headers of a request answered from memory: the bytes, and their meaning in a `Lookup`."""

    headers: bytes  # from the end of the request line to the end
    rest: tuple[bytes, bytes | None, bytes | None, bytes | None]

    @classmethod
    def of(cls, data: bytes, lookup: Lookup) -> Again | None:
        """Return the headers of *data*, if that is one whole request and no more, answered by *lookup*."""
        line, _, _ = data.partition(b"\r\n")
        if data.count(_END) != 1 or not data.endswith(_END) or line != b"GET %s HTTP/1.1" % lookup.target:
            return None
        return cls(data[len(line) :], lookup[1:5])

    def target(self, data: bytes) -> bytes | None:
        """Return the address of the one request that *data* is, if the headers are the same."""
        if data[:4] != b"GET " or not data.endswith(self.headers):
            return None
        line = data[4 : len(data) - len(self.headers)]
        return line[:-9] if line.endswith(b" HTTP/1.1") else None
