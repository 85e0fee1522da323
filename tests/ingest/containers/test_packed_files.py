"""Files in folders, archives and packed files: which are read, in which order, under which names."""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from tests.ingest.containers.conftest import UNDECLARED, Read
from tileserver.errors import UnreadableSource
from tileserver.ingest.containers import open_tables
from tileserver.ingest.limits import LIMITS

FILES = {f"{day}.csv": f"a,b\n{day},x\n".encode() for day in ("20230516", "20230514", "20230515")}


def _folder(path: Path) -> Path:
    path.mkdir()
    for name, data in FILES.items():
        (path / name).write_bytes(data)
    return path


def _zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
    return path


def _tar(path: Path) -> Path:
    with tarfile.open(path, cast(Any, f"w:{path.suffix[1:]}")) as archive:
        for name, data in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


PACKERS = {"days": _folder, "days.zip": _zip, "days.tar.gz": _tar, "days.tar.xz": _tar, "days.tar.bz2": _tar}


@pytest.mark.parametrize("name", PACKERS)
def test_members_come_in_the_order_that_is_asked_for(name: str, tmp_path: Path) -> None:
    path = PACKERS[name](tmp_path / name)

    def read(order: Callable[[str], str] | None, without: str = "-") -> list[str]:
        tables = open_tables(path, UNDECLARED, LIMITS, lambda member: without not in member, order)
        found = [(table.member, [row.values["a"] for row in table.rows()]) for table in tables]
        assert all(days == [member[:8]] for member, days in found)
        return [member for member, _ in found]

    assert read(str) == sorted(FILES)
    assert read(str, "0515") == ["20230514.csv", "20230516.csv"]
    assert set(read(None)) == set(FILES)
    with pytest.raises(UnreadableSource, match="no file that is to be read"):
        read(None, "2023")


def test_an_archive_in_a_folder_is_opened_and_noise_is_left_out(tmp_path: Path, read: Read) -> None:
    folder = _folder(tmp_path / "in")
    with zipfile.ZipFile(folder / "map.kmz", "w") as archive:
        archive.writestr("doc.kml", "<kml><Placemark/></kml>")
        archive.writestr("__MACOSX/._doc.kml", "x")
    (folder / "more.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    (folder / ".DS_Store").write_bytes(b"\0\0")
    found = {table.member: table.container for table, _ in read(folder)}
    assert found == {**dict.fromkeys(FILES, "csv"), "map.kmz/doc.kml": "kml", "more.csv.gz": "csv"}


def test_nothing_is_left_on_the_disk(tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    read(_tar(tmp_path / "days.tar.gz"))
    tables = open_tables(_zip(tmp_path / "days.zip"), UNDECLARED)
    next(tables)
    assert list((tmp_path / "scratch").iterdir())
    tables.close()  # type: ignore[attr-defined]
    assert not list((tmp_path / "scratch").iterdir())
