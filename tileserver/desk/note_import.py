"""A table of notes read again: rows that differ from their notes become drafts, all in a single revision.

Every fault of every row is told, and while there is any nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from tileserver.complaints import near_miss
from tileserver.desk.amend import Amended, unknown_ids, write_drafts
from tileserver.desk.arrows import DRAWN, said_strokes, spell_degrees, spell_stored
from tileserver.desk.drafts import Draft, Place, days_of, make_drafted
from tileserver.desk.job import Job
from tileserver.desk.note_table import FIXED, cells_of, of_lines, read_id, table_columns, text_of_cell
from tileserver.desk.notes import declared_direction, declared_fields, place_of
from tileserver.errors import BadParameter, UnreadableSource
from tileserver.ingest.containers import Dialect, open_tables
from tileserver.model import DIRECTION
from tileserver.store.amendments import StoredEvent, load_current
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import translated
from tileserver.times import parse_day

MOST = 20_000  # rows of a table


class RowFault(NamedTuple):
    """A fault of a table: the number of its row, 0 for all, its column, '' for none, and words."""

    row: int
    column: str
    words: str


@dataclass(frozen=True, slots=True)
class TableRead:
    """A table of notes as read: the number of its rows, the faults, and the outcome where there is no fault.

    ``amended`` is ``None`` where there are faults; nothing was written then.
    """

    rows: int
    faults: tuple[RowFault, ...]
    amended: Amended | None


async def import_table(job: Job, path: Path, *, adopt: bool = False, dry_run: bool = False) -> TableRead:
    """Write the table *path* into the notes of the layer of *job*, in a single revision.

    With *adopt* ids that the layer does not know are new notes under these ids, as from another database.
    `UnreadableSource` where it is no table.
    """
    reading = _TableReading(job.stored)
    rows = _rows(path, reading)
    with translated():
        current = await load_current(job.connection, job.stored.layer_id, None, None)
        reading.current = {row.id: row for row in current}
        ids = {number for cells in rows.values() if (number := reading.id_of(cells)) is not None}
        reading.fresh = await unknown_ids(job.connection, job.stored, ids) if adopt else set()
    drafts = [reading.draft_of(number, cells) for number, cells in rows.items()]
    reading.tell_twice()
    if reading.faults:
        return TableRead(len(rows), tuple(sorted(reading.faults)), None)
    found = [each for each in drafts if each is not None]
    amended = await write_drafts(job, found, "note import", adopt=adopt, dry_run=dry_run)
    return TableRead(len(rows), (), amended)


@dataclass(slots=True)
class _TableReading:
    """The reading of one table: the notes that there are, the ids that may be adopted, and the faults."""

    stored: StoredLayer
    current: Mapping[int, StoredEvent] = field(default_factory=dict)
    fresh: set[int] = field(default_factory=set)
    faults: list[RowFault] = field(default_factory=list)
    seen: dict[object, list[int]] = field(default_factory=dict)  # ids, and what new rows say: rows with it

    @contextmanager
    def telling(self, row: int, column: str = "") -> Iterator[None]:
        """Keep the fault that is raised within as one of *row*."""
        try:
            yield
        except BadParameter as error:
            self.faults.append(RowFault(row, column, str(error)))

    def id_of(self, cells: Mapping[str, str]) -> int | None:
        """Return the id of a row; ``None`` for a new note, and for a text that is no id."""
        try:
            return read_id(cells["id"]) if cells.get("id", "").strip() else None
        except BadParameter:
            return None

    def draft_of(self, row: int, cells: Mapping[str, str]) -> tuple[int | None, Draft] | None:
        """Return the draft of the row number *row*; ``None`` for a row with a fault."""
        number, faults = self.id_of(cells), len(self.faults)
        if number is None and cells.get("id", "").strip():
            with self.telling(row, "id"):
                read_id(cells["id"])
            return None
        before = None if number is None else self.current.get(number)
        if number is not None:
            self.seen.setdefault(number, []).append(row)
            if before is None and number not in self.fresh:
                words = "no current note has this id; leave the cell empty for a new note"
                self.faults.append(RowFault(row, "id", words))
                return None
        was = {} if before is None else cells_of(before, self.stored)
        said = {name: cell for name, cell in cells.items() if was.get(name, "") != cell}
        draft = self._draft(row, said, before)
        if len(self.faults) == faults:
            with self.telling(row):
                drafted = make_drafted(self.stored, number or 0, draft, before)
                if number is None:
                    self.seen.setdefault(drafted.feature.feature_hash, []).append(row)
                elif before is not None and not drafted.is_said:
                    self._check_revision(row, cells, before)
        return (number, draft) if len(self.faults) == faults else None

    def _check_revision(self, row: int, cells: Mapping[str, str], before: StoredEvent) -> None:
        """Tell a row that would undo a change which was made after the table was written."""
        said = cells.get("revision", "").strip().removesuffix(".0")
        if said and said != str(before.known_from):
            words = (
                f"the note was changed in revision {before.known_from}, after this table was written;"
                " export it again"
            )
            self.faults.append(RowFault(row, "revision", words))

    def _draft(self, row: int, said: Mapping[str, str], before: StoredEvent | None) -> Draft:
        days: dict[str, date | None] = {}
        for name in ("from", "to"):
            with self.telling(row, name):
                days[name] = _day(said.get(name, ""))
        first, last = days.get("from"), days.get("to")
        if before is not None:
            own = days_of(before.start, before.end, self.stored.theatre)
            first, last = (None if day == was else day for day, was in zip((first, last), own, strict=True))
        else:
            last = last or first
        place = self._place(row, said, before)
        return Draft(self._fields(row, said, before), place, first, last)

    def _place(self, row: int, said: Mapping[str, str], before: StoredEvent | None) -> Place | None:
        """Return the place of a row, in degrees; of a new note without a place the place of its direction."""
        degrees: dict[str, float | None] = {}
        for name in ("lon", "lat"):
            with self.telling(row, name):
                degrees[name] = _degrees(said.get(name, ""), name)
        lon, lat = degrees.get("lon"), degrees.get("lat")
        if before is None:
            declared = declared_direction(said.get(DIRECTION, ""), self.stored.theatre)
            if lon is None and lat is None and declared:
                return place_of(declared)
            return None if lon is None or lat is None else (lon, lat)
        new = before.lon if lon is None else lon, before.lat if lat is None else lat
        decimals = self.stored.layer.precision
        return None if _is_at(new, (before.lon, before.lat), decimals) else new

    def _fields(self, row: int, said: Mapping[str, str], before: StoredEvent | None) -> dict[str, str]:
        fields: dict[str, str] = {}
        if before is None and (declared := declared_direction(said.get(DIRECTION, ""), self.stored.theatre)):
            fields = declared_fields(declared, self.stored)
        for name in table_columns(self.stored)[len(FIXED) :]:
            text = text_of_cell(said.get(name, ""))
            if name in said and (before is not None or text.strip()):
                with self.telling(row, name):
                    fields[name] = _drawn(text, name, self.stored) if name in DRAWN else text
        return fields

    def tell_twice(self) -> None:
        """Tell the rows that have the same id, or say the same new note, as another row."""
        for what, rows in self.seen.items():
            for row in rows if len(rows) > 1 else ():
                others = ", ".join(str(each) for each in rows if each != row)
                same = "has the same id" if isinstance(what, int) else "is the same new note"
                self.faults.append(RowFault(row, "id", f"row {others} {same}; leave one of them"))


def _drawn(text: str, name: Any, stored: StoredLayer) -> str:
    return spell_stored(said_strokes([text], name, stored), stored.layer.precision)


def _is_at(one: Place, other: Place, decimals: int) -> bool:
    return [spell_degrees(each, decimals) for each in one] == [
        spell_degrees(each, decimals) for each in other
    ]


def _day(text: str) -> date | None:
    """Return the local day of a cell: in ISO form, or day first with points between, as in spreadsheets."""
    text = text.strip()
    if not text:
        return None
    try:
        return datetime.strptime(text, "%d.%m.%Y").date()  # noqa: DTZ007 - a local day
    except ValueError:
        return parse_day(text)


def _degrees(text: str, name: str) -> float | None:
    """Return the degrees of a cell; a comma may stand for the point, as in spreadsheets."""
    text = text.strip()
    if not text:
        return None
    try:
        degrees = float(text.replace(",", ".", 1))
    except ValueError as error:
        raise BadParameter(f"{text[:40]!r} are no degrees; write 37.66") from error
    if not abs(degrees) <= (180 if name == "lon" else 90):
        raise BadParameter(f"{text[:40]!r} are no degrees of {name}")
    return degrees


def _rows(path: Path, reading: _TableReading) -> dict[int, dict[str, str]]:
    """Return the cells of each row of the one table *path*, by its number, blank rows apart; by column."""
    tables = open_tables(path, Dialect())
    table = next(tables)
    names = {name: name.strip().lower().lstrip("\ufeff") for name in table.columns}
    _check_columns(path, [*names.values()], reading)
    rows: dict[int, dict[str, str]] = {}
    for row in table.rows():
        if row.trouble:
            reading.faults.append(RowFault(row.number, "", row.trouble))
        cells = {names[name]: _text(value) for name, value in row.values.items() if name in names}
        if not row.trouble and any(cell.strip() for cell in cells.values()):
            rows[row.number] = cells
        if len(rows) > MOST:
            raise UnreadableSource(f"{path.name} has more than {MOST:,} rows; that many notes are the most")
    if next(tables, None) is not None:
        raise UnreadableSource(f"{path.name} holds several tables; leave the one with the notes in it")
    return rows


def _check_columns(path: Path, names: Sequence[str], reading: _TableReading) -> None:
    known = table_columns(reading.stored)
    if not {*names} & {*known}:
        raise UnreadableSource(
            f"{path.name} is no table of notes: it has none of the columns {', '.join(known)}"
        )
    for name in names:
        if name not in known:
            words = (
                f"is no column of a table of these notes{near_miss(name, known)}; they are {', '.join(known)}"
            )
            reading.faults.append(RowFault(0, name, words))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    return of_lines(str(value))
