"""A revision that does not exist yet is no other: nothing is answered for it, and nothing is kept."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.built import built

pytestmark = pytest.mark.db

TILE = "6/38/22.mvt"
DAY = "2023-11-09"


@pytest.mark.parametrize(
    "path",
    [
        f"/tiles/ukraine-sample/{TILE}?datetime={DAY}&",
        f"/tiles/ukraine-sample.control/{TILE}?",
        "/tilesets/ukraine-sample?",
        "/tilesets/ukraine-sample/timeline?",
        "/tilesets/ukraine-sample/events.json?",
        f"/tilesets/ukraine-sample/km2.json?datetime={DAY}&",
        f"/tilesets/ukraine-sample/gains.json?datetime={DAY}&",
        "/styles/ukraine-sample.json?",
        f"/changes/ukraine-sample/2023-11-01/{DAY}/{TILE}?",
        f"/changes/ukraine-sample/2023-11-01/{DAY}.json?",
        f"/changes/ukraine-sample/{DAY}/{DAY}/sides.json?known=",
        f"/pictures/ukraine-sample.png?datetime={DAY}&width=300&height=200&",
        pytest.param(f"/embed?theatre=ukraine-sample&at={DAY}&", marks=built),
        "/oembed?url=http://testserver/embed%3Ftheatre%3Dukraine-sample%26",
    ],
)
def test_what_no_revision_knows_is_not_answered_as_the_newest(client: TestClient, path: str) -> None:
    name = "" if path.endswith("=") else "revision%3D" if path.startswith("/oembed") else "revision="
    for revision in ("999", "900000000000000"):
        answer = client.get(f"{path}{name}{revision}")
        assert answer.status_code == (404 if path.startswith(("/embed", "/oembed")) else 400)
        assert answer.headers["cache-control"] == "no-store"
        assert "content-location" not in answer.headers
        assert revision in answer.text
    newest = client.get("/tilesets/ukraine-sample").json()["time"]["revision"]
    assert client.get(f"{path}{name}{newest}").status_code in (200, 204)


@built
def test_an_embed_as_known_in_no_revision_leads_to_the_map_as_it_is_known_now(client: TestClient) -> None:
    link = "theatre=ukraine-sample&at=2023-11-09&revision=999&theme=dark"
    for language, said in {"en": "as it is known now", "uk": "нинішніми", "de": "heutigem Wissen"}.items():
        page = client.get(f"/embed?{link}&lang={language}")
        assert page.status_code == 404
        assert said in page.text
        now = f'href="?theatre=ukraine-sample&amp;at=2023-11-09&amp;lang={language}&amp;theme=dark"'
        assert now in page.text
