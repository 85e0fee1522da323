"""A newsroom's own archive under the layers, in our colours and the reader's language, of no other host."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageColor
from playwright.async_api import Route

from tests.archives import LAYERS, write_archive
from tests.browser.conftest import NewReader
from tests.conftest import Databases, serving
from tests.embargo.world import DECLARED, PUBLIC, tell
from tileserver.store.catalogue import add_theatre

pytestmark = [pytest.mark.db, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

VIEW = "#map=7/47.5/36.4&at=2024-01-08"
DRAWN = """[...new Set(tileserverMap.queryRenderedFeatures({}).filter(one => one.source === 'own')
    .map(one => one.sourceLayer))].sort()"""
NAMES = """tileserverMap.queryRenderedFeatures({}).filter(one => one.layer.id === 'own-label-place-city')
    .map(one => one.layer.layout['text-field'].toString())"""
HIDDEN = """tileserverMap.getStyle().layers.filter(one => one.source === 'regions' && one.type === 'fill'
    && one.layout?.visibility !== 'none' && !(one.maxzoom <= 6)).length"""
LAKE = """(() => { const {x, y} = tileserverMap.project([36.7, 48.0]); return [x, y]; })()"""
PALETTES = json.loads((Path(__file__).parents[2] / "styles" / "palette.json").read_text())


@pytest.fixture(scope="module")
def own(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server whose basemap is an archive of Shortbread's layers, and the archive's path."""
    path = write_archive(tmp_path_factory.mktemp("own") / "own.pmtiles", "shortbread")
    dsn = databases.new()
    databases.run(dsn, lambda connection: add_theatre(connection, DECLARED))
    databases.run(dsn, lambda connection: tell(connection, PUBLIC, ()))
    with serving(dsn, TILESERVER_BASEMAP=str(path)) as url:
        yield url, path


@pytest.mark.parametrize("schema", LAYERS)
async def test_an_archive_is_drawn_in_our_colours_and_the_readers_language(
    own: tuple[str, Path], new_reader: NewReader, schema: str
) -> None:
    url, path = own
    write_archive(path, schema)
    await asyncio.sleep(1.1)  # until the file is looked at anew
    theme, language = ("dark", "de") if schema == "protomaps" else ("light", "uk")
    reader = await new_reader(900, 640)
    await reader.open(f"{url}/?theatre=toy&lang={language}&theme={theme}{VIEW}")
    await reader.settled()
    assert await reader.page.evaluate(DRAWN) == sorted(name for name, one in LAYERS[schema].items() if one)
    assert await reader.page.evaluate(NAMES) == ["Bachmut" if language == "de" else "Бахмут"]
    assert await reader.page.evaluate(HIDDEN) == 0
    assert reader.complaints == []
    picture = Image.open(io.BytesIO(await reader.picture())).convert("RGB")
    x, y = map(int, await reader.page.evaluate(LAKE))
    assert picture.getpixel((x, y)) == ImageColor.getrgb(PALETTES[theme]["water"])
    assert "Made by a test" in (await reader.page.text_content("#credits-list") or "")
    here = urlsplit(url).netloc
    assert [each for each in reader.requests if urlsplit(each).netloc not in ("", here)] == []


async def test_an_archive_that_fails_on_the_way_gives_back_the_ground_of_the_build(
    own: tuple[str, Path], new_reader: NewReader
) -> None:
    url, _ = own
    reader = await new_reader(900, 640)
    asked: list[str] = []

    async def failing(route: Route) -> None:
        asked.append(route.request.headers.get("range", ""))
        await (route.continue_() if asked[-1] == "bytes=0-16383" and len(asked) < 2 else route.abort())

    await reader.page.route("**/own.pmtiles", failing)
    await reader.open(f"{url}/?theatre=toy&lang=en{VIEW}")
    await reader.until("!tileserverMap.getSource('own')")
    assert await reader.page.evaluate(HIDDEN) > 0
    assert await reader.page.evaluate(DRAWN) == []
