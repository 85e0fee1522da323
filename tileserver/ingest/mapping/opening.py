"""A file, folder or archive opened as the source of a mapping."""

from __future__ import annotations

from pathlib import Path

from tileserver.errors import UnreadableSource
from tileserver.ingest.containers.table import Dialect
from tileserver.ingest.containers.tables import open_tables
from tileserver.ingest.limits import LIMITS, Limits
from tileserver.ingest.mapping.starts import TableSource
from tileserver.ingest.report import printable


def open_source(path: Path, dialect: Dialect, limits: Limits = LIMITS) -> TableSource:
    """Return the tables of *path*, read anew at each call in the order of its members that is asked for."""

    def members() -> list[str]:
        found: list[str] = []

        def note(member: str) -> bool:
            found.append(printable(member).removesuffix(".gz"))
            return False

        try:
            for _ in open_tables(path, dialect, limits, wanted=note):
                break  # of a single file, which is not asked for
        except UnreadableSource:
            if not found:  # else it says that none of them is to be read
                raise
        return found or [""]

    return TableSource(path.name, lambda order: open_tables(path, dialect, limits, order=order), members)
