"""The order of the files of a run with several workers: nobody waits for a database that another loads.

The first file makes its worker load the samples, the second the archive; the files after those need neither,
and by the time they are done both are there as dumps (`tests.kept`). Pure ones come last: short files at the
end let the workers end together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

LOADED = ("sample_database", "archive_database")  # in the order of their loading


def ordered(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The same tests, file by file."""
    files: dict[Path, list[pytest.Item]] = defaultdict(list)
    for item in items:
        files[item.path].append(item)
    needs = {path: _needs(own) for path, own in files.items()}
    first = [min(able, key=lambda path: len(files[path])) for name in LOADED if (able := _alone(needs, name))]
    paths = first + sorted((path for path in files if path not in first), key=lambda path: _rank(needs[path]))
    return [item for path in paths for item in files[path]]


def _needs(items: Sequence[pytest.Item]) -> set[str]:
    return {name for item in items for name in getattr(item, "fixturenames", ())}


def _alone(needs: dict[Path, set[str]], name: str) -> list[Path]:
    return [path for path, own in needs.items() if own & {*LOADED, "browser"} == {name}]


def _rank(needs: set[str]) -> int:
    if needs & {*LOADED}:
        return 1
    return 0 if "databases" in needs else 2
