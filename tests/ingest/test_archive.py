"""Law: no file makes the reader hold, unpack or follow more than the limits say."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from tileserver.errors import HostileSource, UnreadableSource
from tileserver.ingest.archive import Member, member_names, read_members
from tileserver.ingest.limits import Limits, lines_bounded

SMALL = Limits(members=3, member_bytes=1000, total_bytes=2500, line_bytes=100)


def write_tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def plain(name: str, size: int = 10) -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), b"x" * size


def read(path: Path, limits: Limits = SMALL) -> list[Member]:
    return list(read_members(path, str, limits))


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info, b""


@pytest.mark.parametrize(
    "member",
    [
        special("a", tarfile.SYMTYPE, "/etc/passwd"),
        special("a", tarfile.LNKTYPE, "b"),
        special("a", tarfile.CHRTYPE),
        special("a", tarfile.FIFOTYPE),
        plain("/etc/passwd"),
        plain("../../outside"),
        plain("a/../../outside"),
        plain("..\\outside"),
    ],
)
def test_an_archive_that_reaches_outside_itself_is_refused(
    tmp_path: Path, member: tuple[tarfile.TarInfo, bytes]
) -> None:
    path = write_tar(tmp_path / "a.tar.gz", member)
    with pytest.raises(HostileSource):
        read(path)
    with pytest.raises(HostileSource):
        member_names(path)


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    members = [plain(f"{n}.json") for n in range(4)]
    with pytest.raises(HostileSource, match="more than 3 files"):
        read(write_tar(tmp_path / "a.tar.gz", *members))
    for info, data in members:
        (tmp_path / info.name).write_bytes(data)
    with pytest.raises(HostileSource, match="more than 3 files"):
        read(tmp_path)


def test_too_large_a_file_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with pytest.raises(HostileSource, match="unpacks to more"):
        read(write_tar(tmp_path / "a.tar.gz", plain("big.json", 1001)))


def test_too_large_a_sum_is_refused(tmp_path: Path) -> None:
    members = [plain(f"{n}.json", 900) for n in range(3)]
    with pytest.raises(HostileSource):
        read(write_tar(tmp_path / "a.tar.gz", *members))


@pytest.mark.parametrize("name", ["bomb.json.gz", "a.tar.gz", "folder"])
def test_a_gzip_bomb_is_stopped_at_the_limit(tmp_path: Path, name: str) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
        (path / "bomb.json.gz").write_bytes(bomb)
    elif name == "a.tar.gz":
        write_tar(path, (tarfile.TarInfo("bomb.json.gz"), bomb))
    else:
        path.write_bytes(bomb)
    limits = Limits(members=3, member_bytes=100_000, total_bytes=10**9)
    with pytest.raises(HostileSource):
        read(path, limits)


def test_many_small_gzip_files_are_stopped_by_their_unpacked_sum(tmp_path: Path) -> None:
    small = gzip.compress(b"\0" * 90_000)
    members = [(tarfile.TarInfo(f"{n}.json.gz"), small) for n in range(3)]
    path = write_tar(tmp_path / "a.tar.gz", *members)
    with pytest.raises(HostileSource):
        read(path, Limits(member_bytes=100_000, total_bytes=200_000))


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(b"{}")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    assert [member.name for member in read(tmp_path)] == ["real.json"]


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.xz", "json.gz"])
def test_a_broken_file_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"this is none")
    with pytest.raises(UnreadableSource, match=path.name):
        read(path)


def test_an_archive_cut_off_says_so(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar.gz", *[plain(f"{n}.json", 900) for n in range(2)])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UnreadableSource):
        read(path)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match="no file"):
        read(tmp_path / "none.json")


def test_too_long_a_line_is_refused() -> None:
    assert list(lines_bounded(io.BytesIO(b"a\nb"), SMALL, "x")) == [b"a\n", b"b"]
    with pytest.raises(HostileSource, match="has a line"):
        list(lines_bounded(io.BytesIO(b"a" * 101), SMALL, "x"))
    with pytest.raises(HostileSource, match="unpacks to more"):
        list(lines_bounded(io.BytesIO(b"a\n" * 1300), SMALL, "x"))


def test_an_archive_out_of_order_is_read_in_order(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar.gz", plain("b", 3), plain("a", 2), plain("c", 1))
    assert [(member.name, len(member.data)) for member in read(path)] == [("a", 2), ("b", 3), ("c", 1)]
