"""The shelf keeps tiles for all processes; what it has no room for is only rendered again."""

from __future__ import annotations

import os
import sqlite3
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


def test_a_full_shelf_lets_go_what_nobody_asked_for_the_longest(tmp_path: Path) -> None:
    shelf, noise = Shelf(tmp_path, ROOM), Random(1)
    kept = {f"{n}": noise.randbytes(20_000) for n in range(100)}
    shelf.put(kept.items())
    with sqlite3.connect(tmp_path / "tiles.sqlite") as connection:
        connection.execute("UPDATE tile SET used = used - 100")
    for n in range(10):
        assert shelf.get(f"{n}") == kept[f"{n}"]
    for n in range(140):
        shelf.keep(f"more {n}", noise.randbytes(20_000))
        assert shelf.size <= ROOM
    assert [shelf.get(f"{n}") for n in range(10)] == [kept[f"{n}"] for n in range(10)]
    assert sum(shelf.has(f"{n}") for n in range(10, 100)) < 60
    assert shelf.has("more 139")
    shelf.close()


def test_what_is_larger_than_the_shelf_is_refused_and_takes_nothing_away(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 1 << 18)
    shelf.put([("first", b"there is room")])
    noise = Random(1).randbytes(1 << 19)
    with pytest.raises(ShelfUnavailable, match="TILESERVER_SHELF_MB"):
        shelf.put([("more than there is room for", noise)])
    shelf.keep("another", noise)  # does not fail the reader who waits for it
    assert shelf.get("first") == b"there is room"
    shelf.close()


def test_what_the_disk_changed_is_rendered_anew_and_never_wrong(tmp_path: Path) -> None:
    """Bits flipped anywhere, as many as it takes: an answer is right, or there is none."""
    dice = Random(5)
    tiles = {f"{n}": dice.randbytes(300) for n in range(300)}
    file = tmp_path / "tiles.sqlite"
    for flips in (1, 3, 10, 100, 3000):
        shelf = Shelf(tmp_path, ROOM)
        shelf.put(tiles.items())
        shelf.close()
        damaged = bytearray(file.read_bytes())
        for _ in range(flips):
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        file.write_bytes(damaged)
        try:
            shelf = Shelf(tmp_path, ROOM)
        except ShelfUnavailable:
            file.unlink()
            continue
        for name, data in tiles.items():
            assert shelf.get(name) in (data, None)
        for name, data in tiles.items():
            shelf.keep(name, data)
            assert shelf.get(name) in (data, None)
        shelf.close()


@pytest.mark.parametrize("left", [0, 100, 8192, 60_000])
def test_a_file_that_is_cut_off_while_it_is_read_ends_nobody(tmp_path: Path, left: int) -> None:
    ours, theirs = Shelf(tmp_path, ROOM), Shelf(tmp_path, ROOM)
    tiles = {f"{n}": Random(n).randbytes(2000) for n in range(100)}
    ours.put(tiles.items())
    assert theirs.get("1") == tiles["1"]
    os.truncate(tmp_path / "tiles.sqlite", left)
    for shelf in (ours, theirs):
        for name, data in tiles.items():
            assert shelf.get(name) in (data, None)
    for shelf in (ours, theirs):
        for name, data in tiles.items():
            shelf.keep(name, data)
    for shelf in (ours, theirs):
        assert [shelf.get(name) for name in tiles] == [*tiles.values()]
        shelf.close()


def test_a_file_that_is_taken_away_is_begun_anew(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, ROOM)
    shelf.put([("here", b"a tile")])
    (tmp_path / "tiles.sqlite").unlink()
    shelf.keep("there", b"another")
    shelf.close()
    shelf = Shelf(tmp_path, ROOM)
    shelf.keep("there", b"another")
    assert shelf.get("there") == b"another"
    shelf.close()


def test_a_full_disk_loses_nothing_but_the_keeping(tmp_path: Path) -> None:
    """The size of a file is bounded for a process of its own, which is what a full disk looks like to it."""
    look = f"""
import resource, sys
from pathlib import Path
from random import Random
from tileserver.tiles.shelf import Shelf
shelf = Shelf(Path(sys.argv[1]), {ROOM})
shelf.put([("first", b"a tile")])
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for n in range(200):
    shelf.keep(f"{{n}}", Random(n).randbytes(2000))
    assert shelf.get(f"{{n}}") in (None, Random(n).randbytes(2000))
assert shelf.get("first") == b"a tile"
assert shelf.get("199") is None
"""
    done = subprocess.run([sys.executable, "-c", look, str(tmp_path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_a_process_killed_while_it_writes_leaves_a_shelf_that_is_right(tmp_path: Path) -> None:
    write = f"""
import sys
from pathlib import Path
from random import Random
from tileserver.tiles.shelf import Shelf
shelf = Shelf(Path(sys.argv[1]), {ROOM})
for n in range(10_000):
    shelf.put([(f"{{n}}-{{i}}", Random(n * i).randbytes(1000)) for i in range(20)])
    print(n, flush=True)
"""
    for after in (3, 40, 90):
        writer = subprocess.Popen([sys.executable, "-c", write, str(tmp_path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        for line in writer.stdout:
            if int(line) >= after:
                break
        writer.kill()
        writer.communicate()
        shelf = Shelf(tmp_path, ROOM)
        for n in range(after + 3):
            for i in range(20):
                assert shelf.get(f"{n}-{i}") in (Random(n * i).randbytes(1000), None)
        assert shelf.has(f"{after}-19")
        shelf.close()


def test_a_folder_that_cannot_be_made_is_named_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ShelfUnavailable, match="TILESERVER_SHELF cannot be opened"):
        Shelf(tmp_path / "file" / "shelf", ROOM)


def test_without_the_setting_there_is_no_shelf(tmp_path: Path) -> None:
    assert open_shelf(settings_for("postgresql://nowhere")) is None
    there = open_shelf(settings_for("postgresql://nowhere", TILESERVER_SHELF=str(tmp_path)))
    assert there is not None


@pytest.mark.parametrize(
    "damage", ["data = 'a text'", "data = 7", "used = 'a text'", "sum = 1.5", "sum = ''"]
)
def test_a_value_that_became_another_type_is_damage(tmp_path: Path, damage: str) -> None:
    shelf = Shelf(tmp_path, ROOM)
    shelf.put([("here", b"a tile")])
    with sqlite3.connect(tmp_path / "tiles.sqlite") as connection:
        connection.execute(f"UPDATE tile SET {damage}")
    assert shelf.get("here") is None
    shelf.keep("here", b"a tile")
    assert shelf.get("here") == b"a tile"
    shelf.close()


def test_a_damaged_tile_is_not_there(tmp_path: Path) -> None:
    """It is rendered and kept anew; a reader is never failed for it."""
    shelf = Shelf(tmp_path, ROOM)
    shelf.put([("here", b"a tile")])
    with sqlite3.connect(tmp_path / "tiles.sqlite") as connection:
        connection.execute("UPDATE tile SET data = x'00112233'")
    assert shelf.get("here") is None
    shelf.keep("here", b"a tile")
    assert shelf.get("here") == b"a tile"
    shelf.close()
