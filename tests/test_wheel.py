"""The wheel has all that an installed server needs: it is made, put away from the sources, and serves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, serving
from tileserver import __version__

pytestmark = pytest.mark.db
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of the sources as they are, made as ``make wheel`` makes it."""
    made = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", made, ROOT], check=True, cwd=made
    )
    return made / f"tileserver-{__version__}-py3-none-any.whl"


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's files and nothing of the sources."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([*PIP, "install", "--no-deps", "--target", folder, wheel], check=True)
    return folder


@pytest.fixture(scope="module")
def url(installed: Path, sample_database: str) -> Iterator[str]:
    with serving(sample_database, [installed / "bin" / "tileserver"], PYTHONPATH=str(installed)) as url:
        yield url


def _read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return str(answer.read().decode("utf-8", "replace"))


def test_a_wheel_holds_every_file_of_the_package_but_the_sources_of_the_front_end(wheel: Path) -> None:
    package = ROOT / "tileserver"
    left_out = {"__pycache__", "frontend"}
    wanted = {
        str(path.relative_to(ROOT))
        for path in package.rglob("*")
        if path.is_file() and not left_out & {*path.relative_to(package).parts}
    }
    held = set(zipfile.ZipFile(wheel).namelist())
    assert any(name.startswith("tileserver/web/static/assets/") for name in wanted)
    assert wanted - held == set()
    assert not [name for name in held if "frontend" in name]
    assert {f"tileserver/{path.relative_to(ROOT)}" for path in (ROOT / "styles").glob("*.json")} <= held


def test_the_code_that_an_installed_server_runs_is_that_of_the_wheel(installed: Path) -> None:
    where = subprocess.run(
        [sys.executable, "-P", "-c", "import tileserver; print(tileserver.__file__)"],
        env={**os.environ, "PYTHONPATH": str(installed)},
        cwd=installed,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(installed)


def test_an_installed_server_serves_the_map_with_its_front_end_and_tiles(url: str) -> None:
    page = _read(f"{url}/")
    scripts = re.findall(r'<script[^>]* src="([^"]+)"', page)
    assert scripts
    for script in scripts:
        assert _read(f"{url}/{script.removeprefix('/')}")
    assert '"layers"' in _read(f"{url}/styles/western-front.json")
    assert "Code" in _read(f"{url}/developers")
    asked = f"{url}/tiles/western-front/6/32/22.mvt?datetime=1944-08-25"
    with urllib.request.urlopen(asked, timeout=20) as tile:
        assert tile.status == 200
