"""Hashes of every file of every package in the lists, renewed: ``make pins``.

A list is kept by hand: what is needed, in exact versions, with comments. Below each package stand the hashes
of all its files, of every platform, as the index has them; uv asks for them and downloads nothing. No
address of an index is written down, so a list serves whichever index a machine uses.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
LISTS = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-node.txt",
    "requirements-tools.txt",
    "requirements-basemap.txt",
)
UV = Path(sys.executable).with_name("uv")
PLAIN = ("--no-deps", "--universal", "--no-header", "--no-annotate", "--python-version", "3.11", "--quiet")


def main() -> None:
    """Write the lists anew."""
    for name in LISTS:
        path = ROOT / name
        kept = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("--hash=")]
        lines = [line.removesuffix("\\").rstrip() for line in kept]
        hashes = _hashes([line for line in lines if "==" in line])
        path.write_text("".join(f"{each}\n" for line in lines for each in _with_hashes(line, hashes)))


def _with_hashes(line: str, hashes: dict[str, list[str]]) -> Iterator[str]:
    own = hashes[_normal(line)] if "==" in line else []
    yield line + (" \\" if own else "")
    for number, each in enumerate(own, 1):
        yield f"    --hash={each}" + (" \\" if number < len(own) else "")


def _hashes(pinned: list[str]) -> dict[str, list[str]]:
    """Return the hashes of each of *pinned*, by normal name."""
    done = subprocess.run(
        [UV, "pip", "compile", "-", "--generate-hashes", *PLAIN],
        input="\n".join(pinned),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        if "==" in line:
            last = found.setdefault(_normal(line), [])
        elif each := re.search(r"--hash=(\S+)", line):
            last.append(each[1])
    return found


def _normal(line: str) -> str:
    """Return a package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", line.partition("==")[0].strip()).lower()


if __name__ == "__main__":
    main()
