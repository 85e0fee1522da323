"""Commands on mappings: a file is tried without a database, and imported as it was tried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import ROOT
from tileserver.ingest.mapping.load import shipped_mappings

OWN = ROOT / "docs" / "examples" / "own-source"
MAPPING, FILE = str(OWN / "incidents.toml"), str(OWN / "incidents.csv")
LAYER = ("--theatre", "ukraine-sample", "--layer", "events")
MARKET = {"type": "Point", "coordinates": [32.62, 46.64]}


def test_a_file_is_tried_without_a_database(run: Run, tmp_path: Path) -> None:
    look = tmp_path / "look.geojson"
    done = run("mapping", "try", MAPPING, FILE, *LAYER, "--json", "--geojson", str(look))
    assert done.code == 1  # one of seven is put aside, so an import waits for the desk
    found = json.loads(done.out)
    assert found["held"] == [
        "1 of 7 read were quarantined (has no date, or one that cannot be: 1), more than the 5 % allowed"
    ]
    assert found["report"]["rules"] == {"leave_out 1 Sichtbar is nein": 1}
    assert found["categories"] == {"strike": 2, "battle": 1}
    assert found["report"]["counts"] == {
        "absurd_date": 1,
        "filtered": 1,
        "ignored_status": 1,
        "replaced": 1,
    }
    assert found["tables"][0]["seen"]["delimiter"] == "semicolon"
    features = json.loads(look.read_bytes())["features"]
    assert [each["geometry"] for each in features][-1] == MARKET
    assert features[-1]["properties"]["from"] == "2023-04-04T21:00:00Z"
    assert features[-1]["properties"]["origin"] == "incidents.csv#5"


def test_it_is_said_whether_the_import_would_be_held(run: Run, tmp_path: Path) -> None:
    rows = (OWN / "incidents.csv").read_text("utf-8")
    held = run("mapping", "try", MAPPING, FILE, *LAYER)
    assert held.code == 1
    assert "the import would be held back: 1 of 7 read were quarantined" in held.out
    assert run("mapping", "try", MAPPING, FILE).code == 0  # without a layer nobody knows how much it allows
    good = tmp_path / "good.csv"
    good.write_text(rows.replace("14.13.2023", "14.12.2023"), "utf-8")
    done = run("mapping", "try", MAPPING, str(good), *LAYER)
    assert done.code == 0
    assert "held back" not in done.out
    many = tmp_path / "many.csv"
    more = [f"{n};03.04.2023;48,5;37,9;Gefecht;Ort;Text;https://example.org;ja;1\n" for n in range(10, 40)]
    many.write_text(rows + "".join(more), "utf-8")
    assert run("mapping", "try", MAPPING, str(many), *LAYER).code == 0
    complete = run("mapping", "try", MAPPING, str(many), *LAYER, "--complete")
    assert complete.code == 1
    assert "as the complete file it would end what they were" in complete.out


@pytest.mark.parametrize("option", ["--geojson", "--picture"])
def test_a_look_that_cannot_be_written_is_refused_before_the_file_is_read(
    run: Run, tmp_path: Path, option: str
) -> None:
    done = run("mapping", "try", MAPPING, FILE, *LAYER, option, str(tmp_path / "nowhere" / "look"))
    assert done.code == 2
    assert f"{option} " in done.err
    assert "cannot be written; name a file in a folder that exists" in done.err


def test_what_a_mapping_makes_of_a_file_is_seen_on_a_page(run: Run, tmp_path: Path) -> None:
    hostile = tmp_path / "incidents.csv"
    hostile.write_text(
        Path(FILE).read_text("utf-8").replace("14.13.2023", "<script>alert(1)</script>"), "utf-8"
    )
    look = tmp_path / "look.html"
    assert run("mapping", "try", MAPPING, str(hostile), *LAYER, "--picture", str(look)).code == 1  # held
    page = look.read_text("utf-8")
    assert "read 7, would import 3, put aside 1, leave out 3" in page
    assert page.count('class="dots-of-points') == 3
    assert "default-src 'none'" in page
    assert "alert(1)" in page
    assert "<script>alert" not in page
    bare = tmp_path / "bare.html"
    assert run("mapping", "try", MAPPING, FILE, "--picture", str(bare)).code == 0
    assert "#1b6e9c" in bare.read_text("utf-8")


def test_without_a_layer_codes_and_fields_are_those_of_the_mapping(run: Run) -> None:
    found = json.loads(run("mapping", "try", MAPPING, FILE, "--json").out)
    assert found["features"][0]["properties"]["category"] == "battle"


def test_what_would_not_be_imported_at_all_ends_with_1_and_says_why(run: Run, tmp_path: Path) -> None:
    strict = tmp_path / "strict.toml"
    strict.write_text((OWN / "incidents.toml").read_text("utf-8") + "[limits]\nput_aside = 0.0\n", "utf-8")
    done = run("mapping", "try", str(strict), FILE)
    assert done.code == 1
    assert "nothing would be imported: incidents.csv: 1 of 7 rows were put aside" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("try", "acld", FILE), "there is no mapping 'acld'; did you mean 'acled'"),
        (("try", MAPPING, FILE, "--layer", "events"), "--theatre and --layer go together"),
        (
            ("try", MAPPING, FILE, "--theatre", "ukraine", "--layer", "attacks"),
            "That definition is shipped; for your own give --theatre the path of its TOML",
        ),
        (
            ("try", MAPPING, FILE, "--theatre", "ukraine", "--layer", "events"),
            "line 20: layer 'events' has no side",
        ),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_in_one_line(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    done = run("mapping", *arguments)
    assert done.code == 2
    assert said in done.err


def test_shipped_mappings_are_listed_and_shown_as_they_are_taken(run: Run, tmp_path: Path) -> None:
    listed = json.loads(run("mapping", "list", "--json").out)
    assert [each["name"] for each in listed] == list(shipped_mappings())
    copy = tmp_path / "copy.toml"
    copy.write_text(run("mapping", "show", "acled").out, "utf-8")
    assert run("mapping", "show", str(copy)).out == copy.read_text("utf-8")
    assert json.loads(run("mapping", "schema").out)["title"]


def test_a_mapping_and_options_of_a_reader_contradict_each_other(run: Run) -> None:
    done = run("import", "ukraine-sample.events", FILE, "--mapping", MAPPING, "--date-column", "Datum")
    assert done.code == 2
    assert "--mapping says itself where dates and categories stand" in done.err


@pytest.mark.db
def test_a_file_is_imported_as_it_was_tried_and_a_second_time_changes_nothing(
    run: Run, sample_database: str
) -> None:
    call = ("import", "ukraine-sample.events", FILE, "--mapping", MAPPING)
    held = run(*call, dsn=sample_database)
    assert held.code == 1
    assert "1 of 7 read were quarantined" in held.out
    done = json.loads(run(*call, "--accept", "a typing mistake", "--json", dsn=sample_database).out)
    assert (done["added"], done["report"]["imported"]) == (3, 3)
    again = json.loads(run(*call, "--accept", "again", "--json", dsn=sample_database).out)
    assert again["revision"] is None
