"""The benchmark: tiles beside Martin and other servers over one PostgreSQL. ``make bench`` runs it.

How to read it: by the ratios, never by the milliseconds. A machine's speed changes from minute to minute
with what else runs on it; so every comparison asks the servers in turn, the same question one after the
other. The processor time of a server's processes depends least on what else runs: *CPU* is that, without
PostgreSQL's, which has a column of its own.

What is compared: one worker each, real HTTP over loopback, the control layer, equal tile extent and buffer,
pools of equal size. Martin, pg_tileserv and tegola are given what dated maps are kept in everywhere, a table
with one polygon set a day and an index on day and geometry (``peer.sql``). tipg is given a function, a table
with both ends of each period, and a table of a single day, which has no time in it at all.

* *cold*: nothing of it was asked for before, and no shelf
* *rendered ahead*: the first request of a tile that lies on the shelf; the peers have no such thing
* *warm*: one address, over and over; Martin answers from its cache, the others keep nothing, and tipg
  has answered nobody at 256 connections
* *scrub*: six tiles on every day of a quarter, as snapshots, and as history tiles where there are some
* *step*: the difference from yesterday's tile (RFC 9842), which the peers do not have, by zoom and layers
* *session*: views of 4 x 4 tiles on 100 days, each asked for in three spellings of the day

What is not equal: our table carries all revisions and layers and the peers' copies only what is asked about;
we log each request to a file and they do not.

Settings, all from the environment: ``BENCH_KEPT`` the folder in which imported archives are kept
(``.tileserver-bench``), ``BENCH_DAYS`` the last days of the archive to take (0: all of it), ``BENCH_QUICK=1``
fewer questions, ``BASE`` another commit, measured in turn with this one.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from tests.bench.archive import Chosen, imported_archive, prepare
from tests.bench.client import Connection
from tests.bench.load import CONNECTIONS, Warm, measure_warm
from tests.bench.loading import run_cli
from tests.bench.measure import Cold, measure_first, walk, warm_up
from tests.bench.peers import HOW_TO_GET, present
from tests.bench.questions import Imported, Question, cold_questions
from tests.bench.servers import (
    ROOT,
    Arm,
    Database,
    change_path,
    composed_path,
    month_path,
    our_path,
    our_server,
)
from tests.bench.steps import TILESETS, changed_days, measure_steps
from tests.bench.tables import cold_table, steps_table, walk_table, warm_table
from tests.bench.targets import (
    ZOOMS,
    Target,
    ahead_targets,
    cold_targets,
    session_target,
    step_targets,
    warm_targets,
)
from tests.bench.walks import CENTRE, history_paths, last_quarter, scrub, session, session_paths
from tileserver.grid import address_at

INVENTED_DAYS = 120
SCRUB_ZOOMS = (7, 10)
OWN_ZOOMS = (6, 9, 12)
OWN = (
    (composed_path, "Control, front line and events in one, cold"),
    (month_path, "30 days of events, cold"),
    (change_path, "What changed in 60 days, cold"),
)
TIPG_CAN = 16  # connections
SEED_COLD, SEED_AHEAD, SEED_WARM_UP, SEED_STEPS = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure: tiles a zoom, seconds of a warm run, rounds of them, days of a session."""

    tiles: int = 120
    seconds: int = 3  # of which the first fraction is spent on opening connections
    rounds: int = 4
    session_days: int = 100


QUICK = Plan(tiles=40, seconds=2, rounds=2, session_days=20)


@dataclass(slots=True)
class Bench:
    """One run: what is asked about, what it prints to, and which targets it found."""

    console: Console
    plan: Plan
    imported: Imported
    shelf: Path
    targets: list[Target] = field(default_factory=list)

    def cold(self, arms: list[Arm]) -> None:
        """Measure tiles that PostgreSQL has to draw, ours alone too where the peers have nothing like it."""
        found = self._first(arms, ZOOMS, SEED_COLD)
        self.console.print(cold_table("Control, cold", arms, found))
        if (martin := _place(arms, "Martin")) is not None:
            self.targets += cold_targets(found, 0, martin)
        for path, title in OWN:
            own = [replace(arm, path=path) for arm in arms if arm.path is our_path]
            self.console.print(cold_table(title, own, self._first(own, OWN_ZOOMS, SEED_COLD, 0.25)))

    def ahead(self, arms: list[Arm]) -> None:
        """Measure the first request of tiles that lie on the shelf of the first arm."""
        arms = [arm for arm in arms if not arm.name.startswith("tipg")]
        found = self._first(arms, ZOOMS, SEED_AHEAD)
        self.console.print(cold_table("Control, the first request of what was rendered ahead", arms, found))
        if (martin := _place(arms, "Martin")) is not None:
            self.targets += ahead_targets(found, 0, martin)

    def scrubs(self, arms: list[Arm]) -> None:
        """Measure a quarter of days at two zooms, with nothing rendered ahead."""
        days, rows = last_quarter(self.imported.days), []
        for zoom in SCRUB_ZOOMS:
            for arm in arms:
                paths = [arm.path(question) for question in scrub(zoom, days)]
                rows.append((f"z{zoom}, snapshots", arm.name, walk(arm, paths)))
            rows.append(
                (f"z{zoom}, history", arms[0].name, walk(arms[0], history_paths(arms[0], zoom, days)))
            )
        self.console.print(walk_table(f"A scrub of {len(days)} days, six tiles", rows))

    def warm(self, arms: list[Arm]) -> None:
        """Measure one tile over and over, dated and immutable, by connections."""
        question = Question(address_at(*CENTRE, 8), self.imported.days[len(self.imported.days) // 2])
        paths = [arm.path(question) for arm in arms]
        connection = Connection(arms[0].port)
        reply = connection.get(paths[0])
        connection.close()
        arms, paths = [arms[0], *arms], [paths[0], reply.header("content-location"), *paths[1:]]
        names = [f"{arms[0].name}, dated", f"{arms[0].name}, immutable", *(arm.name for arm in arms[2:])]
        found: dict[int, list[Warm]] = {}
        for connections in CONNECTIONS:
            able = len(arms) - (connections > TIPG_CAN and arms[-1].name.startswith("tipg"))
            found[connections] = measure_warm(
                arms[:able], paths[:able], connections, self.plan.seconds, self.plan.rounds
            )
        self.console.print(warm_table(f"Warm, one tile of {reply.size / 1000:.1f} kB", names, found))
        if "Martin" in names:
            at = names.index("Martin")
            martin = {number: warm[at] for number, warm in found.items()}
            for which, name in enumerate(("dated", "immutable")):
                ours = {number: warm[which] for number, warm in found.items()}
                self.targets += warm_targets(name, ours, martin)

    def sessions(self, arms: list[Arm]) -> None:
        """Measure a reader's session, and that of the next reader, who looks at the same."""
        asked = session(self.imported.days, self.plan.session_days)
        rows = []
        for reader in ("session, the first reader", "session, the next reader"):
            found = {arm.name: walk(arm, session_paths(arm, asked)) for arm in arms}
            rows += [(reader, name, each) for name, each in found.items()]
            if "Martin" in found:
                self.targets.append(session_target(reader, found[arms[0].name], found["Martin"]))
        self.console.print(
            walk_table(f"Views of 4 x 4 tiles on {self.plan.session_days} days, three spellings", rows)
        )

    def steps(self, ours: Arm) -> None:
        """Measure what a step to the next day weighs, for who holds the day before."""
        number = 3 * self.plan.tiles  # they differ much
        drawn = {zoom: changed_days(self.imported, zoom, number, SEED_STEPS) for zoom in ZOOMS}
        found = {
            (layers, zoom): measure_steps(ours.port, tileset, drawn[zoom], number)
            for layers, tileset in TILESETS.items()
            for zoom in ZOOMS
        }
        self.console.print(steps_table(found))
        self.targets += step_targets(found)

    def _first(self, arms: list[Arm], zooms: tuple[int, ...], seed: int, share: float = 1) -> dict[int, Cold]:
        warm_up(arms, cold_questions(self.imported, 7, 40, SEED_WARM_UP))
        return {
            zoom: measure_first(
                arms, cold_questions(self.imported, zoom, round(self.plan.tiles * share), seed)
            )
            for zoom in zooms
        }


def main(
    days: Annotated[int, typer.Option(envvar="BENCH_DAYS", help="Last days to take; 0: all.")] = 0,
    quick: Annotated[bool, typer.Option("--quick", envvar="BENCH_QUICK", help="Ask less.")] = False,
    kept: Annotated[Path, typer.Option(envvar="BENCH_KEPT", help="Where archives are kept.")] = ROOT
    / ".tileserver-bench",
    base: Annotated[str, typer.Option(envvar="BASE", help="A commit to measure in turn.")] = "",
) -> None:
    """Measure, print the tables, and say which targets were reached."""
    console = Console(width=132, record=True)  # where nobody looks the tables still have room
    chosen = Chosen.of(days, INVENTED_DAYS)
    with ExitStack() as running:
        logs = Path(running.enter_context(TemporaryDirectory(prefix="tileserver-bench-")))
        database, folder = running.enter_context(imported_archive(kept.resolve(), chosen, ROOT, console))
        imported = asyncio.run(prepare(database.dsn))
        console.print(f"{chosen}: {len(imported.days)} days, {imported.days[0]} to {imported.days[-1]}")
        bench = Bench(console, QUICK if quick else Plan(), imported, folder / "shelf")
        peers = _peers(running, database, logs, console)
        checkouts = {"ours": (ROOT, database)}
        if base:
            checkout = running.enter_context(_checkout(base, logs))
            theirs, _ = running.enter_context(imported_archive(kept.resolve(), chosen, checkout, console))
            checkouts[f"base {base[:10]}"] = (checkout, theirs)
        _measure(bench, checkouts, peers, logs)
    for target in bench.targets:
        console.print(str(target), highlight=False)
    (kept / "last.txt").write_text(console.export_text())


def _measure(bench: Bench, checkouts: dict[str, tuple[Path, Database]], peers: list[Arm], logs: Path) -> None:
    with ExitStack() as running:
        own = [
            running.enter_context(our_server(database, logs, name, checkout, {"TILESERVER_SHELF": ""}))
            for name, (checkout, database) in checkouts.items()
        ]
        bench.cold([*own, *peers])
        bench.scrubs([*own, *[arm for arm in peers if not arm.name.startswith("tipg")]])
    with ExitStack() as running:
        own = []
        for name, (checkout, database) in checkouts.items():
            shelf = {"TILESERVER_SHELF": str(bench.shelf.with_name(f"shelf-{len(own)}"))}
            run_cli(database.dsn, "seed", "ukraine.control", checkout=checkout, more=shelf)
            own.append(running.enter_context(our_server(database, logs, name, checkout, shelf)))
        bench.ahead([*own, *peers])
        bench.steps(own[0])
        bench.sessions([*own, *[arm for arm in peers if arm.name == "Martin"]])
        tipg = [arm for arm in peers if arm.name == "tipg, one day"]
        bench.warm([*own, *[arm for arm in peers if not arm.name.startswith("tipg")], *tipg])


def _peers(running: ExitStack, database: Database, logs: Path, console: Console) -> list[Arm]:
    starts = present()
    for name, how in HOW_TO_GET.items():
        if name not in starts:
            console.print(f"{name} is not here; to have it: {how}", highlight=False, soft_wrap=True)
    return [arm for start in starts.values() for arm in running.enter_context(start(database, logs))]


@contextmanager
def _checkout(commit: str, logs: Path) -> Iterator[Path]:
    """Lend a work tree of *commit*, with the front end that is built here."""
    path = logs / "base"
    subprocess.run(["git", "worktree", "add", "--detach", path, commit], cwd=ROOT, check=True)
    try:
        (path / "tileserver/web/static").symlink_to(ROOT / "tileserver/web/static")
        yield path
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", path], cwd=ROOT, check=True)


def _place(arms: list[Arm], name: str) -> int | None:
    return next((place for place, arm in enumerate(arms) if arm.name == name), None)


if __name__ == "__main__":
    typer.run(main)
