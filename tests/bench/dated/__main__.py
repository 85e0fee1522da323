"""The benchmark of dated vector tiles: ``python -m tests.bench.dated``, or ``make bench-dated``.

It makes the data set, publishes it to every server that is on this machine, asks all of them the same, holds
every answer to the truth, and then says what it took. docs/benchmark.md says how to read what it prints.
"""

from __future__ import annotations

import asyncio
import json
import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from tests.bench.dated import ours
from tests.bench.dated.arms import Arm, Place
from tests.bench.dated.generic import GenericData
from tests.bench.dated.oracle import Truth
from tests.bench.dated.peers import absent, starts
from tests.bench.dated.questions import questions
from tests.bench.dated.run import run
from tests.bench.dated.stale import Staleness, measure_stale
from tests.bench.dated.tables import as_json, cost_table, other_faults, right_table, stale_table
from tests.bench.dated.world import LAST_PUBLIC, Publication, day_of, publications
from tileserver.embedded.cluster import Cluster
from tileserver.store.connect import connect

ZOOMS = (5, 8, 11)
MAX_AGE_S = 5


@contextmanager
def place(
    folder: Path, last_public: int = LAST_PUBLIC, max_age: int = MAX_AGE_S
) -> Iterator[tuple[Place, GenericData]]:
    """Run a PostgreSQL of its own in *folder*, with a database for ours and one for all others."""
    cluster = Cluster.at(folder / "postgresql", durable=False)
    with cluster.running() as own_dsn:
        pid, dsn = cluster.status().pid, own_dsn.replace("/tileserver?", "/peers?")
        assert pid
        asyncio.run(_create_database(own_dsn))
        hours = embargo_hours(datetime.now(UTC), last_public)
        data = GenericData(dsn)
        data.make(f"{hours} hours")
        yield Place(folder, dsn, own_dsn, pid, max_age, hours), data


def embargo_hours(now: datetime, last_public: int = LAST_PUBLIC) -> int:
    """Return how old data must be, so that the last public day of the data set is, and the next is not."""
    horizon = datetime.combine(day_of(last_public + 1), time(12), UTC)
    return (now - horizon) // timedelta(hours=1)


async def _create_database(dsn: str) -> None:
    connection = await connect(dsn)
    try:
        await connection.execute("CREATE DATABASE peers")
    finally:
        await connection.close()


def publish_all(told: Sequence[Publication], data: GenericData | None, arms: Sequence[Arm]) -> None:
    """Publish to all servers, one publication after the other; *data* are the rows of the generic ones."""
    for publication in told:
        if data is not None:
            data.publish(publication)
        for arm in arms:
            arm.publish(publication)
            arm.settle(publication)


def stale_of(
    arms: Sequence[Arm], told: Sequence[Publication], data: GenericData, folder: Path
) -> dict[str, Staleness]:
    """Publish the last publication while readers look, and say what they saw."""
    own = [arm for arm in arms if isinstance(arm, ours.Ours)]
    named: list[Arm] = [ours.Named(arm) for arm in own]
    generic = ",".join(arm.name for arm in arms if not isinstance(arm, ours.Ours))
    acts = {generic: lambda: data.publish(told[-1])} if generic else {}
    if own:
        acts[",".join(each.name for each in (*own, *named))] = lambda: own[0].publish(told[-1])
    return measure_stale([*arms, *named], Truth(told), acts, folder)


def main(
    only: Annotated[str, typer.Option(help="Names of servers, split at commas; else all.")] = "",
    views: Annotated[int, typer.Option(help="Views a zoom and task.")] = 10,
    seed: Annotated[int, typer.Option(help="Of the data set and the questions.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Where all figures go as JSON.")] = None,
) -> None:
    """Ask every server, and print what was found."""
    console = Console(width=190)
    for name, how in absent().items():
        console.print(f"{name}: not installed ({how})", highlight=False, soft_wrap=True)
    told = publications(seed)
    with ExitStack() as running:
        folder = Path(running.enter_context(TemporaryDirectory(prefix="tileserver-dated-")))
        where, data = running.enter_context(place(folder))
        chosen = {name: start for name, start in starts().items() if not only or name in only.split(",")}
        arms = [running.enter_context(start(where)) for start in chosen.values()]
        publish_all(told[:-1], data, arms)
        truth, names = Truth(told[:-1]), [arm.name for arm in arms]
        asked = questions(truth, ZOOMS, views, seed)
        found = run(arms, asked, truth)
        console.print(right_table(names, found))
        console.print("\n".join(other_faults(names, found)), highlight=False)
        console.print(cost_table(names, found))
        stale = stale_of(arms, told, data, folder)
        console.print(stale_table(stale))
    if out:
        about = {
            "seed": seed,
            "views": views,
            "zooms": ZOOMS,
            "max_age": MAX_AGE_S,
            "machine": platform.platform(),
        }
        out.write_text(json.dumps({"about": about, **as_json(names, found, stale)}, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
