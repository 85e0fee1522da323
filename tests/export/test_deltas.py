"""A delta put into its base is the whole archive, byte for byte, and nothing else comes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Done, Run
from tileserver.export.container import reading

Export = Callable[..., Done]
AREA = ("--bounds=35.5,47.5,38,49", "--zooms", "4-8")

pytestmark = pytest.mark.db


@pytest.fixture
def export(run: Run, changing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Export:
    """A function that exports the changing world into the test's folder, or applies a delta there."""
    monkeypatch.chdir(tmp_path)

    def export(*argv: str) -> Done:
        done = run(*argv, *(AREA if argv[0] == "export" else ()), dsn=changing)
        assert not done.code, done.err
        return done

    return export


@pytest.mark.parametrize("suffix", ["pmtiles", "mbtiles"])
def test_base_and_delta_give_the_bytes_of_a_whole_export(export: Export, tmp_path: Path, suffix: str) -> None:
    names = [f"{name}.{suffix}" for name in ("base", "whole", "since", "from", "made")]
    base, whole, since, from_file, made = names
    export("export", "ukraine", base, "--datetime", "2024-03-10", "--revision", "4")
    export("export", "ukraine", whole, "--datetime", "2024-03-10")
    export("export", "ukraine", since, "--datetime", "2024-03-10", "--since", "4")
    export("export", "ukraine", from_file, "--datetime", "2024-03-10", "--since", base)
    assert (tmp_path / since).read_bytes() == (tmp_path / from_file).read_bytes()
    export("apply", base, since, made)
    assert (tmp_path / made).read_bytes() == (tmp_path / whole).read_bytes()
    assert (tmp_path / base).read_bytes() != (tmp_path / whole).read_bytes()
    export("apply", base, since, base)  # in its own place
    assert (tmp_path / base).read_bytes() == (tmp_path / whole).read_bytes()


def test_a_delta_names_what_goes_and_both_files_and_may_hold_nothing(export: Export, tmp_path: Path) -> None:
    export("export", "ukraine.roads", "new.pmtiles", "--datetime", "2024-03-10")
    export("export", "ukraine.roads", "old.pmtiles", "--datetime", "2024-02-10")
    export("export", "ukraine.roads", "back.pmtiles", "--datetime", "2024-02-10", "--since", "new.pmtiles")
    with reading(tmp_path / "back.pmtiles") as delta, reading(tmp_path / "old.pmtiles") as old:
        manifest = delta.metadata["delta"]
        there = {str(address) for address, _ in old.tiles()}
    with reading(tmp_path / "new.pmtiles") as new:
        gone = {str(address) for address, _ in new.tiles()} - there
    assert set(manifest["removed"]) == gone
    assert gone
    export("apply", "new.pmtiles", "back.pmtiles", "made.pmtiles")
    assert (tmp_path / "made.pmtiles").read_bytes() == (tmp_path / "old.pmtiles").read_bytes()
    again = ("--datetime", "2024-03-10", "--since", "new.pmtiles", "--json")
    done = json.loads(export("export", "ukraine.roads", "none.pmtiles", *again).out)
    assert done[0]["tiles"] == 0
    export("apply", "new.pmtiles", "none.pmtiles", "same.pmtiles")
    assert (tmp_path / "same.pmtiles").read_bytes() == (tmp_path / "new.pmtiles").read_bytes()


def test_of_history_the_periods_that_changed_come_as_deltas(export: Export, tmp_path: Path) -> None:
    done = json.loads(export("export", "ukraine.control", "out", "--history", "--since", "9", "--json").out)
    listed: Any = json.loads((tmp_path / "out" / "ukraine.control-history-deltas.json").read_text())
    assert [each["path"] for each in done] == [each["file"] for each in listed["archives"]]
    assert done
    for each in done:
        with reading(tmp_path / "out" / each["path"]) as archive:
            assert ("delta" in archive.metadata) == ("-delta-" in each["path"])
    deltas = [each["path"] for each in done if "-delta-" in each["path"]]
    assert deltas
    with reading(tmp_path / "out" / deltas[-1]) as archive:
        wanted = archive.metadata["delta"]["result"]["sha256"]
    export("export", "ukraine.control", "whole", "--history")
    whole = json.loads((tmp_path / "whole" / "ukraine.control-history.json").read_text())["archives"]
    assert wanted in {each["sha256"] for each in whole}


def test_another_base_a_damaged_delta_and_a_whole_archive_are_refused(
    export: Export, run: Run, changing: str, tmp_path: Path
) -> None:
    export("export", "ukraine", "base.pmtiles", "--datetime", "2024-03-10", "--revision", "4")
    export("export", "ukraine", "other.pmtiles", "--datetime", "2024-03-10", "--revision", "3")
    export("export", "ukraine", "delta.pmtiles", "--datetime", "2024-03-10", "--since", "base.pmtiles")
    data = (tmp_path / "delta.pmtiles").read_bytes()
    (tmp_path / "torn.pmtiles").write_bytes(data[:-9])
    (tmp_path / "text.pmtiles").write_text("no archive")
    (tmp_path / "turned.pmtiles").write_bytes(data[:-9] + bytes(9))
    (tmp_path / "delta.mbtiles").write_bytes(data)
    for base, delta, code in (
        ("other", "delta.pmtiles", 1), ("base", "torn.pmtiles", 1), ("base", "turned.pmtiles", 1),
        ("base", "other.pmtiles", 1), ("base", "text.pmtiles", 1), ("base", "nothing.pmtiles", 1),
        ("base", "delta.mbtiles", 2), ("base", "delta.zip", 2),
    ):  # fmt: skip
        done = run("apply", f"{base}.pmtiles", delta, "made.pmtiles")
        assert done.code == code, (base, delta, done)
        assert not (tmp_path / "made.pmtiles").exists()
    before = (tmp_path / "base.pmtiles").read_bytes()
    lost = ("ukraine", "base.pmtiles", "--datetime", "2024-03-10", "--since", "base.pmtiles")
    assert run("export", *lost, *AREA, dsn=changing).code == 2
    for base, code in (("nothing", 2), ("99", 2), ("0", 2), ("delta.mbtiles", 2), ("text.pmtiles", 1)):
        assert run("export", *lost[:-1], base, *AREA, dsn=changing).code == code
    assert (tmp_path / "base.pmtiles").read_bytes() == before
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]
