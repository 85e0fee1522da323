"""Law: the KML of somebody who maps what was found is read for its meaning; a slip in its mapping is said."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.ingest.mapping.tables import categories, events, features, plan, table
from tests.shapes import layer, theatre
from tileserver.desk.trial import Trial, try_mapping
from tileserver.findings import Finding
from tileserver.ingest.mapping.load import parse_mapping

MAPPING = r"""
[date]
column = ["name", "when"]
pattern = '^\s*(\d{1,2} \w{3} \d{2})\b'
forms = ["%d %b %y", "iso"]
precision = "day"
[category]
column = "styleUrl"
pattern = '-(RU|UA)\b'
[category.codes]
"RU" = "ru"
"UA" = "ua"
[fields]
text = { column = ["name", "description"], join = ": " }
url = { column = "urls", take = "first" }
date = { column = ["name", "when"], take = "first", type = "day" }
"""
SIDES = layer(
    "found",
    "points",
    category="side",
    categories=categories("ru", "ua"),
    fields={name: name for name in ("side", "text", "url", "date")},
)
HERSON = (31.0, 46.0, 34.0, 47.5)


def placemark(name: str = "09 OCT 23 - tank", at: str = "32.6,46.6", style: str = "x-RU", **more: str) -> str:
    number = f' id="{more["id"]}"' if "id" in more else ""
    when = f"<TimeStamp><when>{more['when']}</when></TimeStamp>" if "when" in more else ""
    words = f"<description><![CDATA[{more.get('description', '')}]]></description>"
    return (
        f"<Placemark{number}><name>{name}</name>{words}{when}<styleUrl>#{style}</styleUrl>"
        f"<Point><coordinates>{at},0</coordinates></Point></Placemark>"
    )


def kml(*folders: str) -> bytes:
    inside = "".join(f"<Folder><name>f</name>{each}</Folder>" for each in folders)
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{inside}</Document></kml>'.encode()


def tried(path: Path, toml: str = MAPPING) -> Trial:
    world = theatre(SIDES, bounds=HERSON)
    return try_mapping(path, parse_mapping(toml, "own.toml"), (world, SIDES), None)


def tried_kml(folder: Path, *placemarks: str, toml: str = MAPPING) -> Trial:
    (folder / "doc.kml").write_bytes(kml("".join(placemarks)))
    return tried(folder / "doc.kml", toml)


def test_a_column_that_no_table_has_is_named_with_the_nearest(tmp_path: Path) -> None:
    slips = MAPPING.replace(
        'text = { column = ["name", "description"]', 'text = { column = ["nmae", "descripton"]'
    )
    report = tried_kml(tmp_path, placemark(), toml=slips).report
    assert report.examples[Finding.NO_COLUMN] == [
        (
            "no table has a column 'nmae'; did you mean 'name'?; "
            "no table has a column 'descripton'; did you mean 'description'?"
        ),
    ]
    assert Finding.NO_COLUMN not in tried_kml(tmp_path, placemark()).report.counts


def test_a_column_of_a_template_or_condition_that_is_not_there_is_named(tmp_path: Path) -> None:
    slips = MAPPING.replace('column = ["name", "description"], join = ": "', 'template = ["{nam}", "{name}"]')
    report = tried_kml(
        tmp_path, placemark(), toml=slips + '[[leave_out]]\ncolumn = "hidden"\nis = "yes"'
    ).report
    (said,) = report.examples[Finding.NO_COLUMN]
    assert ("'hidden'" in said, "'nam'" in said, report.counts[Finding.NO_COLUMN]) == (True, True, 2)


def test_a_column_that_one_file_of_several_has_is_there() -> None:
    toml = '[date]\ncolumn = "date"\n[category]\nvalue = "battle"\n[fields]\ntext = "{}"'
    rows = [{"date": "2023-05-14", "geometry": b'{"type":"Point","coordinates":[37.5,48.5]}'}] * 2
    tables = [
        table(rows[0], member="a.json", container="json"),
        table({**rows[1], "words": [{"said": "x"}]}, member="b.json", container="json"),
    ]
    for column, is_missing in (("words", False), ("words[0].said", False), ("wrods", True)):
        _, report = features(plan(toml.replace("{}", column), events("text")), *tables)
        assert (Finding.NO_COLUMN in report.counts) is is_missing


def test_an_id_that_no_row_has_is_refused_and_rows_without_one_are_counted(tmp_path: Path) -> None:
    two = placemark(id="p1"), placemark("10 OCT 23 - boat", at="32.7,46.7")
    refused = tried_kml(tmp_path, *two, toml=MAPPING + '[id]\ncolumn = "gcid"').refusal
    assert "none of 2 rows has one; no table has a column 'gcid'" in refused
    counted = tried_kml(tmp_path, *two, toml=MAPPING + '[id]\ncolumn = "id"')
    assert (counted.refusal, counted.report.counts[Finding.NO_ID]) == ("", 1)


def test_pictures_and_a_readme_beside_data_are_passed_over(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as packed:
        packed.writestr("doc.kml", kml(placemark()))
        for name in ("images/ru.png", "images/ua.JPG", "a.ico", "README.txt"):
            packed.writestr(name, b"\x89PNG")
    found = tried(tmp_path / "a.kmz")
    assert (found.report.imported, found.report.total("quarantined")) == (1, 0)
    assert found.report.counts[Finding.OTHER_MEMBER] == 4
    assert not found.rulings


def test_an_archive_of_nothing_but_pictures_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as packed:
        packed.writestr("images/ru.png", b"\x89PNG")
    with pytest.raises(Exception, match="holds no file that is to be read"):
        tried(tmp_path / "a.kmz")


def test_a_picture_that_a_description_shows_is_no_source(tmp_path: Path) -> None:
    words = '<img src="https://pictures.example/a.jpg" height="200"/><br>https://post.example/1'
    (found,) = tried_kml(tmp_path, placemark(description=words)).features
    assert found.properties["url"] == "https://post.example/1"


def test_a_placemark_with_swapped_coordinates_is_put_aside_alone_in_a_folder_of_few(tmp_path: Path) -> None:
    swapped = placemark("11 OCT 23 - swapped", at="46.6,32.6")
    (tmp_path / "doc.kml").write_bytes(kml(placemark() * 2 + swapped, swapped))
    found = tried(tmp_path / "doc.kml")
    assert (found.refusal, found.report.counts[Finding.OUTSIDE]) == ("", 2)
    assert found.report.imported == 1
    assert {row.origin.rpartition("#")[2] for row in found.report.quarantined} == {"3", "1"}


@pytest.mark.parametrize("style", ["icon-1899-FF5252-nodesc", "icon-FFAACC-nodesc"])
def test_no_word_is_near_the_code_of_a_style(tmp_path: Path, style: str) -> None:
    by_code = MAPPING.replace("pattern = '-(RU|UA)\\b'", "").replace('"RU"', '"#icon-1899-0288D1-nodesc"')
    (row,) = tried_kml(
        tmp_path, placemark(style=style), toml=by_code + "[limits]\nrows = 0"
    ).report.quarantined
    assert "is near" not in row.raw


def test_a_word_that_is_near_is_named_with_its_code(tmp_path: Path) -> None:
    by_word = MAPPING.replace("pattern = '-(RU|UA)\\b'", "").replace('"RU"', '"#losses of russia"')
    toml = by_word + "[limits]\nrows = 0"
    (row,) = tried_kml(tmp_path, placemark(style="loses of russia"), toml=toml).report.quarantined
    assert "'#losses of russia', which is 'ru', is near" in row.raw


def test_a_name_without_a_date_gives_way_to_the_time_stamp(tmp_path: Path) -> None:
    found = tried_kml(
        tmp_path,
        placemark("column hit (date unknown)", when="2023-10-12"),
        placemark("09 OCT 23 - tank", when="2023-10-08T22:30:00Z", at="32.7,46.7"),
        placemark("nothing", at="32.8,46.7"),
    )
    assert [each.properties["date"] for each in found.features] == ["2023-10-12", "2023-10-09"]
    assert found.report.counts[Finding.ABSURD_DATE] == 1


def test_a_date_that_cannot_be_does_not_give_way(tmp_path: Path) -> None:
    early = MAPPING.replace("[category]", 'earliest = "2022-02-24"\n[category]', 1)
    row = placemark("09 OCT 13 - tank", when="2023-10-09")
    found = tried_kml(tmp_path, row, toml=early + "[limits]\nrows = 0")
    assert (found.report.imported, found.report.counts[Finding.ABSURD_DATE]) == (0, 1)


def test_the_example_of_the_documentation_becomes_three_finds() -> None:
    example = Path(__file__).parents[3] / "docs" / "examples" / "kml"
    found = tried(example / "finds.kml", (example / "finds.toml").read_text("utf-8"))
    said = [(each.properties["side"], each.properties["date"]) for each in found.features]
    assert said == [("ru", "2023-10-09"), ("ua", "2023-10-11"), ("ru", "2023-10-12")]
    assert (found.refusal, found.rulings, found.report.total("quarantined")) == ("", [], 0)
    assert found.report.counts[Finding.OTHER_KIND] == 1
