"""A picture says its own day, is kept by what is on it, and is refused rather than drawn by half."""

from __future__ import annotations

import re
import struct
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from tests.conftest import NOW, settings_for
from tileserver.store.connect import Pool
from tileserver.times import Clock, parse_instant
from tileserver.web.app import create_app
from tileserver.web.built import STATIC
from tileserver.web.logs import request_id

pytestmark = [
    pytest.mark.db,
    pytest.mark.skipif(not (STATIC / "basemap" / "world.pmtiles").is_file(), reason="no basemap is built"),
]

SMALL = "width=300&height=300"
PARIS = "/pictures/western-front.svg?datetime=1944-08-25"


@pytest.fixture(autouse=True)
def known_gains(client: TestClient) -> None:
    """Have the gains worked out before: a picture waits for its sentence a moment only."""
    assert client.get("/tilesets/western-front/gains.json").status_code == 200


def test_a_picture_has_the_size_that_was_asked_for(client: TestClient) -> None:
    answer = client.get("/pictures/western-front.png?datetime=1944-08-25&width=400&height=210&scale=2")
    assert answer.headers["content-type"] == "image/png"
    assert struct.unpack(">II", answer.content[16:24]) == (800, 420)
    assert answer.headers["cache-control"] == "public, max-age=60"


@pytest.mark.parametrize("path", [PARIS, PARIS.replace(".svg", ".png")])
def test_the_same_picture_is_drawn_once_and_known_by_its_tag(client: TestClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-status"] == "tileserver; hit"


def test_a_picture_that_is_kept_asks_the_database_for_nothing(
    sample_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    acquire = Pool.acquire

    def counted(pool: Pool) -> Any:
        if own := request_id.get(""):  # and not of work ahead
            asked.append(own)
        return acquire(pool)

    monkeypatch.setattr(Pool, "acquire", counted)
    path = f"{PARIS}&{SMALL}"
    with TestClient(create_app(settings_for(sample_database), lambda: NOW)) as new:
        assert new.get("/tilesets/western-front/gains.json").status_code == 200
        asked.clear()
        assert new.get(path).status_code == 200
        assert asked
        asked.clear()
        assert new.get(path).headers["cache-status"] == "tileserver; hit"
        assert asked == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "25 August 1944"),
        ("uk", "25 серпня 1944"),
        ("ru", "25 августа 1944"),
        ("de", "25. August 1944"),
        ("fr", "25 août 1944"),
    ],
)
def test_a_picture_says_its_day_in_the_readers_language(client: TestClient, language: str, said: str) -> None:
    assert f">{said}</text>" in client.get(f"{PARIS}&lang={language}").text


def test_a_day_that_is_not_public_yet_is_drawn_and_named_as_the_last_one_that_is(client: TestClient) -> None:
    future = client.get(f"/pictures/western-front.svg?{SMALL}&datetime=2090-01-01")
    assert future.content == client.get(f"/pictures/western-front.svg?{SMALL}").content
    assert "2090" not in future.text


def test_a_day_before_the_first_has_no_picture(client: TestClient) -> None:
    answer = client.get(f"/pictures/western-front.png?{SMALL}&datetime=1900-01-01")
    assert (answer.status_code, answer.json()["title"]) == (404, "Unknown picture")


@pytest.mark.parametrize(
    "query",
    [
        "width=10",
        "width=99999",
        "width=2400&height=2400&scale=3",
        "width=1200.5",
        "scale=1.5",
        "map=40/48/37",
        "map=5/48",
        "map=5/nan/37",
        "theme=blue",
        "lang=xx",
        "frame=yes",
        "layers=",
        "layers=a.b",
        "datetime=1944-08-25/1944-08-26",
        "datetime=1944-08-25T12:00:00Z",
        "colour=red",
        "theme=dark&theme=dark",
    ],
)
def test_an_absurd_picture_is_refused(client: TestClient, query: str) -> None:
    assert client.get(f"/pictures/western-front.png?{query}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "",
        "datetime=1944-08-25",
        "datetime=1944-08-25/..",
        "datetime=1944-08-30/1944-08-25",
        "datetime=1944-06-07/1945-05-01",
    ],
)
def test_an_animation_needs_a_period_that_fits(client: TestClient, query: str) -> None:
    assert client.get(f"/pictures/western-front.gif?{query}").status_code == 400


@pytest.mark.parametrize("path", ["nowhere.png", "western-front.bmp", "western-front.png?layers=nothing"])
def test_what_is_not_there_is_not_drawn(client: TestClient, path: str) -> None:
    assert client.get(f"/pictures/{path}").status_code == 404


def test_an_animation_has_a_frame_for_each_day(client: TestClient) -> None:
    answer = client.get(f"/pictures/western-front.gif?datetime=1944-08-24/1944-08-26&{SMALL}&map=5/48.8/2.3")
    with Image.open(BytesIO(answer.content)) as film:
        assert (film.format, film.size) == ("GIF", (300, 300))
        film.seek(2)
        with pytest.raises(EOFError):
            film.seek(3)


def test_only_what_is_on_the_map_is_in_its_legend(client: TestClient) -> None:
    shown = client.get(f"{PARIS}&{SMALL}&map=7/48.8/2.3").text
    bare = client.get(f"{PARIS}&{SMALL}&map=7/48.8/2.3&legend=0").text
    sea = client.get(f"{PARIS}&{SMALL}&map=8/45/-20").text
    assert 'id="legend"' in shown
    assert ">Teeth: the side of" in shown
    assert (
        ">Teeth: the side of" not in client.get(f"{PARIS}&{SMALL}&map=5.4/48.8/2.3").text
    )  # nor are there any
    assert "Not a military map." in shown.partition("<desc>")[2].partition("</desc>")[0]
    assert 'id="legend"' not in bare
    assert 'id="legend"' not in sea


def test_recent_gains_are_on_the_map_and_in_its_legend_unless_switched_off(client: TestClient) -> None:
    shown = client.get(f"{PARIS}&width=1200&height=630&map=6/48.8/2.3").text
    assert 'id="recent"' in shown
    assert re.search(r">Taken in 7 · 30 days, gross: [^<]+\skm²</text>", shown)
    off = client.get(f"{PARIS}&width=1200&height=630&map=6/48.8/2.3&recent=0").text
    assert 'id="recent"' not in off
    assert ">Taken in" not in off
    early = client.get(PARIS.replace("08-25", "06-20") + "&width=1200&height=630&map=6/48.8/2.3").text
    assert re.search(r">Taken in 7 days, gross: ", early)  # of the month before not all is known


def test_the_legend_tells_of_the_whole_map_wherever_the_picture_looks(client: TestClient) -> None:
    days = client.get("/tilesets/western-front/km2.json?datetime=1944-08-25").json()
    wide, near = (
        client.get(f"{PARIS}&width=1200&height=630&map={view}").text for view in ("5/48.8/2.3", "8/48.8/2.3")
    )
    (allied,) = {round(each[0]) for code, each in days["km2"].items() if code == "allied"}
    for picture in (wide, near):
        assert f": {allied:,}\N{NO-BREAK SPACE}km²</text>" in picture
    listed = client.get("/tilesets/western-front.events/events.json?datetime=1944-08-19/1944-08-25").json()
    told = [int(each) for each in re.findall(r">[^<>]+: (\d+)</text>", wide)]
    assert sum(told) == listed["total"]


def _at(clock: str) -> Clock:
    return lambda: parse_instant(clock)


def test_a_tile_that_cannot_be_had_is_no_picture(sample_database: str) -> None:
    app = create_app(settings_for(sample_database), _at("2026-01-01T00:00:00Z"))
    with TestClient(app, raise_server_exceptions=False) as client:
        tiles = app.state.service
        assert client.get(f"{PARIS}&{SMALL}&frame=0").status_code == 200

        async def fails(*_: object) -> object:
            raise TimeoutError

        tiles.fetcher.fetch = fails
        tiles.fetcher.at_hand = lambda *_: None
        answer = client.get(f"{PARIS}&{SMALL}&frame=0&map=9/49/6")
        assert answer.status_code >= 500
        assert b"<svg" not in answer.content
