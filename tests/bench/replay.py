"""Events imported as the revisions in which they appeared: ``python -m tests.bench.replay``.

The archive of UAControlMap says of each row of its past when it was first seen and when its day's file was
last changed with the row in it. A row that is missing from the next change of its day was taken away, or
corrected. So every state that the source ever had can be written again, and is imported as the complete file
that it was, week by week. *Corrections* are those of which a person would say that it is the same incident:
the day's file lost a row and got another with the same post or place, or with the same words nearly there.
*Kept* are all that are a new version under the id of the old one.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import math
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NamedTuple

import asyncpg
import rich.box
import typer
from rich.console import Console
from rich.table import Table

from tests.conftest import EVENTS
from tileserver.desk.importer import import_file
from tileserver.desk.job import Job
from tileserver.embedded.cluster import Cluster
from tileserver.ingest import ReadOptions
from tileserver.ingest.mapping.load import load_mapping
from tileserver.store.catalogue import add_theatre, load_layers
from tileserver.store.connect import connect
from tileserver.store.migrations import migrate
from tileserver.theatres import load_theatre

WEEK = timedelta(days=7)
NEAR = 0.05  # degrees; a point that was moved further is another incident
_POST = re.compile(r"/status/(\d+)|https?://(\S+)")


class Line(NamedTuple):
    """A row of the source, and the period ``[since, until)`` of its past that had it, in UTC."""

    date_key: str
    side: str
    lon: str
    lat: str
    d: str
    since: datetime
    until: datetime | None

    @property
    def post(self) -> str:
        """The number of the post that the row names, or its URL."""
        found = _POST.search(self.d)
        return (found[1] or found[2]) if found else ""

    @property
    def words(self) -> str:
        """The description without URLs."""
        return " ".join(_POST.sub(" ", self.d).split())


@dataclass(frozen=True, slots=True)
class Replay:
    """The effect of all imports: revisions, events, their versions, and what became of corrections."""

    revisions: int
    events: int
    versions: int
    ended: int  # events that no row of the last state has
    corrections: int
    kept: int  # of the corrections: a new version of the same event
    seconds: float


def lines(path: Path = EVENTS) -> list[Line]:
    """Return all rows that the source ever had."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    changes: defaultdict[str, set[datetime]] = defaultdict(set)
    for row in rows:
        changes[row["date_key"]] |= {_first(row), _last(row)}
    found = []
    for row in rows:
        later = [each for each in changes[row["date_key"]] if each > _last(row)]
        said = row["date_key"], row["side"], row["lon"], row["lat"], row["d"]
        found.append(Line(*said, _first(row), min(later, default=None)))
    return found


def _first(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["first_seen_commit_time"]).astimezone(UTC)


def _last(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["last_changed_commit_time"]).astimezone(UTC)


def states(every: Sequence[Line], step: timedelta = WEEK) -> Iterator[list[Line]]:
    """Yield what the source had after each *step* in which something changed."""
    edges = sorted({each for line in every for each in (line.since, line.until) if each is not None})
    at = edges[0]
    while edges:
        at += step
        if edges[0] < at:
            edges = [each for each in edges if each >= at]
            yield [line for line in every if line.since < at and (line.until is None or line.until >= at)]


def corrections(before: Iterable[Line], after: Iterable[Line]) -> list[tuple[Line, Line]]:
    """Return the rows that went with the rows that came in place of each, by day; each row once."""
    went, came = set(before) - set(after), sorted(set(after) - set(before))
    found = []
    for old in sorted(went):
        likely = [(_likeness(old, new), new) for new in came if new.date_key == old.date_key]
        score, new = max(likely, default=(0, old))
        if score:
            found.append((old, new))
            came.remove(new)
    return found


def _likeness(old: Line, new: Line) -> int:
    place = (old.lon, old.lat) == (new.lon, new.lat)
    post = bool(old.post) and old.post == new.post
    words = old.words == new.words
    apart = math.dist((float(old.lon), float(old.lat)), (float(new.lon), float(new.lat)))
    same = place or post or (words and apart < NEAR)
    return same * (4 * place + 4 * post + 3 * words + (old.side == new.side))


async def replay(dsn: str, past: Iterable[list[Line]]) -> Replay:
    """Import each state of *past* into a new database as a complete file, and tell what became of it."""
    connection = await connect(dsn)
    try:
        await migrate(connection)
        await add_theatre(connection, load_theatre("ukraine"))
        options = ReadOptions(mapping=load_mapping("uacontrolmap-events"))
        started, pairs, before = time.perf_counter(), [], list[Line]()
        with TemporaryDirectory() as folder:
            for state in past:
                pairs += corrections(before, state)
                before = state
                layers = {each.layer.name: each for each in await load_layers(connection)}
                job = Job(connection, layers, "events", accept="a replay of what was")
                await import_file(job, _written(Path(folder) / "events.csv", state), options, complete=True)
        seconds = time.perf_counter() - started
        return await _account(connection, pairs, seconds)
    finally:
        await connection.close()


def _written(path: Path, state: Sequence[Line]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(Line._fields[:5])
        writer.writerows(line[:5] for line in state)
    return path


async def _account(connection: asyncpg.Connection, pairs: list[tuple[Line, Line]], seconds: float) -> Replay:
    return Replay(**await connection.fetchrow(_COUNTS), corrections=len(pairs), seconds=seconds)


# A version that ends in the revision in which another of the same id begins was corrected.
_COUNTS = """
    SELECT (SELECT count(*) FROM revision) AS revisions, count(*) AS events, sum(versions)::int AS versions,
        count(*) FILTER (WHERE NOT current) AS ended,
        (
            SELECT count(*) FROM feature_version AS old JOIN feature_version AS new
            ON new.id = old.id AND lower(new.known) = upper(old.known)
        ) AS kept
    FROM (
        SELECT count(*) AS versions, bool_or(upper_inf(known)) AS current FROM feature_version GROUP BY id
    ) AS event
"""


def main(
    step: Annotated[int, typer.Option(help="Days from one revision to the next.")] = 7,
    first: Annotated[str, typer.Option(help="Leave out rows of days before; YYYYMMDD.")] = "",
) -> None:
    """Print what a replay of the whole archive comes to."""
    every = [line for line in lines() if line.date_key >= first]
    with TemporaryDirectory() as folder, Cluster.at(Path(folder), durable=False).running() as dsn:
        found = asyncio.run(replay(dsn, states(every, timedelta(days=step))))
    table = Table("", "", box=rich.box.SIMPLE, title=f"{len(every):,} rows of its past")
    for name in Replay.__slots__:
        table.add_row(name, f"{getattr(found, name):,.0f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
