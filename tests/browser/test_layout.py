"""The page has room for everything at every size, and covers and cuts nothing."""

from __future__ import annotations

import pytest

from tests.browser.conftest import SAMPLE, NewReader, Reader

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_phone_has_room_for_everything(server_url: str, new_reader: NewReader) -> None:
    for width in (320, 360, 375, 390):
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
        assert await reader.moved() == 0


@pytest.mark.parametrize("path", ["/", "/embed"])
@pytest.mark.parametrize(("width", "height"), [(640, 400), (640, 420), (320, 568), (390, 844)])
async def test_no_line_is_cut_and_nothing_covers_another(
    server_url: str, new_reader: NewReader, path: str, width: int, height: int
) -> None:
    reader = await new_reader(width, height)
    await reader.open(f"{server_url}{path}?{SAMPLE}")
    boxes = await reader.page.evaluate(
        "['chooser', 'dateline', 'summary', 'ages', 'compare', 'notice', 'details-toggle', 'timebar']"
        ".map(id => document.getElementById(id)).filter(each => each.offsetParent && each.offsetHeight)"
        ".map(each => ({id: each.id, ...each.getBoundingClientRect().toJSON()}))"
    )
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            reach = (
                4 if "compare" in (one["id"], other["id"]) else 0
            )  # its buttons are larger than their words
            apart = (
                one["bottom"] <= other["top"] + reach
                or other["bottom"] <= one["top"] + reach
                or one["right"] <= other["left"]
                or other["right"] <= one["left"]
            )
            assert apart, (one["id"], other["id"])
    lines = await reader.page.evaluate(
        "(style => (document.getElementById('notice').clientHeight - parseFloat(style.paddingTop)"
        " - parseFloat(style.paddingBottom)) / parseFloat(style.lineHeight))"
        "(getComputedStyle(document.getElementById('notice')))"
    )
    assert lines == pytest.approx(round(lines), abs=0.1)  # whole ones
    if width == 390:
        assert await reader.moved() == 0
    if (width, height, path) == (640, 400, "/"):  # 1280 x 800 at twice its size
        card, bar = (each for each in (await covers(reader)))
        assert bar["top"] - card["bottom"] >= height / 2


@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_phone_on_its_side_shows_the_whole_notice_at_once(
    server_url: str, new_reader: NewReader, language: str
) -> None:
    reader = await new_reader(844, 390)
    await reader.open(f"{server_url}/?{SAMPLE.replace('lang=en', f'lang={language}')}")
    await reader.settled()
    boxes = """["notice", "panel"].map(id => document.getElementById(id))
        .map(one => [one.getBoundingClientRect().bottom, one.scrollHeight <= one.clientHeight])"""
    [[end, shown], [card, _]] = await reader.page.evaluate(boxes)
    assert shown
    assert end <= card, (end, card)
    lines = await reader.page.locator("#notice-text").evaluate("text => text.getClientRects().length")
    assert lines > 1  # of an inline text, of which nothing is clamped


@pytest.mark.parametrize(("width", "height"), [(320, 568), (375, 812), (640, 400), (812, 375), (480, 320)])
async def test_the_name_of_the_other_chart_stands_in_the_time_bar_and_covers_no_name_of_the_map(
    server_url: str, new_reader: NewReader, width: int, height: int
) -> None:
    reader = await new_reader(width, height)
    await reader.open(f"{server_url}/?{SAMPLE.replace('lang=en', 'lang=uk')}")
    await reader.until("!document.getElementById('chart-kind').hidden")
    inside = """() => {
        const kind = document.getElementById("chart-kind"), words = document.createRange();
        words.selectNodeContents(kind);
        const others = ["timebar", "chart", "date-field"].map(id => document.getElementById(id));
        const [a, b, c, d] = [words, ...others].map(each => each.getBoundingClientRect());
        const apart = other => a.right <= other.left || a.left >= other.right ||
            a.bottom <= other.top + 6 || a.top >= other.bottom;
        return [a.top >= b.top && a.bottom <= b.bottom && a.left >= b.left, apart(c), apart(d)];
    }"""
    assert await reader.page.evaluate(inside) == [True] * 3


async def covers(reader: Reader) -> list[dict[str, float]]:
    """The boxes of the card and of the time controls."""
    boxes: list[dict[str, float]] = await reader.page.evaluate(
        "['card', 'timebar'].map(id => document.getElementById(id).getBoundingClientRect().toJSON())"
    )
    return boxes


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


def _overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    apart = (
        one["right"] <= other["left"]
        or other["right"] <= one["left"]
        or one["bottom"] <= other["top"]
        or other["bottom"] <= one["top"]
    )
    return not apart and one["width"] * one["height"] * other["width"] * other["height"] > 0
