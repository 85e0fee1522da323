"""A file, folder or archive opened as the source of a mapping."""

from __future__ import annotations

from pathlib import Path

from tileserver.ingest.containers.sources import member_names, plain_name
from tileserver.ingest.containers.table import Dialect
from tileserver.ingest.containers.tables import open_tables
from tileserver.ingest.limits import LIMITS, Limits
from tileserver.ingest.mapping.starts import TableSource


def open_source(path: Path, dialect: Dialect, limits: Limits = LIMITS) -> TableSource:
    """Return the tables of *path*, read anew at each call in the order of its members that is asked for."""

    def members() -> list[str]:
        return [plain_name(name) for name in member_names(path, limits)] or [""]

    return TableSource(path.name, lambda order: open_tables(path, dialect, limits, order=order), members)
