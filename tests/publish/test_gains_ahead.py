"""Gains are worked out before anybody asks, once for all processes, and are known after the next start."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import Databases
from tests.desk.conftest import Desk
from tileserver.publish import gains
from tileserver.publish.gains_ahead import GainsAhead
from tileserver.publish.gains_service import GainsService
from tileserver.publish.turns import Way
from tileserver.publish.turns_kept import TurnFile
from tileserver.store.connect import Pool
from tileserver.tiles.current import Current

NOON, DAY = datetime(2023, 11, 1, 12, tzinfo=UTC), timedelta(days=1)
TURNS = {
    (b"rules", 1, (1 << 64) - 1): {
        Way("movement", None, "ours", None): 0.1,
        Way("sliver", "north", None, "x"): 2e9,
    },
    (b"rules", 2, 3): {},
    (b"older rules", 1, 2): {Way("marked", "south", "ours", "theirs"): 3.0},
}


def test_what_is_kept_is_read_as_it_was_and_damage_is_nothing(tmp_path: Path) -> None:
    file = TurnFile(tmp_path)
    assert dict(file.read()) == {}
    file.write(TURNS, {b"rules"})
    assert dict(file.read()) == {key: passed for key, passed in TURNS.items() if key[0] == b"rules"}
    (path,) = tmp_path.glob("*.kept")
    data = path.read_bytes()
    for damaged in (b"", data[:-1], data[:20] + b"!" + data[21:], b"\0" * 99):
        path.write_bytes(damaged)
        assert dict(file.read()) == {}
    with file.alone() as first, TurnFile(tmp_path).alone() as second:
        assert (first, second) == (True, False)
    TurnFile(tmp_path / "nowhere").write(TURNS, {b"rules"})


@pytest.mark.db
def test_another_start_works_nothing_out_again(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(databases)
    desk.import_states({NOON: {(0, 0): "occupied"}, NOON + DAY: {(0, 0): "occupied", (1, 0): "occupied"}})
    desk.import_states({NOON + 2 * DAY: {(0, 0): "liberated"}})

    async def begun() -> gains.Gains | None:
        pool = Pool(desk.dsn, 2, 10, 60)
        current = Current(pool, lambda: NOON + 30 * DAY)
        try:
            service = GainsService(current, 1 << 24)
            catalogue = await current.catalogue()
            await GainsAhead(current, service, TurnFile(tmp_path)).look(catalogue)
            name = await service.name(tileset := catalogue.tileset("ukraine"), tileset.newest)
            return service._kept.peek(name)
        finally:
            await pool.close()

    first = asyncio.run(begun())
    assert first is not None
    assert [len(own) > 0 for own in first.passed] == [False, True, True]
    monkeypatch.setattr(gains, "Workshop", None)  # where anything is worked out
    assert asyncio.run(begun()) == first
