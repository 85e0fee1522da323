"""The shelf keeps tiles for all processes; what it has no room for is only rendered again."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.conftest import settings_for
from tileserver import disk
from tileserver.errors import ShelfUnavailable
from tileserver.tiles import shelf as shelf_module
from tileserver.tiles.shelf import Shelf, open_shelf
from tileserver.tiles.shelf_file import FILE, ShelfFile

ROOM = 1 << 22
PAGE = 8192


def keep(shelf: Shelf, name: str, data: bytes) -> None:
    shelf.keep_many([(name, data)])
    shelf.flush()


def until_well(shelf: Shelf) -> None:
    """Wait until what readers met has been mended."""
    deadline = time.monotonic() + 10
    while shelf.trouble and time.monotonic() < deadline:
        shelf.flush()
        time.sleep(0.01)
    assert not shelf.trouble


@settings(max_examples=25)
@given(st.dictionaries(st.text(max_size=20), st.binary(max_size=300), max_size=20))
def test_what_was_put_is_found_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, tiles: dict[str, bytes]
) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"), ROOM)
    shelf.put(tiles.items())
    assert {name: shelf.get(name) for name in tiles} == tiles
    assert asyncio.run(shelf.get_many([*tiles, "of another tileset"])) == tiles
    assert all(shelf.get(name) is not None for name in tiles)
    assert shelf.has_many([*tiles, "of another tileset"]) == set(tiles)
    assert shelf.get("of another tileset") is None
    assert len(shelf) == len(tiles)
    shelf.close()


def test_tiles_that_readers_wait_for_are_written_together_and_nobody_waits(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, ROOM)
    begun = time.perf_counter()
    for n in range(500):
        shelf.keep_many([(f"{n}", Random(n).randbytes(500))])
    assert time.perf_counter() - begun < 0.5
    shelf.flush()
    assert [shelf.get(f"{n}") for n in range(500)] == [Random(n).randbytes(500) for n in range(500)]
    shelf.close()


def test_what_waits_to_be_written_is_bounded_and_written_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf_module, "_WAITING", 100_000)
    shelf = Shelf(tmp_path, ROOM)
    with sqlite3.connect(tmp_path / FILE, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")  # another process writes for long
        for n in range(100):
            shelf.keep_many([(f"{n}", Random(n).randbytes(10_000))])
        assert asyncio.run(shelf.get_many(["0"])) == {}
        other.execute("ROLLBACK")
    shelf.close()
    again = Shelf(tmp_path, ROOM)
    assert 10 <= len(again) < 20
    assert again.get("3") == Random(3).randbytes(10_000)
    again.close()


def test_a_reader_never_waits_long_for_a_process_that_writes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, ROOM)
    shelf.put([("here", b"a tile")])
    with sqlite3.connect(tmp_path / FILE, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        begun = time.perf_counter()
        assert asyncio.run(shelf.get_many(["here"])) == {}
        assert time.perf_counter() - begun < 0.5
        other.execute("ROLLBACK")
    assert asyncio.run(shelf.get_many(["here"])) == {"here": b"a tile"}
    assert shelf.trouble == ""
    shelf.close()


def test_a_disk_that_hangs_holds_up_no_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(tmp_path, ROOM)
    shelf.put([("here", b"a tile")])
    over = threading.Event()
    file = shelf._file
    assert file is not None
    read, hangs = file.get, threading.Event()

    def get(names: list[str]) -> dict[str, bytes] | None:
        if hangs.is_set():
            over.wait(20)
        else:
            time.sleep(0.05)
        return read(names)

    monkeypatch.setattr(file, "get", get)

    async def ask() -> float:
        assert await shelf.get_many(["here"]) == {"here": b"a tile"}  # slow: on the loop, for the last time
        hangs.set()
        begun = time.perf_counter()
        for _ in range(100):
            assert await shelf.get_many(["here"]) == {}
        taken = time.perf_counter() - begun
        over.set()
        hangs.clear()
        return taken

    assert asyncio.run(ask()) < 1
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
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE tile SET used = used - 100")
    for n in range(10):
        assert shelf.get(f"{n}") == kept[f"{n}"]
    for n in range(140):
        keep(shelf, f"more {n}", noise.randbytes(20_000))
        assert (tmp_path / FILE).stat().st_size <= ROOM
    assert [shelf.get(f"{n}") for n in range(10)] == [kept[f"{n}"] for n in range(10)]
    assert sum(shelf.get(f"{n}") is not None for n in range(10, 100)) < 60
    assert shelf.get("more 139") is not None
    shelf.close()


def test_what_is_larger_than_the_shelf_is_refused_and_takes_nothing_away(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 1 << 18)
    shelf.put([("first", b"there is room")])
    noise = Random(1).randbytes(1 << 19)
    with pytest.raises(ShelfUnavailable, match="TILESERVER_SHELF_MB"):
        shelf.put([("more than there is room for", noise)])
    keep(shelf, "another", noise)  # does not fail the reader who waits for it
    assert shelf.get("first") == b"there is room"
    assert shelf.trouble == ""
    shelf.close()


def test_a_shelf_whose_bound_was_lowered_begins_anew_within_it(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, ROOM)
    shelf.put([(f"{n}", Random(n).randbytes(20_000)) for n in range(100)])
    shelf.close()
    shelf = Shelf(tmp_path, ROOM // 8)
    keep(shelf, "here", b"a tile")
    assert shelf.get("here") == b"a tile"
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= ROOM // 8
    shelf.close()


_DAMAGE = """
import os, sys, time
from random import Random
dice, path, page, seconds = Random(int(sys.argv[1])), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
end = time.monotonic() + seconds
while time.monotonic() < end:
    try:
        with open(path, "r+b") as file:
            size = os.fstat(file.fileno()).st_size
            if not size:
                continue
            if page:  # as a power cut tears pages
                at = dice.randrange(max(size // page, 1)) * page
                file.seek(at)
                file.write(dice.choice((bytes(page), dice.randbytes(page))))
            else:
                at = dice.randrange(size)
                file.seek(at)
                byte = file.read(1)
                file.seek(at)
                file.write(bytes([byte[0] ^ 1 << dice.randrange(8)]))
    except OSError:
        pass
    time.sleep(0.0005 if not page else 0.02)
"""


@pytest.mark.parametrize(("page", "target"), [(0, ""), (4096, ""), (2048, ""), (4096, "-journal")])
def test_what_another_process_changes_in_the_file_meanwhile_is_never_wrong(
    tmp_path: Path, page: int, target: str
) -> None:
    """Thousands of answers while bits flip and pages tear: each is right, or none, and then renewed."""
    tiles = {f"{n}": Random(n).randbytes(Random(n).randrange(3000)) for n in range(400)}
    shelf, dice = Shelf(tmp_path, ROOM), Random(7)
    shelf.put(tiles.items())
    argv = [sys.executable, "-c", _DAMAGE, "5", f"{tmp_path / FILE}{target}", str(page), "1.5"]
    damaging = subprocess.Popen(argv)
    answers = right = 0
    while damaging.poll() is None:
        names = [str(dice.randrange(400)) for _ in range(3)]
        found = asyncio.run(shelf.get_many(names))
        assert all(tiles[name] == data for name, data in found.items())
        shelf.keep_many([(name, tiles[name]) for name in names if name not in found])
        answers += len(names)
        right += len(found)
    assert answers > 1000
    assert right > 10
    shelf.flush()
    for _ in range(3):  # damage is found by asking, and what was not there is kept anew
        missing = [name for name in tiles if shelf.get(name) is None]
        until_well(shelf)
        shelf.keep_many([(name, tiles[name]) for name in missing])
        shelf.flush()
    assert {name: shelf.get(name) for name in tiles} == tiles
    shelf.close()
    again = Shelf(tmp_path, ROOM)
    assert {name: again.get(name) for name in tiles} == tiles
    again.close()


@pytest.mark.parametrize("left", [0, 100, 8192, 60_000])
def test_a_file_that_is_cut_off_while_it_is_read_ends_nobody(tmp_path: Path, left: int) -> None:
    ours, theirs = Shelf(tmp_path, ROOM), Shelf(tmp_path, ROOM)
    tiles = {f"{n}": Random(n).randbytes(2000) for n in range(100)}
    ours.put(tiles.items())
    assert theirs.get("1") == tiles["1"]
    os.truncate(tmp_path / FILE, left)
    for _ in range(3):
        for shelf in (ours, theirs):
            for name, data in tiles.items():
                assert shelf.get(name) in (data, None)
            shelf.keep_many(tiles.items())
            shelf.flush()
    for shelf in (ours, theirs):
        assert [shelf.get(name) for name in tiles] == [*tiles.values()]
        assert shelf.trouble == ""
        shelf.close()


@pytest.mark.parametrize("left", [0, 50, 8192, 60_000])
def test_a_file_that_was_cut_off_is_put_aside_at_the_start(tmp_path: Path, left: int) -> None:
    shelf = Shelf(tmp_path, ROOM)
    tiles = {f"{n}": Random(n).randbytes(2000) for n in range(100)}
    shelf.put(tiles.items())
    shelf.close()
    os.truncate(tmp_path / FILE, left)
    shelf = Shelf(tmp_path, ROOM)
    assert shelf.trouble == ""
    assert len(shelf) == 0
    assert (tmp_path / "damaged.sqlite").exists() == bool(left)
    shelf.put(tiles.items())
    assert [shelf.get(name) for name in tiles] == [*tiles.values()]
    shelf.close()


@pytest.mark.parametrize("content", [b"no database", b"\0" * 5000, b"SQLite format 3\0" + b"\xff" * 9000])
def test_a_file_that_is_no_shelf_is_put_aside_at_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    shelf = Shelf(tmp_path, ROOM)
    keep(shelf, "here", b"a tile")
    assert shelf.get("here") == b"a tile"
    assert (tmp_path / "damaged.sqlite").read_bytes() == content
    shelf.close()


def test_the_file_of_another_format_is_not_touched_and_a_false_name_is_put_aside(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "tiles-99.sqlite") as later, sqlite3.connect(tmp_path / FILE) as false:
        for connection in (later, false):
            connection.execute("CREATE TABLE tile (key, something, new)")
            connection.execute("PRAGMA user_version = 99")
    before = (tmp_path / "tiles-99.sqlite").read_bytes()
    shelf = Shelf(tmp_path, ROOM)
    keep(shelf, "here", b"a tile")
    assert shelf.get("here") == b"a tile"
    assert (tmp_path / "tiles-99.sqlite").read_bytes() == before
    assert (tmp_path / "damaged.sqlite").exists()
    shelf.close()


@pytest.mark.parametrize("whole", [False, True])
def test_a_file_or_folder_that_is_taken_away_is_begun_anew(tmp_path: Path, whole: bool) -> None:
    folder = tmp_path / "shelf"
    shelf = Shelf(folder, ROOM)
    shelf.put([("here", b"a tile")])
    for file in folder.iterdir():
        file.unlink()
    if whole:
        folder.rmdir()
    for _ in range(2):
        keep(shelf, "there", b"another")
        until_well(shelf)
    assert shelf.get("there") == b"another"
    shelf.close()
    shelf = Shelf(folder, ROOM)
    assert shelf.get("there") == b"another"
    shelf.close()


@pytest.mark.parametrize("whole", [False, True])
def test_a_file_or_folder_that_is_moved_while_nobody_writes_is_noticed_within_five_seconds(
    tmp_path: Path, whole: bool
) -> None:
    folder = tmp_path / "shelf"
    shelf = Shelf(folder, ROOM)
    shelf.put([("here", b"a tile")])
    first = shelf.generation
    (folder if whole else folder / FILE).rename(tmp_path / "elsewhere")
    deadline = time.monotonic() + 5
    with capture_logs() as said:
        while shelf.generation == first and time.monotonic() < deadline:
            time.sleep(0.05)
        shelf.flush()
    assert shelf.generation == first + 1
    assert [line["event"] for line in said] == ["the shelf cannot be used", "the shelf can be used again"]
    assert "moved or removed" in said[0]["error"]
    assert shelf.get("here") is None
    assert (folder / FILE).exists()
    assert not shelf.trouble
    shelf.close()


# What a full disk is here: a file system of its own where one may be mounted, else a bound of the process.
_FULL = f"""
import ctypes, resource, sys
from pathlib import Path
from random import Random
from tileserver import disk
from tileserver.tiles import shelf as module
from tileserver.tiles.shelf import Shelf
module._PAUSE_S = 0.02
disk.RESERVED = 0  # as where others have filled it
libc = ctypes.CDLL(None, use_errno=True)
folder = Path(sys.argv[1])
mounted = not libc.unshare(0x00020000) and not libc.mount(b"none", b"/", None, 0x44000, None)
mounted = mounted and not libc.mount(b"none", str(folder).encode(), b"tmpfs", 0, b"size=600k")
shelf = Shelf(folder, {ROOM})
shelf.put([("first", b"a tile")])
if not mounted:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
kept = 0
for n in range(300):
    data = Random(n).randbytes(5000)
    shelf.keep_many([(str(n), data)])
    shelf.flush()
    assert shelf.get(str(n)) in (None, data)
    kept += shelf.get(str(n)) is not None
assert 10 < kept < 290, kept
assert shelf.trouble, "not said"
assert shelf.get("first") == b"a tile"
print("disk" if mounted else "process", shelf.trouble)
"""


def test_a_full_disk_loses_nothing_but_the_keeping_and_is_said(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _FULL, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    assert "the shelf cannot be used" in done.stdout + done.stderr


def test_a_nearly_full_disk_is_left_to_the_database_and_the_shelf_lives_from_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path, ROOM)
    for n in range(40):
        shelf.put([(str(n), Random(n).randbytes(5000))])
    size = (tmp_path / FILE).stat().st_size
    monkeypatch.setattr(disk, "free_bytes", lambda folder: disk.RESERVED - 1)
    for n in range(40, 120):
        shelf.put([(str(n), Random(n).randbytes(5000))])
    assert (tmp_path / FILE).stat().st_size <= size
    assert shelf.get("119") == Random(119).randbytes(5000)
    assert shelf.get("0") is None
    with pytest.raises(ShelfUnavailable, match="less than 512 MB are free on its disk"):
        shelf.put([("large", Random(0).randbytes(size))])
    assert "left to PostgreSQL" in shelf.trouble
    monkeypatch.undo()
    shelf.put([("large", Random(0).randbytes(size))])
    assert not shelf.trouble
    assert (tmp_path / FILE).stat().st_size > size
    shelf.close()


_NOT_OURS = f"""
import os, sys
from pathlib import Path
from tileserver.errors import ShelfUnavailable
from tileserver.tiles import shelf as module
from tileserver.tiles.shelf import Shelf
module._PAUSE_S = 0.02
if os.getuid() == 0:
    os.setuid(65534)
folder = Path(sys.argv[1])
shelf = Shelf(folder, {ROOM})
there = shelf.get("here")
for n in range(20):
    shelf.keep_many([(str(n), b"more")])
    shelf.flush()
assert shelf.get("3") is None
try:
    shelf.put([("4", b"more")])
except ShelfUnavailable as error:
    print(there, shelf.trouble, sep=" | ")
"""


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_of_another_owner_is_read_and_not_written_to_and_that_is_said(
    tmp_path: Path, there: bool
) -> None:
    folder = tmp_path / "shelf"
    folder.mkdir()
    if there:
        shelf = Shelf(folder, ROOM)
        shelf.put([("here", b"a tile")])
        shelf.close()
    for each in (*folder.iterdir(), folder):
        each.chmod(0o555 if each.is_dir() else 0o444)
    for above in tmp_path.parents[:3]:
        if above.stat().st_uid == os.getuid() and above != Path("/tmp"):
            above.chmod(0o755)
    tmp_path.chmod(0o755)
    argv = [sys.executable, "-c", _NOT_OURS, str(folder)]
    done = subprocess.run(argv, capture_output=True, check=False, text=True)
    folder.chmod(0o755)
    assert done.returncode == 0, done.stderr
    found, said = done.stdout.strip().splitlines()[-1].split(" | ")
    assert found == str(b"a tile" if there else None)
    assert "read" in said or "unable to open" in said
    assert not (folder / "damaged.sqlite").exists()


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
        assert shelf.get(f"{after}-19") is not None
        assert not (tmp_path / "damaged.sqlite").exists()
        shelf.close()


def test_a_folder_that_cannot_be_made_ends_no_server_and_is_named_where_it_matters(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shelf = Shelf(tmp_path / "file" / "shelf", ROOM)
    assert shelf.get("here") is None
    assert asyncio.run(shelf.get_many(["here"])) == {}
    keep(shelf, "here", b"a tile")
    assert shelf.trouble
    assert str(tmp_path) not in shelf.trouble
    with pytest.raises(ShelfUnavailable, match="TILESERVER_SHELF cannot be opened"):
        shelf.put([("here", b"a tile")])
    shelf.close()


def test_a_folder_that_comes_back_is_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf_module, "_PAUSE_S", 0.02)
    (tmp_path / "file").write_text("")
    shelf = Shelf(tmp_path / "file" / "shelf", ROOM)
    assert shelf.trouble
    (tmp_path / "file").unlink()
    until_well(shelf)
    keep(shelf, "here", b"a tile")
    assert shelf.get("here") == b"a tile"
    shelf.close()


def test_without_the_setting_there_is_no_shelf(tmp_path: Path) -> None:
    assert open_shelf(settings_for("postgresql://nowhere")) is None
    there = open_shelf(settings_for("postgresql://nowhere", TILESERVER_SHELF=str(tmp_path)))
    assert there is not None


@pytest.mark.parametrize(
    "damage",
    ["data = 'a text'", "data = 7", "data = x'00112233'", "used = 'a text'", "sum = 1.5", "sum = ''"],
)
def test_a_value_that_was_changed_is_damage_and_is_replaced(tmp_path: Path, damage: str) -> None:
    shelf = Shelf(tmp_path, ROOM)
    shelf.put([("here", b"a tile")])
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute(f"UPDATE tile SET {damage}")
    assert shelf.get("here") is None
    keep(shelf, "here", b"a tile")
    assert shelf.get("here") == b"a tile"
    shelf.close()


def test_who_is_at_work_while_the_shelf_closes_finds_nothing_and_says_no_trouble(tmp_path: Path) -> None:
    """A cancelled task leaves its thread at work: it holds the file, and meets a closed database."""
    shelf = Shelf(tmp_path, ROOM)
    keep(shelf, "a", b"tile")
    file = shelf._file
    assert file is not None
    may_go_on, results = threading.Event(), list[object]()

    def held(self: ShelfFile, *_: object) -> set[str]:
        may_go_on.wait(10)
        return ShelfFile.has_many(self, ["a"])

    file.has_many = held.__get__(file)  # type: ignore[method-assign]
    at_work = threading.Thread(target=lambda: results.append(shelf.has_many(["a"])))
    at_work.start()
    with capture_logs() as said:
        shelf.close()
        may_go_on.set()
        at_work.join(10)
        assert results == [set()]
        assert asyncio.run(shelf.get_many(["a"])) == {}
        shelf._slow_until = time.monotonic() + 60  # by the thread of a slow disk, which has ended
        assert asyncio.run(shelf.get_many(["a"])) == {}
        assert shelf.size == len(shelf) == 0
        with pytest.raises(ShelfUnavailable, match="closed"):
            shelf.put([("b", b"tile")])
    assert said == []
    assert not shelf.trouble
