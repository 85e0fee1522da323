"""The shelf keeps tiles for all processes; what it has no room for is only rendered again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import settings_for
from tileserver.errors import ShelfUnavailable
from tileserver.tiles.shelf import Shelf, open_shelf

ROOM = 1 << 22


@given(st.dictionaries(st.text(max_size=20), st.binary(max_size=300), max_size=20))
def test_what_was_put_is_found_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, tiles: dict[str, bytes]
) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), ROOM)
    shelf.put(tiles.items())
    assert {name: shelf.get(name) for name in tiles} == tiles
    assert all(shelf.has(name) for name in tiles)
    assert shelf.get("of another tileset") is None
    assert len(shelf) == len(tiles)
    shelf.close()


def test_another_process_reads_what_was_put_and_it_outlives_the_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, ROOM)
    shelf.put([("here", b"a tile")])
    look = (
        "import sys; from pathlib import Path; from tileserver.tiles.shelf import Shelf;"
        f"print(Shelf(Path(sys.argv[1]), {ROOM}).get('here'))"
    )
    said = subprocess.run([sys.executable, "-c", look, str(tmp_path)], capture_output=True, check=True)
    assert said.stdout.strip() == b"b'a tile'"
    shelf.close()
    assert Shelf(tmp_path, ROOM).get("here") == b"a tile"


def test_a_full_shelf_keeps_what_it_has(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 1 << 16)
    shelf.put([("first", b"there is room")])
    noise = Random(1).randbytes(1 << 17)
    with pytest.raises(ShelfUnavailable, match="TILESERVER_SHELF_MB"):
        shelf.put([("more than there is room for", noise)])
    shelf.keep("another", noise)  # does not fail the reader who waits for it
    assert shelf.get("first") == b"there is room"


def test_a_folder_that_cannot_be_made_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShelfUnavailable, match="TILESERVER_SHELF cannot be opened"):
        Shelf(tmp_path / "file" / "shelf", ROOM)


def test_without_the_setting_there_is_no_shelf(tmp_path: Path) -> None:
    assert open_shelf(settings_for("postgresql://nowhere")) is None
    there = open_shelf(settings_for("postgresql://nowhere", TILESERVER_SHELF=str(tmp_path)))
    assert there is not None


def test_a_damaged_tile_is_not_there(tmp_path: Path) -> None:
    """It is rendered and kept anew; a reader is never failed for it."""
    shelf = Shelf(tmp_path, ROOM)
    shelf.put([("here", b"a tile")])
    with shelf._env.begin(write=True) as transaction:
        [key] = [bytes(key) for key, _ in transaction.cursor()]
        transaction.put(key, b"no frame of zstandard")
    assert shelf.get("here") is None
    shelf.keep("here", b"a tile")
    assert shelf.get("here") == b"a tile"
    shelf.close()
