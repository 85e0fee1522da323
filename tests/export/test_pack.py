"""An offline pack holds all that MapLibre Native asks for, and is drawn as the server's own style is."""

from __future__ import annotations

import hashlib
import json
import urllib.request
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from tests.cli.conftest import Run
from tests.export.conftest import DATED
from tests.export.test_archives import answered, in_pmtiles
from tests.native import Drawing, draw

pytestmark = pytest.mark.db

MBTILES = ("--format", "mbtiles")
MIDDLE = (0.5, 49, 6.4)


def unpacked(pack: Path, folder: Path) -> dict[str, Any]:
    """Unpack *pack* into *folder*, and return its style as an app reads it there."""
    with zipfile.ZipFile(pack) as packed:
        packed.extractall(folder)
    style: dict[str, Any] = json.loads(
        (folder / "style.json").read_text().replace("PACK_FOLDER", quote(str(folder)))
    )
    return style


def test_a_pack_has_everything_and_equal_options_make_equal_bytes(
    run: Run, sample_database: str, sample_client: TestClient, tmp_path: Path
) -> None:
    packs = [tmp_path / name for name in ("one.zip", "two.zip")]
    for pack in packs:
        done = run("export", "western-front", str(pack), *DATED, dsn=sample_database)
        assert not done.code, done.err
    assert packs[0].read_bytes() == packs[1].read_bytes()
    folder = tmp_path / "Application Support"
    style = unpacked(packs[0], folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    there = {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file()}
    assert there == {each["path"] for each in manifest["files"]} | {"manifest.json"}
    for each in manifest["files"]:
        data = (folder / each["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (each["bytes"], each["sha256"])
    assert style["sources"]["tileserver"]["url"] == f"pmtiles://file://{quote(str(folder))}/tiles.pmtiles"
    assert "http" not in json.dumps({**style, "sources": {}})
    answers = answered(sample_client, "/tiles/western-front/{address}.mvt?datetime=1944-08-25")
    assert in_pmtiles(folder / "tiles.pmtiles") == answers
    assert {"fonts/Fira Sans Regular/1024-1279.pbf", "fonts/Fira Sans Regular/4096-4351.pbf"} <= there


def test_an_app_asks_by_the_manifest_of_its_pack_what_changed_since(
    run: Run, sample_database: str, sample_client: TestClient, tmp_path: Path
) -> None:
    done = run("export", "western-front", str(tmp_path / "day.zip"), *DATED, dsn=sample_database)
    assert not done.code, done.err
    with zipfile.ZipFile(tmp_path / "day.zip") as packed:
        manifest = json.loads(packed.read("manifest.json"))
    asked = {"since": manifest["revision"], **{key: manifest[key] for key in ("public", "datetime")}}
    told = sample_client.get("/tilesets/western-front/changed", params=asked).json()
    assert told["tiles"] == []
    assert {key: told[key] for key in ("edition", "public")} == {
        key: manifest[key] for key in ("edition", "public")
    }


@pytest.mark.skipif(find_spec("pymgl") is None, reason="pymgl is not for this Python or system")
def test_a_pack_is_drawn_without_the_server_as_with_it(
    run: Run, sample_database: str, server_url: str, tmp_path: Path
) -> None:
    with urllib.request.urlopen(
        f"{server_url}/styles/western-front-mobile.json?datetime=1944-08-25"
    ) as answer:
        drawings = [Drawing(json.load(answer), *MIDDLE)]
    for number, when in enumerate((DATED, ("--history", "--datetime", "1944-09-30", *DATED[2:]))):
        pack = tmp_path / f"{number}.zip"
        done = run("export", "western-front", str(pack), *when, *MBTILES, dsn=sample_database)
        assert not done.code, done.err
        drawings.append(Drawing(unpacked(pack, tmp_path / f"a folder {number}"), *MIDDLE))
    assert (tmp_path / "a folder 1" / "faces" / "5.json").is_file()
    online, dated, history = draw(*drawings)
    assert (online == dated).all()
    assert (online != history).any()  # of the last day of its period


def test_what_is_no_pack_is_refused(run: Run, sample_database: str, tmp_path: Path) -> None:
    pack = tmp_path / "pack.zip"
    for options in (
        ("--since", "1"), ("--format", "zip"), ("--history", "--datetime", "1944-06-06/1945-05-08"),
        ("--history", "--datetime", "1900-01-01"), ("--zooms", "20-22"),
    ):  # fmt: skip
        assert run("export", "western-front", str(pack), *options, dsn=sample_database).code == 2, options
    assert list(tmp_path.iterdir()) == []
