"""Archives of a little of the sample in both formats, written by the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import run
from tileserver.cli.main import main

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
