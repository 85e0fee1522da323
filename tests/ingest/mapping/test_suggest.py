"""Law: a draft is a mapping; what a file tells stands in it, and what it cannot tell is asked."""

from __future__ import annotations

import re
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
        (["14/05/2023", "03/04/2023", "2023-05", "May 2023"], (), ("%d/%m/%Y", "%Y-%m", "%B %Y")),
        (["03/04/2023"] * 9 + ["unknown"], ("%d/%m/%Y", "%m/%d/%Y"), ()),
        (["14/05/2023", "05/14/2023"] * 2, (), ()),
        (["2023", "2022"], ("%Y",), ()),
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


TAGGED = """Titel der Tabelle;;;;;;
Stand 14.05.2024
;;;;;;
Wann;Breite (WGS84);Länge;Event Description;Status;Source Confidential;SiND Event ID;Type of Facility
#date+occurred;#geo+lat;#geo +lon;#description;#status;#meta+confidential;#event+id;#loc+facility+type
28/07/2022;46,8;32.1;Fire;published;No;1;Hospital
2022-08;46.8;32.1;Smoke;withdrawn;Yes;2;Road
01/08/2022 - 03/08/2022;46.8;32.1;Smoke;published;;3;Hospital
"""


def test_a_draft_reads_the_tags_of_columns_below_their_names_below_a_title(tmp_path: Path) -> None:
    found, draft = drafted(tmp_path, TAGGED.replace("Länge", "X-coordinate"))
    assert found["file"] == {"header": 4, "decimal": [".", ","]}
    assert found["date"] == {"column": "Wann", "range": " - ", "forms": ["%d/%m/%Y", "%Y-%m"]}
    assert found["geometry"] == {"lon": "X-coordinate", "lat": "Breite (WGS84)"}
    assert found["category"]["column"] == "Type of Facility"
    assert found["fields"] == {"text": "Event Description"}
    assert found["id"] == {"column": "SiND Event ID"}
    assert "#geo" not in draft


def test_a_short_file_that_looks_like_a_title_has_a_draft_still(tmp_path: Path) -> None:
    found, _ = drafted(tmp_path, "WKT,\nPOINT (1 2),\n", layer=events())
    assert found["geometry"] == {"wkt": "WKT"}
    _, draft = drafted(tmp_path, "20230514\t48.5\t37.9\n" * 2)
    assert "header = false" in draft


def test_names_of_columns_may_have_brackets_and_more_words(tmp_path: Path) -> None:
    plain = "\n".join(line for line in TAGGED.splitlines()[3:] if not line.startswith("#"))
    found, _ = drafted(tmp_path, plain.replace("Wann", "Date [DD/MM/YYYY]"))
    assert found["date"]["column"] == "Date [DD/MM/YYYY]"
    assert found["geometry"] == {"lon": "Länge", "lat": "Breite (WGS84)"}
    assert found["category"]["column"] == "Type of Facility"
    assert found["fields"] == {"text": "Event Description"}
    assert found["id"] == {"column": "SiND Event ID"}


def test_a_draft_asks_of_each_column_that_may_hide_rows_and_as_it_stands_lets_none_through(
    tmp_path: Path,
) -> None:
    _, draft = drafted(tmp_path, TAGGED)
    assert (
        "Does 'Source Confidential' say that a row is not for publication? It says No (1), Yes (1), no"
        in draft
    )
    assert "Does 'Status' say" in draft
    taken = re.sub(r"^# (\[\[leave_out|column = |is = |otherwise = )", r"\1", draft, flags=re.MULTILINE)
    rules = tomllib.loads(taken)["leave_out"]
    assert {each["column"]: (each["is"], each["otherwise"]) for each in rules} == {
        "Source Confidential": (["No", "Yes", ""], []),
        "Status": (["published", "withdrawn"], []),
    }


def test_an_id_that_stands_twice_is_a_question(tmp_path: Path) -> None:
    rows = "".join(f"2023-05-14,1,2,{max(number, 1)}\n" for number in range(20))
    found, draft = drafted(tmp_path, "date,lon,lat,Nr id\n" + rows)
    assert "id" not in found
    assert "Is a row that was corrected issued again under its id? '1' stands there twice." in draft


def test_strays_of_every_look_are_shown(tmp_path: Path) -> None:
    rows = "".join(f"{day:02}.05.2023,1,2\n" for day in range(1, 31))
    _, draft = drafted(tmp_path, "date,lon,lat\n" + rows + "14.13.2023,1,2\n15.13.2023,1,2\nunknown,1,2\n")
    assert "3 would be put aside, such as '14.13.2023' and 'unknown'" in draft


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
