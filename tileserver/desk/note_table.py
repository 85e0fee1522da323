"""Notes as a table for spreadsheets, written as CSV; `desk.note_import` reads the table again.

One row is one note: ``id``, the ``revision`` that it is known from, ``from``, ``to``, ``lon``, ``lat``, and
then the fields of the layer. Ids begin with a letter, for spreadsheets round numbers of sixteen digits; a
text that they would take for a formula has an apostrophe before it. A table that was written and not changed
changes nothing when it is read. A row without an id is a new note; a column that is not there, and a note
whose row is not there, stay as they are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from contextlib import suppress
from datetime import date

from tileserver.desk.arrows import DRAWN, spell_degrees, spell_said, stored_strokes
from tileserver.desk.drafts import days_of
from tileserver.desk.notes import period_of
from tileserver.errors import BadParameter
from tileserver.ingest import END_COLUMNS, START_COLUMNS
from tileserver.model import Value
from tileserver.numerals import whole_number
from tileserver.store.amendments import StoredEvent, load_current
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection, translated

FIXED = ("id", "revision", "from", "to", "lon", "lat")
_FORMULA = frozenset("=+-@'\t")  # with which a spreadsheet begins what it works out


def spell_id(number: int) -> str:
    """Return the id of a note in the form of tables and commands."""
    return f"n{number}"


def read_id(text: str) -> int:
    """Return the id in tiles that *text* is, with or without its letter; `BadParameter` for any other."""
    number = whole_number(text.strip().removeprefix("n"), (1 << 53) - 1)
    if number is None:
        raise BadParameter(f"{text[:40]!r} is no id; ids are as n4503599627370496")
    return number


def table_columns(stored: StoredLayer) -> list[str]:
    """Return the columns of a table of notes of *stored*, in their order."""
    taken = {*FIXED, *START_COLUMNS, *END_COLUMNS}
    return [*FIXED, *(name for name in stored.layer.fields if name not in taken)]


async def export_table(
    connection: Connection, stored: StoredLayer, first: date | None = None, last: date | None = None
) -> str:
    """Return the current notes as CSV, in UTF-8 with a mark at its beginning, for spreadsheets.

    They are those of local days from *first* to *last*, both included; ``None`` is no limit.
    """
    with translated():
        rows = await load_current(connection, stored.layer_id, *period_of(first, last, stored.theatre))
    text = io.StringIO()
    writer = csv.DictWriter(text, table_columns(stored), lineterminator="\r\n")
    writer.writeheader()
    for row in sorted(rows, key=lambda each: (each.start, each.id)):
        writer.writerow(cells_of(row, stored))
    return "\ufeff" + text.getvalue()


def cells_of(row: StoredEvent, stored: StoredLayer) -> dict[str, str]:
    """Return the cells of a note by column; days are local and included, degrees as exact as the layer."""
    first, last = days_of(row.start, row.end, stored.theatre)
    decimals = stored.layer.precision
    fixed = (
        spell_id(row.id),
        str(row.known_from),
        str(first),
        str(last),
        spell_degrees(row.lon, decimals),
        spell_degrees(row.lat, decimals),
    )
    names = table_columns(stored)[len(FIXED) :]
    return {**dict(zip(FIXED, fixed, strict=True)), **{name: _cell(row.properties, name) for name in names}}


def of_lines(text: str) -> str:
    """Return *text* with the ends of its lines as everywhere but in some spreadsheets."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _cell(said: Mapping[str, Value], name: str) -> str:
    text = of_lines(str(said.get(name, "")))
    if name in DRAWN:
        with suppress(BadParameter):  # a text that the map draws nothing of is the editor's to mend
            text = spell_said(stored_strokes(text))
    return f"'{text}" if text[:1] in _FORMULA else text


def text_of_cell(cell: str) -> str:
    """Return the text of a *cell*, without the apostrophe before a text that looks like a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA else cell
