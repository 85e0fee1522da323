"""Sessions of readers, Zipf-shaped: what each kind of reader asks for, and how often each answer is.

What a browser asks for when it opens an embed or the map, steps through days, pans, and comes to rest was
read from nginx's log while Chromium did so. The shares of readers and the sizes of their steps are
assumptions, and stand here. Few places and articles, and the newest day, are looked at by most.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple, TypeAlias

from tileserver.grid import TileAddress, address_at

PLACES, ARTICLES, EXPONENT = 200, 30, 1.1  # the place, the article of rank r draws 1 / r ** EXPONENT
COLUMNS, ROWS = 3, 2  # tiles of a view
ZOOMS, ZOOM_SHARES = (5, 6, 7, 8, 9, 10), (15, 25, 25, 20, 10, 5)
GOES_ON = 0.3  # of embeds whose picture becomes the map
HOLDS_STATIC = 0.5  # of browsers that were here before
OPENS_NEWEST = 0.85  # of maps without a day of their own
_SIZES = ((5, 1600, 900), (4.83, 1200, 720), (4, 480, 720))  # of pictures: zoom, px
_CODINGS = {"gzip, deflate, br, zstd": 0.7, "gzip, deflate, br": 0.25, "gzip": 0.05}
_TONGUES = (
    "en-US,en;q=0.9",
    "en-GB,en;q=0.8",
    "uk-UA,uk;q=0.9,en;q=0.7",
    "de-DE,de;q=0.9,en;q=0.8",
    "fr-FR,fr;q=0.9",
    "ru-RU,ru;q=0.9,uk;q=0.8",
    "en-US,en;q=0.5",
    "pl-PL,pl;q=0.9,en;q=0.7",
)


class Period(NamedTuple):
    """A period of the history by its name, from its first day to its last."""

    name: str
    first: date
    last: date


class Scene(NamedTuple):
    """What is told now: the newest day, all before it, periods; *places* are degrees by their rank."""

    theatre: str
    first: date
    newest: date
    periods: Sequence[Period]
    places: Sequence[tuple[float, float]]
    assets: Sequence[str]  # of the build: the first ones are an embed's until it becomes the map


class Ask(NamedTuple):
    """A request: its kind, its path, and the headers that are the reader's own.

    An immutable one has the dated path of the same content, whose answer says the name.
    """

    kind: str
    path: str
    coding: str = ""
    tongue: str = ""
    address: str = ""  # of the reader
    span: tuple[int, int] | None = None  # of bytes, both inclusive

    @property
    def headers(self) -> str:
        """Lines of the request."""
        lines = f"Accept-Encoding: {self.coding}\r\nAccept-Language: {self.tongue}\r\n"
        lines += f"X-Forwarded-For: {self.address}\r\n"
        return lines + (f"Range: bytes={self.span[0]}-{self.span[1]}\r\n" if self.span else "")


Session: TypeAlias = Iterator[tuple[str, str]]  # kinds and paths


class Readers:
    """Readers of a scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._ranks = [1 / rank**EXPONENT for rank in range(1, max(PLACES, ARTICLES) + 1)]

    def session(self, chance: random.Random) -> Iterator[Ask]:
        """Yield what one reader asks for."""
        (kind,) = chance.choices(list(KINDS), [share for share, _ in KINDS.values()])
        (coding,) = chance.choices(list(_CODINGS), list(_CODINGS.values()))
        (tongue,) = chance.choices(_TONGUES, self._ranks[: len(_TONGUES)])
        has_static, seen = chance.random() < HOLDS_STATIC, set[tuple[str, str]]()
        address = f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
        for what, path in KINDS[kind][1](self, chance):
            is_held = has_static and what in ("static", "basemap")
            if (what, path) in seen or is_held:
                continue
            seen.add((what, path))
            yield _ask(what, path, "gzip" if kind == "mobile" else coding, tongue)._replace(address=address)

    def _embed(self, chance: random.Random) -> Session:
        """An article with an embed: at first its picture, and for some the map."""
        scene, (article,) = self.scene, chance.choices(range(ARTICLES), self._ranks[:ARTICLES])
        day = scene.newest - timedelta(days=0 if article % 3 == 0 else article % 25)
        at = "" if article % 3 == 0 else f"&at={day}"
        yield "static", "/embed.js"
        yield "page", f"/embed?theatre={scene.theatre}{at}"
        yield from (("static", path) for path in scene.assets[:6])
        yield "picture", self._picture(day, chance)
        if chance.random() < GOES_ON:
            yield from self._map(chance, scene.places[article], 5, day)

    def _scrub(self, chance: random.Random) -> Session:
        """The reader's page: look around, and drag the slider back through days."""
        (place,), (zoom,) = (
            chance.choices(self.scene.places, self._ranks[:PLACES]),
            chance.choices(ZOOMS, ZOOM_SHARES),
        )
        day = self._day(chance)
        yield "page", "/" if day == self.scene.newest else f"/?at={day}"
        yield "picture", self._picture(day, chance)
        yield from self._map(chance, place, zoom, day)
        for _ in range(chance.randrange(4)):
            place = _beside(place, zoom, chance)
            yield from self._view(place, zoom, day)
        for _ in range(chance.randrange(1, 6)):  # rests of the slider
            day = max(day - timedelta(days=chance.randrange(1, 12)), self.scene.first)
            yield from self._view(place, zoom, day)

    def _mobile(self, chance: random.Random) -> Session:
        """An app: a style of a date, and its dated tiles."""
        scene, day = self.scene, self._day(chance)
        (place,), (zoom,) = (
            chance.choices(scene.places, self._ranks[:PLACES]),
            chance.choices(ZOOMS, ZOOM_SHARES),
        )
        yield "document", f"/styles/{scene.theatre}-mobile.json?datetime={day}"
        yield "document", f"/tilesets/{scene.theatre}?datetime={day}"
        yield "static", "/sprites/signs.json"
        yield "static", "/sprites/signs.png"
        yield "static", "/fonts/Fira%20Sans%20Regular/0-255.pbf"
        yield "static", "/fonts/Fira%20Sans%20Regular/1024-1279.pbf"
        for _ in range(chance.randrange(1, 5)):
            yield from ((("dated"), self._dated(tile, day)) for tile in view(place, zoom))
            place = _beside(place, zoom, chance)

    def _partner(self, chance: random.Random) -> Session:
        """A partner's program: what changed, events, and the tiles of a place under names that stay."""
        scene, day = self.scene, self._day(chance)
        (place,), (zoom,) = (
            chance.choices(scene.places, self._ranks[:PLACES]),
            chance.choices(ZOOMS, ZOOM_SHARES),
        )
        yield "document", f"/tilesets/{scene.theatre}/timeline"
        yield "document", f"/tilesets/{scene.theatre}/changed?since=1&datetime={day}&zooms=0-9"
        yield "document", f"/tilesets/{scene.theatre}.events/events.json?datetime={day}"
        for tile in view(place, zoom):
            yield "dated", self._dated(tile, day)
            yield "immutable", self._dated(tile, day)

    def _map(self, chance: random.Random, place: tuple[float, float], zoom: int, day: date) -> Session:
        """What the map asks for before anybody moves it."""
        scene, theatre = self.scene, self.scene.theatre
        yield from (("static", path) for path in scene.assets)
        for path in (
            "",
            f"/{theatre}",
            f"/{theatre}/timeline",
            f"/{theatre}/places",
            f"/{theatre}/gains.json",
        ):
            yield "document", f"/tilesets{path}"
        for number in range(chance.randrange(5, 9)):
            name = ("world", "regions")[number % 2]
            first = 0 if number < 2 else 16384 * chance.randrange(1, 40)
            yield "basemap", f"/static/basemap/{name}.pmtiles {first}-{first + 16383}"
        yield from self._view(place, zoom, day)

    def _view(self, place: tuple[float, float], zoom: int, day: date) -> Session:
        """A view at rest: tiles of its period, gains of a month, and what was gained in it and in a week."""
        theatre, tiles = self.scene.theatre, view(place, zoom)
        period = next(
            (each for each in self.scene.periods if each.first <= day <= each.last), self.scene.periods[-1]
        )
        kind = "open history" if "open" in period.name else "history"
        yield from ((kind, f"/history/{theatre}/{period.name}/{tile}.mvt") for tile in tiles)
        month = max(day - timedelta(days=29), self.scene.first)
        yield "document", f"/tilesets/{theatre}.control/km2.json?datetime={day}"
        yield "document", f"/tilesets/{theatre}/gains.json?datetime={month}%2F{day}"
        yield "dated", f"/tiles/{theatre}.notes/0/0/0.mvt?datetime={day.replace(day=1)}/{day}"
        for before in (30, 7):
            since = max(day - timedelta(days=before), self.scene.first)
            yield from (("change", f"/changes/{theatre}/{since}/{day}/{tile}.mvt") for tile in tiles)

    def _day(self, chance: random.Random) -> date:
        if chance.random() < OPENS_NEWEST:
            return self.scene.newest
        return max(self.scene.newest - timedelta(days=int(chance.expovariate(1 / 12))), self.scene.first)

    def _picture(self, day: date, chance: random.Random) -> str:
        zoom, width, height = chance.choice(_SIZES)
        (theme,) = chance.choices(("light", "dark"), (2, 1))
        (lang,) = chance.choices(("en", "uk", "ru", "de", "fr"), (6, 3, 1, 1, 1))
        look = f"width={width}&height={height}&lang={lang}&theme={theme}&frame=0"
        return f"/pictures/{self.scene.theatre}.svg?datetime={day}&map={zoom}/49.0790/36.3422&{look}"

    def _dated(self, tile: TileAddress, day: date) -> str:
        return f"/tiles/{self.scene.theatre}/{tile}.mvt?datetime={day}"


Shown: TypeAlias = Callable[[Readers, random.Random], Session]
KINDS: dict[str, tuple[float, Shown]] = {
    "embed": (0.6, Readers._embed),
    "scrub": (0.2, Readers._scrub),
    "mobile": (0.15, Readers._mobile),
    "partner": (0.05, Readers._partner),
}


def view(place: tuple[float, float], zoom: int) -> list[TileAddress]:
    """Return the tiles of a screen around *place*."""
    middle = address_at(*place, zoom)
    columns = range(middle.x - 1, middle.x - 1 + COLUMNS)
    rows = range(middle.y, middle.y + ROWS)
    most = 2**zoom
    return [TileAddress(zoom, x, y) for x in columns for y in rows if 0 <= x < most and 0 <= y < most]


def _beside(place: tuple[float, float], zoom: int, chance: random.Random) -> tuple[float, float]:
    step = 360 / 2**zoom
    return place[0] + step * chance.choice((-1, 0, 1)), place[1] + step / 2 * chance.choice((-1, 0, 1))


def _ask(kind: str, path: str, coding: str, tongue: str) -> Ask:
    if kind != "basemap":
        return Ask(kind, path, coding, tongue)
    path, _, span = path.partition(" ")
    first, last = map(int, span.split("-"))
    return Ask(kind, path, coding, tongue, span=(first, last))


def popularity(readers: Readers, sessions: int, seed: int = 1) -> Counter[tuple[str, str]]:
    """Count how often each answer is asked for in some sessions: by kind, and what tells answers apart."""
    chance, counts = random.Random(seed), Counter[tuple[str, str]]()
    for _ in range(sessions):
        counts.update((each.kind, told_apart(each)) for each in readers.session(chance))
    return counts


def told_apart(ask: Ask) -> str:
    """Return the name of the answer that a cache keeps for *ask*."""
    coding = next((each for each in ("br", "zstd", "gzip") if each in ask.coding), "")
    slices = f"{ask.span[0] >> 17}" if ask.span else ""
    tongue = ask.tongue[:2] if ask.kind == "page" else ""
    return f"{coding} {tongue} {ask.path} {slices}"
