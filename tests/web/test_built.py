"""Files of the build go out as the build packed them, each coding under a tag of its own."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import brotli
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from tests.built import built
from tests.codings import OPENED
from tileserver.tiles.compress import Coding
from tileserver.web.built import BuiltFiles

TEXT = b"export const answer = 42;\n" * 40
FILE = "/static/assets/map-1a2b.js"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A build of one script, packed as the build packs, but not as we would."""
    path = tmp_path / "assets" / "map-1a2b.js"
    path.parent.mkdir()
    path.write_bytes(TEXT)
    path.with_name(f"{path.name}.br").write_bytes(brotli.compress(TEXT, quality=1))
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(TEXT, 1, mtime=7))
    return tmp_path


def _over(folder: Path) -> TestClient:
    return TestClient(Starlette(routes=[Mount("/static", BuiltFiles(folder))]), raise_server_exceptions=False)


def _raw(client: TestClient, path: str, **headers: str) -> tuple[dict[str, str], bytes]:
    with client.stream("GET", path, headers=headers) as answer:
        return dict(answer.headers), b"".join(answer.iter_raw())


@pytest.mark.parametrize(
    ("accepted", "coding", "suffix"),
    [
        ("gzip, deflate, br, zstd", "br", ".br"),
        ("gzip, deflate", "gzip", ".gz"),
        ("br;q=0, gzip", "gzip", ".gz"),
        ("zstd", "identity", ""),
        ("identity", "identity", ""),
    ],
)
def test_a_text_goes_out_in_the_coding_preferred_of_those_the_build_left(
    folder: Path, accepted: str, coding: Coding, suffix: str
) -> None:
    client = _over(folder)
    headers, data = _raw(client, FILE, **{"Accept-Encoding": accepted})
    assert headers.get("content-encoding", "identity") == coding
    assert data == (folder / "assets" / f"map-1a2b.js{suffix}").read_bytes()
    assert OPENED[coding](data) == TEXT
    assert (headers["vary"], int(headers["content-length"])) == ("Accept-Encoding", len(data))
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-type"] == "text/javascript; charset=utf-8"
    again = client.get(FILE, headers={"Accept-Encoding": accepted, "If-None-Match": headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert {again.headers["etag"], again.headers["vary"]} == {headers["etag"], "Accept-Encoding"}


def test_each_coding_has_a_tag_of_its_own(folder: Path) -> None:
    client = _over(folder)
    tags = {_raw(client, FILE, **{"Accept-Encoding": each})[0]["etag"] for each in ("br", "gzip", "identity")}
    assert len(tags) == 3


@pytest.mark.parametrize("name", [".br", ".gz"])
def test_a_packed_form_has_no_address_of_its_own(folder: Path, name: str) -> None:
    assert _over(folder).get(FILE + name).status_code == 404


def test_what_an_earlier_build_packed_is_not_what_is_there_now(folder: Path) -> None:
    path = folder / "assets" / "map-1a2b.js"
    path.write_bytes(b"another")
    later = path.with_name(f"{path.name}.br").stat().st_mtime + 10
    os.utime(path, (later, later))
    headers, data = _raw(_over(folder), FILE, **{"Accept-Encoding": "br, gzip"})
    assert (headers.get("content-encoding"), data) == (None, b"another")


def test_a_file_that_is_rebuilt_is_read_again(folder: Path) -> None:
    client = _over(folder)
    before, _ = _raw(client, FILE, **{"Accept-Encoding": "identity"})
    path = folder / "assets" / "map-1a2b.js"
    path.write_bytes(b"another")
    os.utime(path, (4_000_000_000, 4_000_000_000))
    after, data = _raw(client, FILE, **{"Accept-Encoding": "identity"})
    assert data == b"another"
    assert after["etag"] != before["etag"]


def test_an_archive_goes_out_in_ranges_and_packed_by_nobody(tmp_path: Path) -> None:
    (tmp_path / "world.pmtiles").write_bytes(bytes(range(200)))
    headers, data = _raw(
        _over(tmp_path), "/static/world.pmtiles", **{"Accept-Encoding": "br", "Range": "bytes=10-19"}
    )
    assert data == bytes(range(10, 20))
    assert "content-encoding" not in headers


def test_an_archive_has_one_tag_wherever_it_was_installed_and_is_said_unchanged(tmp_path: Path) -> None:
    tags = set()
    for name, changed in (("a", 1_000), ("b", 2_000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "world.pmtiles").write_bytes(bytes(200))
        os.utime(tmp_path / name / "world.pmtiles", (changed, changed))
        headers, _ = _raw(_over(tmp_path / name), "/static/world.pmtiles", Range="bytes=0-9")
        tags.add(headers["etag"])
    (tag,) = tags
    again = _over(tmp_path / "a").get("/static/world.pmtiles", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


@built
@pytest.mark.db
@pytest.mark.parametrize("path", ["/", "/embed"])
def test_a_page_and_all_that_it_names_go_out_packed(client: TestClient, path: str) -> None:
    headers, data = _raw(client, path, **{"Accept-Encoding": "gzip, br"})
    page = brotli.decompress(data).decode()
    assert headers["content-encoding"] == "br"
    assert headers["cache-control"] == "no-cache"
    assert "content-security-policy" in headers
    named = {word for words in page.split('"') for word in words.split() if word.startswith("static/assets/")}
    # The start, words, what runs ahead of the map, the map, what they share, MapLibre in two, its worker, and
    # two style sheets.
    assert len(named) == 17
    for asset in named:
        headers, data = _raw(client, asset, **{"Accept-Encoding": "gzip, br"})
        assert headers["content-encoding"] == "br"
        assert len(data) < 130_000
    tagged = client.get(
        path,
        headers={
            "Accept-Encoding": "br",
            "If-None-Match": _raw(client, path, **{"Accept-Encoding": "br"})[0]["etag"],
        },
    )
    assert (tagged.status_code, tagged.content) == (304, b"")
