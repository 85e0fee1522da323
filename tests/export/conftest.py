"""Archives of a little of the sample in both formats, written by the command line."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import run
from tests.desk.conftest import Desk
from tests.web.worlds import START, STATES, STATUSES, WINDOWS, Part, World, build
from tileserver.cli.main import main

if TYPE_CHECKING:
    from tests.conftest import Databases

__all__ = ["run"]

NORMANDY = "--bounds=-2,48,3,50"
DATED = ("--datetime", "1944-08-25", "--zooms", "3-7", NORMANDY)


@pytest.fixture(scope="package")
def archives(sample_database: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One date of the sample ``western-front`` as PMTiles, and as MBTiles, in a folder of their own."""
    folder = tmp_path_factory.mktemp("archives")
    paths = folder / "day.pmtiles", folder / "day.mbtiles"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", sample_database)
        for path in paths:
            patch.setattr(sys, "argv", ["tileserver", "export", "western-front", str(path), *DATED])
            with pytest.raises(SystemExit) as end:
                main()
            assert not end.value.code
    return paths


SEEN = START + timedelta(days=60)  # what is younger than two days then is not public


def _part(chance: Random) -> Part:
    name = chance.choice([*STATES, *WINDOWS])
    start = START + timedelta(hours=chance.randrange(64 * 24))
    days = chance.choice([1, 3, 9, 30])
    goes_on = name in STATES and chance.random() < 0.5
    end = None if goes_on else start + timedelta(days=days)
    return Part(name, (chance.randrange(4), chance.randrange(3)), chance.choice(STATUSES), start, end)


@pytest.fixture(scope="package")
def changing(databases: Databases) -> str:
    """A database of many revisions, each of a few things in several layers; some are under embargo."""
    chance = Random(3)
    desk = Desk(databases)
    build(desk, World(tuple(_part(chance) for _ in range(30)), 6, (), (), SEEN))
    return desk.dsn
