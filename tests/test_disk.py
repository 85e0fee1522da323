"""Files are written whole or not at all, wherever they go."""

from __future__ import annotations

import os
from errno import ENOSPC
from pathlib import Path

import pytest

from tileserver.disk import NO_ROOM, free_bytes, room_for_tiles, write_whole


def test_a_file_is_written_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    new, old = tmp_path / "new.png", tmp_path / "old.png"
    old.write_bytes(b"before")
    old.chmod(0o640)
    before = os.umask(0o022)
    try:
        write_whole(new, b"a picture")
        write_whole(old, b"a picture")
    finally:
        os.umask(before)
    assert {new.read_bytes(), old.read_bytes()} == {b"a picture"}
    assert [oct(each.stat().st_mode & 0o777) for each in (new, old)] == ["0o644", "0o640"]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["new.png", "old.png"]


def test_where_there_is_no_room_the_file_of_before_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(made: Path, mode: int) -> None:
        raise OSError(ENOSPC, f"no room for {made} of {mode}")

    file = tmp_path / "map.png"
    file.write_bytes(b"before")
    monkeypatch.setattr(Path, "chmod", full)
    with pytest.raises(OSError, match="no room") as refused:
        write_whole(file, b"a picture")
    assert refused.value.errno in NO_ROOM
    assert file.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["map.png"]


def test_a_name_for_another_place_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "map.png").symlink_to(tmp_path / "elsewhere" / "newest.png")
    write_whole(tmp_path / "map.png", b"a picture")
    assert (tmp_path / "map.png").is_symlink()
    assert (tmp_path / "elsewhere" / "newest.png").read_bytes() == b"a picture"


def test_tiles_may_take_their_bound_and_nothing_of_what_is_reserved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert free_bytes(tmp_path / "not" / "yet") > 0
    monkeypatch.setattr("tileserver.disk.free_bytes", lambda _: (512 << 20) + 1000)
    assert room_for_tiles(10_000, 300, tmp_path) == 1300
    assert room_for_tiles(1200, 300, tmp_path) == 1200
    monkeypatch.setattr("tileserver.disk.free_bytes", lambda _: 7)
    assert room_for_tiles(10_000, 300, tmp_path) == 300
