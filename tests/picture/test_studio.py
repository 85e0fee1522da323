"""The process that draws fails one picture at a time, and ends with who asked for it."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tileserver.errors import Unavailable
from tileserver.picture.press.order import PictureOrder, fulfil
from tileserver.picture.press.sheet import Sheet, Words
from tileserver.picture.press.studio import Studio
from tileserver.picture.press.view import Camera
from tileserver.web.built import STATIC

pytestmark = pytest.mark.skipif(
    not (STATIC / "basemap" / "world.pmtiles").is_file(), reason="no basemap is built"
)

WORDS = Words("War", "9 November 2023", "Credit", "en")
SHEET = Sheet(Camera(5, 48, 37), 300, 200, "light", WORDS, (), (), str(STATIC / "basemap"), "2023-11-09")
GOOD = PictureOrder((SHEET,), "png")
BAD = PictureOrder((msgspec.structs.replace(SHEET, ground="/nowhere"),), "png")


def _encoded(order: PictureOrder) -> bytes:
    return msgspec.msgpack.encode(order)


def test_a_picture_of_the_process_is_the_picture_itself_also_after_one_that_failed() -> None:
    async def drawn() -> bytes:
        studio = Studio(30)
        try:
            with pytest.raises(Unavailable):
                await studio.draw(_encoded(BAD))
            return await studio.draw(_encoded(GOOD))
        finally:
            await studio.close()

    assert asyncio.run(drawn()) == fulfil(GOOD)


def test_who_leaves_ends_the_work_and_the_next_one_is_served() -> None:
    async def drawn() -> bytes:
        studio = Studio(30)
        try:
            left = asyncio.ensure_future(studio.draw(_encoded(GOOD)))
            await asyncio.sleep(0.05)
            left.cancel()
            return await studio.draw(_encoded(GOOD))
        finally:
            await studio.close()

    assert asyncio.run(drawn()) == fulfil(GOOD)


@pytest.mark.parametrize("turns", range(4))
def test_an_order_just_after_an_idle_process_was_ended_is_served_by_another(turns: int) -> None:
    async def drawn() -> bytes:
        studio = Studio(30, idle_s=0.0)
        try:
            await studio.draw(_encoded(GOOD))
            for _ in range(turns):  # by some the process is told to end, and nobody has heard of its death
                await asyncio.sleep(0)
            return await studio.draw(_encoded(GOOD))
        finally:
            await studio.close()

    assert asyncio.run(drawn()) == fulfil(GOOD)


def test_what_takes_too_long_is_refused() -> None:
    async def drawn() -> None:
        studio = Studio(0.01)
        try:
            await studio.draw(_encoded(GOOD))
        finally:
            await studio.close()

    with pytest.raises(Unavailable):
        asyncio.run(drawn())
