"""Bounds of values in a JSON text of any length: found by counting brackets, in one buffer of bounded size.

Nothing is decoded here, so that a feature is known again by its bytes, and so that one that is broken inside
costs nobody else: where the brackets close, the next one begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

_CHUNK = 1 << 18
_BETWEEN = re.compile(rb"[^\x1e \t\r\n]")  # RFC 8142 2: a record separator before each text
_STRING = re.compile(rb'["\\]')
_SCALAR_END = re.compile(rb"[\x1e,\]}\s]")
_BRACKETS = {ord("{"): re.compile(rb'[{}"]'), ord("["): re.compile(rb'[\[\]"]')}
_OPENING = b"{["
_NESTED = 5  # brackets within brackets that are found in one step
_TEXT = rb'"(?:[^"\\]++|\\.)*+"'


def _whole(opening: bytes, closing: bytes) -> re.Pattern[bytes]:
    """Return the pattern of a whole value in brackets; possessive, so that no byte is tried twice."""
    plain = rb'[^"' + re.escape(opening + closing) + rb"]++|" + _TEXT
    inner = plain
    for _ in range(_NESTED):
        inner = plain + rb"|" + re.escape(opening) + rb"(?:" + inner + rb")*+" + re.escape(closing)
    return re.compile(re.escape(opening) + rb"(?:" + inner + rb")*+" + re.escape(closing), re.DOTALL)


_WHOLE = {ord("{"): _whole(b"{", b"}"), ord("["): _whole(b"[", b"]")}
_OBJECTS = re.compile(rb"(?:[ \t\r\n]*+" + _WHOLE[ord("{")].pattern + rb"[ \t\r\n]*+,)++", re.DOTALL)


class Broken(Exception):
    """Brackets that do not close, or a byte where no value can begin; says where."""


class Scanner:
    """A place in a stream of JSON bytes, and the steps from value to value."""

    def __init__(self, stream: BinaryIO, start: int = 0) -> None:
        """Begin at the byte *start* of *stream*."""
        stream.seek(start)
        self._stream = stream
        self._buffer = bytearray()
        self._base = start  # of the buffer, in the stream
        self._at = 0  # in the buffer

    @property
    def place(self) -> int:
        """Number of bytes before the current byte."""
        return self._base + self._at

    def peek(self) -> int:
        """Return the next byte of JSON that is no space, without a step; -1 at the end."""
        while True:
            if match := _BETWEEN.search(self._buffer, self._at):
                self._at = match.start()
                return self._buffer[self._at]
            self._at = len(self._buffer)
            if not self._more():
                return -1

    def skip(self, byte: str) -> None:
        """Step over *byte*, which has to be the next one of the JSON text."""
        if self.peek() != ord(byte):
            raise Broken(f"{byte} is missing at byte {self.place}")
        self._at += 1

    def take(self, bound: int) -> bytes | None:
        """Step over the next JSON value; return its bytes, or ``None`` where longer than *bound*."""
        start = self.peek()
        if start < 0:
            raise Broken(f"the text ends at byte {self.place}")
        if start in _OPENING and (match := _WHOLE[start].match(self._buffer, self._at)):
            self._at = match.end()  # nearly all: small, and in the buffer to their ends
            return match[0] if match.end() - match.start() <= bound else None
        begin, parts = self.place, bytearray()
        for piece in self._pieces(start):
            if self.place - begin <= bound:
                parts += piece
            else:
                parts.clear()
        if self.place == begin:
            raise Broken(f"no value begins with {chr(start)!r} at byte {begin}")
        return bytes(parts) if self.place - begin <= bound else None

    def items(self, bound: int) -> Iterator[bytes | None]:
        """Yield the JSON values of the array that begins here, as `take` does, and step over its end."""
        self.skip("[")
        if self.peek() != ord("]"):
            yield self.take(bound)
            while self.peek() != ord("]"):
                self.skip(",")
                yield self.take(bound)
        self.skip("]")

    def pass_items(self) -> None:
        """Step over the JSON array that begins here; `Broken` as of `items`."""
        self.skip("[")
        if self.peek() != ord("]"):
            self._pass_objects()
            while self.peek() != ord("]"):
                self.skip(",")
                self._pass_objects()
        self.skip("]")

    def _pass_objects(self) -> None:
        """Step over the objects that are whole in the buffer, with their commas, and over the next value."""
        if match := _OBJECTS.match(self._buffer, self._at):
            self._at = match.end()
        self.take(0)

    def _pieces(self, start: int) -> Iterator[bytes]:
        """Yield the bytes of the value that begins with *start*, piece by piece."""
        if start in _OPENING:
            yield from self._bracketed(start)
        elif start == ord('"'):
            yield self._step(1)
            yield from self._string()
        else:
            yield from self._scalar()

    def _bracketed(self, opening: int) -> Iterator[bytes]:
        pattern, depth = _BRACKETS[opening], 0
        while True:
            match = pattern.search(self._buffer, self._at)
            if match is None:
                yield from self._rest()
                continue
            found = self._buffer[match.start()]
            yield self._step(match.end() - self._at)
            if found == ord('"'):
                yield from self._string()
                continue
            depth += 1 if found == opening else -1
            if depth == 0:
                return

    def _string(self) -> Iterator[bytes]:
        while True:
            match = _STRING.search(self._buffer, self._at)
            if match is None:
                yield from self._rest()
                continue
            is_end = self._buffer[match.start()] == ord('"')
            length = match.end() - self._at + (not is_end)
            if self._at + length > len(self._buffer) and not self._more():
                raise Broken(f"a text does not end before byte {self.place}")
            yield self._step(length)
            if is_end:
                return

    def _scalar(self) -> Iterator[bytes]:
        while True:
            match = _SCALAR_END.search(self._buffer, self._at)
            if match is not None:
                yield self._step(match.start() - self._at)
                return
            yield self._step(len(self._buffer) - self._at)
            if not self._more():
                return

    def _rest(self) -> Iterator[bytes]:
        yield self._step(len(self._buffer) - self._at)
        if not self._more():
            raise Broken(f"it is cut off at byte {self.place}")

    def _step(self, length: int) -> bytes:
        piece = bytes(memoryview(self._buffer)[self._at : self._at + length])
        self._at += length
        return piece

    def _more(self) -> bool:
        """Read on, and forget the bytes before this place."""
        chunk = self._stream.read(_CHUNK)
        del self._buffer[: self._at]
        self._base += self._at
        self._at = 0
        self._buffer += chunk
        return bool(chunk)
