"""Law: a table of notes that was written and not changed changes nothing when it is read again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.desk.test_notes import Notes
from tileserver.desk.amend import write_drafts
from tileserver.desk.drafts import Draft
from tileserver.desk.job import Job
from tileserver.desk.note_import import RowFault, TableRead, import_table
from tileserver.desk.note_table import export_table, read_id, spell_id, text_of_cell
from tileserver.desk.notes import NoteDraft, draft_of, edit_note, end_note
from tileserver.errors import UnreadableSource
from tileserver.markup import text_of

if TYPE_CHECKING:
    from tests.desk.conftest import Desk

pytestmark = pytest.mark.db

Rows = list[dict[str, str]]


@pytest.fixture
def notes(desk: Desk) -> Notes:
    return Notes(desk)


def exported(desk: Desk) -> str:
    async def work(connection: asyncpg.Connection) -> str:
        return await export_table(connection, (await desk.layers(connection))["notes"])

    return desk.run(work)


def read(desk: Desk, path: Path, **how: Any) -> TableRead:
    async def work(connection: asyncpg.Connection) -> TableRead:
        return await import_table(Job(connection, await desk.layers(connection), "notes"), path, **how)

    return desk.run(work)


def rows_of(table: str) -> Rows:
    return list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"), newline="")))


def saved(
    path: Path, rows: Sequence[Mapping[str, str]], form: str = "excel", columns: Sequence[str] = ()
) -> Path:
    """Write *rows* as a program would: ``excel`` of a country with decimal commas, ``plain``, or ``old``."""
    names = columns or list(rows[0])
    local = [dict(row) for row in rows]
    if form == "excel":
        for row in local:
            for name in {"lon", "lat"} & {*row}:
                row[name] = row[name].replace(".", ",")
            for name in {"from", "to"} & {*row}:
                row[name] = ".".join(reversed(row[name].split("-")))
    text = io.StringIO()
    delimiter, end = {"excel": (";", "\r\n"), "plain": (",", "\n"), "old": ("\t", "\r\n")}[form]
    writer = csv.DictWriter(text, names, delimiter=delimiter, lineterminator=end, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(local)
    if form == "excel":
        text.write(delimiter * (len(names) - 1) + end)  # a row that was emptied
    whole = text.getvalue().replace("\n", "\r\n") if form == "old" else text.getvalue()
    path.write_bytes((b"" if form == "plain" else b"\xef\xbb\xbf") + whole.replace("\r\r", "\r").encode())
    return path


def timeless(table: str) -> Rows:
    """The rows of a table but for the revisions, which are of one database alone."""
    return [row | {"revision": ""} for row in rows_of(table)]


def faults(done: TableRead) -> list[tuple[int, str]]:
    assert done.amended is None
    return [(each.row, each.column) for each in done.faults]


def _plain(text: str) -> bool:
    return bool(text.strip()) and text_of(text) == text


_LETTERS = st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=("Cs", "Cn"))
_AWKWARD = ("=1+1", "-5 km", "'quoted'", "+ and -", "@desk", '"', "a;b,c\td", "two\nlines", "'", "'=")
TEXTS = st.text(_LETTERS, min_size=1, max_size=60).filter(_plain) | st.sampled_from(_AWKWARD)
PLACES = st.tuples(st.integers(2_300_000, 3_900_000), st.integers(4_500_000, 5_100_000)).map(
    lambda at: (at[0] / 1e5, at[1] / 1e5)
)
DRAFTS = st.builds(
    lambda en, uk, direction, place, first, days, arrows: NoteDraft(
        {"en": en, "uk": uk},
        {"en": direction, "uk": uk},
        place,
        first,
        first + timedelta(days=days),
        tuple(f"russia {a[0]},{a[1]} {b[0]},{b[1]}" for a, b in arrows),
    ),
    TEXTS,
    TEXTS | st.just(""),
    TEXTS,
    PLACES,
    st.dates(date(2022, 1, 1), date(2024, 12, 31)),
    st.integers(0, 40),
    st.lists(st.tuples(PLACES, PLACES), max_size=3),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drafts=st.lists(DRAFTS, min_size=1, max_size=5), form=st.sampled_from(["excel", "plain", "old"]))
def test_a_table_read_again_changes_nothing_and_makes_the_same_notes_elsewhere(
    open_desk: Callable[[], Desk], tmp_path: Path, drafts: list[NoteDraft], form: str
) -> None:
    desk, elsewhere = open_desk(), open_desk()

    async def write(connection: asyncpg.Connection) -> None:
        job = Job(connection, await desk.layers(connection), "notes")
        made: list[tuple[int | None, Draft]] = [(None, draft_of(each, job.stored)) for each in drafts]
        await write_drafts(job, made, "note import")

    desk.run(write)
    table = exported(desk)
    path = saved(tmp_path / "notes.csv", rows_of(table), form)
    again = read(desk, path)
    assert again.faults == ()
    assert again.amended is not None
    assert (len(again.amended.drafted), again.amended.changed) == (again.rows, ())
    read(elsewhere, path, adopt=True)
    assert timeless(exported(elsewhere)) == timeless(table)


@given(st.integers(0, 2**53 - 1))
def test_an_id_is_read_as_it_is_written_and_survives_a_spreadsheet(number: int) -> None:
    assert read_id(spell_id(number)) == read_id(str(number)) == number
    with pytest.raises(ValueError, match="could not convert"):
        float(spell_id(number))  # so no program rounds it


@pytest.mark.parametrize("cell", ["'tis", "abc", "", "'"])
def test_an_apostrophe_that_an_editor_wrote_stays(cell: str) -> None:
    assert text_of_cell(cell) == cell


def test_an_edited_table_is_one_revision_and_says_what_it_changes(notes: Notes, tmp_path: Path) -> None:
    one = notes.add()
    two = notes.add(NoteDraft({"en": "Mud."}, {"": "lyman"}, first=date(2023, 11, 7)))
    rows = rows_of(exported(notes.desk))
    rows[0] |= {"text_en": "Attacks have ended.", "arrow": "", "to": "2023-11-07"}
    rows.append({"id": "", "from": "2023-11-09", "direction": "Bakhmut", "text_uk": "Тихо."})
    done = read(notes.desk, saved(tmp_path / "n.csv", rows, columns=list(rows[0])))
    assert done.faults == ()
    assert done.amended is not None
    assert done.amended.outcome is not None
    assert (done.amended.outcome.revision, len(done.amended.changed)) == (3, 2)
    found = {each.number: each for each in notes.all()}
    assert (found[one].texts["en"], found[one].arrows, found[one].last) == (
        "Attacks have ended.",
        "",
        date(2023, 11, 7),
    )
    assert found[two].texts == {"en": "Mud."}
    (new,) = found.keys() - {one, two}
    assert found[new].directions["uk"] == "Бахмут"
    assert (round(found[new].lon, 2), found[new].last) == (37.94, date(2023, 11, 9))


def test_a_column_that_is_not_there_stays_and_an_empty_cell_takes_a_language_away(
    notes: Notes, tmp_path: Path
) -> None:
    notes.add()
    rows = rows_of(exported(notes.desk))
    read(notes.desk, saved(tmp_path / "n.csv", rows, columns=["id", "text_en"]))
    assert notes.all()[0].texts == {"en": "Attacks go on.", "uk": "Атаки тривають."}
    read(notes.desk, saved(tmp_path / "n.csv", [rows[0] | {"text_uk": ""}]))
    assert notes.all()[0].texts == {"en": "Attacks go on."}


def test_every_fault_is_told_with_its_row_and_column_and_nothing_is_written(
    notes: Notes, tmp_path: Path
) -> None:
    number = notes.add()
    ended = notes.add(NoteDraft({"en": "Mud."}, {"": "lyman"}, first=date(2023, 11, 7)))
    notes.do(end_note, ended, None)
    good = rows_of(exported(notes.desk))[0]
    new = good | {"id": ""}
    rows = [
        good | {"text_en": "Changed, and not written."},
        new | {"id": "n12", "text_en": "1"},
        new | {"id": "4.5036E+15", "text_en": "2"},
        new | {"id": spell_id(ended), "text_en": "3"},
        new | {"lon": good["lat"], "lat": good["lon"], "text_en": "4"},
        new | {"lon": "east", "lat": "495", "text_en": "5"},
        new | {"from": "11/06/2023", "text_en": "6"},
        new | {"to": "2023-11-01", "text_en": "7"},
        new | {"arrow": "rusia 37.98,49.9 37.7,49.76", "text_en": "8"},
        new | {"direction": "", "text_en": "9"},
        new | {"text_en": "", "text_uk": ""},
        new | {"text_en": "<b>bold</b>"},
        new | {"from": "", "to": "", "text_en": "13"},
    ]
    done = read(notes.desk, saved(tmp_path / "n.csv", rows, "plain"))
    assert faults(done) == [
        (2, "id"),
        (3, "id"),
        (4, "id"),
        (5, ""),
        (6, "lat"),
        (6, "lon"),
        (7, "from"),
        (8, ""),
        (9, "arrow"),
        (10, ""),
        (11, ""),
        (12, ""),
        (13, ""),
    ]
    assert "longitude comes first" in done.faults[3].words
    assert notes.all()[0].texts["en"] == "Attacks go on."
    assert notes.all()[0].number == number


def test_the_same_id_twice_and_the_same_new_note_twice_are_told_on_each_row(
    notes: Notes, tmp_path: Path
) -> None:
    notes.add()
    row = rows_of(exported(notes.desk))[0]
    new = row | {"id": "", "text_en": "New."}
    done = read(notes.desk, saved(tmp_path / "n.csv", [row, row | {"text_en": "Other."}, new, new]))
    assert faults(done) == [(1, "id"), (2, "id"), (3, "id"), (4, "id")]
    assert "row 2 has the same id" in done.faults[0].words
    assert "row 4 is the same new note" in done.faults[2].words


def test_a_row_does_not_undo_what_was_said_after_the_table_was_written(notes: Notes, tmp_path: Path) -> None:
    number = notes.add()
    rows = rows_of(exported(notes.desk))
    notes.do(edit_note, number, NoteDraft(texts={"en": "Said meanwhile."}))
    done = read(notes.desk, saved(tmp_path / "n.csv", rows))
    assert faults(done) == [(1, "revision")]
    assert "changed in revision 2" in done.faults[0].words
    assert read(notes.desk, saved(tmp_path / "n.csv", rows_of(exported(notes.desk)))).faults == ()


def test_a_new_row_that_says_what_a_note_says_is_that_note(notes: Notes, tmp_path: Path) -> None:
    notes.add()
    rows = [row | {"id": ""} for row in rows_of(exported(notes.desk))]
    done = read(notes.desk, saved(tmp_path / "n.csv", rows))
    assert done.amended is not None
    assert done.amended.outcome is None
    assert len(notes.all()) == 1


def test_a_column_of_another_name_is_told_and_a_table_of_something_else_is_refused(
    notes: Notes, tmp_path: Path
) -> None:
    notes.add()
    rows = [row | {"text_eng": "Lost?"} for row in rows_of(exported(notes.desk))]
    done = read(notes.desk, saved(tmp_path / "n.csv", rows))
    assert done.faults[0][:2] == (0, "text_eng")
    assert "did you mean 'text_en'" in done.faults[0].words
    with pytest.raises(UnreadableSource, match="no table of notes"):
        read(notes.desk, saved(tmp_path / "other.csv", [{"name": "Kyiv", "pop": "1"}]))


def test_a_row_that_was_cut_off_is_told(notes: Notes, tmp_path: Path) -> None:
    notes.add()
    path = tmp_path / "n.csv"
    path.write_text(exported(notes.desk) + "n1,2023-11-09\r\n", "utf-8")
    done = read(notes.desk, path)
    assert done.faults == (RowFault(2, "", done.faults[0].words),)
    assert "2 cells" in done.faults[0].words


def test_languages_without_a_field_and_arrows_latitude_first_are_told(notes: Notes) -> None:
    """As in the tables of the samples, which say arrows in the words of the field."""
    shipped = Path(__file__).parents[2] / "tileserver/samples/ukraine_sample/notes.csv"
    done = read(notes.desk, shipped)
    told = {each.column: each.words for each in done.faults}
    assert told.keys() == {"direction_de", "direction_fr", "text_de", "text_fr", "arrow"}
    assert "longitude comes first" in told["arrow"]


def test_a_dry_run_of_a_table_writes_nothing(notes: Notes, tmp_path: Path) -> None:
    notes.add()
    rows = [row | {"text_en": "Changed."} for row in rows_of(exported(notes.desk))]
    done = read(notes.desk, saved(tmp_path / "n.csv", rows), dry_run=True)
    assert done.amended is not None
    assert len(done.amended.changed) == 1
    assert notes.all()[0].texts["en"] == "Attacks go on."
