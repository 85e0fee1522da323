"""Tables of delimited text: commas, semicolons, tabs or bars, in the encoding that is found or declared."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TextIO

from tileserver.errors import UnreadableSource
from tileserver.ingest.containers.encodings import seen_encoding
from tileserver.ingest.containers.sources import PlainFile
from tileserver.ingest.containers.table import Dialect, Row, Table
from tileserver.ingest.limits import MB, Limits

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAMPLE = 1 << 20  # bytes by which encoding and delimiter are found
_SAMPLE_ROWS = 50
_NO_TEXT = "\udc80"  # to \udcff: bytes that the encoding does not have, as surrogateescape keeps them


class _LongRecord(Exception):
    """A record over the limit, passed over up to the end of a line."""


class _Lines:
    """Lines of a text with their ends, as many for one record as the limit allows.

    What is over the limit is passed over and raised, and then the next line can be read.
    """

    def __init__(self, stream: TextIO, limits: Limits) -> None:
        self._stream, self._bound = stream, limits.line_bytes
        self.size = 0  # letters of the record so far

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(self._bound + 1)
        if not line:
            raise StopIteration
        self.size += len(line)
        if self.size <= self._bound:
            return line
        while not line.endswith(("\n", "\r")) and (line := self._stream.readline(_SAMPLE)):
            pass
        raise _LongRecord(f"it is longer than {self._bound // MB} MB; is a quotation mark missing?")


def read_csv(source: PlainFile, dialect: Dialect, limits: Limits) -> Iterator[Table]:
    """Yield the one table of a file of delimited text.

    `UnreadableSource` for an encoding that is not known, and for a text without columns.
    """
    encoding, delimiter = _dialect(source, dialect, limits)

    @contextmanager
    def stream() -> Iterator[TextIO]:
        with source.path.open(encoding=encoding, errors="surrogateescape", newline="") as text:
            yield _below(text, dialect.header)

    with stream() as text:
        first = _first(_records(text, delimiter, limits), dialect)
    columns = column_names(first) if dialect.header else tuple(str(n) for n in range(1, len(first) + 1))

    def rows() -> Iterator[Row]:
        with stream() as text:
            records = _records(text, delimiter, limits)
            for number, record in enumerate(islice(records, min(dialect.header, 1), None), start=1):
                yield _row(number, record, columns)

    seen = {"encoding": encoding, "delimiter": DELIMITERS.get(delimiter, repr(delimiter))}
    yield Table(source.member, "", "csv", columns, None, rows, seen)


def _below(text: TextIO, header: int) -> TextIO:
    """Return *text* at the beginning of its line number *header*, from 1; its lines may be of any length."""
    for _ in range(header - 1):
        while (part := text.readline(_SAMPLE)) and not part.endswith(("\n", "\r")):
            pass
    return text


def _first(records: Iterator[list[str] | str], dialect: Dialect) -> list[str]:
    """Return the header, or without one the first record that can be read."""
    for record in records:
        if isinstance(record, list):
            return record
        if dialect.header:
            raise UnreadableSource(f"it is a table whose header cannot be read: {record}")
    raise UnreadableSource("it is a table without records; see that it was written to its end")


def column_names(header: list[str]) -> tuple[str, ...]:
    """Return names of columns, each once: an empty name becomes the number, a taken name gets the number."""
    names: dict[str, None] = {}
    for number, text in enumerate(header, start=1):
        name = text.strip() or str(number)
        while name in names:
            name = f"{name}_{number}"
        names[name] = None
    return tuple(names)


def _dialect(source: PlainFile, dialect: Dialect, limits: Limits) -> tuple[str, str]:
    with source.path.open("rb") as stream:
        sample = stream.read(_SAMPLE)
    encoding = dialect.encoding or seen_encoding(sample)
    try:
        text = sample.decode(encoding, "surrogateescape")
    except (LookupError, UnicodeError) as error:
        raise UnreadableSource(f"it cannot be read in the encoding {encoding!r}: {error}") from error
    shown = _below(io.StringIO(text, newline=""), dialect.header)
    return encoding, dialect.delimiter or _delimiter(shown.read(), limits)


def _delimiter(text: str, limits: Limits) -> str:
    """Return the delimiter by which most of the first records have as many columns as the first."""

    def fit(delimiter: str) -> tuple[float, int]:
        records = _records(io.StringIO(text, newline=""), delimiter, limits)
        counts = [len(record) for record in islice(records, _SAMPLE_ROWS) if isinstance(record, list)]
        if not counts or counts[0] < 2:
            return 0, 0
        return counts.count(counts[0]) / len(counts), counts[0]

    return max(DELIMITERS, key=fit)


def _records(text: TextIO, delimiter: str, limits: Limits) -> Iterator[list[str] | str]:
    """Yield the cells of each record that is not blank, or the reason why there are none."""
    lines = _Lines(text, limits)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.size = 0
        try:
            record = _next(reader, limits)
        except StopIteration:
            return
        except (csv.Error, _LongRecord, UnicodeError) as error:
            yield str(error)
            if isinstance(error, UnicodeError):  # of UTF-16, where no place to go on is known
                return
            continue
        if record:
            yield record


def _next(reader: Iterator[list[str]], limits: Limits) -> list[str]:
    """Return the next record; the size of a field is bounded for the whole process, so only meanwhile."""
    before = csv.field_size_limit(limits.line_bytes)
    try:
        return next(reader)
    finally:
        csv.field_size_limit(before)


def _row(number: int, record: list[str] | str, columns: tuple[str, ...]) -> Row:
    if isinstance(record, str):
        return Row(number, {}, None, f"it cannot be read as a record: {record}")
    values = dict(zip(columns, record, strict=False))
    if len(record) != len(columns) and (
        len(record) < len(columns) or any(map(str.strip, record[len(columns) :]))
    ):
        return Row(number, values, None, f"it has {len(record)} cells for {len(columns)} columns")
    line = "".join(record)
    if not line.isascii() and any(_NO_TEXT <= letter <= "\udcff" for letter in line):
        return Row(number, {}, None, "it has bytes that are not of the file's encoding")
    return Row(number, values, None, "it has a NUL" if "\0" in line else "")
