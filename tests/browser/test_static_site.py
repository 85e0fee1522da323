"""The map from files: a file server draws what the server draws, and is asked for nothing that it has not."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from tests.browser.conftest import NORMANDY, WEST, NewReader, Reader, assert_all_of_one_day
from tests.browser.static_site import make_site, nginx_over
from tests.browser.test_scrubs import SLIDE, WISHED

pytestmark = [pytest.mark.db, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# What files cannot say: the land that changed hands between any two days.
ON_BOTH = "&off=recent"
PLACE = NORMANDY + ON_BOTH
OF_NO_FILE = re.compile(r"/(tilesets|tiles|history|changes|corrections|pictures)/[^.]*$|\.mvt\?|/changes/")


@pytest.fixture(scope="module")
def site(sample_database: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site of both samples."""
    folder = tmp_path_factory.mktemp("made") / "site"
    make_site(sample_database, folder)
    return folder


@pytest.fixture(scope="module")
def files_url(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the site behind nginx."""
    with nginx_over(site, tmp_path_factory.mktemp("nginx")) as url:
        yield url


@pytest.mark.parametrize(
    ("day", "camera", "theme"),
    [
        ("1944-07-25", "6.5/49.1/0.5", "light"),
        ("1944-08-25", "8.2/48.8/2.3", "dark"),
        ("1945-03-28", "5/50/6", "light"),
    ],
)
async def test_files_draw_what_the_server_draws(
    server_url: str, files_url: str, new_reader: NewReader, day: str, camera: str, theme: str
) -> None:
    pictures = []
    for url in (server_url, files_url):
        reader = await new_reader(color_scheme=theme)
        await reader.open(f"{url}{WEST}#map={camera}&at={day}{ON_BOTH}")
        assert await reader.shown() == await reader.labelled() == day
        await reader.until("document.documentElement.dataset.after === 'done'")
        await reader.settled()
        await reader.until("document.documentElement.dataset.clear === 'done'")
        assert reader.complaints == []
        pictures.append(await _bare(reader))
    assert await reader.difference(*pictures) == 0


async def test_a_scrub_over_files_shows_every_tile_of_the_day_that_is_named(
    server_url: str, files_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(files_url + WEST + PLACE)
    await reader.page.evaluate(SLIDE, 50)
    await reader.loaded_ahead()
    asked = len(reader.requests)
    for days in (51, 52, 54, 58):  # of one period
        await reader.page.evaluate(SLIDE, days)
        await reader.ready(await reader.page.evaluate(WISHED))
        assert await reader.label_is_the_picture()
        await assert_all_of_one_day(reader, server_url, await reader.labelled())
    assert not [each for each in reader.requests[asked:] if ".pmtiles" in each and "western-front" in each]
    for days in (120, 200, 199, 330):  # of others
        await reader.page.evaluate(SLIDE, days)
        await asyncio.sleep(0.05)
    await reader.ready(await reader.page.evaluate(WISHED))
    await assert_all_of_one_day(reader, server_url, await reader.labelled())
    assert reader.complaints == []


async def test_what_the_card_says_of_a_day_is_the_same_from_files(
    server_url: str, files_url: str, new_reader: NewReader
) -> None:
    told = []
    for url in (server_url, files_url):
        reader = await new_reader(1100, 700)
        await reader.open(url + WEST + PLACE)
        await reader.until("document.documentElement.dataset.after === 'done'")
        await reader.until("document.getElementById('gains-lead').textContent !== ''")
        told.append(
            {
                each: await reader.page.evaluate(f"document.getElementById('{each}').textContent")
                for each in ("title", "date", "summary", "gains-lead", "notes", "notice")
            }
        )
        told[-1]["amounts"] = await reader.page.locator("#legend [data-layer=control]").all_inner_texts()
    assert told[0] == told[1]


async def test_events_are_listed_filtered_and_linked_from_files_as_from_the_server(
    server_url: str, files_url: str, new_reader: NewReader
) -> None:
    rows = []
    for url in (server_url, files_url):
        reader = await new_reader(1100, 700)
        await reader.open(f"{url}{WEST}{PLACE.replace('07-25', '08-25')}&days=30&hide=events.kind.battle")
        await reader.page.keyboard.press("l")
        await reader.until("document.querySelectorAll('.event-row').length > 0")
        rows.append(await reader.page.locator(".event-row").all_inner_texts())
        rows[-1].append(await reader.page.locator(".list-said").inner_text())
        await reader.page.locator(".event-row").first.click()
        await reader.until("document.querySelector('.maplibregl-popup') !== null")
        rows[-1].append(await reader.page.locator(".maplibregl-popup-content").inner_text())
        assert reader.complaints == []
    assert rows[0] == rows[1]


async def test_whatever_files_cannot_do_is_not_offered(files_url: str, new_reader: NewReader) -> None:
    reader = await new_reader(1100, 700)
    await reader.open(files_url + WEST + NORMANDY + "&compare=1944-06-10")
    await reader.settled()
    assert await reader.page.locator("#compare").is_hidden()
    assert not await reader.page.locator('#legend input[name="recent"]').count()
    assert await reader.page.locator("#changes-section").is_hidden()
    assert "This copy was made on" in await reader.page.locator("#updated").inner_text()
    await reader.page.keyboard.press("s")
    code = await reader.page.locator(".share textarea").input_value()
    assert f"{files_url}/embed.html?" in code
    assert "/pictures/" not in code
    assert not await reader.page.locator('.share input[name="known"]').count()
    assert reader.complaints == []


async def test_nothing_is_asked_of_a_server(files_url: str, new_reader: NewReader) -> None:
    reader = await new_reader(1100, 700)
    await reader.open(files_url + WEST + NORMANDY + "&days=all")
    await reader.page.evaluate(SLIDE, 100)
    await reader.loaded_ahead()
    await reader.page.keyboard.press("/")
    await reader.page.keyboard.type("Caen")
    await reader.until("document.querySelectorAll('#search-list li').length > 0")
    strangers = [each for each in reader.requests if each.startswith("http") and files_url not in each]
    assert strangers == []
    assert not [each for each in reader.requests if OF_NO_FILE.search(urlsplit(each).path)]
    assert reader.complaints == []


async def test_a_language_has_its_own_file_and_a_link_finds_it(files_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(f"{files_url}/?theatre=ukraine-sample&lang=uk")
    assert urlsplit(reader.page.url).path == "/index.uk.html"
    assert await reader.page.evaluate("document.documentElement.lang") == "uk"
    assert await reader.page.locator("#title").inner_text() != ""
    assert reader.complaints == []


async def test_an_embed_of_files_stays_at_its_day(files_url: str, new_reader: NewReader) -> None:
    reader = await new_reader(720, 480)
    await reader.open(f"{files_url}/embed.html?theatre=western-front&lang=en&at=1944-08-25&controls=0")
    assert await reader.shown() == "1944-08-25"
    assert await reader.page.locator("#timebar").is_hidden()
    out = await reader.page.locator("#open-full").get_attribute("href")
    assert out is not None
    assert out.startswith("./index.html?theatre=western-front")
    assert reader.complaints == []


async def test_every_link_of_a_page_of_text_leads_to_a_file(site: Path) -> None:
    links = list(_links_of_texts(site))
    assert len({page for page, _ in links}) == 20
    assert [link for link in links if not _is_file(site / link[1])] == []


async def test_the_list_names_files_that_are_there_and_no_other_answer_lies_beside(site: Path) -> None:
    named, there = _named_and_there(site)
    assert named == there


def _links_of_texts(site: Path) -> Iterator[tuple[str, str]]:
    """Yield each page of text with the path of each file that it leads to."""
    for page in [*site.glob("method/*.html"), *site.glob("corrections/*.html")]:
        name = page.relative_to(site).as_posix()
        for href in map(unescape, re.findall(r' (?:href|src)="([^"]*)"', page.read_text("utf-8"))):
            if not re.match(r"https?:|mailto:|data:|#", href):
                yield name, unquote(urlsplit(urljoin(f"http://x/{name}", href)).path).lstrip("/")


def _is_file(path: Path) -> bool:
    return path.is_file()


def _named_and_there(site: Path) -> tuple[set[str], set[str]]:
    """Return the files of answers that the list names, and those that there are."""
    listed = json.loads((site / "site.json").read_bytes())
    pieces = [one["file"] for each in listed["events"].values() for one in each]
    pictures = re.findall(r'src="(files/[^"]*)"', (site / "index.html").read_text("utf-8"))
    there = {path.relative_to(site).as_posix() for path in (site / "files").iterdir() if path.suffix != ".gz"}
    return {*listed["files"].values(), *pieces, *pictures}, there


async def _bare(reader: Reader) -> bytes:
    """The map without the page around it; hidden by script, as the server's policy lets no style in."""
    await reader.page.evaluate(
        "[...document.querySelectorAll('body > *:not(#map), .maplibregl-control-container')]"
        ".forEach(one => one.style.visibility = 'hidden')"
    )
    await reader.page.evaluate("document.activeElement.blur()")
    return await reader.page.locator("#map canvas").screenshot()
