"""States become figures: of rendering ahead, and of the tiers under memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.conftest import NOW, free_port
from tileserver import disk
from tileserver.store.connect import Pool
from tileserver.tiles.ahead import Progress
from tileserver.tiles.ahead_task import Ahead, State
from tileserver.tiles.current import Current
from tileserver.tiles.service import TileService
from tileserver.tiles.shared import SharedTier
from tileserver.tiles.shelf import Shelf
from tileserver.tiles.tiers import ShelfTier
from tileserver.web.sampling import Figure, of_ahead, of_disks, of_tiers


@pytest.mark.parametrize(
    ("state", "expected"), [("rendering", (4, 5, 1)), ("done", (4, 5, 1)), ("elsewhere", (0, 0, 0))]
)
def test_only_the_process_that_renders_ahead_counts_its_plan(
    state: State, expected: tuple[int, int, int]
) -> None:
    names = ("ahead_backlog", "ahead_done", "ahead_failed")
    found = of_ahead(Ahead(state, Progress(versions=10, there=2, rendered=3, failed=1)))()
    assert [*found] == [Figure(name, value) for name, value in zip(names, expected, strict=True)]
    assert [*of_ahead(None)()] == [Figure(name, 0) for name in names]


def test_trouble_of_a_tier_is_told_as_that_of_the_tier_it_is(tmp_path: Path) -> None:
    async def run() -> None:
        current = Current(Pool("", 1, 1, 1), lambda: NOW)
        shared = SharedTier(f"redis://127.0.0.1:{free_port()}/0")
        tiles = TileService(current, 1 << 20, (ShelfTier(Shelf(tmp_path, 1 << 20)),), shared)
        read = of_tiers(tiles)
        assert [*read()] == [Figure("shelf_wrong", False), Figure("shared_wrong", False)]
        await shared.get_many(["a tile"])
        assert [*read()] == [Figure("shelf_wrong", False), Figure("shared_wrong", True)]
        await tiles.close()

    asyncio.run(run())


def test_free_bytes_are_told_of_the_disks_that_are_there(tmp_path: Path) -> None:
    read = of_disks({"data": tmp_path, "tiles": None, "gone": tmp_path / "gone"})
    (figure,) = read()
    assert (figure.name, figure.labels) == ("disk_free_bytes", ("data",))
    assert 0 < figure.value == pytest.approx(disk.free_bytes(tmp_path), rel=0.1)
