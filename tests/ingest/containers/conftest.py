"""Small files of each container, made here by the libraries that others use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tileserver.ingest.containers import Dialect, Row, Table, open_tables
from tileserver.ingest.limits import LIMITS, Limits

UNDECLARED = Dialect()
Read: TypeAlias = Callable[..., list[tuple[Table, list[Row]]]]
Write: TypeAlias = Callable[[str, bytes | str], Path]


@pytest.fixture
def read() -> Read:
    """All tables of a file with all their rows."""

    def every(
        path: Path, dialect: Dialect = UNDECLARED, limits: Limits = LIMITS
    ) -> list[tuple[Table, list[Row]]]:
        return [(table, list(table.rows())) for table in open_tables(path, dialect, limits)]

    return every


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A file of the name and bytes."""

    def written(name: str, data: bytes | str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return written
