"""Law: a mapping beside a definition is kept with the theatre; imports go by the one that was added last."""

from __future__ import annotations

import asyncio
import json
import tomllib
from pathlib import Path

import asyncpg
import pytest

from tests.cli.conftest import SQUARE, Run
from tests.conftest import Databases
from tileserver.errors import BadParameter
from tileserver.theatres import load_theatre

DEFINITION = """
id = "isle"
title = { en = "Isle" }
day_zone = "UTC"
bounds = [20.0, 43.0, 45.0, 54.0]
centre = [36.0, 48.0, 6.0]

[[layers]]
name = "control"
kind = "areas"
time = "state"
mapping = "maps/control.toml"
category = "status"
title = { en = "Control" }
fields = { status = "who" }
source = { publisher = "p", licence = "CC0-1.0", attribution = "a" }
categories = [
  { code = "held", label = { en = "Held" }, colour = "#d6553f", colour_dark = "#e8705a" },
]

[[layers]]
name = "events"
kind = "points"
time = "window"
mapping = "events.toml"
category = "kind"
title = { en = "Events" }
fields = { kind = "what", text = "words" }
source = { publisher = "p", licence = "CC0-1.0", attribution = "a" }
categories = [
  { code = "strike", label = { en = "Strike" }, colour = "#d6553f", colour_dark = "#e8705a" },
]
"""
CONTROL = """means = "snapshot"

[date]
name = '(\\d{8})'
forms = "%Y%m%d"

[category]
column = "who"
codes = { "us" = "held" }
"""
EVENTS = """# who knows?
[date]
column = "day"

[geometry]
lon = "x"
lat = "y"

[category]
value = "strike"

[fields]
text = "what"
"""


def world(
    folder: Path, *, control: str = CONTROL, events: str = EVENTS, definition: str = DEFINITION
) -> Path:
    """Write the definition with its two mappings into *folder*; return the definition's path."""
    (folder / "maps").mkdir(parents=True, exist_ok=True)
    (folder / "maps" / "control.toml").write_text(control, "utf-8")
    (folder / "events.toml").write_text(events, "utf-8")
    (folder / "isle.toml").write_text(definition, "utf-8")
    return folder / "isle.toml"


def area(folder: Path, name: str) -> Path:
    geometry = {"type": "Polygon", "coordinates": [SQUARE]}
    feature = {"type": "Feature", "properties": {"who": "US"}, "geometry": geometry}
    (folder / name).write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return folder / name


@pytest.mark.db
def test_an_import_goes_by_the_mapping_that_was_kept_with_the_theatre(
    run: Run, databases: Databases, tmp_path: Path
) -> None:
    dsn, desk = databases.new(), tmp_path / "desk"
    assert run("theatre", "add", str(world(desk)), dsn=dsn).code == 0
    table = tmp_path / "found.csv"
    table.write_text("day,x,y,what,was\n2024-05-01,36.5,48.5,a bridge,a depot\n")
    for file in (desk / "events.toml", desk / "maps" / "control.toml", desk / "isle.toml"):
        file.unlink()  # the database alone suffices
    assert "1 version added" in run("import", "isle.events", str(table), dsn=dsn).out
    assert (
        "1 version added"
        in run("import", "isle.control", str(area(tmp_path, "20240501.geojson")), dsn=dsn).out
    )

    refused = run("import", "isle.events", str(table), "--date-column", "day", dsn=dsn)
    assert refused.code == 2
    assert "'events' is read by the mapping events.toml, which says itself where dates" in refused.err
    other = tmp_path / "other.toml"
    other.write_text(EVENTS.replace('"what"', '"was"'), "utf-8")
    assert "1 version added" in run("import", "isle.events", str(table), "--mapping", str(other), dsn=dsn).out


@pytest.mark.db
def test_an_edited_mapping_counts_from_the_next_add_on_and_draws_nothing_anew(
    run: Run, databases: Databases, tmp_path: Path
) -> None:
    dsn, first = databases.new(), world(tmp_path)
    run("theatre", "add", str(first), dsn=dsn)
    run("import", "isle.control", str(area(tmp_path, "20240501.geojson")), dsn=dsn)
    drawn = asyncio.run(names(dsn))
    assert drawn["faces"]

    world(tmp_path, control=CONTROL.replace('"us"', '"them"'))
    assert "stored" in run("theatre", "add", str(first), dsn=dsn).out
    refused = run("import", "isle.control", str(area(tmp_path, "20240502.geojson")), dsn=dsn)
    assert refused.code == 1
    assert "has a status that the layer does not declare: 1" in refused.err
    assert asyncio.run(names(dsn)) == drawn


async def names(dsn: str) -> dict[str, object]:
    """All that names what is drawn: editions, fingerprints, faces, revisions."""
    connection = await asyncpg.connect(dsn)
    try:
        layers = await connection.fetch("SELECT name, edition, fingerprint FROM layer ORDER BY name")
        faces = await connection.fetch("SELECT content, known, valid FROM face ORDER BY 1, 2, 3")
        revisions = await connection.fetchval("SELECT max(id) FROM revision")
    finally:
        await connection.close()
    return {"layers": layers, "faces": faces, "revisions": revisions}


@pytest.mark.db
def test_a_printed_definition_has_its_mappings_and_needs_no_file(
    run: Run, databases: Databases, tmp_path: Path
) -> None:
    dsn = databases.new()
    run("theatre", "add", str(world(tmp_path / "desk")), dsn=dsn)
    shown = tmp_path / "elsewhere.toml"
    shown.write_text(run("theatre", "show", "isle", dsn=dsn).out, "utf-8")
    texts = [each["mapping_text"] for each in tomllib.loads(shown.read_text("utf-8"))["layers"]]
    assert texts == [CONTROL, EVENTS]
    assert "# who knows?\n[date]\n" in shown.read_text("utf-8")  # in lines, to be read and edited
    assert "unchanged" in run("theatre", "add", str(shown), dsn=dsn).out


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"events": EVENTS.replace("[geometry]", "[geometri]")}, "events.toml, line 5: there is no key"),
        (
            {"events": EVENTS.replace("text =", "txt =")},
            "line 13: layer 'events' has no field 'txt'; did you",
        ),
        ({"events": EVENTS.replace('"strike"', '"strik"')}, "no kind 'strik'; did you mean 'strike'?"),
        ({"events": "means = [\n"}, "events.toml: "),
        ({"events": "\n"}, "mapping 'events.toml' is an empty file"),
        (
            {"definition": DEFINITION.replace('"events.toml"', '"acld"')},
            "there is no mapping 'acld'; did you mean 'acled'?",
        ),
        (
            {"definition": DEFINITION.replace('"events.toml"', '"none.toml"')},
            "layer 'events': mapping 'none.toml' is no file",
        ),
        (
            {
                "definition": DEFINITION.replace(
                    'mapping = "events', 'reader = "uacontrolmap"\nmapping = "events'
                )
            },
            "layer 'events': mapping and reader both say how its files are read",
        ),
        (
            {"definition": DEFINITION.replace('mapping = "maps', 'whole_state = true\nmapping = "maps')},
            "layer 'control': mapping and whole_state both say",
        ),
        (
            {"definition": DEFINITION.replace('mapping = "events.toml"', 'mapping_text = "x"')},
            "layer 'events': mapping_text is what a file beside the definition said",
        ),
        (
            {"definition": DEFINITION.replace('mapping = "ev', 'mapping_text = "x = 1"\nmapping = "ev')},
            "is a file that says another thing than mapping_text",
        ),
    ],
)
@pytest.mark.db
def test_a_mapping_that_does_not_fit_is_refused_with_its_line_and_nothing_is_stored(
    run: Run, database: str, tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    done = run("theatre", "add", str(world(tmp_path, **changed)), dsn=database)
    assert done.code == 2
    assert said in done.err
    assert run("theatre", "show", "isle", dsn=database).code != 0


def test_a_mapping_of_the_desk_is_read_as_text_whatever_ends_its_lines(tmp_path: Path) -> None:
    definition = world(tmp_path)
    (tmp_path / "events.toml").write_bytes(EVENTS.replace("\n", "\r\n").encode())
    assert load_theatre(str(definition)).layer("events").mapping_text == EVENTS
    (tmp_path / "events.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadParameter, match="cannot be read as text in UTF-8"):
        load_theatre(str(definition))
