"""Law: no file makes the reader hold, unpack or follow more than the limits say."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tileserver.errors import HostileSource, UnreadableSource
from tileserver.ingest.containers.sources import Opening, member_names, open_only, open_sources
from tileserver.ingest.limits import Limits, lines_bounded

SMALL = Limits(members=3, spooled_bytes=1000, total_bytes=2500, line_bytes=100)


def write_tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def plain(name: str, size: int = 10) -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), b"x" * size


def read(path: Path, limits: Limits = SMALL) -> list[tuple[str, bytes]]:
    """Path and bytes of each file."""
    opened = open_sources(path, Opening(limits, lambda _: True, str))
    return [(each.trouble or each.member, b"" if each.trouble else each.path.read_bytes()) for each in opened]


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
    limits = Limits(members=3, spooled_bytes=100_000, total_bytes=10**9)
    with pytest.raises(HostileSource):
        read(path, limits)


def test_many_small_gzip_files_are_stopped_by_their_unpacked_sum(tmp_path: Path) -> None:
    small = gzip.compress(b"\0" * 90_000)
    members = [(tarfile.TarInfo(f"{n}.json.gz"), small) for n in range(3)]
    path = write_tar(tmp_path / "a.tar.gz", *members)
    with pytest.raises(HostileSource):
        read(path, Limits(spooled_bytes=100_000, total_bytes=200_000))


def test_a_link_in_a_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(b"{}")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    assert [name for name, _ in read(tmp_path)] == ["real.json"]


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.xz", "zip"])
def test_a_broken_file_says_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"PK\x03\x04 is none")
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
    assert [(name, len(data)) for name, data in read(path)] == [("a", 2), ("b", 3), ("c", 1)]


PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


@pytest.mark.parametrize("suffix", [*PACKERS, "zip", "tar.xz", "tar"])
def test_the_only_file_is_opened_whatever_it_is_packed_in(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"only.json.{suffix}"
    if suffix in PACKERS:
        path.write_bytes(PACKERS[suffix](b"{}"))
    elif suffix == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("only.json", "{}")
    else:
        with tarfile.open(path, "w:xz" if suffix == "tar.xz" else "w") as tar:
            info = tarfile.TarInfo("only.json")
            info.size = 2
            tar.addfile(info, io.BytesIO(b"{}"))
    with open_only(path) as found:
        assert found.path.read_bytes() == b"{}"


def test_of_several_files_none_is_the_only_one(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar.gz", plain("a.json"), plain("b.json"))
    with pytest.raises(UnreadableSource, match="holds 2 files; give one of them"), open_only(path):
        pass


@pytest.mark.parametrize("name", ["bomb.json.xz", "bomb.tar.xz"])
def test_a_header_that_asks_for_gigabytes_is_refused(tmp_path: Path, name: str) -> None:
    """A large dictionary takes as much memory before the first of a handful of bytes is out."""
    large = [{"id": lzma.FILTER_LZMA2, "dict_size": 32 << 20, "mode": lzma.MODE_FAST, "nice_len": 32}]
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a.json"))
    path = tmp_path / name
    path.write_bytes(_with_dictionary(inner.getvalue(), large))
    with pytest.raises(UnreadableSource, match="Memory"):
        read(path, Limits(unpacker_bytes=16 << 20))
    assert read(path, Limits(unpacker_bytes=48 << 20))


def _with_dictionary(data: bytes, filters: list[dict[str, int]]) -> bytes:
    packer = lzma.LZMACompressor(lzma.FORMAT_XZ, filters=filters)
    return packer.compress(data) + packer.flush()


def test_streams_of_xz_one_after_the_other_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json.xz"
    path.write_bytes(lzma.compress(b"[1,") + lzma.compress(b"2]") + b"\0" * 8)
    with open_only(path) as found:
        assert found.path.read_bytes() == b"[1,2]"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(UnreadableSource, match="cut off"), open_only(path):
        pass


BLANKS = b" " * (96 << 20)  # within every limit of size, and above the one from which swelling counts


def _packed(name: str, path: Path) -> Path:
    """A file of blanks, packed as its *name* says."""
    if name == "bomb.zip":
        with zipfile.ZipFile(path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.geojson", BLANKS)
        return path / name
    if name == "bomb.tar.gz":
        return write_tar(path / name, (tarfile.TarInfo("a.geojson"), BLANKS))
    packs: dict[str, Callable[[bytes], bytes]] = {
        "gz": gzip.compress,
        "bz2": bz2.compress,
        "xz": lzma.compress,
    }
    (path / name).write_bytes(packs[name.rpartition(".")[2]](BLANKS))
    return path / name


@pytest.mark.parametrize(
    "name", ["bomb.geojson.gz", "bomb.geojson.bz2", "bomb.geojson.xz", "bomb.tar.gz", "bomb.zip"]
)
def test_a_bomb_is_refused_after_some_megabytes_and_not_at_the_limit_of_disks(
    tmp_path: Path, name: str
) -> None:
    limits = Limits()
    opening = Opening(limits, lambda _: True, str)
    with pytest.raises(HostileSource, match="times its size, which no map does"):
        list(open_sources(_packed(name, tmp_path), opening))
    assert opening.unpacked["bytes"] <= limits.swelling_from + (8 << 20)


def test_a_file_that_packs_well_and_is_no_bomb_is_read(tmp_path: Path) -> None:
    """Daily states, one after the other, are nearly the same: xz makes a five-hundredth of them."""
    state = Random(7).randbytes(400 << 10)
    path = tmp_path / "days.jsonl.xz"
    path.write_bytes(lzma.compress(state * 240, preset=1))
    assert (240 * len(state)) / path.stat().st_size > 200
    assert [len(data) for _, data in read(path, Limits())] == [240 * len(state)]
