"""Other sites get an embed, a title and a picture of a link to the map, by tags and by oEmbed."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from starlette.testclient import TestClient

from tests.built import built
from tests.conftest import NOW, settings_for
from tileserver.web.app import create_app

pytestmark = [
    pytest.mark.db,
    built,
]
HOST = "http://testserver"


def asked(url: str, **more: str) -> str:
    return "/oembed?" + urlencode({"url": url, **more})


def test_a_link_to_the_map_becomes_an_embed_within_the_size_asked_for(client: TestClient) -> None:
    url = f"{HOST}/?theatre=western-front&lang=de#map=6.5/49.1/0.5&at=1944-07-25&off=events"
    document = client.get(asked(url, maxwidth="640", maxheight="2000", dnt="1")).json()
    assert {name: document[name] for name in ("version", "type", "width", "height")} == {
        "version": "1.0",
        "type": "rich",
        "width": 640,
        "height": 520,
    }
    assert document["title"].endswith(", 25. Juli 1944")
    [source] = re.findall(r'<iframe src="([^"]+)"', document["html"])
    assert unescape(source) == (
        f"{HOST}/embed?theatre=western-front&at=1944-07-25&map=6.5/49.1000/0.5000&lang=de&off=events"
    )
    for part in ('loading="lazy"', 'title="', 'width="640"', "<noscript>", "referrerpolicy="):
        assert part in document["html"]
    assert document["thumbnail_url"].startswith(f"{HOST}/pictures/western-front.png?datetime=1944-07-25")
    assert (document["thumbnail_width"], document["thumbnail_height"]) == (1200, 630)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (asked("https://elsewhere.example/?theatre=western-front"), 404),
        (asked(f"{HOST}/tilesets"), 404),
        (asked(f"{HOST}/?theatre=nope"), 404),
        (asked("javascript:alert(1)"), 404),
        (asked("http://[::1"), 404),
        ("/oembed", 404),
        (asked(f"{HOST}/embed", format="xml"), 501),
        (asked(f"{HOST}/embed", format="AAA"), 400),
        (asked(f"{HOST}/embed", format=""), 400),
        (asked(f"{HOST}/embed", maxwidth="wide"), 400),
        (asked(f"{HOST}/embed", maxwidth="0"), 400),
        (asked(f"{HOST}/embed" + "x" * 5000), 400),
        (asked(f"{HOST}/embed"), 200),
        (asked(HOST), 200),
    ],
)
def test_what_is_no_page_of_ours_or_no_json_is_refused(client: TestClient, query: str, status: int) -> None:
    answer = client.get(query)
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_question_without_a_page_is_told_what_is_missing(client: TestClient) -> None:
    assert client.get("/oembed").json()["detail"].startswith("url= is missing")


@pytest.mark.parametrize("path", ["/", "/embed"])
def test_a_page_says_what_it_shows_and_where_its_embed_is_described(client: TestClient, path: str) -> None:
    page = client.get(f"{path}?theatre=western-front&at=1944-07-25&lang=fr&map=6.5/49.1/0.5").text
    assert re.search(r"<title>[^<]+, 25 juillet 1944</title>", page)
    assert '<html lang="fr"' in page
    tags = dict(re.findall(r'<meta property="(og:[a-z_:]+)" content="([^"]*)">', page))
    assert unescape(tags["og:url"]).startswith(f"{HOST}/?theatre=western-front&at=1944-07-25")
    assert client.get(unescape(tags["og:image"])).headers["content-type"] == "image/png"
    assert 'name="twitter:card" content="summary_large_image"' in page
    [api] = re.findall(r'type="application/json\+oembed" href="([^"]+)"', page)
    described = client.get(unescape(api)).json()
    assert described["title"] == unescape(tags["og:title"])
    assert "at=1944-07-25" in described["html"]
    [canonical] = re.findall(r'rel="canonical" href="([^"]+)"', page)
    assert urlsplit(unescape(canonical)).path == "/"


def test_before_its_map_an_embed_shows_a_picture_of_the_day_that_it_says(client: TestClient) -> None:
    page = client.get("/embed?theatre=western-front&at=1944-07-25&theme=dark").text
    sources = [unescape(each) for each in re.findall(r'(?:srcset|src)="(pictures/[^"]+)"', page)]
    assert {parse_qs(urlsplit(each).query)["datetime"][0] for each in sources} == {"1944-07-25"}
    assert {parse_qs(urlsplit(each).query)["theme"][0] for each in sources} == {"dark"}
    assert 'datetime="1944-07-25">25 July 1944</time>' in page
    assert client.get("/" + sources[0]).headers["content-type"].startswith("image/svg+xml")
    for other in ("&compare=1944-06-20", "&facade=0"):
        bare = client.get(f"/embed?theatre=western-front&at=1944-07-25{other}").text
        assert "<template>" not in bare
        assert 'datetime="">' in bare  # no date over no map


def test_the_readers_page_has_pictures_of_a_theatre_but_of_no_readers_own_place(client: TestClient) -> None:
    page = client.get("/?theatre=western-front&at=1944-07-25").text
    pictures = [unescape(each) for each in re.findall(r'(?:srcset|src)="(pictures/[^"]+svg[^"]+)"', page)]
    assert {parse_qs(urlsplit(each).query)["datetime"][0] for each in pictures} == {"1944-07-25"}
    assert len({parse_qs(urlsplit(each).query)["width"][0] for each in pictures}) == 4
    assert 'datetime="1944-07-25">25 July 1944</time>' in page
    assert 'id="gains-lead"></p>' in page
    for other in ("&map=7/49/1", "&compare=1944-06-20", "&facade=0"):
        assert 'datetime="">' in client.get(f"/?theatre=western-front&at=1944-07-25{other}").text


def test_dates_of_pages_are_written_as_the_map_writes_them(client: TestClient) -> None:
    for language, date in {"uk": "25 липня 1944", "ru": "25 июля 1944", "en": "25 July 1944"}.items():
        page = client.get(f"/embed?theatre=western-front&at=1944-07-25&lang={language}").text
        assert f">{date}</time>" in page


def test_addresses_are_those_of_the_public_url_and_no_other(sample_database: str) -> None:
    base = "https://maps.example/front"
    settings = settings_for(sample_database, TILESERVER_PUBLIC_URL=f"{base}/")
    with TestClient(create_app(settings, lambda: NOW)) as client:
        page = client.get("/embed?theatre=western-front").text
        absolute = {unescape(each) for each in re.findall(r'(?:href|content)="(https?://[^"]+)"', page)}
        assert absolute
        assert all(each.startswith(f"{base}/") for each in absolute)
        document = client.get(asked(f"{base}/embed?theatre=western-front"))
        assert f'src="{base}/embed?' in document.json()["html"]
        assert document.headers["cache-control"] == "public, max-age=60"
        assert client.get(asked(f"{HOST}/embed?theatre=western-front")).status_code == 404


def test_the_script_of_articles_is_small_and_anybody_may_load_it(client: TestClient) -> None:
    answer = client.get("/embed.js")
    assert len(answer.content) < 2000
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
