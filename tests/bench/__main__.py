"""The benchmark: imports and tiles, beside tipg over the same database. ``make bench`` runs it.

How to read it: by the ratios, never by the milliseconds. A machine's speed changes from minute to minute
with what else runs on it; so every comparison asks the servers in turn, the same question one after the
other, and gives the median of the paired ratios with a 95 % bootstrap interval. An interval that holds 1
says that no difference was seen. The processor time of the server process alone depends least on what
else runs.

What is compared: one server process each, uvicorn with uvloop, real HTTP over loopback from one client,
gzip, the control layer, equal tile extent and buffer. The client and both servers share the machine's
cores, and of the client's own work a fast server seems slower than it is. tipg has no question for "what held
at an instant", so it is given three ways, each over a copy with an index of its own (``peer.sql``):

* *function*: a SQL function with the instant as its parameter; tipg takes functions for EPSG:4326
* *filter*: a table with both ends of the period, asked with a CQL2 filter
* *one day*: a table that holds a single day: no time at all. Cold, ours still answers at any date

What is not compared: tipg keeps no tiles, so warm it does its work anew, and that is the point of the warm
table; our table carries all revisions and layers and tipg's copies only what is asked about; we log each
request and it does not. Composed tiles it has none; windows of events it could answer from one column, which
is not measured.

To compare with another commit of our own: ``git archive COMMIT | tar -x -C ELSEWHERE``, then
``.venv/bin/python -m tests.bench --no-peer --against ELSEWHERE``: both serve the same database, in turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from tests.bench.generate import Scale, write_archive, write_events
from tests.bench.loading import import_layer, run_cli, table_bytes
from tests.bench.measure import Cold, Warm, measure_cold, measure_warm, warm_up
from tests.bench.questions import Imported, cold_questions, one_day_questions, read_imported
from tests.bench.servers import (
    ROOT,
    Arm,
    change_path,
    composed_path,
    has_tipg,
    month_path,
    our_path,
    our_server,
    tipg_server,
)
from tests.bench.tables import cold_table, import_table, warm_table
from tests.conftest import ARCHIVE, DATA, EVENTS
from tileserver.embedded.cluster import Cluster
from tileserver.store.connect import connect
from tileserver.times import format_instant

console = Console(width=132)  # where nobody looks the tables still have room
OWN_ZOOMS = (6, 9, 12)
WARM_TILES = 16
DEFAULT = Scale()
PEER_SQL = (Path(__file__).parent / "peer.sql").read_text()
SEED_MEASURED, SEED_WARM_UP = 1, 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: zooms, cold tiles a zoom, seconds a warm run, rounds of runs."""

    zooms: tuple[int, ...]
    tiles: int
    seconds: float
    rounds: int


def main(
    days: Annotated[int, typer.Option(help="Days of the invented archive.")] = DEFAULT.days,
    vertices: Annotated[int, typer.Option(help="Vertices a day.")] = DEFAULT.vertices,
    changes: Annotated[int, typer.Option(help="Vertices that move a day.")] = DEFAULT.changes,
    events: Annotated[int, typer.Option(help="Events in all.")] = DEFAULT.events,
    seed: Annotated[int, typer.Option(help="Of the invented archive.")] = 1,
    zooms: Annotated[str, typer.Option(help="Zooms to measure.")] = "4,6,8,10,12,14",
    tiles: Annotated[int, typer.Option(help="Cold tiles a zoom.")] = 100,
    seconds: Annotated[float, typer.Option(help="Seconds of one warm run.")] = 0.5,
    rounds: Annotated[int, typer.Option(help="Warm runs of each server.")] = 4,
    real: Annotated[bool, typer.Option("--real", help="The real archive and events, where present.")] = False,
    peer: Annotated[bool, typer.Option("--peer/--no-peer", help="Measure beside tipg.")] = True,
    against: Annotated[
        Path | None, typer.Option(help="Another checkout of this project.", exists=True)
    ] = None,
) -> None:
    """Measure imports and tiles; the module's docstring says how to read the tables."""
    plan = Plan(tuple(map(int, zooms.split(","))), tiles, seconds, rounds)
    if peer and not has_tipg():
        console.print("tipg is not installed, so there is no peer: pip install -r requirements-dev.txt")
        peer = False
    scale = Scale(days, vertices, changes, events)
    with TemporaryDirectory(prefix="tileserver-bench-") as name:
        folder = Path(name)
        sources = _real_sources() if real else _invented_sources(folder, scale, seed)
        with _cluster(folder) as dsn:
            run_cli(dsn, "theatre", "add", "ukraine")
            imports = [import_layer(dsn, layer, path) for layer, path in sources.items()]
            console.print(import_table(imports, table_bytes(dsn)))
            asyncio.run(_bench(dsn, folder, plan, against and against.resolve(), peer=peer))


def _real_sources() -> dict[str, Path]:
    if not DATA.exists():
        raise typer.BadParameter(f"--real: there is no {DATA.name} folder beside the repository")
    return {"control": ARCHIVE, "events": EVENTS}


def _invented_sources(folder: Path, scale: Scale, seed: int) -> dict[str, Path]:
    sources = {"control": folder / "invented.tar", "events": folder / "invented.csv"}
    write_archive(sources["control"], scale, seed)
    write_events(sources["events"], scale, seed)
    console.print(
        f"Invented: {scale.days} days, {scale.vertices} vertices a day of which {scale.changes} move,"
        f" {scale.events} events, seed {seed}"
    )
    return sources


@contextmanager
def _cluster(folder: Path) -> Iterator[str]:
    cluster = Cluster.at(folder / "cluster")
    try:
        with cluster.running() as dsn:
            yield dsn
    finally:
        cluster.remove()


async def _bench(dsn: str, folder: Path, plan: Plan, checkout: Path | None, *, peer: bool) -> None:
    imported = await _prepared(dsn, peer=peer)
    with ExitStack() as running:
        arms = list(running.enter_context(our_server(dsn, ROOT, folder / "ours.log", "ours")))
        if checkout:
            log = folder / "other.log"
            arms += running.enter_context(our_server(dsn, checkout, log, "other checkout"))
        if peer:
            arms += running.enter_context(tipg_server(dsn, folder))
        await _measure(arms, imported, plan)


async def _prepared(dsn: str, *, peer: bool) -> Imported:
    """Give PostgreSQL its statistics and the peer its copies; return what to ask questions about."""
    connection = await connect(dsn)
    try:
        layer = await connection.fetchval(
            "SELECT id FROM layer WHERE theatre = 'ukraine' AND name = 'control'"
        )
        imported = await read_imported(connection, layer)
        await connection.execute("VACUUM ANALYZE feature_version, face")
        if peer:
            await connection.execute(PEER_SQL.format(layer=layer, day=format_instant(imported.middle)))
        return imported
    finally:
        await connection.close()


async def _measure(arms: list[Arm], imported: Imported, plan: Plan) -> None:
    await warm_up(arms, cold_questions(imported, 7, 40, SEED_WARM_UP))
    await _measure_kind(arms, imported, plan, plan.zooms, "Control")
    kinds = (
        (composed_path, "Control, front line and events in one"),
        (month_path, "30 days of events"),
        (change_path, "What changed in 60 days, each cold tile of other dates"),
    )
    for path, kind in kinds:
        own = [replace(arm, path=path) for arm in arms if arm.path is our_path]
        await _measure_kind(own, imported, plan, OWN_ZOOMS, kind)


async def _measure_kind(
    arms: list[Arm], imported: Imported, plan: Plan, zooms: tuple[int, ...], kind: str
) -> None:
    cold: dict[int, Cold] = {}
    warm: dict[int, list[Warm]] = {}
    for zoom in zooms:
        questions = cold_questions(imported, zoom, plan.tiles, SEED_MEASURED)
        cold[zoom] = await measure_cold(arms, questions)
    console.print(cold_table(kind, arms, cold))
    for zoom in zooms:
        questions = one_day_questions(imported, zoom, WARM_TILES)
        warm[zoom] = await measure_warm(arms, questions, plan.seconds, plan.rounds)
    console.print(warm_table(kind, arms, warm))


if __name__ == "__main__":
    typer.run(main)
