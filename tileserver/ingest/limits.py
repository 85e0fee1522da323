"""Limits on hostile files: nothing is unpacked, held or parsed without a bound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from tileserver.errors import HostileSource

_CHUNK = 1 << 20
MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file we are willing to read; all sizes in bytes, unpacked."""

    members: int = 100_000
    member_bytes: int = 64 * MB
    total_bytes: int = 8192 * MB
    held_bytes: int = 256 * MB  # compressed; what is kept of a file whose import is held back
    line_bytes: int = 16 * MB  # one row or one feature of a file read line by line
    spooled_bytes: int = 2048 * MB  # one file unpacked to disk, where its rows are then streamed
    swelling: int = 250  # times its size that a file may unpack to; text of maps does so 5 to 60 times
    swelling_xz: int = 2_000  # the same of xz, which sees far back: daily states in one file come to 600
    swelling_from: int = 64 * MB  # unpacked, from which that holds
    unpacker_bytes: int = 128 * MB  # memory in which a file is unpacked; the largest preset of xz takes 65 MB
    reader_bytes: int = 1536 * MB  # memory of the process in which libraries read binary containers
    reader_seconds: int = 300  # of processor time of that process for one table


LIMITS = Limits()


def read_bounded(stream: BinaryIO, bound: int, name: str) -> bytes:
    """Return all bytes of *stream*; `HostileSource` after more than *bound* bytes."""
    chunks: list[bytes] = []
    size = 0
    while chunk := stream.read(min(_CHUNK, bound + 1 - size)):
        chunks.append(chunk)
        size += len(chunk)
        if size > bound:
            raise HostileSource(f"{name} unpacks to more than {bound // MB} MB; split it, or raise the limit")
    return b"".join(chunks)


def lines_bounded(stream: BinaryIO, limits: Limits, name: str) -> Iterator[bytes]:
    """Yield the lines of *stream* as bytes; a line or a sum of lines over the limits is a `HostileSource`."""
    total = 0
    while line := stream.readline(limits.line_bytes + 1):
        total += len(line)
        if len(line) > limits.line_bytes:
            raise HostileSource(f"{name} has a line of more than {limits.line_bytes // MB} MB")
        if total > limits.total_bytes:
            raise HostileSource(f"{name} unpacks to more than {limits.total_bytes // MB} MB")
        yield line
