"""A newsroom's own archive is served by ranges alone, and named by pages only while it can be drawn."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.archives import LAYERS, write_archive
from tests.built import built
from tests.conftest import settings_for
from tileserver.config import read_settings
from tileserver.errors import BadParameter
from tileserver.web import basemap
from tileserver.web.app import create_app
from tileserver.web.basemap import PATH
from tileserver.web.basemap_archive import read_archive

NOWHERE = "postgresql://tileserver@127.0.0.1:1/nowhere"
HEAD = {"Range": "bytes=0-126"}


def _client(**settings: str) -> TestClient:
    return TestClient(create_app(settings_for(NOWHERE, **settings)), raise_server_exceptions=False)


@pytest.mark.parametrize("schema", LAYERS)
def test_schema_and_credit_are_read_from_the_archive(tmp_path: Path, schema: str) -> None:
    found = read_archive(write_archive(tmp_path / "own.pmtiles", schema))
    assert found == (schema, "Made by a test", 6, 6)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"head": {0: 0}}, "it is no PMTiles archive"),
        ({"head": {7: 2}}, "version 2; version 3 is read"),
        ({"head": {99: 2}}, "it holds PNG pictures"),
        ({"head": {98: 4}}, "its tiles are packed by Zstandard"),
        ({"head": {63: 1}}, "it is cut off"),
        ({"metadata": {"attribution": ""}}, "no attribution: say it in TILESERVER_BASEMAP_ATTRIBUTION"),
        ({"vector_layers": [{"id": "parcels"}]}, r"its layers \(parcels\) are of no schema that is known"),
        ({"written": '{"a":' + 20_000 * "[" + 20_000 * "]" + "}"}, "its metadata cannot be read: max"),
        ({"vector_layers": 7}, r"its layers \(none named\)"),
    ],
)  # fmt: skip
def test_an_archive_that_cannot_be_drawn_says_why(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadParameter, match=said):
        read_archive(write_archive(tmp_path / "own.pmtiles", "protomaps", **changes))


def test_another_schema_than_the_declared_one_is_named(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "own.pmtiles", "protomaps")
    with pytest.raises(BadParameter, match=r"not those of openmaptiles; did you mean 'protomaps'\?"):
        read_archive(path, "openmaptiles")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"TILESERVER_BASEMAP": "map.mbtiles"}, "pmtiles convert makes it of an MBTiles file"),
        ({"TILESERVER_BASEMAP": "https://example.org/a.pmtiles; img-src *"}, "a path or a URL as https"),
        ({"TILESERVER_BASEMAP": "https://example.org/a.pmtiles"}, "TILESERVER_BASEMAP_SCHEMA and"),
        ({"TILESERVER_BASEMAP_SCHEMA": "open-map-tiles"}, "did you mean 'openmaptiles'?"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_with_what_would_do(settings: dict[str, str], said: str) -> None:
    with pytest.raises(BadParameter, match=re.escape(said)):
        read_settings(settings)


def test_a_file_goes_out_by_bounded_ranges_under_a_strong_tag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_archive(tmp_path / "own.pmtiles", "shortbread")
    data = path.read_bytes()
    with _client(TILESERVER_BASEMAP=str(path)) as client:
        answer = client.get(f"/{PATH}", headers={"Range": "bytes=100-16383"})
        assert (answer.status_code, answer.content) == (206, data[100:])
        assert answer.headers["content-range"] == f"bytes 100-{len(data) - 1}/{len(data)}"
        tag = answer.headers["etag"]
        assert client.get(f"/{PATH}", headers={"If-None-Match": tag, **HEAD}).status_code == 304
        for known, status in (
            (tag, 206),
            ('"another"', 400),
            (f"W/{tag}", 400),
            ("Fri, 27 Nov 2026 09:00:00 GMT", 400),
        ):
            answer = client.get(f"/{PATH}", headers={"If-Range": known, **HEAD})
            assert (answer.status_code, answer.headers["cache-control"]) == (
                status,
                "public, max-age=3600" if status == 206 else "no-store",
            )
        assert client.get(f"/{PATH}", headers={"Range": "bytes=999999-9999999"}).status_code == 416
        assert client.head(f"/{PATH}").headers["content-length"] == str(len(data))
        for wrong in ("", "bytes=0-", "bytes=-5", "bytes=5-1", "bytes=0-1,3-4", "rows=0-1"):
            assert client.get(f"/{PATH}", headers={"Range": wrong}).status_code == 400, wrong
        monkeypatch.setattr(basemap, "MOST_BYTES", 100)
        assert client.get(f"/{PATH}", headers=HEAD).status_code == 400
        for other in ("/basemap/..%2f..%2fREADME.md", "/basemap/other.pmtiles", f"/{PATH}?file=/etc/passwd"):
            assert client.get(other, headers=HEAD).status_code in (400, 404)


@built
def test_pages_name_an_archive_only_while_it_can_be_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, kept = tmp_path / "own.pmtiles", write_archive(tmp_path / "kept.pmtiles", "protomaps")
    monkeypatch.setattr(basemap, "_LOOK_S", 0.0)
    with _client(TILESERVER_BASEMAP=str(path)) as client:
        assert "data-basemap" not in client.get("/").text
        assert client.get(f"/{PATH}", headers=HEAD).status_code == 404
        shutil.copyfile(kept, path)
        page = client.get("/")
        assert "&quot;schema&quot;:&quot;protomaps&quot;" in page.text
        assert client.get("/", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
        path.write_bytes(kept.read_bytes()[:200])
        assert "data-basemap" not in client.get("/embed").text


def test_the_policy_names_the_one_foreign_address_and_nothing_else() -> None:
    url = "https://maps.example.org/planet.pmtiles"
    told = {"TILESERVER_BASEMAP_SCHEMA": "shortbread", "TILESERVER_BASEMAP_ATTRIBUTION": "© Us"}
    with _client(TILESERVER_BASEMAP=url, **told) as client:
        policy = client.get("/").headers["content-security-policy"]
        assert f"connect-src 'self' {url};" in policy
        assert policy.count("https:") == 1
        assert client.get(f"/{PATH}", headers=HEAD).status_code == 404
