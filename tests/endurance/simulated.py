"""The simulation: what is told before and meanwhile, the phases, and prices of requests."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.bench.generate import (
    LON_NORTH,
    LON_SOUTH,
    NORTH,
    SOUTH,
    Scale,
    snapshots,
    write_events,
    write_snapshots,
)
from tests.bench.loading import run_cli
from tests.endurance.carried import Cost
from tests.endurance.client import Pipe
from tests.endurance.scaled import Place, scaled_out
from tests.endurance.sessions import ARTICLES, PLACES, Ask, Period, Readers, Scene
from tests.endurance.simulate import Crowd, Work, hit_s, priced, work_of
from tests.endurance.tables import MAX_AGE_S, by_kind, by_phase, kept_by_kind, price_list, what_follows
from tests.endurance.trial import say

_SCALE = Scale(days=75, vertices=1_500, changes=80, events=800)
_CORRECTED = 8  # days before the end
_THEATRE = "ukraine"
_PRICED, _AGAIN = 25, 8
_ASSET = re.compile(r"static/assets/[\w.-]+")


class Data:
    """Files of an invented war in *folder*: all but its last day, and that with a correction."""

    def __init__(self, folder: Path) -> None:
        self._told, self._events, self._next = (
            folder / name for name in ("told.tar", "events.csv", "next.tar")
        )
        days = list(snapshots(_SCALE, np.random.default_rng(1)))
        write_snapshots(self._told, days[:-1])
        at, corrected = days[-_CORRECTED]
        write_snapshots(self._next, [(at, corrected[:-1]), days[-1]])
        write_events(self._events, replace(_SCALE, days=_SCALE.days - 1))

    def tell(self, dsn: str) -> None:
        """Import what is known before."""
        run_cli(dsn, "theatre", "add", _THEATRE)
        run_cli(dsn, "import", f"{_THEATRE}.control", str(self._told))
        run_cli(dsn, "import", f"{_THEATRE}.events", str(self._events))

    def publish(self, dsn: str) -> None:
        """Publish the last day, and correct one."""
        run_cli(dsn, "import", f"{_THEATRE}.control", str(self._next), "--accept", "simulation")


async def scene_of(port: int, places: Sequence[tuple[float, float]]) -> Scene:
    """Return what a server tells now."""
    pipe = Pipe(port)
    about = json.loads((await pipe.get(f"/tilesets/{_THEATRE}")).body)["time"]
    page = (await pipe.get(f"/embed?theatre={_THEATRE}")).body.decode()
    pipe.close()
    periods = [
        Period(each["id"], *map(_day, (each["first_day"], each["last_day"])))
        for each in about["history"]["periods"]
    ]
    head, _, rest = page.partition("<head>")
    own = dict.fromkeys(_ASSET.findall(rest) + _ASSET.findall(head))
    return Scene(
        _THEATRE,
        _day(about["first_day"]),
        _day(about["default"]),
        periods,
        places,
        [f"/{each}" for each in own],
    )


def _day(text: str) -> date:
    return date.fromisoformat(text)


def along_the_front(number: int, seed: int) -> list[tuple[float, float]]:
    """Return places near the front, in degrees, by a rank that is no order of theirs."""
    chance, found = random.Random(seed), []
    for _ in range(number):
        along = chance.random()
        lon, lat = LON_NORTH + along * (LON_SOUTH - LON_NORTH), NORTH + along * (SOUTH - NORTH)
        found.append((lon + chance.gauss(0, 0.3), lat + chance.gauss(0, 0.2)))
    return found


async def run(place: Place, data: Data, rate: float, seconds: float) -> None:
    """Let readers read, publish meanwhile, price requests, and print the tables."""
    places = along_the_front(max(PLACES, ARTICLES), 1)
    before = await work_of(place)
    await asyncio.sleep(5)
    idle = (await work_of(place)).since(before)
    scene = await scene_of(place.apart.port, places)
    crowd = Crowd(place, Readers(scene), rate)
    asking = asyncio.create_task(crowd.run())
    phases = [await crowd.phase("warming up", seconds), await crowd.phase("before", seconds)]
    publishing = asyncio.create_task(_published(place, data, crowd))
    phases.append(await crowd.phase("during", seconds, publishing))
    phases.append(await crowd.phase("after", seconds))
    crowd.over = True
    await asking
    for table in (by_phase(phases, idle), by_kind(phases)):
        say(f"\n{table}")
    scene = crowd.readers.scene
    prices = await priced(place, _strangers(scene, crowd.seen), _PRICED, _AGAIN)
    costs = {kind: cost_of(*each, idle) for kind, each in prices.items()}
    say(f"\n{price_list(costs)}")
    tile = f"/tiles/{_THEATRE}/6/37/22.mvt?datetime={scene.newest}"
    hit = await hit_s(place.port, place.cache.master.pid, tile)
    say(f"\n{what_follows(scene, kept_by_kind(phases), costs, phases, hit)}")


async def _published(place: Place, data: Data, crowd: Crowd) -> None:
    """Publish, and let the sessions that begin then look at the new day, once the servers tell it."""
    begun, newest = time.monotonic(), crowd.readers.scene.newest
    await asyncio.to_thread(data.publish, place.primary.dsn)
    done = time.monotonic()
    places = crowd.readers.scene.places
    while (scene := await scene_of(place.apart.port, places)).newest == newest:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.1)
    crowd.readers = Readers(scene)
    say(f"published in {done - begun:.0f} s, told {time.monotonic() - done:.1f} s later")


def _strangers(scene: Scene, seen: set[str]) -> Iterator[Ask]:
    """Yield requests of readers elsewhere that nobody has asked, but for files of the build."""
    chance = random.Random(3)
    readers = Readers(scene._replace(places=along_the_front(max(PLACES, ARTICLES), 2)))
    while True:
        for ask in readers.session(chance):
            if ask.kind in ("static", "basemap") or ask.path not in seen:
                yield ask


def cost_of(first: Work, again: Work, number: int, idle: Work) -> Cost:
    """Return the cost of one of *number* requests, less what the parts do while nobody asks."""

    def each(work: Work, name: str, asked: int) -> float:
        spent = getattr(work, name) - getattr(idle, name) * work.at / idle.at
        return max(float(spent), 0.0) / asked

    databases = each(first, "primary", number) + each(first, "standby", number)
    return Cost(
        each(first, "servers", number),
        each(again, "servers", number * _AGAIN),
        databases,
        each(first, "statements", number),
    )


def simulate(rate: float, seconds: float) -> None:
    """Run everything; *rate* requests a second, *seconds* for each phase."""
    with TemporaryDirectory(prefix="tileserver-simulate-") as folder:
        data = Data(Path(folder))
        with scaled_out(data.tell, MAX_AGE_S, "shared_preload_libraries=pg_stat_statements") as place:
            place.primary.psql("CREATE EXTENSION pg_stat_statements")
            asyncio.run(run(place, data, rate, seconds))
