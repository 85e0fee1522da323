"""A correction from the file to the reader, in the desk's page and the reader's; and how the former looks."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from playwright.async_api import expect

from tests.archives import write_archive
from tests.browser.axe import axe
from tests.browser.conftest import NewReader, Reader
from tests.browser.desk_pages import PATIENCE_MS, choose, compare, correct, day_file, log_in
from tests.conftest import serving
from tests.desk.conftest import Desk
from tests.newsroom.conftest import desk_serving
from tileserver.newsroom.people import add_person

if TYPE_CHECKING:
    from tests.conftest import Databases
    from tests.desk.conftest import Cells

pytestmark = [pytest.mark.db, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DAY = datetime(2023, 11, 9, tzinfo=UTC)
WRONG: Cells = {(column, row): "occupied" for column in range(6) for row in range(6)}
RIGHT: Cells = {**WRONG, (5, 0): "liberated"}
A_DAY = timedelta(days=1)
PHONE = (390, 780)


class DeskBeside(NamedTuple):
    """A desk with a wrong day, its server, the reader's, and a token."""

    desk: Desk
    port: int
    reader_url: str
    token: str

    def at(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture(scope="module")
def beside(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskBeside]:
    desk, people = Desk(databases), tmp_path_factory.mktemp("desk") / "people.toml"
    desk.import_states({DAY: WRONG})
    token = add_person(people, "Olena K.")
    with serving(desk.dsn) as url, desk_serving(desk.dsn, people) as port:
        yield DeskBeside(desk, port, url, token)


@pytest.fixture
def right_day(tmp_path: Path) -> Path:
    """A file of the day as it was."""
    return day_file(tmp_path, DAY, RIGHT)


async def test_a_correction_goes_from_the_file_to_the_reader_without_any_script(
    beside: DeskBeside, new_reader: NewReader, right_day: Path
) -> None:
    opened = await new_reader(1280, 900, java_script_enabled=False)
    page = opened.page
    await log_in(page, beside.port, beside.token)
    began = time.monotonic()
    await correct(page, right_day, "Two sources say that it was liberated.")
    reported = time.monotonic()
    assert await page.locator("svg.map").count() >= 1
    await page.get_by_label("Reason").first.fill("the brigade and a film say so")
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_role("heading", name=re.compile("^Revision "))).to_be_visible(
        timeout=PATIENCE_MS
    )
    published = time.monotonic()
    await expect(page.get_by_text("1 of 1 serving processes obey")).to_be_visible(timeout=PATIENCE_MS)
    seen = time.monotonic()
    told = await page.get_by_role("status").inner_text()
    print(
        f"upload to report {reported - began:.1f} s, publish {published - reported:.1f} s,"
        f" until served {seen - published:.1f} s; {told}"
    )
    reader = await new_reader()
    await reader.open(f"{beside.reader_url}/?theatre=ukraine&lang=en#map=8/48.3/36.4&at=2023-11-09")
    assert "Liberated" in " ".join(await reader.legend())
    await reader.page.goto(f"{beside.reader_url}/corrections/ukraine?lang=en")
    assert "Two sources say that it was liberated." in await reader.page.content()


async def test_the_change_lies_on_the_readers_basemap_over_what_is_public(
    beside: DeskBeside, new_reader: NewReader, tmp_path: Path
) -> None:
    opened = await new_reader(1280, 900)
    page = opened.page
    await log_in(page, beside.port, beside.token)
    await choose(page, day_file(tmp_path, DAY + 2 * A_DAY, {**RIGHT, (1, 1): "unknown"}))
    await compare(page)
    live = page.locator("figure[data-map] .live").first
    await expect(live).to_have_attribute("data-state", "drawn", timeout=PATIENCE_MS)
    assert await page.locator("svg.map").first.is_hidden()
    assert any("/desk/static/basemap/" in each for each in opened.requests)
    legend = page.locator(".of-live").first
    await expect(legend).to_contain_text("Occupied since February 2022, public now")
    await expect(legend).to_contain_text("becomes: Contested or unknown")
    pin = live.locator(".pin").first
    await expect(pin).to_have_attribute("href", "#state0-1")
    await page.locator("#state0-1").get_by_role("button", name="Show 1 on the map").click()
    await expect(live.locator(".maplibregl-popup")).to_contain_text("1: Occupied since")
    await page.get_by_label("The change over what is public").first.uncheck()
    await expect(pin).to_be_hidden()
    assert opened.complaints == []


async def test_the_newsrooms_own_archive_lies_under_the_change_and_the_public_front_between(
    beside: DeskBeside, new_reader: NewReader, tmp_path: Path
) -> None:
    archive, people = write_archive(tmp_path / "own.pmtiles", "shortbread"), tmp_path / "people.toml"
    token = add_person(people, "Olena K.")
    with desk_serving(beside.desk.dsn, people, TILESERVER_BASEMAP=str(archive)) as port:
        opened = await new_reader(1280, 900)
        page = opened.page
        await log_in(page, port, token)
        await choose(page, day_file(tmp_path, DAY + 4 * A_DAY, {**RIGHT, (3, 3): "unknown"}))
        await compare(page)
        live = page.locator("figure[data-map] .live").first
        await expect(live).to_have_attribute("data-state", "drawn", timeout=PATIENCE_MS)
        legend = page.locator(".of-live").first
        await expect(legend).to_contain_text("Made by a test")
        await expect(legend).to_contain_text("Front line, public now")
        own = [each for each in opened.requests if each.endswith("/desk/basemap/own.pmtiles")]
        assert len(own) >= 2  # its head, and a tile at least
        assert opened.complaints == []
        stranger = await new_reader(400, 400)
        refused = await stranger.page.request.get(own[0], max_redirects=0)
        assert refused.status == 303  # to the log-in


async def test_a_browser_that_can_draw_no_map_keeps_the_picture(
    beside: DeskBeside, new_reader: NewReader, tmp_path: Path
) -> None:
    opened = await new_reader(1280, 900)
    page = opened.page
    await page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    await log_in(page, beside.port, beside.token)
    await choose(page, day_file(tmp_path, DAY + 3 * A_DAY, {**RIGHT, (2, 2): "unknown"}))
    await compare(page)
    await expect(page.locator("svg.map").first).to_be_visible(timeout=PATIENCE_MS)
    assert await page.locator(".live").count() == 0
    assert opened.complaints == []


@pytest.mark.parametrize(
    ("size", "scheme"), [((1280, 900), "light"), (PHONE, "light"), ((1280, 900), "dark")]
)
async def test_nobody_is_kept_out_of_any_page(
    beside: DeskBeside,
    new_reader: NewReader,
    right_day: Path,
    tmp_path: Path,
    size: tuple[int, int],
    scheme: str,
) -> None:
    opened = await new_reader(*size, color_scheme=scheme)
    page = opened.page
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(beside.at("/desk/"))
    await _looked_at(opened, "log in")
    await log_in(page, beside.port, beside.token)
    await _looked_at(opened, "desk")
    await choose(page, day_file(tmp_path, DAY + A_DAY, {**RIGHT, (0, 0): "unknown"}))
    for each in await page.locator("summary").all():
        await each.click()
    await _looked_at(opened, "import")
    await compare(page)
    await expect(page.get_by_text("Land that changes hands").first).to_be_visible(timeout=PATIENCE_MS)
    await page.locator(".live").first.scroll_into_view_if_needed()  # on a phone it begins when it is near
    await expect(page.locator(".live").first).to_have_attribute("data-state", "drawn", timeout=PATIENCE_MS)
    await _looked_at(opened, "report")
    await page.get_by_role("link", name="Revisions").click()
    await _looked_at(opened, "revisions")
    await page.get_by_role("link", name="1", exact=True).click()
    await _looked_at(opened, "revision")
    await page.get_by_role("link", name="Withdraw").click()
    await page.get_by_label("Or all from").fill("2023-11-09")
    await page.get_by_label("to", exact=True).fill("..")
    await page.get_by_label("Reason").fill("to be looked at")
    await _looked_at(opened, "withdraw")
    await page.get_by_role("button", name="See what it hits").click()
    await expect(page.get_by_role("button", name="Withdraw this")).to_be_visible()
    await _looked_at(opened, "agree")
    for path, name in (
        ("/desk/events", "events"),
        ("/desk/events?layer=ukraine.notes&new=1", "a new note"),
        ("/desk/audit", "audit"),
    ):
        await page.goto(beside.at(path))
        await _looked_at(opened, name)
    await page.goto(beside.at("/desk/nothing"))
    await _looked_at(opened, "nothing")
    assert [each for each in opened.requests if not each.startswith(beside.at("/desk"))] == []
    assert [each for each in opened.complaints if "404" not in each] == []


async def _looked_at(opened: Reader, name: str) -> None:
    """Hold a page to axe and to the width of its screen."""
    assert await axe(opened) == [], name
    width = await opened.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0, name
