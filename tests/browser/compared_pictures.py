"""The pictures of docs/compared.md, one to each row that says yes, of the samples alone.

``python -m tests.browser.compared_pictures`` asks the server at ``URL`` (http://127.0.0.1:8000, where
``make run`` serves the samples) and writes all of them; with names as arguments, those alone.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.conftest import Reader, renderer

SERVER = os.environ.get("URL", "http://127.0.0.1:8000")
FOLDER = Path(__file__).parents[2] / "docs" / "compared"
WIDTH, HEIGHT = 800, 500  # of a picture, in which several views stand side by side
LARGEST = 60_000  # bytes
QUALITIES = (80, 70, 60, 50, 40, 30)
UKRAINE = "?theatre=ukraine-sample"
ROOMY, PHONE = (1000, 625), (480, 600)  # page px of what is then made smaller


@dataclass(frozen=True, slots=True)
class View:
    """What is opened, and what a reader does there: click, fill, scroll or key, each with its words."""

    path: str
    does: tuple[tuple[str, ...], ...] = ()
    lacks_colour: bool = False
    is_map: bool = True
    size: tuple[int, int] = ROOMY


def _map(at: str, camera: str, more: str = "", **how: object) -> View:
    return View(f"/{UKRAINE}&lang=en#map={camera}&at={at}{more}", **how)  # type: ignore[arg-type]


def _embed(at: str, camera: str, language: str = "en") -> View:
    return View(f"/embed{UKRAINE}&lang={language}&at={at}&map={camera}")


def _beside(*views: View) -> tuple[View, ...]:
    return tuple(replace(each, size=PHONE) for each in views)


KAKHOVKA = "7.6/47.1/34.2"
PICTURES: dict[str, tuple[View, ...]] = {
    "any-day": _beside(_embed("2022-03-20", "5/48.6/33.6"), _embed("2022-11-12", "5/48.6/33.6")),
    "label-and-picture": (_map("2022-09-06", "6.2/49.4/36.6", does=(("key", "ArrowRight"),) * 5),),
    "two-days": (_map("2022-09-12", "6.4/49.3/36", "&compare=2022-09-01"),),
    "who-gained": (_map("2022-09-12", "6.2/49.3/35", does=(("click", "#gains-sum summary"),)),),
    "recent-and-old": (_map("2022-09-12", "7.2/49.5/36.6"),),
    "without-colour": (_map("2022-11-12", "6/47.6/34", lacks_colour=True),),
    "events": (_map("2023-11-09", "7.2/48.5/38.3", "&days=30", does=(("click", "#tool-events"),)),),
    "notes": (_map("2023-11-09", "7/48.3/37.2"),),
    "ground": (_map("2023-11-09", "8/49.3/37"),),
    "dated-water": _beside(_embed("2023-06-01", KAKHOVKA), _embed("2023-06-20", KAKHOVKA)),
    "crimea": (_map("2023-11-09", "6.8/45.6/33"),),
    "towns": (_map("2023-11-09", "8.6/48.2/37.5", "&days=all"),),
    "languages": _beside(*(_embed("2023-11-09", "6/48.2/36.6", each) for each in ("uk", "de"))),
    "search": (_map("2023-11-09", "7/48/36", does=(("key", "/"), ("fill", "#search-field", "Ивановка"))),),
    "phone": _beside(
        View(f"/{UKRAINE}&lang=en#at=2023-11-09"),
        View(f"/{UKRAINE}&lang=en&theme=dark#at=2023-11-09", (("click", "#details-toggle"),)),
    ),
    "delay": (_map("2023-11-09", "6/48.4/36", does=(("scroll", "#updated"),)),),
    "corrections": (View("/corrections/western-front?lang=en", is_map=False),),
    "as-published": (View("/embed?theatre=western-front&lang=en&at=1944-12-24&revision=1&map=6/50/6"),),
    "method": (View("/method/ukraine-sample?lang=en", is_map=False),),
    "embed": (_embed("2022-11-12", "6/47.6/34"),),
    "picture": (
        View(
            "/pictures/ukraine-sample.png?datetime=2022-09-12&map=6/48.8/36&width=1000&height=625&lang=en",
            is_map=False,
        ),
    ),
    "tiles": (View("/developers", is_map=False),),
}


async def drawn(browser: Browser, view: View) -> Image.Image:
    """Return *view* as a reader sees it."""
    context = await browser.new_context(
        viewport={"width": view.size[0], "height": view.size[1]}, locale="en-GB"
    )
    page = await context.new_page()
    if view.lacks_colour:
        devtools = await context.new_cdp_session(page)
        await devtools.send("Emulation.setEmulatedVisionDeficiency", {"type": "achromatopsia"})
    reader = Reader(page)
    await (reader.open if view.is_map else page.goto)(SERVER + view.path)
    for deed, *words in view.does:
        await _do(page, deed, words)
    if view.is_map:
        await reader.settled()
        await reader.until("!document.getElementById('still')")
    await asyncio.sleep(1)  # what fades is there
    picture = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
    await context.close()
    return picture


async def _do(page: Page, deed: str, words: list[str]) -> None:
    if deed == "click":
        await page.locator(words[0]).first.click()
    elif deed == "fill":
        await page.locator(words[0]).first.fill(words[1])
    elif deed == "scroll":
        await page.locator(words[0]).scroll_into_view_if_needed()
    else:
        await page.keyboard.press(words[0])
    await asyncio.sleep(0.3)


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    """Return *pictures* as one, all of one width."""
    whole, width = Image.new("RGB", (WIDTH, HEIGHT)), WIDTH // len(pictures)
    for n, each in enumerate(pictures):
        whole.paste(each.resize((width, HEIGHT), Image.Resampling.LANCZOS), (n * width, 0))
    return whole


def packed(picture: Image.Image) -> bytes:
    """Return *picture* as WebP, as good as `LARGEST` lets it be."""
    for quality in QUALITIES:
        held = io.BytesIO()
        picture.save(held, "WEBP", quality=quality, method=6)
        if held.tell() <= LARGEST:
            break
    return held.getvalue()


async def main(names: list[str]) -> None:
    """Write the pictures *names*, or all."""
    FOLDER.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        executable = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = await playwright.chromium.launch(executable_path=executable, args=renderer())
        for name in names or PICTURES:
            views = [await drawn(browser, view) for view in PICTURES[name]]
            data = packed(side_by_side(views))
            (FOLDER / f"{name}.webp").write_bytes(data)
            print(f"{name}: {len(data) / 1000:.1f} kB")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
