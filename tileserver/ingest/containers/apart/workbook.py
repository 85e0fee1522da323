"""Sheets of an Excel workbook (Office Open XML): values as last computed, never formulas."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import Any

import openpyxl
from openpyxl.workbook import Workbook

from tileserver.errors import HostileSource
from tileserver.ingest.containers.apart.messages import Listed, Record, Request, packed
from tileserver.ingest.containers.csv_tables import column_names
from tileserver.ingest.limits import LIMITS, MB

_DOCTYPE_WITHIN = 4096  # bytes of a part


def list_tables(request: Request) -> Iterator[Listed]:
    """Yield the sheets that have a row, each with its columns."""
    with _open(request.path) as book:
        for sheet in book.worksheets:
            first = next(_cells(sheet), None)
            if first is not None:
                found = {} if sheet.sheet_state == "visible" else {"sheet": sheet.sheet_state}
                yield Listed(sheet.title, list(_columns(first, request)), None, found)


def read_rows(request: Request, table: str) -> Iterator[Record]:
    """Yield the rows of the sheet *table* that are not empty."""
    with _open(request.path) as book:
        records = _cells(book[table])
        first = next(records)
        columns = _columns(first, request)
        for number, cells in enumerate(records if request.header else chain([first], records), start=1):
            yield _record(number, cells, columns)


@contextmanager
def _open(path: str) -> Iterator[Workbook]:
    _check_parts(path)
    book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    try:
        yield book
    finally:
        book.close()


def _check_parts(path: str) -> None:
    with zipfile.ZipFile(path) as parts:
        for part in parts.infolist():
            if part.file_size > LIMITS.spooled_bytes or (
                "sheets/" not in part.filename and part.file_size > LIMITS.member_bytes
            ):
                raise HostileSource(f"its part {part.filename[:60]!r} unpacks to {part.file_size // MB} MB")
            if part.filename.endswith((".xml", ".rels")):
                with parts.open(part) as stream:
                    if b"<!DOCTYPE" in stream.read(_DOCTYPE_WITHIN).replace(b"\0", b""):
                        raise HostileSource(f"its part {part.filename[:60]!r} declares a document type")


def _cells(sheet: Any) -> Iterator[list[Any]]:
    """Yield the cells of each row that is not empty, without empty cells at its end."""
    sheet.reset_dimensions()  # written by whoever made the file
    for cells in sheet.iter_rows():
        values = list(cells)
        while values and values[-1].value is None:
            values.pop()
        if values:
            yield values


def _columns(cells: list[Any], request: Request) -> tuple[str, ...]:
    texts = ["" if cell.value is None else str(cell.value) for cell in cells]
    return column_names(texts) if request.header else tuple(str(n) for n in range(1, len(cells) + 1))


def _record(number: int, cells: list[Any], columns: tuple[str, ...]) -> Record:
    values = dict.fromkeys(columns)
    values.update({name: packed(_value(cell)) for name, cell in zip(columns, cells, strict=False)})
    faults = [
        f"{name} is {cell.value}" for name, cell in zip(columns, cells, strict=False) if cell.data_type == "e"
    ]
    if len(cells) > len(columns):
        faults.append(f"it has {len(cells)} cells for {len(columns)} columns")
    return Record(number, values, None, "; ".join(faults))


def _value(cell: Any) -> Any:
    """Return the value of *cell*; a date where its format shows no time of day."""
    value = cell.value
    if isinstance(value, datetime) and value.time() == value.time().min:
        return value if "h" in str(cell.number_format).lower() else value.date()
    return value
