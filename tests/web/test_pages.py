"""The map may be framed nowhere but in its embed, loads nothing of others, and is not there until built."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from tileserver.web.pages import STATIC, BuiltFiles

built = pytest.mark.skipif(not (STATIC / "index.html").is_file(), reason="the front end is not built")


def _over(folder: Path) -> TestClient:
    return TestClient(Starlette(routes=[Mount("/static", BuiltFiles(folder))]), raise_server_exceptions=False)


def test_a_front_end_that_is_not_built_has_no_files(tmp_path: Path) -> None:
    assert _over(tmp_path / "nowhere").get("/static/index.html").status_code == 404


def test_a_file_with_a_hash_in_its_name_never_changes(tmp_path: Path) -> None:
    for name in ("assets/map-1a2b.js", "map.js"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("1")
    client = _over(tmp_path)
    assert client.get("/static/assets/map-1a2b.js").headers["cache-control"].endswith("immutable")
    assert client.get("/static/map.js").headers["cache-control"] == "public, max-age=3600"


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (inside / "way-out.txt").symlink_to(tmp_path / "secret.txt")
    assert _over(inside).get("/static/way-out.txt").status_code == 404


@built
@pytest.mark.db
@pytest.mark.parametrize(("path", "ancestors"), [("/", "'self'"), ("/embed", "*")])
def test_only_the_embed_may_be_framed_by_others(client: TestClient, path: str, ancestors: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert f"frame-ancestors {ancestors}" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "set-cookie" not in page.headers


@built
@pytest.mark.db
@pytest.mark.parametrize(
    "query", ["?theatre=<script>alert(1)</script>", '?at="><img src=x onerror=alert(1)>']
)
def test_nothing_of_a_request_is_written_into_a_page(client: TestClient, query: str) -> None:
    for path in ("/", "/embed"):
        assert client.get(path + query).content == client.get(path).content
