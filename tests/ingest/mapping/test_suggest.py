"""Law: a draft is a mapping; what a file tells stands in it, and what it cannot tell is asked."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.mapping.tables import events
from tileserver.errors import UnreadableSource
from tileserver.ingest.mapping.guess import date_forms
from tileserver.ingest.mapping.load import parse_mapping
from tileserver.ingest.mapping.suggest import suggest


def drafted(tmp_path: Path, text: str, name: str = "own.csv", **more: Any) -> tuple[dict[str, Any], str]:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    draft = suggest(path, **more)
    parse_mapping(draft, "draft.toml")
    return tomllib.loads(draft), draft


@pytest.mark.parametrize(
    ("values", "found", "together"),
    [
        (["2023-05-14", "2023-05-14 12:00"], ("iso",), ()),
        (["14.05.2023"], ("%d.%m.%Y",), ()),
        (["05/14/2023", "5/4/2023"], ("%m/%d/%Y",), ()),
        (["03/04/2023", "5/4/2023"], ("%d/%m/%Y", "%m/%d/%Y"), ()),
        (["20230514", 20230515], ("%Y%m%d",), ()),
        (["14 May 2023"], ("%d %B %Y",), ()),
        (["2023-05-14", "14 May 2023"], (), ("iso", "%d %B %Y")),
        (["2023-05-14", "03/04/2023"], (), ()),
        ([1684051200], ("epoch_s",), ()),
        (["1", "2"], (), ()),
        (["", None], (), ()),
        (["battle"], (), ()),
        (["14.05.2023"] * 9 + ["14.13.2023"], ("%d.%m.%Y",), ()),
    ],
)
def test_dates_are_told_where_they_have_one_meaning(
    values: list[Any], found: tuple[str, ...], together: tuple[str, ...]
) -> None:
    forms = date_forms(values)
    assert (forms.found, forms.together) == (found, together)


def test_a_draft_says_what_the_file_tells(tmp_path: Path) -> None:
    text = "Datum;Breite;Länge;Art\n14.05.2023;48,5;37,9;battle\n15.05.2023;48,6;37,9;Strike\n"
    found, _ = drafted(tmp_path, text, layer=events("text"))
    assert found["file"] == {"decimal": ","}
    assert found["date"] == {"column": "Datum", "forms": "%d.%m.%Y"}
    assert found["geometry"] == {"lon": "Länge", "lat": "Breite"}
    assert found["category"] == {"column": "Art", "codes": {"battle": "battle", "Strike": "strike"}}


def test_a_draft_sees_that_coordinates_have_either_decimal_sign(tmp_path: Path) -> None:
    found, _ = drafted(tmp_path, "date;lat;lon\n2023-05-14;48,5;37.9\n2023-05-14;48.5;37,9\n")
    assert found["file"] == {"decimal": [".", ","]}


def test_a_draft_asks_what_the_file_cannot_tell(tmp_path: Path) -> None:
    found, draft = drafted(tmp_path, "date,type,WKT\n03/04/2022,x,POINT (1 2)\n", layer=events())
    assert found["date"] == {"column": "date"}
    assert "Which one? Every row fits all of %d/%m/%Y, %m/%d/%Y" in draft
    assert found["geometry"] == {"wkt": "WKT"}
    assert '# crs = "EPSG:4326"' in draft
    assert '# "x" = "..."' in draft


def test_a_file_without_a_header_has_columns_by_number(tmp_path: Path) -> None:
    found, _ = drafted(tmp_path, "20230514,48.5,37.9,a\n20230515,48.6,37.9,b\n")
    assert found["file"] == {"header": False}
    assert found["date"] == {"column": "1", "forms": "%Y%m%d"}


def test_a_name_of_a_column_cannot_leave_its_quotes(tmp_path: Path) -> None:
    found, _ = drafted(tmp_path, '"a"",]\nb = 1",date,kind\nx,2023-05-14,"q"" = 1\n[limits"\n')
    assert set(found) <= {"title", "date", "geometry", "category", "fields"}


def test_a_date_in_the_name_alone_is_asked_about(tmp_path: Path) -> None:
    place = '{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":{"kind":"a"}}'
    found, draft = drafted(tmp_path, place, "control_20230514.geojson")
    assert found["date"] == {"name": r"(\d{8})", "forms": "%Y%m%d"}
    assert "geometry" not in found
    assert "whole state of its day?" in draft


def test_a_file_without_rows_has_no_draft(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("", "utf-8")
    with pytest.raises(UnreadableSource):
        suggest(tmp_path / "empty.csv")
