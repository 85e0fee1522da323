"""What takes minutes to load is loaded by one worker and there for all; the order lets nobody wait for it."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tests.kept import Kept
from tests.order import ordered

if TYPE_CHECKING:
    from tests.conftest import Databases


@pytest.mark.db
def test_of_two_who_need_a_database_one_loads_it_and_both_have_it(
    databases: Databases, tmp_path: Path
) -> None:
    loads: list[str] = []

    async def fill(connection: asyncpg.Connection) -> None:
        await connection.execute("CREATE TABLE held AS SELECT generate_series(1, 3) AS number")

    def load(dsn: str) -> None:
        loads.append(dsn)
        databases.run(dsn, fill)

    made: list[str] = []
    workers = [
        Thread(target=lambda: made.append(Kept(tmp_path).database("small", databases.bare, load)))
        for _ in range(2)
    ]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert len(loads) == 1
    assert len({*made}) == 2
    for dsn in made:
        assert databases.run(dsn, lambda connection: connection.fetchval("SELECT sum(number) FROM held")) == 6


def test_the_first_files_load_what_the_last_but_the_pure_ones_need() -> None:
    needs = {
        "pure": (),
        "map": ("browser", "sample_database", "databases"),
        "many": ("sample_database", "databases"),
        "past": ("archive_database", "databases"),
        "desk": ("databases",),
        "few": ("sample_database", "databases"),
    }
    sizes = {"many": 3}
    items: Any = [
        SimpleNamespace(path=Path(name), fixturenames=fixtures)
        for name, fixtures in needs.items()
        for _ in range(sizes.get(name, 1))
    ]
    order = [str(item.path) for item in ordered(items)]
    assert list(dict.fromkeys(order)) == ["few", "past", "desk", "map", "many", "pure"]
    assert sorted(order) == sorted(str(item.path) for item in items)
