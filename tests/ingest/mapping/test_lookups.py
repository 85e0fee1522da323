"""Law: what a key stands for is looked up in a second file of the source."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.mapping.tables import events, features, plan, table
from tests.shapes import theatre
from tileserver.errors import BadParameter, UnreadableSource
from tileserver.findings import Finding
from tileserver.ingest import RawFeature, ReadOptions, Report, read_features
from tileserver.ingest.mapping.load import parse_mapping

MAPPING = """
[file]
names = "*events.json"

[date]
column = "date"

[geometry]
lon = "lon"
lat = "lat"

[category]
column = "classes"
lookup = "classes"

[category.codes]
"Shelling" = "strike"

[fields]
url = { column = "sources", lookup = "sources", take = "first" }
text = { template = ["{place}: {words}", "{words}"] }

[lookup.classes]
file = "*classes.json"
key = "id"
value = "path[1]"

[lookup.sources]
file = "*sources.json"
records = "."
value = "urls"
"""
ROWS = [
    {"classes": ["c1"], "sources": ["s1", "s2"], "place": "Mill", "words": "hit"},
    {"classes": ["c9"], "sources": ["s2"], "place": "", "words": "hit"},
    {"classes": ["c1"], "sources": ["s2"], "place": "", "words": "hit again"},
]
EVENTS = [{"date": "2023-05-14", "lon": 37, "lat": 48, **row} for row in ROWS]
FILES: dict[str, Any] = {
    "events.json": EVENTS,
    "classes.json": [{"id": "c1", "path": ["What", "Shelling"]}],
    "sources.json": {"s1": {"urls": ["https://a.org/1", "https://a.org/2"]}, "s2": {"urls": []}},
}


def write(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        (folder / name).write_text(json.dumps(FILES[name]))
    return folder


def read(path: Path, toml: str = MAPPING) -> tuple[list[RawFeature], Report]:
    layer, report = events("text", "url"), Report()
    options = ReadOptions(mapping=parse_mapping(toml, "own.toml"))
    found = list(read_features(path, theatre(layer), layer, options, report))
    report.imported = len(found)
    assert report.balances
    return found, report


@pytest.mark.parametrize("kind", ["folder", "beside", "zip"])
def test_a_key_is_looked_up_in_the_folder_the_archive_or_beside_the_file(tmp_path: Path, kind: str) -> None:
    folder = write(tmp_path / "all", *FILES)
    path = {"folder": folder, "beside": folder / "events.json", "zip": tmp_path / "all.zip"}[kind]
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name in FILES:
                archive.write(folder / name, f"in/{name}")
    found, report = read(path)
    assert [each.properties for each in found] == [
        {"kind": "strike", "text": "Mill: hit", "url": "https://a.org/1"},
        {"kind": "strike", "text": "hit again"},
    ]
    assert report.counts[Finding.UNKNOWN_STATUS] == 1
    assert "'c9' is in no table" in report.examples[Finding.UNKNOWN_STATUS][0]
    assert report.read == 3


def test_a_second_file_that_is_missing_or_broken_refuses_the_first(tmp_path: Path) -> None:
    folder = write(tmp_path / "all", "events.json", "classes.json")
    with pytest.raises(UnreadableSource, match=r"\[lookup.sources\] looks in '\*sources.json'.*put that"):
        read(folder)
    (folder / "sources.json").write_text('{"s1": ')
    with pytest.raises(UnreadableSource, match=r"where \[lookup.sources\] looks, cannot be read"):
        read(folder)


@pytest.mark.parametrize(
    ("wrong", "right", "words"),
    [
        (
            'lookup = "classes"',
            'lookup = "clases"',
            r"line 14: there is no table \[lookup.clases\]; did you mean",
        ),
        ('file = "*classes.json"', 'file = "../classes.json"', "without folders"),
        ('"{words}"]', '"words"]', "has no column in braces"),
        ("template =", 'column = "words", template =', "a column, a value or a template"),
        ("template =", 'type = "number", template =', "words as they are"),
    ],
)
def test_a_mapping_that_does_not_hold_together_says_where(wrong: str, right: str, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        parse_mapping(MAPPING.replace(wrong, right), "own.toml")


def test_a_template_fills_no_value_into_a_value() -> None:
    toml = (
        '[date]\ncolumn = "date"\n[geometry]\nlon = "lon"\nlat = "lat"\n[category]\nvalue = "battle"\n'
        '[fields]\ntext = { template = "{a} and {b}" }\n'
    )
    given = table({"date": "2023-05-14", "lon": "37", "lat": "48", "a": "{b}", "b": "\\1 {a}"})
    found, _ = features(plan(toml, events("text")), given)
    assert found[0].properties["text"] == "{b} and \\1 {a}"
