"""What is run again when few tests of all failed: the second answer counts, and nothing is kept quiet."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "alone"
FIRST = "from pathlib import Path\nseen = Path(__file__).with_name('seen')\n"
UNSTEADY = FIRST + "def test_a():\n    was = seen.exists()\n    seen.touch()\n    assert was\n"
BROKEN = "def test_b():\n    assert False\n"


def run(folder: Path, tests: str) -> subprocess.CompletedProcess[str]:
    """Run *tests* in *folder* as ``make test`` does, and what failed again."""
    (folder / ".ci").mkdir()
    shutil.copy(SCRIPT, folder / ".ci" / "alone")
    (folder / ".venv" / "bin").mkdir(parents=True)
    python = folder / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_few.py").write_text(tests)
    first = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "--cache-clear"]
    status = subprocess.run(first, cwd=folder, stdout=subprocess.DEVNULL, check=False).returncode
    assert status != 0
    again = [str(folder / ".ci" / "alone"), str(status)]
    return subprocess.run(again, cwd=folder, text=True, capture_output=True, check=False)


def test_a_test_that_passes_alone_is_named_and_stops_nobody(tmp_path: Path) -> None:
    again = run(tmp_path, UNSTEADY)
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.splitlines()[-1].startswith("UNSTEADY")
    assert again.stdout.endswith("test_few.py::test_a\n")


@pytest.mark.parametrize("tests", [BROKEN, UNSTEADY + BROKEN], ids=["alone", "beside an unsteady one"])
def test_a_test_that_fails_again_fails_the_run(tmp_path: Path, tests: str) -> None:
    again = run(tmp_path, tests)
    assert again.returncode == 1
    assert "UNSTEADY" not in again.stdout


def test_many_failures_are_no_accident_and_not_run_again(tmp_path: Path) -> None:
    again = run(tmp_path, "".join(f"def test_{number}():\n    assert False\n" for number in range(6)))
    assert again.returncode == 1
    assert "6 tests failed" in again.stderr
    assert "again, alone" not in again.stdout


def test_a_run_that_was_broken_off_is_not_run_again(tmp_path: Path) -> None:
    again = run(tmp_path, "def test_a(:\n")
    assert again.returncode == 2
    assert again.stdout == ""
