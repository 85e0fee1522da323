"""The keys of a definition are what the code reads; the map of the tutorial can be made as it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from tests.conftest import NOW, ROOT, settings_for
from tests.definition import TABLES, rows
from tileserver.cli.main import app
from tileserver.web.app import create_app

REFERENCE = (ROOT / "docs" / "definition.md").read_text("utf-8")
OWN_MAP = (ROOT / "docs" / "own-map.md").read_text("utf-8")
_ROW = re.compile(r"^\| `([a-z_]+)` \| (.*?) \| (.*?) \| (.+) \|$", re.MULTILINE)


def sections(text: str) -> dict[str, str]:
    """The text under each heading of the second level."""
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_the_reference_has_the_tables_of_the_code() -> None:
    assert list(sections(REFERENCE)) == list(TABLES)


@pytest.mark.parametrize("heading", TABLES)
def test_every_key_is_documented_with_its_type_and_default_and_no_other(heading: str) -> None:
    written = [(row[1], row[2], row[3].strip()) for row in _ROW.finditer(sections(REFERENCE)[heading])]
    assert written == rows(TABLES[heading])


@pytest.mark.db
def test_the_map_of_ones_own_of_the_tutorial_is_made_as_it_says(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.chdir(ROOT)
    called = re.findall(r"^tileserver (theatre add .+|import .+)$", OWN_MAP, re.MULTILINE)
    for line in called:
        if "--dry-run" not in line and "corrected" not in line:
            result = CliRunner().invoke(app, shlex.split(line))
            assert result.exit_code == 0, (line, result.output)
    with TestClient(create_app(settings_for(database), lambda: NOW)) as client:
        assert client.get("/tilesets").json()["default"] == "merrow"
        tiles = client.get("/tilesets/merrow").json()
        assert {each["id"]: each["role"] for each in tiles["vector_layers"]} == {
            "zones": "areas",
            "line": "front",
            "battles": "events",
            "texts": "notes",
        }
        days = {each["day"]: each for each in client.get("/tilesets/merrow/timeline").json()["days"]}
        assert [days["2024-05-10"][role] > 0 for role in ("areas", "front", "events", "notes")] == [True] * 4
        assert client.get("/tiles/merrow/6/26/22.mvt?datetime=2024-05-10").status_code == 200


def test_the_example_has_no_file_that_the_tutorial_does_not_use() -> None:
    files = {each.name for each in (ROOT / "docs" / "examples" / "own-map").iterdir()}
    text = OWN_MAP + Path(ROOT / "docs" / "examples" / "own-map" / "merrow.toml").read_text("utf-8")
    assert {name for name in files if name not in text} == set()
