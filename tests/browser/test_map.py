"""The label, the address and every tile on the screen are of the same day, whatever the reader does."""

from __future__ import annotations

import asyncio
import json
import math
import random
import urllib.request
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import mapbox_vector_tile
import pytest
from playwright.async_api import Route

from tests.browser.conftest import NewReader, Reader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio]

NORMANDY = "#map=6.5/49.1/0.5&at=1944-07-25"  # the days after it move the front almost daily
WEST = "/?theatre=western-front&lang=en"


async def test_the_map_opens_on_the_default_theatre(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url)
    catalogue = await reader.page.evaluate("fetch('/tilesets').then(answer => answer.json())")
    theatre = next(each for each in catalogue["theatres"] if each["id"] == catalogue["default"])
    assert await reader.page.input_value("#theatre") == theatre["id"]
    assert await reader.page.inner_text("#title") == theatre["title"]["en"]
    assert await reader.page.inner_text("#notice") == theatre["notice"]["en"]
    assert await reader.on_screen("control")
    assert reader.complaints == []


async def test_each_key_of_the_slider_shows_a_day_whole(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY)
    seen = {frozenset(await reader.on_screen("control"))}
    await reader.page.focus("#slider")
    for key, day in (
        ("ArrowRight", "1944-07-26"),
        ("PageUp", "1944-08-26"),
        ("ArrowLeft", "1944-08-25"),
        ("End", "1945-05-08"),
        ("Home", "1944-06-06"),
    ):
        await reader.page.keyboard.press(key)
        await reader.ready(day)
        await assert_all_of_one_day(reader, server_url, day)
        seen.add(frozenset(await reader.on_screen("control")))
    assert len(seen) >= 4  # else the days would be too much alike to tell them apart


async def test_a_fast_scrub_over_a_slow_network_ends_on_the_last_day(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY)
    chance = random.Random(1944)

    async def late(route: Route) -> None:
        await asyncio.sleep(chance.uniform(0.02, 0.4))
        await route.continue_()

    await reader.page.route("**/history/**", late)
    await reader.page.focus("#slider")
    for _ in range(20):
        await reader.page.keyboard.press("ArrowRight")
        await asyncio.sleep(0.05)
        assert await reader.label_is_the_picture()
    await reader.ready("1944-08-14")
    await assert_all_of_one_day(reader, server_url, "1944-08-14")


async def test_a_step_within_a_loaded_period_asks_for_nothing_and_draws_as_if_opened_there(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY)
    await reader.page.focus("#slider")
    await reader.settled()
    asked = len(reader.requests)
    for day in (*(f"1944-07-{number}" for number in range(26, 32)), "1944-08-01", "1944-08-02"):
        await reader.page.keyboard.press("ArrowRight")
        assert [await reader.shown(), await reader.labelled()] == [day] * 2
    await reader.page.keyboard.press("PageDown")
    assert await reader.shown() == "1944-07-02"
    await reader.page.keyboard.press("PageUp")
    await assert_all_of_one_day(reader, server_url, "1944-08-02")
    assert [url for url in reader.requests[asked:] if "western-front" in url] == []
    other = await new_reader()
    await other.open(server_url + WEST + NORMANDY.replace("1944-07-25", "1944-08-02"))
    # A face too many or too few would differ by dozens of steps, the edges of labels by a few.
    assert await reader.difference(await reader.picture(), await other.picture()) <= 12


async def test_the_next_period_follows_without_a_pause(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY.replace("1944-07-25", "1944-09-30"))
    await reader.page.focus("#slider")
    await reader.settled()
    asked = len(reader.requests)
    source = await reader.page.evaluate("tileserverShownSource()")
    await reader.page.keyboard.press("ArrowRight")
    assert [await reader.shown(), await reader.labelled()] == ["1944-10-01"] * 2
    assert await reader.page.evaluate("tileserverShownSource()") != source
    await assert_all_of_one_day(reader, server_url, "1944-10-01")
    await reader.page.keyboard.press("ArrowLeft")
    assert await reader.page.evaluate("tileserverShownSource()") == source
    await assert_all_of_one_day(reader, server_url, "1944-09-30")
    assert not any("19440701-19440930" in url for url in reader.requests[asked:])


async def test_tiles_that_come_into_view_are_of_the_shown_day(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY)
    await reader.page.fill("#date-field", "1944-08-25")
    await reader.ready("1944-08-25")
    await reader.page.evaluate("tileserverMap.jumpTo({center: [3, 48.5], zoom: 7.5})")
    await reader.settled()
    await assert_all_of_one_day(reader, server_url, "1944-08-25")


async def test_two_days_are_compared_by_keyboard_and_in_the_link(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY)
    await reader.page.focus("#compare-open")
    await reader.page.keyboard.press("Enter")
    assert await reader.page.evaluate("document.activeElement.id") == "compare-date"
    await reader.page.fill("#compare-date", "1944-08-25")
    await reader.ready("1944-08-25")  # the later one is the one to look at
    await reader.page.locator("#changes .km2").first.wait_for()
    assert "25 Jul 1944" in await reader.page.inner_text("#changes-title")
    assert any("/changes/western-front/1944-07-25/1944-08-25/" in url for url in reader.requests)
    await reader.until("location.hash.includes('at=1944-08-25&compare=1944-07-25')")
    km2 = await reader.page.locator("#changes .km2").all_inner_texts()
    await reader.page.reload()
    await reader.ready("1944-08-25")
    await reader.page.locator("#changes .km2").first.wait_for()
    assert await reader.page.locator("#changes .km2").all_inner_texts() == km2
    await reader.page.click("#next-day")
    assert await reader.page.locator("#changes .km2").count() == 0  # never those of another pair
    await reader.page.locator("#changes .km2").first.wait_for()
    await reader.page.click("#compare-close")
    await reader.until("!location.hash.includes('compare')")
    assert not await reader.page.is_visible("#changes-section")
    assert reader.complaints == []


async def test_failing_tiles_leave_picture_label_and_address(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY)
    before = await reader.on_screen("control")
    failing = True

    async def refuse(route: Route) -> None:
        if failing:
            await route.fulfill(status=503, body="")
        else:
            await route.continue_()

    await reader.page.route("**/history/**", refuse)
    await reader.page.fill("#date-field", "1944-12-24")  # in a period that is not loaded
    await reader.until("document.documentElement.dataset.state === 'error'")
    assert [await reader.shown(), await reader.labelled(), await reader.linked()] == ["1944-07-25"] * 3
    assert await reader.on_screen("control") == before
    assert "24 Dec" in await reader.page.inner_text("#hint")
    failing = False
    await reader.ready("1944-12-24")
    await assert_all_of_one_day(reader, server_url, "1944-12-24")


async def test_a_tile_missing_after_a_move_is_said_and_fetched_again(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY)
    failing = True

    async def refuse(route: Route) -> None:
        await (route.fulfill(status=503, body="") if failing else route.continue_())

    await reader.page.route("**/history/**", refuse)
    await reader.page.evaluate("tileserverMap.jumpTo({center: [6, 47]})")
    await reader.until("document.documentElement.dataset.state === 'error'")
    assert await reader.labelled() == "1944-07-25"
    failing = False
    await reader.ready("1944-07-25")
    await assert_all_of_one_day(reader, server_url, "1944-07-25")


async def test_a_link_is_obeyed_before_the_first_tile_is_asked_for(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(server_url + "/?theatre=western-front#map=7.5/50.1/5.7&at=1944-12-24")
    assert await reader.shown() == "1944-12-24"
    camera = await reader.camera()
    assert camera["zoom"] == pytest.approx(7.5, abs=0.01)
    tiles = [urlsplit(url).path.split("/") for url in reader.requests if "/history/" in url]
    assert tiles
    for _, _, tileset, period, *_ in tiles:
        assert tileset == "western-front"
        assert period[:8] <= "19441224" <= period[9:17]


async def test_back_and_an_edited_address_lead_to_their_day(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY)
    await reader.page.fill("#date-field", "1944-09-01")
    await reader.ready("1944-09-01")
    await reader.page.go_back()
    await reader.ready("1944-07-25")
    await reader.page.evaluate("location.hash = '#map=6/50/4&at=1945-03-07'")
    await reader.ready("1945-03-07")
    assert (await reader.camera())["zoom"] == pytest.approx(6, abs=0.01)


async def test_another_theatre_brings_its_own_days(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url + "/?theatre=ukraine-sample")
    assert await reader.shown() == "2023-11-09"
    assert await reader.page.locator("#notes li h3").count() >= 5
    await reader.page.select_option("#theatre", "western-front")
    await reader.until("document.getElementById('title').textContent.includes('1944')")
    await reader.ready()
    assert (await reader.shown()).startswith("194")
    await assert_all_of_one_day(reader, server_url, await reader.shown())
    await reader.page.go_back()
    await reader.ready("2023-11-09")


async def test_playing_goes_on_day_by_day_until_it_is_paused(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY)
    await reader.page.click("#play")
    await reader.until("document.documentElement.dataset.shown >= '1944-07-27'")
    await reader.page.keyboard.press("Escape")
    await reader.page.click("#play")
    await reader.ready()
    day = await reader.shown()
    await asyncio.sleep(1.5)
    assert await reader.shown() == day
    await assert_all_of_one_day(reader, server_url, day)


@pytest.mark.parametrize(("width", "height"), [(320, 480), (640, 300)])
async def test_a_small_embed_overflows_nowhere(
    server_url: str, new_reader: NewReader, width: int, height: int
) -> None:
    reader = await new_reader(width, height)
    await reader.open(server_url + "/embed?theatre=ukraine-sample&at=2023-11-09&controls=1")
    assert await reader.page.evaluate("document.documentElement.scrollWidth") == width
    boxes = await reader.page.evaluate(
        "['card', 'strip', 'timebar', 'credits']"
        ".map(id => document.getElementById(id).getBoundingClientRect().toJSON())"
    )
    for box in boxes:
        assert box["left"] >= 0
        assert box["right"] <= width
        assert box["bottom"] <= height
    for number, one in enumerate(boxes):
        assert not any(_overlap(one, other) for other in boxes[number + 1 :])


async def test_an_embed_of_a_fixed_day_says_so_and_has_no_time_controls(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader(320, 480)
    await reader.open(server_url + "/embed?theatre=ukraine-sample&at=2023-11-09&lang=en")
    assert await reader.shown() == "2023-11-09"
    assert await reader.page.is_visible("#fixed")
    assert not await reader.page.is_visible("#timebar")
    assert "at=2023-11-09" in (await reader.page.get_attribute("#open-full", "href") or "")
    await reader.page.keyboard.press("ArrowRight")
    await asyncio.sleep(0.5)
    assert await reader.shown() == "2023-11-09"


async def test_the_latest_embed_shows_the_last_public_day(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader(320, 480, color_scheme="dark")
    await reader.open(server_url + "/embed?theatre=western-front&at=latest")
    tilejson = await reader.page.evaluate("fetch('/tilesets/western-front').then(answer => answer.json())")
    assert await reader.shown() == tilejson["time"]["last_day"]
    assert await reader.page.is_visible("#timebar")
    assert await reader.page.evaluate("document.documentElement.dataset.theme") == "dark"


async def test_nothing_is_stored_and_nobody_else_is_asked(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.open(server_url + WEST + NORMANDY)
    await reader.page.click("#next-change")
    await reader.ready()
    here = urlsplit(server_url).netloc
    foreign = [url for url in reader.requests if urlsplit(url).netloc not in ("", here)]
    assert foreign == []
    assert await reader.page.context.cookies() == []
    assert await reader.page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert await reader.page.evaluate("indexedDB.databases().then(found => found.length)") == 0
    assert reader.complaints == []


async def test_the_policy_allows_this_server_alone(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    for path in ("/", "/embed"):
        answer = await reader.page.request.get(server_url + path)
        directives = [words.split() for words in answer.headers["content-security-policy"].split(";")]
        policy = {name: sources for name, *sources in directives}
        assert policy["default-src"] == ["'none'"]
        for directive in ("script-src", "worker-src", "style-src", "connect-src"):
            assert policy[directive] == ["'self'"]


async def test_a_popup_shows_markup_as_text(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    text = "<img src=x onerror='window.hurt=1'><b>bold</b>"
    hostile = {
        "text": text,
        "kind": "battle",
        "date": "1944-07-25",
        "url": "javascript:window.hurt=1",
        "from": -9291,
        "to": -9290,
    }

    async def hostile_tile(route: Route) -> None:
        points = [{"geometry": "POINT(2048 2048)", "properties": hostile, "id": number} for number in (1, 2)]
        body = mapbox_vector_tile.encode({"name": "events", "features": points})
        await route.fulfill(body=body, content_type="application/vnd.mapbox-vector-tile")

    await reader.page.route("**/history/**", hostile_tile)
    await reader.open(server_url + "/?theatre=western-front&lang=en#map=6/49.61/2.8125&at=1944-07-25")
    middle = await reader.page.evaluate(
        "tileserverMap.querySourceFeatures(tileserverShownSource(), {sourceLayer: 'events'})"
        ".map(feature => tileserverMap.project(feature.geometry.coordinates)).map(({x, y}) => [x, y])"
        ".find(([x, y]) => x > 380 && x < innerWidth - 60 && y > 60 && y < innerHeight - 120)"
    )
    await reader.page.mouse.click(*middle)
    popup = reader.page.locator(".popup-body")
    await popup.wait_for()
    assert text in await popup.inner_text()
    assert await popup.locator("li").count() == 2
    assert await popup.locator("img, b, a, script").count() == 0
    assert await reader.page.evaluate("window.hurt") is None


async def test_a_day_that_is_not_public_is_answered_with_the_nearest_and_said(
    server_url: str, new_reader: NewReader
) -> None:
    reader = await new_reader()
    await reader.open(server_url + "/?theatre=western-front&lang=en#at=1950-01-01")
    assert await reader.shown() == "1945-05-08"
    assert "1 Jan 1950" in await reader.page.inner_text("#hint")


async def test_a_browser_without_webgl_is_told_so(server_url: str, new_reader: NewReader) -> None:
    reader = await new_reader()
    await reader.page.add_init_script(
        "HTMLCanvasElement.prototype.getContext = (get => function (kind, ...rest) {"
        " return kind.startsWith('webgl') ? null : get.call(this, kind, ...rest); })"
        "(HTMLCanvasElement.prototype.getContext)"
    )
    await reader.page.goto(server_url + "/?lang=en")
    await reader.until("!document.getElementById('failure').hidden")
    assert "WebGL 2" in await reader.page.inner_text("#failure")


async def test_a_phone_has_room_for_everything(server_url: str, new_reader: NewReader) -> None:
    for width in (320, 390):
        reader = await new_reader(width, 700, has_touch=True)
        await reader.open(server_url)
        assert await reader.page.evaluate("document.documentElement.scrollWidth") == width
        small = await reader.page.evaluate(
            "[...document.querySelectorAll('button, #date-field')]"
            ".filter(each => each.offsetParent && !each.closest('.scrolls'))"
            ".map(each => ({name: each.id || each.className, box: each.getBoundingClientRect()}))"
            ".filter(({box}) => box.width < 40 || box.height < 40 || box.right > innerWidth)"
            ".map(({name}) => name)"
        )
        assert small == []


async def assert_all_of_one_day(reader: Reader, server_url: str, day: str) -> None:
    """Label, address and the features of every tile on the screen are of *day*."""
    assert [await reader.shown(), await reader.labelled()] == [day] * 2
    await reader.until(
        f"new URLSearchParams(location.hash.slice(1)).get('at') === {day!r}"
    )  # not at each step
    expected = await asyncio.to_thread(ids_of_tiles, server_url, await reader.camera(), day)
    for layer in ("control", "frontline", "events"):
        assert await reader.on_screen(layer) == expected.get(layer, set()), layer


def ids_of_tiles(server_url: str, camera: dict[str, Any], day: str) -> dict[str, set[int]]:
    """The ids by layer of what holds on *day* in the tiles that this camera needs, asked from the server."""
    with urllib.request.urlopen(f"{server_url}/tilesets/western-front") as answer:
        periods = json.load(answer)["time"]["history"]["periods"]
    period = next(each["id"] for each in periods if each["first_day"] <= day <= each["last_day"])
    number = (date.fromisoformat(day) - date(1970, 1, 1)).days
    found: dict[str, set[int]] = {}
    for z, x, y in tiles_of(camera):
        with urllib.request.urlopen(f"{server_url}/history/western-front/{period}/{z}/{x}/{y}.mvt") as answer:
            body = answer.read()
        layers = mapbox_vector_tile.decode(body) if body else {}
        for name, layer in layers.items():
            held = {
                each["id"]
                for each in layer["features"]
                if each["properties"]["from"] <= number < each["properties"]["to"]
            }
            found.setdefault(name, set()).update(held)
    return found


def tiles_of(camera: dict[str, Any]) -> list[tuple[int, int, int]]:
    """The addresses of 512 px tiles within both the screen and the tileset's bounds."""
    z = min(math.floor(camera["zoom"]), camera["maxzoom"])
    west, south, east, north = camera["bounds"]
    left, top = _tile(max(west, camera["west"]), min(north, camera["north"]), z)
    right, bottom = _tile(min(east, camera["east"]), max(south, camera["south"]), z)
    return [(z, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]


def _tile(longitude: float, latitude: float, z: int) -> tuple[int, int]:
    across = (longitude + 180) / 360
    down = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
    return math.floor(across * 2**z), math.floor(down * 2**z)


def _overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    apart = (
        one["right"] <= other["left"]
        or other["right"] <= one["left"]
        or one["bottom"] <= other["top"]
        or other["bottom"] <= one["top"]
    )
    return not apart and one["width"] * one["height"] * other["width"] * other["height"] > 0
