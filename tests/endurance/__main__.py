"""Long trials of a real server, each a command: soak, night, fuzz, breakage, scaleout, costs; 1 on a fault.

``--over`` takes a data folder of an installation, which is copied; without it two months of the real archive
are imported where they are present, else an invented archive.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
import uvloop

from tests.conftest import ROOT
from tests.endurance.breakage import LEGEND, Outcome
from tests.endurance.breakage import breakage as suffer_all
from tests.endurance.costs import table
from tests.endurance.described import ask as ask_described
from tests.endurance.faults import ALONE, SHARED, STANDBY, Fault
from tests.endurance.fuzz import fuzz as run_fuzz
from tests.endurance.scaled import scaled_out
from tests.endurance.scaleout import KILLS, MAX_AGE_S, matrix
from tests.endurance.scaleout import LEGEND as SCALED
from tests.endurance.simulated import simulate as run_simulation
from tests.endurance.stage import Stage, import_island, stage
from tests.endurance.traffic import Choose, night_of, readers_of
from tests.endurance.trial import Terms, conclude, say, trial

Over = Annotated[Path | None, typer.Option(help="A data folder to copy.", exists=True)]
Workers = Annotated[int, typer.Option(help="Processes of the server.")]
Acts: TypeAlias = tuple[tuple[tuple[Fault, ...], dict[str, Any]], ...]
Only = Annotated[list[str] | None, typer.Option(help="A kind of request, by its name; else all.")]
app = typer.Typer(add_completion=False)


@app.command()
def soak(minutes: float = 20.0, workers: Workers = 1, over: Over = None) -> None:
    """80 % of what was measured, with imports, corrections and withdrawals meanwhile."""
    with stage(over=over, WORKERS=str(workers)) as place:
        sys.exit(_tried(place, readers_of(place), Terms(minutes)))


@app.command()
def night(minutes: float = 10.0, rate: float = 4000.0, workers: Workers = 1, over: Over = None) -> None:
    """A breaking night: *rate* requests a second while an import and a withdrawal run."""
    with stage(over=over, WORKERS=str(workers)) as place:
        terms = Terms(minutes, rate, connections=128, sampled=400, pause_s=30.0, most_queries=20.0)
        sys.exit(_tried(place, night_of(place), terms))


@app.command()
def fuzz(minutes: float = 10.0, over: Over = None) -> None:
    """Requests of all shapes: no 500, no hang, no growth; then as long those that /api describes."""
    with stage(over=over) as place:
        faults = run_fuzz(place, minutes * 60)
        if not faults:
            faults = ask_described(place.port, minutes * 60, ROOT / ".tileserver-fuzz")
        say("\n".join(faults[:40]) or "passed")
        sys.exit(bool(faults))


@app.command()
def breakage(over: Over = None, only: str = typer.Option("", help="Part of the names of faults.")) -> None:
    """Faults under load: PostgreSQL, shelf, shared tier, clock, workers, hostile connections."""
    outcomes: list[Outcome] = []
    acts: Acts = ((ALONE, {"disk_mb": 256}), (SHARED, {"shared": True}), (STANDBY, {"standby": True}))
    for faults, terms in acts:
        if chosen := [fault for fault in faults if only in fault.name]:
            with stage(over=over, WORKERS="2", TILESERVER_POOL="4", **terms) as place:
                outcomes += _run(suffer_all(place, chosen))
    say(f"\n{LEGEND}\n")
    for outcome in outcomes:
        say(f"{outcome.fault.name:30}  {'; '.join(outcome.faults) or 'passed'}")
    sys.exit(any(outcome.faults for outcome in outcomes))


@app.command()
def scaleout(rate: float = 60.0, away: float = 5.0) -> None:
    """Two servers, store, primary, standby and nginx, of which each is killed while readers ask."""
    with scaled_out(import_island, MAX_AGE_S) as place:
        outcomes = _run(matrix(place, KILLS, rate=rate, away_s=away))
    say(f"\n{SCALED}\n")
    for outcome in outcomes:
        for each in (*outcome.found.wrong[:5], *outcome.found.examples[:3]):
            say(f"{outcome.name}: {each}")
    sys.exit(any(outcome.found.wrong for outcome in outcomes))


@app.command()
def simulate(rate: float = 100.0, seconds: float = 45.0) -> None:
    """Readers through the cache before two servers, before, during and after a publication."""
    run_simulation(rate, seconds)


@app.command()
def costs(seconds: float = 10.0, over: Over = None, only: Only = None) -> None:
    """What the dearest request of each kind costs, and what 100 clients of it do to everyone else."""
    with stage(
        over=over,
        TILESERVER_SHELF="",  # nothing is known before it is asked for
        TILESERVER_AHEAD="off",
        TILESERVER_TRUSTED_PROXIES="127.0.0.1",
        TILESERVER_RATE="500",
    ) as place:
        _run(table(place, seconds, only or ()))


def _tried(place: Stage, choose: Choose, terms: Terms) -> int:
    return conclude(_run(trial(place, choose, terms)), place.folder / "server.log")


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


if __name__ == "__main__":
    app()
