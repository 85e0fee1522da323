"""Messages from the process that reads binary containers: a length in 4 bytes, then msgpack.

msgpack has no dates; here they are extensions, so that a date stays one, and no code comes in with the data.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import date, datetime
from math import isnan
from typing import Any, BinaryIO

import msgspec

_LENGTH = struct.Struct("<L")
_DATE, _DATETIME = 1, 2
_PLAIN = (str, int, bool, type(None))


class Request(msgspec.Struct):
    """A question to the process: for the tables of a file, or for the rows of a table.

    *row_bytes* bound a geometry; *seconds* are of processor time.
    """

    path: str
    kind: str
    table: str | None = None  # None: all tables are listed
    encoding: str = ""
    header: int = 1  # row with the names of the columns; 0: none
    row_bytes: int = 0
    seconds: int = 0


class Listed(msgspec.Struct, tag=True, array_like=True):
    """A table of the file."""

    name: str
    columns: list[str]
    crs: str | None
    found: dict[str, str]


class Record(msgspec.Struct, tag=True, array_like=True):
    """A row of the table; geometry is the bytes of a GeoJSON text."""

    number: int
    values: dict[str, Any]
    geometry: bytes | None = None
    trouble: str = ""


class Unread(msgspec.Struct, tag=True, array_like=True):
    """The reason why there is nothing, or nothing more, to be read."""

    why: str
    is_hostile: bool = False


class AnswerEnd(msgspec.Struct, tag=True, array_like=True):
    """The answer is complete."""


def write_message(stream: BinaryIO, message: Listed | Record | Unread | AnswerEnd, row_bytes: int) -> None:
    """Write *message* to *stream* as msgpack bytes; a row longer than *row_bytes* without its values."""
    text = msgspec.msgpack.encode(message)
    if isinstance(message, Record) and len(text) > longest(row_bytes):
        why = f"it has {len(text):,} bytes; {row_bytes:,} are allowed"
        text = msgspec.msgpack.encode(Record(message.number, {}, None, why))
    stream.write(_LENGTH.pack(len(text)))
    stream.write(text)


def longest(row_bytes: int) -> int:
    """Return how many bytes a message of a row may have whose geometry has *row_bytes* of WKB."""
    return 4 * row_bytes + 1024


def read_messages(stream: BinaryIO, bound: int) -> Iterator[Listed | Record | Unread]:
    """Yield the messages up to `AnswerEnd`, of at most *bound* bytes each; else `EOFError`."""
    while True:
        length = _LENGTH.unpack(_exactly(stream, _LENGTH.size))[0]
        if length > bound:
            yield Unread(f"a row is longer than {bound} bytes", is_hostile=True)
            return
        message = _DECODER.decode(_exactly(stream, length))
        if isinstance(message, AnswerEnd):
            return
        yield message


def packed(value: Any) -> Any:
    """Return *value* in types of msgpack: dates as extensions, NaN as ``None``."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, float):
        return None if isnan(value) else value
    if isinstance(value, date):
        code = _DATETIME if isinstance(value, datetime) else _DATE
        return msgspec.msgpack.Ext(code, value.isoformat().encode())
    if isinstance(value, dict):
        return {str(name): packed(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [packed(each) for each in value]
    return value.hex() if isinstance(value, bytes) else str(value)


def _unpacked(code: int, data: memoryview) -> date:
    text = bytes(data).decode()
    return datetime.fromisoformat(text) if code == _DATETIME else date.fromisoformat(text)


_DECODER = msgspec.msgpack.Decoder(Listed | Record | Unread | AnswerEnd, ext_hook=_unpacked)


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data
