"""An archive holds what the server answers, byte for byte, and other people's readers find all of it."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pyogrio
import pytest
from pmtiles import reader
from starlette.testclient import TestClient

from tests.cli.conftest import Run
from tests.conftest import ROOT
from tests.export.conftest import DATED, NORMANDY
from tileserver.grid import TileAddress, address_at

pytestmark = pytest.mark.db

LIBRARY: Any = reader  # which says no types
FRONTEND = ROOT / "tileserver" / "web" / "frontend"
# Every tile by the reader of web pages: address, and SHA-256 of the bytes as they were packed into it.
READ_BY_NPM = """
import { FileSource, PMTiles } from 'pmtiles';
import { createHash } from 'node:crypto';
import { openSync, readSync } from 'node:fs';
const file = openSync(process.argv[1], 'r');
const source = { getKey: () => 'file', getBytes: async (at, length) => {
  const bytes = Buffer.alloc(length);
  const read = readSync(file, bytes, 0, length, at);
  return { data: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + read) };
} };
const archive = new PMTiles(source);
const found = {};
for (const address of JSON.parse(process.argv[2])) {
  const tile = await archive.getZxy(...address.split('/').map(Number));
  found[address] = tile ? createHash('sha256').update(Buffer.from(tile.data)).digest('hex') : null;
}
const [header, metadata] = [await archive.getHeader(), await archive.getMetadata()];
console.log(JSON.stringify({ header, metadata, found }));
"""


def in_pmtiles(path: Path) -> dict[str, bytes]:
    """Return the packed tiles of an archive by address, read by the library."""
    with path.open("rb") as file:
        return {
            "/".join(map(str, place)): data for place, data in LIBRARY.all_tiles(LIBRARY.MmapSource(file))
        }


def in_mbtiles(path: Path) -> dict[str, bytes]:
    """Return the packed tiles of an archive by address, read as SQL says."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles").fetchall()
    return {f"{z}/{x}/{(1 << z) - 1 - y}": data for z, x, y, data in rows}


def answered(client: TestClient, path: str) -> dict[str, bytes]:
    """Return the tiles of the area and zooms of the archives as a server answers, packed, by address."""
    found = {}
    for z in range(3, 8):
        first, last = address_at(-2, 50, z), address_at(3, 48, z)
        for x in range(first.x, last.x + 1):
            for y in range(first.y, last.y + 1):
                address = str(TileAddress(z, x, y))
                with client.stream(
                    "GET", path.format(address=address), headers={"Accept-Encoding": "gzip"}
                ) as answer:
                    packed = b"".join(answer.iter_raw())
                    if answer.status_code == 200:
                        is_packed = answer.headers.get("Content-Encoding") == "gzip"
                        found[address] = packed if is_packed else gzip.compress(packed, 6, mtime=0)
    return found


def test_an_archive_holds_the_bytes_of_the_servers_answers_and_no_other_tile(
    archives: tuple[Path, Path], sample_client: TestClient
) -> None:
    there = answered(sample_client, "/tiles/western-front/{address}.mvt?datetime=1944-08-25")
    assert len(there) == 18
    assert in_pmtiles(archives[0]) == there
    assert in_mbtiles(archives[1]) == there


def test_history_comes_as_an_archive_for_each_period_and_a_list_of_them(
    run: Run, sample_client: TestClient, sample_database: str, tmp_path: Path
) -> None:
    when = ("--history", "--datetime", "1944-06-20/1944-07-10", "--zooms", "3-7", NORMANDY)
    done = run("export", "western-front.control", str(tmp_path / "out"), *when, dsn=sample_database)
    assert not done.code, done.err
    listed = json.loads((tmp_path / "out" / "western-front.control-history.json").read_text())["archives"]
    document = sample_client.get("/tilesets/western-front.control").json()["time"]["history"]
    asked_for = [
        each["id"]
        for each in document["periods"]
        if each["first_day"] <= "1944-07-10" and each["last_day"] >= "1944-06-20"
    ]
    assert len(asked_for) > 1
    assert [each["period"] for each in listed] == asked_for
    for each in listed:
        path = tmp_path / "out" / each["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == each["sha256"]
        assert each["sha256"][:16] in each["file"]
        asked = f"/history/western-front.control/{each['period']}/{{address}}.mvt"
        assert in_pmtiles(path) == answered(sample_client, asked)


def test_equal_revisions_and_options_give_equal_bytes_and_another_date_does_not(
    run: Run, archives: tuple[Path, Path], sample_database: str, tmp_path: Path
) -> None:
    for path in archives:
        again = tmp_path / f"again{path.suffix}"
        run("export", "western-front", str(again), *DATED, dsn=sample_database)
        assert again.read_bytes() == path.read_bytes()
        run("export", "western-front", str(again), *DATED, "--datetime", "1944-08-20", dsn=sample_database)
        assert again.read_bytes() != path.read_bytes()


def test_an_archive_says_its_time_its_credit_and_its_layers_and_nothing_of_the_moment(
    archives: tuple[Path, Path], sample_client: TestClient
) -> None:
    document = sample_client.get("/tilesets/western-front?datetime=1944-08-25").json()
    with archives[0].open("rb") as file:
        said: dict[str, Any] = LIBRARY.Reader(LIBRARY.MmapSource(file)).metadata()
    for name in ("name", "attribution", "vector_layers", "categories", "notice"):
        assert said[name] == document[name]
    assert (said["minzoom"], said["maxzoom"], said["bounds"]) == (3, 7, [-2, 48, 3, 50])
    assert said["time"]["datetime"] == "1944-08-25"
    assert said["time"]["last_day"] <= "1944-08-25"
    assert said["time"]["revision"] == document["time"]["revision"]
    assert not {"horizon", "updated", "history", "days"} & said["time"].keys()
    assert "http" not in str(said["time"])
    with sqlite3.connect(archives[1]) as connection:
        rows = dict(connection.execute("SELECT name, value FROM metadata"))
    assert json.loads(rows["json"])["tileserver"] == said
    assert rows["format"] == "pbf"
    assert rows["bounds"] == "-2.0,48.0,3.0,50.0"


def test_readers_from_npm_and_gdal_find_every_tile_and_every_layer(archives: tuple[Path, Path]) -> None:
    there = in_pmtiles(archives[0])
    node = shutil.which("node") or str(ROOT / ".venv" / "bin" / "node")
    asked = json.dumps([*there, "7/0/0"])
    told = subprocess.run(
        [node, "--input-type=module", "--eval", READ_BY_NPM, str(archives[0]), asked],
        cwd=FRONTEND, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    read = json.loads(told)
    unpacked = {address: hashlib.sha256(gzip.decompress(data)).hexdigest() for address, data in there.items()}
    assert read["found"] == {**unpacked, "7/0/0": None}
    assert read["header"]["specVersion"] == 3
    assert read["metadata"]["time"]["kind"] == "snapshot"
    for path in archives:
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        assert {"control", "frontline"} <= set(layers)
        assert pyogrio.read_info(path, layer="control")["features"] > 0


def test_what_goes_wrong_leaves_the_archive_of_before_and_nothing_beside_it(
    run: Run, archives: tuple[Path, Path], sample_database: str
) -> None:
    path, before = archives[0], archives[0].read_bytes()
    absurd = (
        ("--bounds", "5,5,1,1"), ("--bounds", "-60,10,-59,11"), ("--zooms", "7-3"), ("--zooms", "-1-3"),
        ("--zooms", "20-22"), ("--datetime", "yesterday"), ("--format", "zip"),
        ("--datetime", "1900-01-01", "--history"), ("--history", "--revision", "1"),
    )  # fmt: skip
    for options in absurd:
        out = path.with_suffix("" if "--format" in options else ".pmtiles")
        assert run("export", "western-front", str(out), *options, dsn=sample_database).code == 2, options
    for nowhere in ("/proc/day.pmtiles", "/proc/folder", "/proc/day.zip"):
        done = run("export", "western-front", nowhere, *DATED, dsn=sample_database)
        assert (done.code, "cannot be written" in done.err) == (2, True), done
    assert path.read_bytes() == before
    assert sorted(each.name for each in path.parent.iterdir()) == ["day.mbtiles", "day.pmtiles"]
