"""Law: a mapping that does not hold together is refused with its file, its line and what would do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ingest.mapping.tables import events, plan
from tests.shapes import layer
from tileserver.errors import BadParameter
from tileserver.ingest.mapping.declared import FileMapping
from tileserver.ingest.mapping.load import load_mapping, parse_mapping
from tileserver.ingest.mapping.of_layer import mapping_for
from tileserver.ingest.options import ReadOptions


def test_an_empty_file_is_a_mapping_whose_defaults_hold() -> None:
    assert parse_mapping("", "own.toml").rules == FileMapping()


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('[date]\ncolum = "d"', r"own.toml, line 2: there is no key 'colum'; did you mean 'column'"),
        ('title = "x"\nmeans = "snapshots"', r"line 2: .*did you mean 'snapshot'.*features, snapshot"),
        ("[date]\n\nname = '\\d{8}'", r"line 3: .*one group in brackets.*control_"),
        ("[date]\nname = '('", r"line 2: '\(' is no regular expression"),
        ('[date]\nforms = "%d.%m"', r"line 2: form '%d.%m' is none of iso, epoch_s, epoch_ms"),
        ("[date]\nforms = []", "line 2: it names no form"),
        ('[date]\nzone = "Kyiv"', "line 2: 'Kyiv' is no time zone"),
        ('[date]\nearliest = "1.1.2022"', "line 2: '1.1.2022' is no date"),
        ('[geometry]\nlon = "x"', "line 1: lon and lat go together: lat is missing"),
        ('[geometry]\nlon = "x"\nlat = "y"\nwkt = "w"', "lon and lat and wkt are two places for one"),
        ('[geometry]\nlon = "x"\nlat = "y"\naxes = "latlon"', "line 4: lon and lat say themselves"),
        ("[category]", "line 1: it needs one of column, value and from: there is none"),
        ('[category]\nvalue = "a"\nfrom = "file"', "value and from are too many"),
        ('[category]\ncolumn = "a"\n[category.codes]\n"Fire" = "x"\n"fire " = "y"', r"line 5: 'fire ' is a"),
        ('[category]\ncolumn = "a"\nignore = "f"\n[category.codes]\nF = "x"', "line 5: .*to ignore as well"),
        ('[fields]\ntext = { colum = "d" }', r"line 2: there is no key 'colum'; did you mean 'column'"),
        (
            '[fields]\nurl = "u"\ntext = 1.5',
            r"line 3: it has to be .*a list, and is a number - at `\$.fields.text`",
        ),
        (
            '[fields]\nurl = "u"\ntext = { column = "a", take = 3 }',
            r"line 3: it has to be a text, and is a whole",
        ),
        ("[fields]\ntext = { join = 'a' }", "line 2: it needs a column, a value or a template"),
        (
            '[[leave_out]]\ncolumn = "a"',
            'line 1: it needs one of is, matches and empty, such as is = "hidden"',
        ),
        ('[[keep_only]]\ncolumn = "a"\nmatches = "("', "line 3: .* no regular expression"),
        ("[limits]\nput_aside = 5.0", "line 2: 5.0 has to be a share from 0 to 1"),
        ('means = "snapshot"\n[date]\nend = "e"', "line 3: a snapshot ends where the next one begins"),
        ("[id]\ncolumn = []", "line 2: it has to name the column"),
        ('[id]\ncolumn = "a"\ncolumns = ["b"]', "line 3: .* leave one out"),
        ('[id]\ncolumns = [{ column = "b", pattern = "c" }]', "line 2: 'c' has to have one group"),
        ('[id]\ncolumn = "a"\nnewest = "b"\nseveral = "apart"', "line 3: rows that stand apart replace"),
        ("a = [", "own.toml: "),
    ],
)
def test_a_mapping_is_refused_with_its_line_and_what_would_do(toml: str, message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        parse_mapping(toml, "own.toml")


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('[category]\ncolumn = "k"\n[category.codes]\n"Shell" = "strik"', "line 4: .* did you mean 'strike'"),
        ('[category]\nvalue = "batle"', "line 2: layer 'events' has no kind 'batle'; did you mean 'battle'"),
        ('[category]\ncolumn = "k"\n[fields]\ntxt = "t"', "line 4: .* no field 'txt'; did you mean 'text'"),
        ('[category]\ncolumn = "k"\n[fields]\nkind = "t"', r"line 4: 'kind' is what \[category\] says"),
        ("", "layer 'events' needs a kind for each row"),
        ('means = "snapshot"\n[category]\ncolumn = "k"', "line 1: layer 'events' shows what happened"),
    ],
)
def test_a_mapping_that_does_not_fit_its_layer_is_refused_with_its_line(toml: str, message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        plan(toml, events("text"))


@pytest.mark.parametrize("option", [{"key_columns": ("id",)}, {"date_column": "day"}, {"whole_state": True}])
def test_no_option_of_a_reader_is_passed_over_where_the_layer_has_a_mapping(option: dict[str, Any]) -> None:
    with pytest.raises(BadParameter, match=r"is read by the mapping acled\.toml, which says"):
        mapping_for(events(mapping="acled"), ReadOptions(**option))


def test_a_layer_without_a_category_takes_no_table_of_categories() -> None:
    with pytest.raises(BadParameter, match="line 1: layer 'lines' has no category"):
        plan('[category]\nvalue = "a"', layer("lines", "lines"))


def test_a_mapping_that_is_nowhere_is_refused_with_those_that_are_shipped(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match=r"there is no mapping 'nowhere.toml'.* any other is the path"):
        load_mapping("nowhere.toml")
    (tmp_path / "latin.toml").write_bytes(b"title = '\xe9'")
    with pytest.raises(BadParameter, match=r"latin.toml cannot be read as text in UTF-8"):
        load_mapping(str(tmp_path / "latin.toml"))
