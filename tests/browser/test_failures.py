"""What cannot be had leaves what is shown, is said, and comes as soon as it can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Route

from tests.browser.conftest import NORMANDY, WEST, NewReader, Reader, assert_all_of_one_day
from tests.conftest import serving
from tileserver.store.connect import connect

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

# A server that gives a database up soon, which is then held back: the answer is 503.
HASTY = {"TILESERVER_STATEMENT_TIMEOUT": "1", "TILESERVER_POOL_WAIT": "1"}
GAINS = """tileserverMap.getStyle().layers.filter(({id}) => id.startsWith('recent-'))
    .filter(({paint}) => paint['fill-layer-opacity'] > 0).length"""
HINT = "document.getElementById('hint').textContent"
SAYS_THAT_IT_FAILED = (
    "document.documentElement.dataset.state === 'error'"
    " && /{day}.* could not be loaded/.test(document.getElementById('hint').textContent)"
)


@asynccontextmanager
async def held_back(dsn: str) -> AsyncIterator[None]:
    """Let nobody else read faces and features."""
    holder = await connect(dsn)
    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE face, feature_version IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await holder.close()


async def test_failing_tiles_leave_picture_label_and_address(server_url: str, reader: Reader) -> None:
    before = await reader.on_screen("control")
    failing = True

    async def refuse(route: Route) -> None:
        if failing:
            await route.fulfill(status=503, body="")
        else:
            await route.continue_()

    await reader.page.route("**/history/**", refuse)
    await reader.page.fill("#date-field", "1944-12-24")  # in a period that is not loaded
    await reader.until(SAYS_THAT_IT_FAILED.format(day="24 Dec"))
    assert [await reader.shown(), await reader.labelled(), await reader.linked()] == ["1944-07-25"] * 3
    assert await reader.on_screen("control") == before
    failing = False
    await reader.ready("1944-12-24")
    await assert_all_of_one_day(reader, server_url, "1944-12-24")


async def test_the_line_stays_with_the_day_on_its_way_when_the_shown_one_loses_a_tile(
    server_url: str, reader: Reader
) -> None:
    asked, released = asyncio.Event(), asyncio.Event()
    shown = await reader.page.evaluate("tileserverMap.getSource(tileserverShownSource()).tiles[0]")
    shown = shown.partition("/{z}")[0]

    async def hold(route: Route) -> None:
        if shown in route.request.url:
            await route.fulfill(status=503, body="")
            return
        asked.set()
        await released.wait()
        await route.continue_()

    await reader.page.route("**/history/**", hold)
    await reader.page.fill("#date-field", "1944-12-24")
    await asked.wait()
    await reader.page.evaluate(
        "new Promise(heard => tileserverMap.once('error', heard).jumpTo({center: [6, 47]}))"
        ".then(() => new Promise(requestAnimationFrame))"
    )
    state = await reader.page.evaluate("document.documentElement.dataset.state")
    hint = await reader.page.text_content("#hint")
    assert (state, "24 Dec" in (hint or "")) == ("loading", True), hint
    released.set()
    await reader.ready("1944-12-24")
    await assert_all_of_one_day(reader, server_url, "1944-12-24")


async def test_a_tile_missing_after_a_move_is_said_and_fetched_again(server_url: str, reader: Reader) -> None:
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


async def test_recent_gains_that_a_busy_server_refuses_are_said_to_be_missing_and_asked_for_again(
    sample_database: str, new_reader: NewReader
) -> None:
    refused: list[str] = []
    with serving(sample_database, **HASTY) as url:
        reader = await new_reader()
        reader.page.on(
            "response",
            lambda answer: refused.append(answer.url) if answer.status == 503 else None,
        )
        await reader.open(url + WEST + NORMANDY + "&off=recent")
        await reader.settled()
        async with held_back(sample_database):
            await reader.page.locator("#legend input[name=recent]").set_checked(True)
            await reader.until(f"{HINT} === 'Recent gains could not be loaded. Trying again…'")
            await reader.page.locator("#hint").wait_for(state="visible")
            assert await reader.shown() == "1944-07-25"
            assert await reader.page.evaluate(GAINS) == 0
        assert any("/changes/" in each for each in refused)
        await reader.until(f"{GAINS} > 0")
        await reader.until(f"{HINT} === ''")
        await reader.page.locator("#hint").wait_for(state="hidden")


async def test_a_day_whose_recent_gains_are_missing_takes_the_word_of_it_along_when_it_is_left(
    reader: Reader,
) -> None:
    await reader.settled()
    moved = "tileserverMap.jumpTo({center: [4.5, 48.5]})"  # to tiles of gains that are not there yet
    await reader.page.route("**/changes/**", lambda route: route.fulfill(status=503, body=""))
    await reader.page.evaluate(moved)
    await reader.until(f"{HINT}.startsWith('Recent gains')")
    assert await reader.page.evaluate(GAINS) == 0  # not half of them
    await reader.page.locator("#legend input[name=recent]").set_checked(False)
    await reader.until(f"{HINT} === ''")


async def test_recent_gains_are_drawn_before_a_server_that_has_just_begun_has_worked_out_their_figures(
    server_url: str, new_reader: NewReader
) -> None:
    reader, let_on = await new_reader(), asyncio.Event()

    async def wait(route: Route) -> None:
        await let_on.wait()
        await route.continue_()

    await reader.page.route("**/gains.json*", wait)
    await reader.open(server_url + WEST + NORMANDY)
    await reader.until(f"{GAINS} > 0")
    let_on.set()
    await reader.until("document.querySelector('[data-layer=recent] .amount').textContent.includes('km²')")


# Of what is lost once nothing is said.
@pytest.mark.parametrize("times", [1, 3])
async def test_a_lost_part_of_the_base_map_is_asked_for_again(
    server_url: str, new_reader: NewReader, times: int
) -> None:
    reader, lost = await new_reader(), list[str]()

    async def lose_the_first(route: Route) -> None:
        asked = route.request.headers.get("range", "")
        if lost.count(route.request.url) < times and asked:
            lost.append(route.request.url)
            await route.abort()
        else:
            await route.continue_()

    await reader.page.route("**/static/basemap/*.pmtiles", lose_the_first)  # the header, so all of an archive
    await reader.open(server_url + WEST + NORMANDY)
    await reader.settled()
    assert len(lost) == 2 * times
    assert any(each.startswith("map:") for each in reader.complaints) == (times > 1)
    there = await reader.page.evaluate(
        "['world', 'regions'].map(source => ['land', 'water', 'river', 'place']"
        ".map(layer => tileserverMap.querySourceFeatures(source, {sourceLayer: layer}).length))"
    )
    assert all(any(counts) for counts in there), there


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
