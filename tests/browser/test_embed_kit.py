"""The embed in an article: first a picture, then the map, in a sandbox too; and the dialog with its code."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlencode, urljoin

import pytest
from playwright.async_api import Frame, Request, Route

from tests.browser.axe import axe
from tests.browser.conftest import NORMANDY, WEST, NewReader, Reader
from tests.browser.examples import partner

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DAY = "/embed?theatre=western-front&lang=en&at=1944-07-25&map=6.5/49.1/0.5"
READY = "document.documentElement.dataset.state === 'ready'"
NO_WEBGL = """HTMLCanvasElement.prototype.getContext = new Proxy(HTMLCanvasElement.prototype.getContext, {
    apply: (get, canvas, [kind, ...rest]) => kind.startsWith("webgl") ? null : get.call(canvas, kind, ...rest)
})"""


@pytest.fixture(scope="module")
def article(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the article of docs/examples, on a server of its own, with embeds of ours."""
    with partner(tmp_path_factory.mktemp("article"), server_url, "article") as url:
        yield f"{url}/index.html"


async def frame_with(reader: Reader, words: str) -> Frame:
    """The frame whose address has *words*, once it is there."""
    for _ in range(200):
        for frame in reader.page.frames[1:]:
            if words in frame.url:
                return frame
        await asyncio.sleep(0.1)
    raise AssertionError(f"no frame of {words}; there are {[each.url for each in reader.page.frames]}")


async def drawn(reader: Reader, url: str) -> str:
    """Have the pictures of a page drawn, which takes a machine under load its time; return the page."""
    page = await (await reader.page.request.get(url)).text()
    for each in set(re.findall(r'src(?:set)?="(pictures/[^"]+)"', page)):
        if "theme=light" in each:
            await reader.page.request.get(urljoin(url, unescape(each)), timeout=120_000)
    return page


async def until(frame: Frame, condition: str) -> None:
    """Wait until *condition* holds in *frame*."""
    for _ in range(300):
        if await frame.evaluate(condition):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"in vain: {condition}")


async def test_three_embeds_of_one_article_start_as_the_reader_comes_near(
    article: str, new_reader: NewReader
) -> None:
    reader = await new_reader(700, 620)
    await reader.page.goto(article)
    first = await frame_with(reader, "at=1944-07-24")
    await until(first, READY)
    assert await first.evaluate("document.documentElement.dataset.shown") == "1944-07-24"
    assert await reader.page.locator("dated-map iframe").count() == 0
    assert await reader.page.locator("dated-map img").count() == 1
    heights = "[...document.querySelectorAll('iframe')].map(one => one.clientHeight)"
    narrow, fixed = await reader.page.evaluate(heights)
    assert (400 <= narrow <= 460, fixed) == (True, 480)
    await reader.page.evaluate("document.querySelectorAll('iframe')[1].scrollIntoView({block: 'center'})")
    second = await frame_with(reader, "at=1944-08-15")
    await until(second, READY)
    assert await second.evaluate("[self.origin, document.documentElement.dataset.shown]") == [
        "null", "1944-08-15"
    ]  # fmt: skip
    await until(second, "tileserverMap.areTilesLoaded() && !document.getElementById('still')")
    await reader.page.evaluate("document.querySelector('dated-map').scrollIntoView()")
    third = await frame_with(reader, "at=1944-08-25")
    await until(third, READY)
    assert await third.evaluate("document.documentElement.dataset.theme") == "dark"
    assert reader.complaints == []


async def test_an_embed_is_first_a_picture_under_80_kb_and_then_the_same_map_without_a_jump(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(640, 460)
    url = server_url + DAY + "&controls=1"
    page = await drawn(reader, url)
    of_the_map = [
        words
        for each in ("style", "ahead")
        for words in page.split(f'data-{each}="')[1].split('"')[0].split()
    ]
    blocked = True
    sizes: list[int] = []

    async def weigh(request: Request) -> None:
        sizes.append((await request.sizes())["responseBodySize"])

    async def gate(route: Route) -> None:
        is_stopped = blocked and route.request.url.endswith(tuple(of_the_map))
        await (route.abort() if is_stopped else route.continue_())

    await reader.page.route("**/assets/*", gate)
    reader.page.on("requestfinished", lambda request: asyncio.ensure_future(weigh(request)))
    await reader.page.goto(url)
    await reader.until("document.getElementById('still').querySelector('img')?.complete")
    await reader.until(
        "!document.getElementById('hint').hidden"
    )  # the map is away, and the reader is told so
    assert "could not be loaded" in (await reader.page.text_content("#hint") or "")
    assert sum(sizes) < 75_000
    assert await reader.labelled() == "1944-07-25"
    assert await reader.page.inner_text("#date") == "25 July 1944"
    assert await reader.page.evaluate("document.getElementById('slider').max") != "0"
    blocked = False
    reader.complaints.clear()
    await reader.page.focus("#slider")
    await reader.page.keyboard.press("ArrowRight")  # before there is a map
    await reader.ready("1944-07-26")
    assert await reader.label_is_the_picture()
    assert await reader.page.evaluate("document.getElementById('still')") is None
    camera = await reader.page.evaluate("[tileserverMap.getZoom(), tileserverMap.getCenter().lat]")
    assert camera == [6.5, 49.1]
    assert await reader.moved() == 0


async def test_without_scripts_or_webgl_the_picture_stays_and_says_why(
    server_url: str, new_reader: NewReader
) -> None:
    for width, path in ((320, DAY), (820, "/" + DAY.removeprefix("/embed"))):
        bare = await new_reader(width, 480, java_script_enabled=False)
        await drawn(bare, server_url + path)
        await bare.page.goto(server_url + path)
        picture = bare.page.locator("img").first
        assert await picture.is_visible()
        assert "25 July 1944" in (await picture.get_attribute("alt") or "")
        assert "With JavaScript it can be moved" in await bare.page.inner_text("#unscripted")
        assert not await bare.page.is_visible("#timebar")
    reader = await new_reader(320, 480)
    await drawn(reader, server_url + DAY)
    await reader.page.add_init_script(NO_WEBGL)
    await reader.page.goto(server_url + DAY)
    await reader.until("document.documentElement.dataset.state === 'error'")
    assert await reader.page.is_visible("#still img")
    assert "a picture of it" in await reader.page.inner_text("#failure")
    assert await reader.labelled() == "1944-07-25"
    assert await reader.page.evaluate("document.documentElement.scrollWidth") == 320


async def test_a_pinned_embed_asks_for_its_revision_and_says_that_its_day_was_corrected(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(640, 460)
    tilejson = await (await reader.page.request.get(f"{server_url}/tilesets/western-front")).json()
    newest = tilejson["time"]["revision"]

    async def corrected(route: Route) -> None:
        answer = await route.fetch()
        document = await answer.json()
        entry = {"revision": newest + 1, "links": {"page": "western-front#r99"}}
        await route.fulfill(response=answer, json={**document, "corrections": [entry]})

    await reader.page.route("**/corrections/western-front.json*", corrected)
    await reader.open(server_url + DAY + f"&revision={newest}&controls=1")
    assert not await reader.page.is_visible("#timebar")  # other days are not known in that revision
    await reader.until("document.querySelector('#fixed a') !== null")
    assert "has been corrected since" in await reader.page.inner_text("#fixed")
    href = await reader.page.evaluate("document.querySelector('#fixed a').href")
    assert href == f"{server_url}/corrections/western-front#r99"
    tiles = [url for url in reader.requests if "/tiles/western-front/" in url]
    assert tiles
    assert all(f"revision={newest}" in url for url in tiles)


async def test_the_dialog_hands_out_a_link_and_an_embed_of_what_the_map_shows(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(1100, 760)
    await reader.open(server_url + WEST + NORMANDY)
    await reader.page.keyboard.press("s")
    await reader.page.wait_for_selector(".share")
    code = await reader.page.input_value(".share textarea")
    link = await reader.page.input_value(".share input[type=text]")
    assert link == f"{server_url}/?theatre=western-front&at=1944-07-25&map=6.5/49.100/0.500"
    for part in ('loading="lazy"', "aspect-ratio", "<noscript>", "embed.js", "revision=", 'width="100%"'):
        assert part in code
    await reader.page.uncheck(".share input[name=known]")
    await reader.page.select_option(".share select[name=size]", "fixed")
    await reader.page.fill(".share input[name=width]", "700")
    await reader.page.select_option(".share select[name=theme]", "dark")
    code = await reader.page.input_value(".share textarea")
    assert 'width="700" height="520" data-height="fixed"' in code
    assert "embed.js" not in code
    source = code.split('src="')[1].split('"')[0].replace("&amp;", "&")
    asked = f"{server_url}/oembed?{urlencode({'url': source})}"
    answer = await reader.page.request.get(asked)
    assert source.split("&map=")[0] in (await answer.json())["html"].replace("&amp;", "&")
    await reader.page.evaluate("navigator.clipboard.writeText = () => Promise.reject(new Error('no')); 0")
    await reader.page.click("[data-copies=shareCode]")
    await reader.until("document.querySelector('.share [role=status]').textContent.includes('Ctrl+C')")
    assert await reader.page.evaluate("getSelection().toString()") in (code, "")
    preview = await frame_with(reader, "theme=dark")
    await until(preview, "document.documentElement.dataset.theme === 'dark'")
    assert await axe(reader, "#sheet") == []
    assert [each for each in reader.complaints if "map" in each] == []
