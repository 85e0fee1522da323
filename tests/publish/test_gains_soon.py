"""A picture waits for its sentence a moment and no more, and the work for the sentence is not lost."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from tests.publish.test_gains_text import FIRST, TILESET, WEEK
from tileserver.errors import StoreBusy
from tileserver.publish.gains import Gains
from tileserver.publish.gains_service import GainsName, GainsService
from tileserver.tiles.current import Current
from tileserver.tiles.tileset import Tileset


class _Slow(GainsService):
    """Gains that take as long as the test says."""

    def __init__(self) -> None:
        super().__init__(cast("Current", None), 1 << 20, patience_s=0.01)
        self.go, self.begun = asyncio.Event(), 0

    async def name(self, tileset: Tileset, revision: int) -> GainsName:
        return GainsName(1, tileset.name, revision, 1)

    async def gains(self, tileset: Tileset, revision: int, *, at_ease: bool = False) -> Gains:
        self.begun += 1
        await self.go.wait()
        return WEEK


def test_who_does_not_wait_leaves_the_work_to_the_next_one() -> None:
    async def asked() -> int:
        service = _Slow()
        for revision in (1, 1, 2):  # the same is begun once, and another one not at all meanwhile
            with pytest.raises(StoreBusy):
                await service.text_soon(TILESET, revision, FIRST, "en")
        service.go.set()
        await service.text_soon(TILESET, 1, FIRST, "en")
        return service.begun

    assert asyncio.run(asked()) == 1
