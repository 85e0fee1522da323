"""A first draft of a mapping, from the columns and the first rows of a file.

A draft says what is seen; where the file cannot tell, it asks in a comment rather than guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tileserver.complaints import near_miss
from tileserver.errors import UnreadableSource
from tileserver.ingest.containers.table import Dialect, Row, Table
from tileserver.ingest.mapping.guess import Forms, date_forms, decimals_of, is_geometry_text
from tileserver.ingest.mapping.names import (
    CLASSES,
    DATES,
    ENDS,
    FIELDS,
    IDS,
    LATS,
    LONS,
    STARTS,
    column_called,
)
from tileserver.ingest.mapping.opening import open_source
from tileserver.ingest.mapping.plan import IN_LONLAT
from tileserver.ingest.mapping.values import says, shown, text_of_value
from tileserver.ingest.spelling import Vocabulary, fold
from tileserver.model import Layer

_ROWS = 500  # that are looked at
_TABLES = 100
_MOST_CLASSES = 30
_DATUM = re.compile(r"\s*\Z|-?[0-9]+\.[0-9]+\Z|[0-9]{6,}\Z")  # no column is called so, but a value is


@dataclass(frozen=True, slots=True)
class _Sight:
    """Sight of a file: its name, a table with its first rows, the names of all tables."""

    file: str
    table: Table
    rows: list[Row]
    names: list[str]
    dialect: Dialect

    @property
    def columns(self) -> list[str]:
        """The columns that say anything in the rows."""
        found = dict.fromkeys((*self.table.columns, *(name for row in self.rows for name in row.values)))
        return [each for each in found if any(says(row.values.get(each)) for row in self.rows)]

    def values(self, column: str) -> list[Any]:
        """Return the values of the rows in *column*."""
        return [row.values.get(column) for row in self.rows]

    def words(self, column: str) -> list[str]:
        """Return the different values of the rows in *column*, as texts, in their order."""
        return list(dict.fromkeys(text_of_value(each) for each in self.values(column) if says(each)))


def suggest(path: Path, layer: Layer | None = None) -> str:
    """Return the TOML of a draft for the file at *path*, for *layer* where given.

    `UnreadableSource` where the file has no row that can be read.
    """
    seen = _look(path, Dialect())
    if seen is None or _is_headless(seen):
        seen = _look(path, Dialect(header=False)) or seen
    if seen is None:
        raise UnreadableSource(f"{path.name} has no row that can be read; see tileserver mapping try")
    return "\n".join(_draft(seen, layer)) + "\n"


def _look(path: Path, dialect: Dialect) -> _Sight | None:
    """Return the first table with rows that can be read, and the names of all tables of its file."""
    source = open_source(path, dialect)
    names: list[str] = []
    found: tuple[Table, list[Row]] | None = None
    for table in islice(source.tables(None), _TABLES):
        if found is not None and table.member != found[0].member:
            break
        names.append(table.name)
        rows = [row for row in islice(table.rows(), _ROWS) if not row.trouble]
        if found is None and rows:
            found = (table, rows)
    return None if found is None else _Sight(source.file, *found, names, dialect)


def _is_headless(seen: _Sight) -> bool:
    """Whether the header of a CSV is rather a row: a name is empty, or a number."""
    return seen.table.container == "csv" and any(_DATUM.match(each) for each in seen.table.columns)


def _draft(seen: _Sight, layer: Layer | None) -> Iterator[str]:
    columns = seen.columns
    yield _comment(f"A draft, from {seen.file}: {seen.table.container}, columns {', '.join(columns)[:300]}")
    yield _comment(f"Read it, answer the questions, and look: tileserver mapping try THIS_FILE {seen.file}")
    yield f"title = {_quoted(Path(seen.file).stem)}"
    lon, lat = column_called(columns, LONS), column_called(columns, LATS)
    places = [lon, lat] if lon and lat else []
    yield from _file(seen, [value for each in places for value in seen.values(each)])
    dates = _date_columns(seen)
    yield from _date(seen, dates)
    yield from _geometry(seen, places)
    kind = _class_column(seen)
    yield from _category(seen, kind, layer)
    yield from _fields([each for each in columns if each not in (*dates, *places, kind)], layer)
    if known := column_called(columns, IDS):
        yield from ("", "# Is a row that was corrected issued again under its id? Then the later one counts:")
        yield from ("# [id]", f"# column = {_quoted(known)}")


def _file(seen: _Sight, places: list[Any]) -> Iterator[str]:
    said = [] if seen.dialect.header else ["header = false # columns are called by their numbers, from 1"]
    match decimals_of(map(text_of_value, places)):
        case ",":
            said.append('decimal = ","')
        case ".,":
            said.append('decimal = [".", ","] # some coordinates have a point, others a comma')
    if said:
        yield from ("", "[file]", *said)


def _date_columns(seen: _Sight) -> list[str]:
    """Return the column of the date and, where a name says so, of the end; empty for none."""
    columns = seen.columns
    start, end = column_called(columns, STARTS), column_called(columns, ENDS)
    if start and end:
        return [start, end]
    dated = (each for each in columns if date_forms(seen.values(each)).are_written_out)
    found = column_called(columns, DATES) or next(dated, "")
    return [found] if found else []


def _date(seen: _Sight, dates: list[str]) -> Iterator[str]:
    yield from ("", "[date]")
    if dates:
        yield f"column = {_quoted(dates[0])}"
        if len(dates) > 1:
            yield f"end = {_quoted(dates[1])} # a plain date as an end includes its day"
        yield from _forms(date_forms(seen.values(dates[0])))
        return
    name = seen.table.member or seen.file
    digits = re.search(r"\d{8}", name)
    if digits or re.search(r"\d{4}-\d\d-\d\d", name):
        yield "# No column has dates; the name of the file has one. Is each file the whole state of its day?"
        yield '# Then put means = "snapshot" below the title.'
        yield r"name = '(\d{8})'" if digits else r"name = '(\d{4}-\d\d-\d\d)'"
        yield from ['forms = "%Y%m%d"'] if digits else []
    else:
        yield "# Where is the date? No column has any; name the column, or say --at for the whole file."
        yield '# column = "..."'


def _forms(forms: Forms) -> Iterator[str]:
    if forms.strays:
        yield f"# Not all are dates: {forms.strays} would be put aside, such as {forms.example!r}."
    if len(forms.found) > 1:
        yield f"# Which one? Every row fits all of {', '.join(forms.found)}, and nothing in the file tells."
        yield f"# forms = {_quoted(forms.found[0])}"
    elif forms.together:
        yield f"forms = [{', '.join(map(_quoted, forms.together))}]"
    elif forms.found and forms.found[0] != "iso":
        yield f"forms = {_quoted(forms.found[0])}"
    elif not forms.found:
        yield f"# How are dates written? {forms.example!r} is one, and not all rows fit a form that is known."
        yield '# forms = ["iso", "%d.%m.%Y"]'


def _geometry(seen: _Sight, places: list[str]) -> Iterator[str]:
    if any(row.geometry for row in seen.rows):
        if seen.table.crs is None and seen.table.container not in IN_LONLAT:
            yield from ("", "[geometry]", "# In which reference system? The file does not say.")
            yield '# crs = "EPSG:4326"'
        return
    yield from ("", "[geometry]")
    if places:
        yield from (f"lon = {_quoted(places[0])}", f"lat = {_quoted(places[1])}")
        return
    for column in seen.columns:
        kind = is_geometry_text(seen.values(column))
        if kind:
            yield f"{kind} = {_quoted(column)}"
            if kind == "wkt":
                yield "# In longitude and latitude? Then this; any other system by its number."
                yield '# crs = "EPSG:4326"'
            return
    yield "# Where is the geometry? Name the columns of lon and lat, or of wkt, or of geojson."
    yield from ('# lon = "..."', '# lat = "..."')


def _class_column(seen: _Sight) -> str:
    """Return the column that says the kind: of a known name, with few different values; empty for none."""
    columns = (column_called(seen.columns, (name,)) for name in CLASSES)
    return next((each for each in columns if each and len(seen.words(each)) <= _MOST_CLASSES), "")


def _category(seen: _Sight, column: str, layer: Layer | None) -> Iterator[str]:
    if layer is not None and not layer.category:
        return
    codes = sorted(layer.codes()) if layer else []
    folders = list(dict.fromkeys(each for each in seen.names if each))
    yield ""
    if not column and not folders:
        yield "# What kind is it? Name the column that says it, or give all rows one code."
        yield from ("# [category]", f'# value = "{codes[0] if codes else "..."}"')
        return
    yield "[category]"
    yield (
        f"column = {_quoted(column)}" if column else 'from = "table" # the name of its folder, layer or sheet'
    )
    yield '# Is there anything that is not for the map? ignore = ["..."]'
    yield from ("", "[category.codes]")
    if codes:
        yield f"# The layer has {', '.join(codes)}."
    for word in seen.words(column) if column else folders:
        yield _code(word, layer)


def _code(word: str, layer: Layer | None) -> str:
    if layer is None:
        return f'{_quoted(word)} = "{_slug(word)}"'
    code = Vocabulary.of(layer).read(word)
    near = near_miss(fold(word), layer.codes())
    if code is None and not near:
        return f'# {_quoted(word)} = "..."'
    return f'{_quoted(word)} = "{code or near.split(chr(39))[1]}"'


def _fields(columns: list[str], layer: Layer | None) -> Iterator[str]:
    yield from ("", "[fields]")
    left = list(columns)
    for name in layer.fields if layer else FIELDS:
        column = (
            "" if layer and name == layer.category else column_called(left, (name, *FIELDS.get(name, ())))
        )
        if column:
            left.remove(column)
            quoted = _quoted(column)
            yield f"{name} = " + (f'{{ column = {quoted}, take = "url" }}' if name == "url" else quoted)
    if left:
        yield _comment(f"Columns that nothing here uses: {', '.join(left)[:600]}")


def _slug(word: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", word.casefold()).strip("_")[:40]
    return slug if slug[:1].isalpha() else f"kind_{slug}" if slug else "..."


def _comment(text: str) -> str:
    return "# " + shown(text)


def _quoted(text: str) -> str:
    """Return *text* as a TOML string, without anything that ends a line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in escaped) + '"'
