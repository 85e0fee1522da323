"""The page on mappings has every key with its default, and its tutorial can be followed to the letter."""

from __future__ import annotations

import re
import shlex
import tomllib

import msgspec
import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT
from tests.definition import default_of
from tileserver.cli.main import app
from tileserver.evidence import HiddenRule
from tileserver.ingest.mapping import declared
from tileserver.ingest.mapping.load import parse_mapping
from tileserver.ingest.mapping.schema import schema

PAGE = (ROOT / "docs" / "mapping.md").read_text("utf-8")
TABLES: dict[str, type[msgspec.Struct]] = {
    "The mapping": declared.FileMapping,
    "`[file]`": declared.FileRule,
    "`[date]`": declared.DateRule,
    "`[date.span]`": declared.SpanRule,
    "`[geometry]`": declared.GeometryRule,
    "`[category]`": declared.CategoryRule,
    "`[fields]`": declared.FieldRule,
    "`[[leave_out]]` and `[[keep_only]]`": declared.RowRule,
    "`[hidden]`": HiddenRule,
    "`[id]`": declared.IdRule,
    "A column of `columns` in `[id]`": declared.IdPart,
    "`[lookup.NAME]`": declared.LookupRule,
    "`[limits]`": declared.LimitRule,
}
_ROW = re.compile(r"^\| `([a-z_]+)` \| (.*?) \| (.+) \|$", re.MULTILINE)


def _sections() -> dict[str, str]:
    parts = re.split(r"^### (.+)\n", PAGE, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_page_has_the_tables_of_the_code() -> None:
    assert list(_sections()) == list(TABLES)


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_is_on_the_page_with_its_default_and_no_other(heading: str) -> None:
    written = [(row[1], row[2].strip()) for row in _ROW.finditer(_sections()[heading])]
    found = msgspec.inspect.type_info(TABLES[heading])
    assert isinstance(found, msgspec.inspect.StructType)
    assert written == [(each.encode_name, default_of(each)) for each in found.fields]


def test_every_piece_of_toml_on_the_page_is_a_mapping() -> None:
    pieces = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    pieces = [each for each in pieces if "[[layers]]" not in each]  # which is of a definition
    assert len(pieces) == 10
    for piece in pieces:
        parse_mapping(piece, "page.toml")


def test_the_tutorial_can_be_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines = re.findall(r"^tileserver (mapping (?:try|suggest) .+?)(?: > own.toml)?$", PAGE, re.MULTILINE)
    drafted, tried, finds = (CliRunner().invoke(app, shlex.split(line)) for line in lines)
    assert drafted.exit_code == 0
    draft = tomllib.loads(drafted.output)
    assert draft["file"] == {"decimal": ","}
    assert draft["date"] == {"column": "Datum", "forms": "%d.%m.%Y"}
    assert "1 would be put aside, such as '14.13.2023'" in drafted.output
    assert draft["geometry"] == {"lon": "Länge", "lat": "Breite"}
    assert '# "Gefecht" = "..."' in drafted.output
    assert tried.exit_code == 1
    assert "the import would be held back: 1 of 7 read were quarantined" in tried.output
    assert "read 7, would import 3, put aside 1, leave out 3" in tried.output
    assert "text: Cherson: Markt getroffen, zwei Verletzte" in tried.output
    assert (finds.exit_code, "read 4, would import 3, put aside 0, leave out 1" in finds.output) == (0, True)


def test_the_schema_knows_every_table() -> None:
    definitions = schema()["$defs"]
    assert {each.__name__ for each in TABLES.values()} <= set(definitions)
    assert definitions["DateRule"]["additionalProperties"] is False
