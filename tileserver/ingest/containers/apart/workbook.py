"""Sheets of an Excel workbook (Office Open XML): values as last computed, never formulas."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from itertools import chain, islice, repeat, zip_longest
from typing import IO, Any, NamedTuple

import openpyxl

from tileserver.errors import HostileSource
from tileserver.ingest.containers.apart.messages import Listed, Record, Request, packed
from tileserver.ingest.containers.csv_tables import column_names
from tileserver.ingest.containers.swelling import check_swelling
from tileserver.ingest.limits import LIMITS, MB

_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_DOCTYPE = re.compile(rb"<!DOCTYPE", re.IGNORECASE)
_OVERLAP = 32  # bytes of one chunk that are looked at again with the next


class _Cell(NamedTuple):
    value: Any
    fault: str


class _Book(NamedTuple):
    values: Any
    formulas: Any  # the same workbook with the texts of its formulas; None where it has none


def list_tables(request: Request) -> Iterator[Listed]:
    """Yield the sheets that have a row, each with its columns."""
    with _open(request.path) as book:
        for sheet in book.values.worksheets:
            first = next(_rows(book, sheet.title, request.header), None)
            if first is not None:
                found = {} if sheet.sheet_state == "visible" else {"sheet": sheet.sheet_state}
                yield Listed(sheet.title, list(_columns(first, request)), None, found)


def read_rows(request: Request, table: str) -> Iterator[Record]:
    """Yield the rows of the sheet *table* that are not empty."""
    with _open(request.path) as book:
        records = _rows(book, table, request.header)
        first = next(records)
        columns = _columns(first, request)
        for number, cells in enumerate(records if request.header else chain([first], records), start=1):
            yield _record(number, cells, columns)


@contextmanager
def _open(path: str) -> Iterator[_Book]:
    has_formulas = _check_parts(path)
    with ExitStack() as stack:

        def load(data_only: bool) -> Any:
            book = openpyxl.load_workbook(path, read_only=True, data_only=data_only, keep_links=False)
            return stack.enter_context(closing(book))

        yield _Book(load(True), load(False) if has_formulas else None)


def _check_parts(path: str) -> bool:
    """Refuse parts that swell or declare a document type; return whether a sheet has formulas."""
    has_formulas = False
    with zipfile.ZipFile(path) as parts:
        for part in parts.infolist():
            is_sheet = "sheets/" in part.filename
            if part.file_size > (LIMITS.spooled_bytes if is_sheet else LIMITS.member_bytes):
                raise HostileSource(f"its part {part.filename[:60]!r} unpacks to {part.file_size // MB} MB")
            name = f"its part {part.filename[:60]!r}"
            check_swelling(part.file_size, part.compress_size, LIMITS.swelling, name, LIMITS)
            for chunk in _chunks(parts, part):
                if _DOCTYPE.search(chunk):
                    raise HostileSource(f"its part {part.filename[:60]!r} declares a document type")
                has_formulas |= is_sheet and _FORMULA.search(chunk) is not None
    return has_formulas


def _chunks(parts: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield the bytes of an XML part, each chunk with the end of the chunk before, and without NUL."""
    if not part.filename.endswith((".xml", ".rels")):
        return
    stream: IO[bytes]
    with parts.open(part) as stream:
        before = b""
        while chunk := stream.read(MB).replace(b"\0", b""):
            yield before + chunk
            before = chunk[-_OVERLAP:]


def _rows(book: _Book, title: str, header: int) -> Iterator[list[_Cell]]:
    """Yield the cells of each row, from row *header* on, without empty rows and empty cells at the end."""
    formulas = repeat(()) if book.formulas is None else _sheet(book.formulas, title)
    both = zip(_sheet(book.values, title), formulas, strict=False)
    for row, texts in islice(both, max(header - 1, 0), None):
        cells = [_cell(*pair) for pair in zip_longest(row, texts)]
        while cells and cells[-1] == (None, ""):
            cells.pop()
        if cells:
            yield cells


def _sheet(book: Any, title: str) -> Iterator[Any]:
    sheet = book[title]
    sheet.reset_dimensions()  # as written by whoever made the file
    rows: Iterator[Any] = sheet.iter_rows()
    return rows


def _cell(cell: Any, formula: Any) -> _Cell:
    """Return the value of *cell*; a date where its format shows no time of day."""
    value = None if cell is None else cell.value
    if value is None:
        is_unknown = formula is not None and formula.data_type == "f"
        return _Cell(None, "has a formula without a value; open it in a spreadsheet and save it" * is_unknown)
    if cell.data_type == "e":
        return _Cell(value, f"is {value}")
    if isinstance(value, datetime) and value.time() == value.time().min:
        return _Cell(value if "h" in str(cell.number_format).lower() else value.date(), "")
    return _Cell(value, "")


def _columns(cells: list[_Cell], request: Request) -> tuple[str, ...]:
    texts = ["" if cell.value is None else str(cell.value) for cell in cells]
    return column_names(texts) if request.header else tuple(str(n) for n in range(1, len(cells) + 1))


def _record(number: int, cells: list[_Cell], columns: tuple[str, ...]) -> Record:
    pairs = list(zip(columns, cells, strict=False))
    values = dict.fromkeys(columns) | {name: packed(cell.value) for name, cell in pairs}
    faults = [f"{name} {cell.fault}" for name, cell in pairs if cell.fault]
    if len(cells) > len(columns):
        faults.append(f"it has {len(cells)} cells for {len(columns)} columns")
    return Record(number, values, None, "; ".join(faults))
