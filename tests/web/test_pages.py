"""The map may be framed nowhere but in its embed, loads nothing of others, and is not there until built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from tests.built import built
from tests.conftest import NOW, settings_for
from tileserver.web.app import create_app
from tileserver.web.built import BuiltFiles


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
@pytest.mark.parametrize("query", ["?lang=<script>alert(1)</script>", '?at="><img src=x onerror=alert(1)>'])
def test_nothing_of_a_request_is_written_into_a_page(client: TestClient, query: str) -> None:
    for path in ("/", "/embed"):
        assert client.get(path + query).content == client.get(path).content


@built
@pytest.mark.db
@pytest.mark.parametrize("path", ["/", "/embed"])
def test_a_page_is_kept_by_nginx_alone_and_only_where_it_repeats_no_host(
    sample_database: str, path: str
) -> None:
    for public_url, kept in (("https://maps.example/", "60"), ("", None)):
        settings = settings_for(sample_database, TILESERVER_PUBLIC_URL=public_url)
        with TestClient(create_app(settings, lambda: NOW)) as client:
            page = client.get(path)
            assert page.headers.get("x-accel-expires") == kept
            assert page.headers["cache-control"] == "no-cache"
            names = [name.lower() for name, _ in page.headers.items()]
            assert kept is None or names.index("x-accel-expires") < names.index("cache-control")
            assert "x-accel-expires" not in client.get(f"{path}?theatre=nope").headers


@built
@pytest.mark.db
@pytest.mark.parametrize("path", ["/", "/embed"])
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("", "There is no such map here"),
        ("de-AT,de;q=0.9", "Diese Karte gibt es hier nicht"),
        ("xx, uk;q=0.5", "Такої карти тут немає"),
    ],
)
def test_an_unknown_theatre_is_a_page_that_says_so_and_no_other_war(
    client: TestClient, path: str, language: str, said: str
) -> None:
    headers = {"Accept-Language": language}
    page = client.get(f"{path}?theatre=nope&theme=dark", headers=headers)
    assert page.status_code == 404
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-type"].startswith("text/html")
    assert said in page.text
    assert "nope" in page.text
    assert 'data-theme="dark"' in page.text
    assert 'href="?theatre=western-front"' in page.text
    assert "[[" not in page.text
    assert "script" not in page.text
    [style] = re.findall(r'rel="stylesheet" href="([^"]+)"', page.text)
    assert client.get(style).status_code == 200


@built
@pytest.mark.db
def test_the_page_of_an_unknown_theatre_repeats_no_markup(client: TestClient) -> None:
    page = client.get("/", params={"theatre": "<script>alert(1)</script>", "lang": '"><img src=x>'})
    assert page.status_code == 404
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "&lt;script&gt;" in page.text


@built
@pytest.mark.db
def test_the_declared_theatre_wins_and_one_that_is_not_there_is_no_other(sample_database: str) -> None:
    for declared, default, status in (("western-front", "western-front", 200), ("nope", None, 404)):
        app = create_app(settings_for(sample_database, TILESERVER_THEATRE=declared), lambda: NOW)
        with TestClient(app) as client:
            assert client.get("/tilesets").json()["default"] == default
            assert client.get("/").status_code == status
            assert client.get("/?theatre=western-front").status_code == 200
