"""The dearest requests of each kind: addresses not asked for before, over all public days and zooms."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tests.endurance.client import Pipe
from tileserver.grid import address_at

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request: its name, what bounds it, and an address of it, drawn by *chance*."""

    name: str
    bound: str
    path: Callable[[random.Random], str]


@dataclass(frozen=True, slots=True)
class Public:
    """What is public of the map: its theatre and areas, the days, bounds of the places that change."""

    theatre: str
    layer: str
    days: tuple[date, ...]
    changes: tuple[date, ...]  # days with another state of the areas than the day before
    bounds: tuple[float, float, float, float]  # west, south, east, north
    zooms: tuple[int, int]
    revisions: int
    history: tuple[str, ...]  # periods

    def moment(self, chance: random.Random) -> str:
        """Return an hour of a public day."""
        return f"{chance.choice(self.days)}T{chance.randrange(24):02}:00:00Z"

    def period(self, chance: random.Random) -> str:
        """Return two different hours, the earlier first; most of the public days lie between."""
        first = datetime.combine(self.days[0], datetime.min.time(), UTC)
        hours = 24 * (len(self.days) - 1)
        start, end = chance.randrange(hours // 4), hours - chance.randrange(hours // 4)
        return "/".join(f"{first + number * _HOUR:%Y-%m-%dT%H:%M:%SZ}" for number in (start, end))

    def states_apart(self, chance: random.Random) -> str:
        """Return two days with different states, in any order."""
        return "/".join(map(str, chance.sample(self.changes, 2)))

    def address(self, chance: random.Random, low: int, high: int) -> str:
        """Return the address of a tile of the zooms *low* to *high*."""
        west, south, east, north = self.bounds
        place = chance.uniform(west, east), chance.uniform(south, north)
        return str(address_at(*place, chance.randint(low, high)))

    def tile(self, chance: random.Random) -> str:
        """Return a tile of the areas, as a reader asks for it."""
        low, high = self.zooms
        address = self.address(chance, max(low, 4), high)
        return f"/tiles/{self.layer}/{address}.mvt?datetime={self.moment(chance)}"

    def kinds(self) -> list[Kind]:
        """Return the kinds, the ones that come with a lane of their own first."""
        theatre, layer, low, high = self.theatre, self.layer, *self.zooms
        known = range(1, self.revisions + 1)
        return [
            Kind("changes, totals", "lane", lambda c: f"/changes/{layer}/{self.states_apart(c)}.json"),
            Kind(
                "changes, tile z0", "lane", lambda c: f"/changes/{theatre}/{self.states_apart(c)}/0/0/0.mvt"
            ),
            Kind(
                "changes, tiles",
                "lane",
                lambda c: f"/changes/{theatre}/{self.states_apart(c)}/{self.address(c, low, high)}.mvt",
            ),
            Kind("km2", "lane", lambda c: f"/tilesets/{layer}/km2.json?datetime={self.period(c)}"),
            Kind("timeline", "lane", lambda c: f"/tilesets/{theatre}/timeline?revision={c.choice(known)}"),
            Kind(
                "history, tile",
                "lane",
                lambda c: f"/history/{theatre}/{c.choice(self.history)}/{self.address(c, low, high)}.mvt",
            ),
            Kind(
                "window of events",
                "lane",
                lambda c: (
                    f"/tiles/{theatre}/{self.address(c, low, min(high, 8))}.mvt?datetime={self.period(c)}"
                ),
            ),
            Kind("state tile, cold", "pool", self.tile),
            Kind("TileJSON", "kept", lambda c: f"/tilesets/{theatre}?datetime={self.moment(c)}"),
        ]


async def public_of(port: int) -> Public:
    """Return what the server at *port* has: the war where it has one, else the island."""
    pipe = Pipe(port)
    is_war = b'"ukraine"' in (await pipe.get("/tilesets")).body
    theatre, layer = ("ukraine", "ukraine.control") if is_war else ("merrow", "merrow.zones")
    about = json.loads((await pipe.get(f"/tilesets/{theatre}")).body)
    timeline = json.loads((await pipe.get(f"/tilesets/{layer}/timeline")).body)
    pipe.close()
    time = about["time"]
    first, last = (date.fromisoformat(time[name]) for name in ("first_day", "last_day"))
    return Public(
        theatre,
        layer,
        tuple(first + timedelta(number) for number in range((last - first).days + 1)),
        tuple(sorted({datetime.fromisoformat(each["at"]).date() for each in timeline["changes"]})[:-1]),
        (33.0, 46.5, 39.0, 50.5) if is_war else (-30.5, 44.4, -28.4, 45.5),
        (about["minzoom"], about["maxzoom"]),
        time["revision"],
        tuple(each["id"] for each in time["history"]["periods"]),
    )
