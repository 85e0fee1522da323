"""Documents and tiles of one theatre that the page asks for, each kept at its address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec

from tileserver.export.archive import Written
from tileserver.export.excerpt import Excerpt
from tileserver.export.making import Export, Show, Target
from tileserver.site.asking import Asking
from tileserver.site.events import events_between
from tileserver.site.folder import FILES, TILES, NewSite
from tileserver.times import format_instant

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TheatreFiles:
    """Files of *site* by which the page is answered about *theatre*."""

    asking: Asking
    site: NewSite
    theatre: str
    show: Show

    async def write(self, zooms: tuple[int, ...]) -> tuple[list[Written], list[dict[str, str]]]:
        """Write all files; return the archives, of tiles of *zooms*, and the pieces of events, ascending."""
        tileset = f"tilesets/{self.theatre}"
        document = msgspec.json.decode(await self.asking.needed(f"/{tileset}"))
        archives = await self._archives(zooms)
        periods = document["time"]["history"]["periods"]
        self.site.keep_json(tileset, self._tilejson(document, archives, zooms))
        for address in (f"{tileset}/timeline", f"{tileset}/places", f"corrections/{self.theatre}.json"):
            await self._keep(address)
        await self._measures(document)
        span = document["time"]["first_day"], document["time"]["last_day"]
        roles = {each["id"]: each["role"] for each in document["vector_layers"]}
        notes = next((name for name, role in roles.items() if role == "notes"), None)
        for first, last in months_of(periods, *map(date.fromisoformat, span)) if notes else ():
            when = f"{first}" if first == last else f"{first}/{last}"
            await self._keep(f"tiles/{self.theatre}.{notes}/0/0/0.mvt?datetime={when}", ".mvt")
        names = [name for name, role in roles.items() if role == "events"]
        return archives, [await self._events(names, period) for period in periods] if names else []

    async def _keep(self, address: str, suffix: str = ".json") -> None:
        """Keep the answer at *address*, unless nothing is there."""
        body = await self.asking.ask(f"/{address}")
        if body is not None:
            self.site.keep(address, body, suffix)

    async def _archives(self, zooms: tuple[int, ...]) -> list[Written]:
        """Write an archive for each period of history."""
        source = self.asking.source
        tileset = (await self.asking.current.catalogue()).tileset(self.theatre)
        plain = Excerpt(tileset, zooms)
        parts = [plain.in_period(each) for each in await source.history.periods(tileset)]
        if not parts:
            return []
        folder = self.site.folder / TILES
        export = Export(source, parts, [None for _ in parts], Target(folder, ".pmtiles"), self.show)
        made = await export.run()
        (folder / f"{self.theatre}-history.json").unlink()  # the tileset's document is the list of them
        return made

    def _tilejson(
        self, document: Mapping[str, Any], archives: Sequence[Written], zooms: tuple[int, ...]
    ) -> dict[str, Any]:
        """Return *document* with archives for addresses of a server, and the moment.

        There are no tiles of dates, so it has no ``tiles``; and nobody who compares two of them.
        """
        time = document["time"]
        stem = f"{self.theatre}-history-"
        periods = [
            {**period, "id": made.path.stem.removeprefix(stem)}
            for period, made in zip(time["history"]["periods"], archives, strict=True)
        ]
        history = {
            "tiles": f"{TILES}/{stem}{{period}}.pmtiles",
            "periods": periods,
            "without": time["history"]["without"],
        }
        own = {
            **time,
            "published": format_instant(self.asking.moment.replace(microsecond=0)),
            "days": f"tilesets/{self.theatre}/timeline",
            "gains": time["gains"] and f"tilesets/{self.theatre}/gains.json",
            "changes": None,
            "history": history,
        }
        kept = {
            name: value for name, value in document.items() if name not in ("tiles", "tilejson", "scheme")
        }
        return {**kept, "minzoom": zooms[0], "maxzoom": zooms[-1], "time": own}

    async def _measures(self, document: Mapping[str, Any]) -> None:
        """Keep km2 and gains by day, where there are any."""
        areas = next((each["id"] for each in document["vector_layers"] if each["role"] == "areas"), None)
        if areas:
            await self._keep(f"tilesets/{self.theatre}.{areas}/km2.json")
        if document["time"]["gains"]:
            await self._keep(f"tilesets/{self.theatre}/gains.json")

    async def _events(self, names: Sequence[str], period: Mapping[str, str]) -> dict[str, str]:
        first, last = date.fromisoformat(period["first_day"]), date.fromisoformat(period["last_day"])
        found = await events_between(self.asking, self.theatre, names, first, last)
        path = self.site.file(f"{self.theatre}-events-{first}", msgspec.json.encode(found), ".json")
        assert path.startswith(FILES)
        return {"first": first.isoformat(), "last": last.isoformat(), "file": path}


def months_of(periods: Sequence[Mapping[str, str]], first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield the months, cut to the *periods* and the public days, in which the page asks for notes.

    As ``monthsOf`` of the front end's ``notes.ts``; all days are inclusive.
    """
    for period in periods:
        start = max(date.fromisoformat(period["first_day"]), first)
        end = min(date.fromisoformat(period["last_day"]), last)
        while start <= end:
            following = (start.replace(day=1) + 31 * _DAY).replace(day=1)
            yield start, min(end, following - _DAY)
            start = following
