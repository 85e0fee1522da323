"""The server's picture and the reader's map show the same areas in the same places and colours."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from io import BytesIO
from urllib.request import urlopen

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageFilter

from tests.browser.conftest import WEST, NewReader, Reader
from tileserver.picture.palette import palette
from tileserver.theatres import load_theatre

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CAMERA = "8.1/48.9/2.4"
WIDTH, HEIGHT = 820, 560
NEAR = 12  # steps of a colour by which renderers round and smooth

FAR = 24  # steps of a colour, by which neighbours' means differ only where something stands elsewhere

# Names and marks are placed by others; lines, teeth and stripes stay, as the server draws these too.
UNNAMED = """() => { for (const {id, type} of tileserverMap.getStyle().layers)
    if ((type === 'symbol' && !id.endsWith('-teeth')) || id.startsWith('drawn-notes'))
        tileserverMap.setLayoutProperty(id, 'visibility', 'none') }"""
# Names, marks and the front have no areas; the ground's lines stay. Recent gains are off by the link.
BARE = """() => { for (const {id, type, source} of tileserverMap.getStyle().layers)
    if (type === 'symbol' || (source?.startsWith('dated') && type !== 'fill'))
        tileserverMap.setLayoutProperty(id, 'visibility', 'none') }"""
# The canvas is empty but for the moment in which it has been drawn.
CANVAS = """() => new Promise(done => {
    tileserverMap.once('render', () => done(tileserverMap.getCanvas().toDataURL()));
    tileserverMap.triggerRepaint() })"""


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_areas_differ_from_the_map_in_less_than_a_hundredth(
    new_reader: NewReader, server_url: str, theme: str
) -> None:
    reader = await new_reader(WIDTH, HEIGHT)
    await reader.open(f"{server_url}{WEST}&theme={theme}#map={CAMERA}&at=1944-08-25&off=recent")
    mapped = await _bare_map(reader)
    drawn = await asyncio.to_thread(_drawn, server_url, theme)
    assert mapped.shape == drawn.shape
    for colour in _colours(theme):
        ours, theirs = _is_near(drawn, colour), _is_near(mapped, colour)
        assert theirs.mean() > 0.05  # of the picture
        assert (ours ^ theirs).sum() / (ours | theirs).sum() < 0.01


@pytest.mark.parametrize(
    ("theatre", "day", "camera", "theme"),
    [
        ("western-front", "1944-08-25", CAMERA, "light"),
        ("ukraine-sample", "2022-09-15", "7.2/49.5/37.2", "dark"),
    ],
)
async def test_recent_gains_with_their_stripes_differ_from_the_map_in_less_than_a_hundredth(
    new_reader: NewReader, server_url: str, theatre: str, day: str, camera: str, theme: str
) -> None:
    reader = await new_reader(WIDTH, HEIGHT)
    page = f"{server_url}/?theatre={theatre}&lang=en&theme={theme}"
    await reader.open(f"{page}#map={camera}&at={day}")
    mapped = await _bare_map(reader, UNNAMED)
    drawn = await asyncio.to_thread(
        _drawn, server_url, theme, theatre=theatre, day=day, camera=camera, layers="control,frontline"
    )
    plain = await asyncio.to_thread(
        _drawn,
        server_url,
        theme,
        theatre=theatre,
        day=day,
        camera=camera,
        layers="control,frontline&recent=0",
    )
    assert _differ(plain, drawn) > 0.03  # much has changed hands
    assert _differ(mapped, drawn) < 0.01


async def test_inland_water_is_seen_through_from_near_by_as_on_the_map(
    new_reader: NewReader, server_url: str
) -> None:
    camera, day = "11/50.8/30.5", "2023-11-09"  # the middle of Kyiv's reservoir
    reader = await new_reader(WIDTH, HEIGHT)
    page = f"{server_url}/?theatre=ukraine-sample&lang=en&theme=light"
    await reader.open(f"{page}#map={camera}&at={day}&off=recent")
    mapped = await _bare_map(reader)
    drawn = await asyncio.to_thread(_drawn, server_url, "light", "ukraine-sample", day, camera)
    ours, theirs = (_middle(each) for each in (drawn, mapped))
    assert np.abs(ours - theirs).max() < 3
    assert np.abs(ours - _rgb(palette("light")["water"])).max() > 5


def _middle(picture: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """The mean colour around the middle of a picture."""
    half = 20  # px: some of the stripes of an area
    near = picture[HEIGHT // 2 - half : HEIGHT // 2 + half, WIDTH // 2 - half : WIDTH // 2 + half]
    return np.asarray(near.mean(axis=(0, 1)), dtype=float)


def _differ(one: npt.NDArray[np.int16], other: npt.NDArray[np.int16]) -> float:
    """Return the share of the pixels that are of another colour, however sharp either draws an edge."""
    return float((np.abs(_smoothed(one) - _smoothed(other)).max(axis=2) > FAR).mean())


def _smoothed(picture: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    image = Image.fromarray(picture.astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.BoxBlur(1)), dtype=np.int16)


async def _bare_map(reader: Reader, without: str = BARE) -> npt.NDArray[np.int16]:
    await reader.settled()
    await reader.page.evaluate(without)
    await reader.settled()
    drawn: str = await reader.page.evaluate(CANVAS)
    return _pixels(b64decode(drawn.partition(",")[2]))


def _drawn(
    server_url: str,
    theme: str,
    theatre: str = "western-front",
    day: str = "1944-08-25",
    camera: str = CAMERA,
    layers: str = "control",
) -> npt.NDArray[np.int16]:
    query = f"datetime={day}&map={camera}&theme={theme}&width={WIDTH}&height={HEIGHT}"
    path = f"{server_url}/pictures/{theatre}.png?{query}&frame=0&labels=0&layers={layers}"
    with urlopen(path) as answer:
        return _pixels(answer.read())


def _pixels(png: bytes) -> npt.NDArray[np.int16]:
    with Image.open(BytesIO(png)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.int16)


def _colours(theme: str) -> list[npt.NDArray[np.float64]]:
    """The colours of both sides' areas as they look over land."""
    colours, (control, *_) = palette(theme), load_theatre("western-front").layers
    land, opacity = _rgb(colours["land"]), colours["controlOpacity"]
    return [
        land + opacity * (_rgb(each.colour_dark if theme == "dark" else each.colour) - land)
        for each in control.categories
        if each.code in ("allied", "axis")
    ]


def _rgb(colour: str) -> npt.NDArray[np.float64]:
    return np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)], dtype=float)


def _is_near(picture: npt.NDArray[np.int16], colour: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return np.asarray((np.abs(picture - colour) <= NEAR).all(axis=2))
