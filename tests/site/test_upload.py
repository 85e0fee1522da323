"""A site in an object store of S3: sent once, never half-done, and cleared of what is gone."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import obstore
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import ObjectStore, from_url

from tileserver.errors import BadParameter, Unavailable
from tileserver.site.folder import NewSite
from tileserver.site.upload import Uploaded, site_files, upload_site

SITE = "s3://maps/front"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """An empty prefix of a bucket, which the environment leads to."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "something")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    with urllib.request.urlopen(
        urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")
    ):
        pass
    with urllib.request.urlopen(urllib.request.Request(f"http://{host}:{port}/maps", method="PUT")):
        pass
    yield from_url(SITE)
    server.stop()


def site(folder: Path, day: str) -> Path:
    """A small site of files of each kind, as known on a *day*."""
    new = NewSite(folder)
    new.keep("tilesets", b'{"theatres": []}' * 20, ".json")
    new.keep("tilesets/front", day.encode() * 100, ".json")
    new.put("tiles/front-history-1.pmtiles", b"PMTiles" + bytes(6_000_000))  # more than a part
    new.put("static/assets/files-AB12.js", b"export const one = 1;" * 20)
    new.put("static/basemap/world.pmtiles", b"PMTiles" + bytes(6_000_000))
    new.put("method/front.en.html", b"<p>how</p>" * 20)
    new.put("index.html", b"<p>map</p>" * 20)
    new.put("site.json", f'{{"made": "{day}"}}'.encode() * 20)
    return folder


def upload(folder: Path, url: str = SITE) -> tuple[Uploaded, list[int]]:
    """Upload; return what it did, and how many were sent at each word of it."""
    told: list[int] = []
    return asyncio.run(upload_site(folder, url, lambda sent, _: told.append(sent))), told


def there(store: ObjectStore) -> dict[str, Any]:
    """What the store has, by path."""
    return {each["path"]: each for some in store.list() for each in some}


def test_a_site_lies_there_as_it_is_to_be_answered(store: ObjectStore, tmp_path: Path) -> None:
    folder = site(tmp_path / "site", "2026-11-20")
    done, told = upload(folder)
    assert set(there(store)) == {each.path for each in site_files(folder)}
    assert done == Uploaded(8, sum(each["size"] for each in there(store).values()), 0, 0)
    assert told == list(range(1, 9))
    page = obstore.get(store, "index.html")
    assert dict(page.attributes) == {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Encoding": "gzip",
        "Cache-Control": "no-cache",
    }
    archive = obstore.get(store, "tiles/front-history-1.pmtiles")
    assert dict(archive.attributes) == {
        "Content-Type": "application/vnd.pmtiles",
        "Cache-Control": "public, max-age=31536000, immutable",
    }
    assert bytes(obstore.get_range(store, "tiles/front-history-1.pmtiles", start=0, length=7)) == b"PMTiles"
    assert (
        obstore.get(store, "static/basemap/world.pmtiles").attributes["Cache-Control"]
        == "public, max-age=86400"
    )


def test_what_is_there_already_is_not_sent_again_and_what_is_gone_goes(
    store: ObjectStore, tmp_path: Path
) -> None:
    upload(site(tmp_path / "first", "2026-11-20"))
    obstore.put(store, "robots.txt", b"User-agent: *")  # somebody's own
    assert upload(tmp_path / "first")[0] == Uploaded(0, 0, 8, 0)
    before = set(there(store))
    second = site(tmp_path / "second", "2026-11-21")
    done, _ = upload(second)
    assert (done.sent, done.kept, done.removed) == (2, 6, 1)  # the document and the list; the former document
    (gone,) = before - set(there(store))
    assert gone.startswith("files/tilesets-front-")
    assert set(there(store)) == {each.path for each in site_files(second)} | {"robots.txt"}


def test_pages_and_list_come_after_all_that_they_name(tmp_path: Path) -> None:
    paths = [each.path for each in site_files(site(tmp_path / "site", "2026-11-20"))]
    assert paths[-2:] == ["site.json", "index.html"]
    assert sorted(paths[:-2]) == paths[:-2]


def test_a_prefix_with_anything_but_a_site_is_left_alone(store: ObjectStore, tmp_path: Path) -> None:
    obstore.put(store, "files/ours.txt", b"a desk's own")
    with pytest.raises(BadParameter, match="no site"):
        upload(site(tmp_path / "site", "2026-11-20"))
    assert set(there(store)) == {"files/ours.txt"}


def test_no_site_no_store_and_no_bucket_are_said(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="is no site"):
        upload(tmp_path)
    folder = site(tmp_path / "site", "2026-11-20")
    with pytest.raises(BadParameter, match="names no object store"):
        upload(folder, "nowhere")
    with pytest.raises(Unavailable, match="nowhere"):
        upload(folder, "s3://nowhere")
