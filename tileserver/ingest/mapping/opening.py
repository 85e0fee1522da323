"""A file, folder or archive opened as the source of a mapping."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tileserver.ingest.containers.sources import Order, is_no_data, member_names, plain_name
from tileserver.ingest.containers.table import Dialect, Table
from tileserver.ingest.containers.tables import open_tables
from tileserver.ingest.limits import LIMITS, Limits
from tileserver.ingest.mapping.plan import matches
from tileserver.ingest.mapping.starts import TableSource


def open_source(
    path: Path, dialect: Dialect, limits: Limits = LIMITS, lookups: tuple[str, ...] = ()
) -> TableSource:
    """Return the tables of *path*, read anew at each call in the order of its members that is asked for.

    Members with a name among the patterns *lookups* have no tables of the source. Beside a single file are
    the files of its folder, beside a member all members of the folder or archive.
    """

    def tables(order: Order | None) -> Iterator[Table]:
        return open_tables(path, dialect, limits, wanted=lambda name: not _fits(name, lookups), order=order)

    def members() -> list[str]:
        return [plain_name(each) for each in member_names(path, limits) if not is_no_data(each)] or [""]

    def beside(pattern: str, records: tuple[str, ...]) -> Iterator[Table]:
        plain = Dialect(records=records)
        there = members()
        if any(_fits(name, (pattern,)) for name in there):
            yield from open_tables(path, plain, limits, wanted=lambda name: _fits(name, (pattern,)))
        elif there == [""]:
            for other in sorted(path.parent.iterdir()):
                if other != path and _fits(other.name, (pattern,)) and other.is_file():
                    yield from open_tables(other, plain, limits)

    return TableSource(path.name, tables, members, beside)


def _fits(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether the name at the end of *path* fits any of *patterns*."""
    return matches(PurePosixPath(plain_name(path)).name, patterns)
