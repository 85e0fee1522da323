"""A first draft of a mapping, from the columns and the first rows of a file.

A draft says what is seen; where the file cannot tell, it asks in a comment rather than guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tileserver.complaints import near_miss
from tileserver.ingest.mapping.guess import Forms, date_forms, decimals_of, is_geometry_text, range_of
from tileserver.ingest.mapping.names import (
    DATES,
    ENDS,
    FIELDS,
    HXL_DATES,
    HXL_ENDS,
    HXL_LATS,
    HXL_LONS,
    HXL_STARTS,
    LATS,
    LONS,
    STARTS,
)
from tileserver.ingest.mapping.plan import IN_LONLAT
from tileserver.ingest.mapping.roles import class_column, field_column, hiding_columns, id_column
from tileserver.ingest.mapping.sight import Sight, look
from tileserver.ingest.mapping.values import shown, text_of_value
from tileserver.ingest.spelling import Vocabulary, fold
from tileserver.model import Layer


def suggest(path: Path, layer: Layer | None = None) -> str:
    """Return the TOML of a draft for the file at *path*, for *layer* where given.

    `UnreadableSource` where the file has no row that can be read.
    """
    return "\n".join(_draft(look(path), layer)) + "\n"


def _draft(seen: Sight, layer: Layer | None) -> Iterator[str]:
    columns = seen.columns
    yield _comment(f"A draft, from {seen.file}: {seen.table.container}, columns {', '.join(columns)[:300]}")
    yield _comment(f"Read it, answer the questions, and look: tileserver mapping try THIS_FILE {seen.file}")
    yield f"title = {_quoted(Path(seen.file).stem)}"
    lon, lat = seen.called(LONS, HXL_LONS), seen.called(LATS, HXL_LATS)
    places = [lon, lat] if lon and lat else []
    yield from _file(seen, [value for each in places for value in seen.values(each)])
    dates = _date_columns(seen)
    yield from _date(seen, dates)
    yield from _geometry(seen, places)
    kind = class_column(seen, layer)
    known = id_column(seen)
    hiding = hiding_columns(seen, [*dates, *places, kind, known])
    yield from _category(seen, kind, layer)
    yield from _fields(seen, {*dates, *places, kind, *hiding}, layer)
    yield from _hiding(seen, hiding)
    yield from _id(seen, known)


def _file(seen: Sight, places: list[Any]) -> Iterator[str]:
    said = []
    if not seen.dialect.header:
        said.append("header = false # columns are called by their numbers, from 1")
    elif seen.dialect.header > 1:
        said.append(f"header = {seen.dialect.header} # the line with the names of the columns")
    match decimals_of(map(text_of_value, places)):
        case ",":
            said.append('decimal = ","')
        case ".,":
            said.append('decimal = [".", ","] # some coordinates have a point, others a comma')
    if said:
        yield from ("", "[file]", *said)


def _date_columns(seen: Sight) -> list[str]:
    """Return the column of the date and, where a name says so, of the end; empty for none."""
    start, end = seen.called(STARTS, HXL_STARTS), seen.called(ENDS, HXL_ENDS)
    if start and end:
        return [start, end]
    dated = (each for each in seen.columns if date_forms(seen.values(each)).are_written_out)
    found = seen.called(DATES, HXL_DATES) or next(dated, "")
    return [found] if found else []


def _date(seen: Sight, dates: list[str]) -> Iterator[str]:
    yield from ("", "[date]")
    if dates:
        yield f"column = {_quoted(dates[0])}"
        if len(dates) > 1:
            yield f"end = {_quoted(dates[1])} # a plain date as an end includes its day"
        values = seen.values(dates[0])
        between = range_of(values)
        if between:
            yield f"range = {_quoted(between)} # some cells have two dates, the first and the last"
            values = [each for each in values if between not in text_of_value(each)]
        yield from _forms(date_forms(values))
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
        odd = " and ".join(repr(shown(each)) for each in forms.odd)
        yield f"# Not all are dates: {forms.strays} would be put aside, such as {odd}."
    if len(forms.found) > 1:
        yield f"# Which one? Every row fits all of {', '.join(forms.found)}, and nothing in the file tells."
        yield f"# forms = {_quoted(forms.found[0])}"
    elif forms.together:
        yield f"forms = {_listed(forms.together)}"
    elif forms.found and forms.found[0] != "iso":
        yield f"forms = {_quoted(forms.found[0])}"
    elif not forms.found:
        odd = ", ".join(repr(shown(each)) for each in forms.odd)
        yield f"# How are dates written? There are {odd}, and hardly any form that is known fits."
        yield '# forms = ["iso", "%d.%m.%Y"]'


def _geometry(seen: Sight, places: list[str]) -> Iterator[str]:
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


def _category(seen: Sight, column: str, layer: Layer | None) -> Iterator[str]:
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


def _fields(seen: Sight, used: set[str], layer: Layer | None) -> Iterator[str]:
    yield from ("", "[fields]")
    left = [each for each in seen.columns if each not in used]
    for name in layer.fields if layer else FIELDS:
        column = "" if layer and name == layer.category else field_column(seen, name, left)
        if column:
            left.remove(column)
            quoted = _quoted(column)
            yield f"{name} = " + (f'{{ column = {quoted}, take = "url" }}' if name == "url" else quoted)
    if left:
        yield _comment(f"Columns that nothing here uses: {', '.join(left)[:600]}")


def _hiding(seen: Sight, columns: list[str]) -> Iterator[str]:
    for column in columns:
        counts = seen.counts(column)
        said = ", ".join(f"{word or 'nothing'} ({number})" for word, number in counts.items())
        yield ""
        yield _comment(f"Does {column!r} say that a row is not for publication? It says {said}.")
        yield "# Put each word into one of the two lists: a row with a word of neither is put aside."
        yield from ("# [[leave_out]]", f"# column = {_quoted(column)}")
        yield from (f"# is = {_listed(counts)}", "# otherwise = []")


def _id(seen: Sight, column: str) -> Iterator[str]:
    if not column:
        return
    twice = [word for word, number in seen.counts(column).items() if word and number > 1]
    yield ""
    if twice:
        yield _comment(
            f"Is a row that was corrected issued again under its id? {twice[0]!r} stands there twice."
        )
        yield from ("# Then the later one counts:", "# [id]", f"# column = {_quoted(column)}")
    else:
        yield "# By this an event is known again when it is corrected, in this file or the next."
        yield from ("[id]", f"column = {_quoted(column)}")


def _listed(words: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, words))}]"


def _slug(word: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", word.casefold()).strip("_")[:40]
    return slug if slug[:1].isalpha() else f"kind_{slug}" if slug else "..."


def _comment(text: str) -> str:
    return "# " + shown(text)


def _quoted(text: str) -> str:
    """Return *text* as a TOML string, without anything that ends a line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in escaped) + '"'
