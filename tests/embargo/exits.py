"""Every way out over HTTP and how it is tried: one entry for each route, or the route is not covered.

What cannot say anything of the data is tried, too: it has to say the same with the secret and without,
before the horizon and after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.embargo.world import DAY_END, EMBARGO, LONG, OLD_PLACE, SECRET_PLACE
from tileserver.grid import address_at
from tileserver.history.periods import ENCODING
from tileserver.store.windows import POINT_LIMIT
from tileserver.times import to_micros

TILESETS = {  # each with the embargo of its strictest layer
    "toy.control": EMBARGO,
    "toy.frontline": EMBARGO,
    "toy.events": EMBARGO,
    "toy.notes": EMBARGO,
    "toy.roads": EMBARGO,
    "toy.late": LONG,
    "toy.events,toy.control": EMBARGO,
    "toy.roads,toy.late": LONG,
    "toy": LONG,
    "crowd": EMBARGO,
}
NAMING = {"toy.events", "toy.events,toy.control", "toy"}  # of which events name their places
MEASURED = {"toy.control", "toy.events,toy.control", "toy"}
NEWS = {  # the revisions that told the secret
    "toy.control": {7},
    "toy.frontline": {7},
    "toy.events": {8},
    "toy.notes": {9},
    "toy.roads": {10},
    "toy.late": {11},
    "toy.events,toy.control": {7, 8},
    "toy.roads,toy.late": {10, 11},
    "toy": {7, 8, 9, 10, 11},
    "crowd": {12},
}
THE_NOTE = 9
EVENTS_TOLD = {8, THE_NOTE, 12}
WINDOWS_ALONE = {"toy.events", "toy.notes", "crowd"}

BOTH_PLACES = address_at(*OLD_PLACE, 6)  # one tile has both
AT_SECRET = address_at(*SECRET_PLACE, 12)
NOT_THERE = {"toy.frontline", "crowd"}

SHOWN_BY_ALL = (
    "", "?datetime=latest", "?datetime=2024-01-09", "?datetime=2024-01-09/2024-01-09", "?datetime=../..",
    "?datetime=2024-01-05/..", "?datetime=../2024-01-09", "?datetime=2024-01-09T21:59:59.999999Z",
    "?revision=12", "?datetime=2024-01-09&revision=12",
)  # fmt: skip
SHOWN_BY_STATES = ("?datetime=2024-01-10", "?datetime=2099-01-01", "?datetime=2024-01-09T22:00:00Z")
ITS_LAST_SECOND = "?datetime=2024-01-09T21:59:59Z"  # of a state the one before, and that it ends here
SHOWN_BY_NONE = ("?datetime=2024-01-03", "?datetime=2024-01-02/2024-01-03", "?datetime=1950-01-01")
NEWEST, NEWEST_WITHOUT = 12, 6  # revisions: with a secret, and without
REFUSED = ("?revision=13", "?datetime=2024-01-09&revision=13", "?revision=900000000000000")  # not there yet
BEFORE_IT_WAS_KNOWN = ("?revision=6", "?datetime=2024-01-09&revision=6")
CHANGES = {  # ends, and whether they show the secret
    "2024-01-03/2024-01-09": True,
    "2024-01-09/2024-01-03": True,
    "2024-01-05/latest": True,
    "2024-01-09/2099-01-01": True,
    "2024-01-09T21:59:59Z/2024-01-09T22:00:00Z": True,
    "2024-01-03/2024-01-09?revision=12": True,
    "2024-01-09/2024-01-09?known=6&revision=12": True,
    "2024-01-03/2024-01-09?revision=6": False,
    "2024-01-02/2024-01-05": False,
    "1950-01-01/2024-01-05": False,
}
FEW_CHANGES = {ends: CHANGES[ends] for ends in ("2024-01-03/2024-01-09", "2024-01-02/2024-01-05")}


@dataclass(frozen=True)
class Ask:
    """One request; its answer *shows* the secret once that is older than *until*, or never does."""

    path: str
    until: timedelta = EMBARGO
    shows: bool = True
    method: str = "GET"
    etag: str = ""  # of what is held already
    coding: str = "identity"
    part: Callable[[Any], Any] | None = None  # what is looked at of a JSON answer; all of it

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with it."""
        return {"Accept-Encoding": self.coding} | ({"If-None-Match": self.etag} if self.etag else {})

    def __str__(self) -> str:
        return " ".join([self.method, self.path, self.etag, self.coding])


@dataclass(frozen=True)
class Learned:
    """What somebody knows who once saw the answer to *ask*: when it was public, or when it leaked."""

    ask: Ask
    location: str
    etag: str


@dataclass(frozen=True)
class Exit:
    """A route; *mute* says why it can carry no data, if it cannot."""

    asks: Callable[[Sequence[Learned]], Iterator[Ask]]
    mute: str = ""


def dated_tiles() -> Iterator[Ask]:
    """Tiles of all tilesets at all kinds of dates."""
    for name, until in TILESETS.items():
        shown = {ITS_LAST_SECOND, *SHOWN_BY_ALL, *(() if name in WINDOWS_ALONE else SHOWN_BY_STATES)}
        for when in (ITS_LAST_SECOND, *SHOWN_BY_ALL, *SHOWN_BY_STATES, *SHOWN_BY_NONE, *BEFORE_IT_WAS_KNOWN):
            yield Ask(f"/tiles/{name}/{BOTH_PLACES}.mvt{when}", until, when in shown)
        yield Ask(f"/tiles/{name}/{AT_SECRET}.mvt?datetime=2024-01-09", until, name not in NOT_THERE)


def dated_changes() -> Iterator[Ask]:
    """Changes between all kinds of dates; of a tileset those of its layers count that are drawn as faces."""
    for name in ("toy.control", "toy.frontline", "toy.events,toy.control", "toy"):
        for last in (f"/{BOTH_PLACES}.mvt", ".json"):
            for ends, shows in (CHANGES if name == "toy.control" else FEW_CHANGES).items():
                pair, _, query = ends.partition("?")
                there = name in MEASURED or last != ".json"
                path = f"/changes/{name}/{pair}{last}" + (f"?{query}" if query else "")
                yield Ask(path, EMBARGO, shows and there)
    yield Ask(f"/changes/toy.late/2024-01-03/2024-01-09/{BOTH_PLACES}.mvt", LONG, shows=False)


def worth_learning() -> Iterator[Ask]:
    """Whatever says where its content stays, but for what differs in no more than the end of its validity."""
    yield from (ask for ask in dated_tiles() if not ask.path.endswith(ITS_LAST_SECOND))
    yield from (ask for ask in dated_changes() if not ask.path.startswith("/changes/toy.late"))


def _dated(learned: Sequence[Learned]) -> Iterator[Ask]:
    yield from dated_tiles()
    tiles = [each for each in learned if each.ask.path.startswith("/tiles/") and each.ask.shows]
    for each in {each.ask.path.split("/")[2]: each for each in tiles}.values():
        yield _again(each, each.ask.path, each.etag)
    plain = f"/tiles/toy.control/{BOTH_PLACES}.mvt"
    yield Ask(plain, method="HEAD")
    yield Ask(plain, coding="br")
    for kind, shows in (("shot", True), ("shell,shot", True), ("shell", False)):
        yield Ask(f"/tiles/crowd/{BOTH_PLACES}.mvt?datetime=../2024-01-09&kind={kind}", shows=shows)
    yield Ask(f"/tiles/toy.control/{BOTH_PLACES}.mvt?datetime=2024-01-99", shows=False)
    for name in TILESETS:
        for refused in REFUSED:
            yield Ask(f"/tiles/{name}/{BOTH_PLACES}.mvt{refused}", shows=False)
    yield Ask("/tiles/toy.control/15/0/0.mvt", shows=False)
    yield Ask("/tiles/toy.unknown/0/0/0.mvt", shows=False)


def _versioned(learned: Sequence[Learned]) -> Iterator[Ask]:
    yield from _named([each for each in learned if each.location.startswith("/tiles/")])


def _named(learned: Sequence[Learned]) -> Iterator[Ask]:
    for each in {each.location: each for each in learned}.values():
        yield _again(each, each.location)
    yield _again(learned[0], learned[0].location, learned[0].etag)
    yield _again(learned[0], learned[0].location, method="HEAD")


def _changes(last: str) -> Callable[[Sequence[Learned]], Iterator[Ask]]:
    def asks(learned: Sequence[Learned]) -> Iterator[Ask]:
        yield from (ask for ask in dated_changes() if ask.path.partition("?")[0].endswith(last))
        known = [each for each in learned if each.location.startswith("/changes/")]
        yield from _named([each for each in known if each.location.endswith(last)])

    return asks


def _again(known: Learned, path: str, etag: str = "", method: str = "GET") -> Ask:
    return Ask(path, known.ask.until, known.ask.shows, method, etag)


def _catalogue(_: Sequence[Learned]) -> Iterator[Ask]:
    def strictest(document: Any) -> Any:
        return [each for each in document["tilesets"] if TILESETS.get(each["id"]) == LONG]

    yield Ask("/tilesets")
    yield Ask("/tilesets", LONG, part=strictest)
    yield Ask("/tilesets", method="HEAD", shows=False)


def _documents(path: str) -> Callable[[Sequence[Learned]], Iterator[Ask]]:
    def asks(_: Sequence[Learned]) -> Iterator[Ask]:
        for name, until in TILESETS.items():
            yield Ask(path.format(tileset=name), until)
        yield Ask(path.format(tileset="toy.unknown"), shows=False)

    return asks


def _places(_: Sequence[Learned]) -> Iterator[Ask]:
    for name, until in TILESETS.items():
        yield Ask(f"/tilesets/{name}/places", until, name in NAMING)


def _timelines(learned: Sequence[Learned]) -> Iterator[Ask]:
    path = "/tilesets/{tileset}/timeline"
    yield from _documents(path)(learned)
    for name, until in TILESETS.items():
        yield Ask(path.format(tileset=name) + "?revision=12", until)
        yield Ask(path.format(tileset=name) + "?revision=6", until, shows=False)


def _listed(_: Sequence[Learned]) -> Iterator[Ask]:
    for name, until in TILESETS.items():
        path, shows = f"/tilesets/{name}/events.json", bool(NEWS[name] & EVENTS_TOLD)
        for when in SHOWN_BY_ALL:
            yield Ask(path + when, until, shows)
        for when in (*SHOWN_BY_NONE, *BEFORE_IT_WAS_KNOWN, *REFUSED):
            yield Ask(path + when, until, shows=False)
        yield Ask(path + "?datetime=2024-01-09&limit=0", until, shows)  # how many there are
        yield Ask(path + "?datetime=2024-01-09&bbox=-180,-80,180,80&limit=2000", until, shows)
        yield Ask(path + "?datetime=2024-01-09&bbox=-170,-80,-160,-70", until, shows=False)
    crowd = "/tilesets/crowd/events.json?datetime=../..&event=events."
    yield Ask(f"{crowd}{POINT_LIMIT + 1}")
    yield Ask(f"{crowd}1", shows=False)


def _changed(_: Sequence[Learned]) -> Iterator[Ask]:
    """Which tiles changed: since before the secret was told, and since after, and of its own day."""
    for name, until in TILESETS.items():
        path = f"/tilesets/{name}/changed?zooms=0-8"
        yield Ask(f"{path}&since=6", until)
        yield Ask(f"{path}&since=6&datetime=2024-01-09&limit=1", until)
        yield Ask(f"{path}&since=6&bbox=-180,-80,180,80&limit=2000", until)
        yield Ask(f"{path}&since=6&after=5/0/0", until)
        yield Ask(f"{path}&since=6&revision=6", until, shows=False)
        yield Ask(f"{path}&since=6&revision=6&datetime=2024-01-09", until, shows=False)


def _measures(form: str) -> Callable[[Sequence[Learned]], Iterator[Ask]]:
    def asks(_: Sequence[Learned]) -> Iterator[Ask]:
        for name, until in TILESETS.items():
            shows = name in MEASURED
            yield Ask(f"/tilesets/{name}/{form}", until, shows)
            yield Ask(f"/tilesets/{name}/{form}?datetime=2024-01-09", until, shows)
            yield Ask(f"/tilesets/{name}/{form}?datetime=2024-01-05/2099-01-01", until, shows)
            yield Ask(f"/tilesets/{name}/{form}?datetime=../..&revision=12", until, shows)
            yield Ask(f"/tilesets/{name}/{form}?datetime=../2024-01-03", until, shows=False)
            yield Ask(f"/tilesets/{name}/{form}?revision=6", until, shows=False)

    return asks


def _histories(last: str) -> Callable[[Sequence[Learned]], Iterator[Ask]]:
    """What a period around the secret can be called, at the path that ends with *last*."""

    def asks(_: Sequence[Learned]) -> Iterator[Ask]:
        for name, until in TILESETS.items():
            path, news = f"/history/{name}", NEWS[name]
            for revision in sorted({1, 6, 12, *news}):
                for days in ("20240101-open", "20240109-20240109"):
                    yield Ask(f"{path}/{days}-{ENCODING}-{revision}/{last}", until, revision in news)
                for days in ("20240101-20240107", "20240108-20240115"):
                    yield Ask(f"{path}/{days}-{ENCODING}-{revision}/{last}", until, shows=False)
            goes_on = (
                f"20240101-20240107-{ENCODING}-{THE_NOTE}-{to_micros(DAY_END)}"  # as the secret note does
            )
            yield Ask(f"{path}/{goes_on}/{last}", until, THE_NOTE in news)

    return asks


def _sides(learned: Sequence[Learned]) -> Iterator[Ask]:
    del learned  # nothing of it stays anywhere
    for name in ("toy.control", "toy"):
        for ends, shows in (CHANGES if name == "toy.control" else FEW_CHANGES).items():
            pair, _, query = ends.partition("?")
            # Between two ends of one state nothing passed, and unlike totals it says no ends.
            passed = shows and pair != "2024-01-09/2099-01-01"
            yield Ask(f"/changes/{name}/{pair}/sides.json" + (f"?{query}" if query else ""), EMBARGO, passed)


def _pages(path: str) -> Callable[[Sequence[Learned]], Iterator[Ask]]:
    """Titles, pictures and tags for other sites name the newest public day, or the nearest to a link's."""

    def asks(_: Sequence[Learned]) -> Iterator[Ask]:
        yield Ask(f"{path}?theatre=toy", LONG)
        yield Ask(f"{path}?theatre=toy&at=latest&lang=uk", LONG)
        yield Ask(f"{path}?theatre=toy&at=2024-01-09", LONG)
        yield Ask(f"{path}?theatre=toy&at=2024-01-03&revision=6", LONG, shows=True)
        yield Ask(f"{path}?theatre=toy&at=2024-01-03&revision=13", LONG, shows=False)  # not there yet
        yield Ask(f"{path}?theatre=crowd&at=2099-01-01", EMBARGO)

    return asks


def _oembeds(_: Sequence[Learned]) -> Iterator[Ask]:
    """Embeds of links by oEmbed say the same days as the pages."""
    for page in ("", "embed"):
        path = f"/oembed?url=http://testserver/{page}%3Ftheatre%3Dtoy"
        yield Ask(path, LONG)
        yield Ask(f"{path}%26at%3D2024-01-09", LONG)
        yield Ask(f"{path}%26at%3D2024-01-03", LONG, shows=False)


def _never(*paths: str) -> Callable[[Sequence[Learned]], Iterator[Ask]]:
    return lambda _: (Ask(path, shows=False) for path in paths)


def _styles(_: Sequence[Learned]) -> Iterator[Ask]:
    """Declared alone; but that of history names the period, with its newest revision."""
    for declared in ("toy.json", "toy.json?datetime=2024-01-09", "toy-print.json", "toy-mobile.json"):
        yield Ask(f"/styles/{declared}", shows=False)
    yield Ask("/styles/toy-history.json", LONG)
    yield Ask("/styles/toy-history.json?datetime=2024-01-09", LONG)
    yield Ask("/styles/toy-history.json?datetime=2023-01-09", LONG, shows=False)


def _pictures(_: Sequence[Learned]) -> Iterator[Ask]:
    """Small ones: what may be on a picture does not depend on its size."""
    small = "width=200&height=200&map=5/48.3/37"
    for layers, until in (("control", EMBARGO), ("frontline", EMBARGO), ("events", EMBARGO), ("late", LONG)):
        path = f"/pictures/toy.svg?{small}&layers={layers}"
        yield Ask(path, until)
        yield Ask(f"{path}&datetime=2024-01-09", until)
        if (
            layers == "control"
        ):  # events alone have an earlier last day without the secret, which is shown then
            yield Ask(f"{path}&datetime=2024-01-03", until, shows=False)
    yield Ask(f"/pictures/toy.svg?{small}&datetime=2099-01-01", LONG)
    yield Ask(f"/pictures/toy.png?{small}&frame=0&layers=control&datetime=2024-01-09")
    yield Ask(f"/pictures/toy.png?{small}&layers=control&datetime=2024-01-09&revision=6", shows=False)
    yield Ask(f"/pictures/toy.gif?{small}&layers=control&datetime=2024-01-08/2024-01-10")
    yield Ask("/pictures/toy.bmp", shows=False)


def _ogc_documents(path: str) -> Callable[[Sequence[Learned]], Iterator[Ask]]:
    """Extents say the newest public change, metadata the moment of its import: two crowds may share one."""
    shared = {"crowd"} if path.endswith(("/tiles", "/WebMercatorQuad")) else set()

    def asks(_: Sequence[Learned]) -> Iterator[Ask]:
        for name, until in TILESETS.items():
            if name in shared:
                yield Ask(path.format(tileset=name), until, shows=False, part=_but_updated)
            else:
                yield Ask(path.format(tileset=name), until)
        yield Ask(path.format(tileset="toy.unknown"), shows=False)

    return asks


def _but_updated(document: Any) -> Any:
    listed = [_but_updated(each) for each in document.get("tilesets", ())]
    return listed, {name: said for name, said in document.items() if name not in ("tilesets", "updated")}


def _ogc_collections(_: Sequence[Learned]) -> Iterator[Ask]:
    def strictest(document: Any) -> Any:
        return [each for each in document["collections"] if TILESETS.get(each["id"]) == LONG]

    yield Ask("/collections")
    yield Ask("/collections", LONG, part=strictest)


def _aliased(path: str) -> Callable[[Sequence[Learned]], Iterator[Ask]]:
    """Tiles of all tilesets under another address, at *path* with the place of a tile and a query."""

    def asks(_: Sequence[Learned]) -> Iterator[Ask]:
        z, x, y = BOTH_PLACES.z, BOTH_PLACES.x, BOTH_PLACES.y
        for name, until in TILESETS.items():
            for when in ("2024-01-09", "2024-01-03", "latest"):
                shows = when != "2024-01-03"
                yield Ask(path.format(tileset=name, when=when, z=z, x=x, y=y), until, shows)

    return asks


def _ogc_dataset(path: str, until: timedelta = LONG) -> Callable[[Sequence[Learned]], Iterator[Ask]]:
    """The same of the theatre that is shown first."""

    def asks(_: Sequence[Learned]) -> Iterator[Ask]:
        yield Ask(path, until)

    return asks


_ROWS_FIRST = "tiles/WebMercatorQuad/{tileMatrix}/{tileRow}/{tileCol}"
_ARCGIS = "/arcgis/rest/services/{tileset}/{when}/VectorTileServer"
_AT_BOTH = f"{BOTH_PLACES.z}/{BOTH_PLACES.y}/{BOTH_PLACES.x}"

ROUTES: Mapping[str, Exit] = {
    "/api": Exit(_never("/api", "/api?f=openapi30"), "paths, parameters and names of tilesets"),
    "/tilesets/{tileset}.json": Exit(_documents("/tilesets/{tileset}.json")),
    "/tilesets/{tileset}/qgis.xml": Exit(_never("/tilesets/toy/qgis.xml"), "what is declared, not held"),
    "/dated/{tileset}/{when}/metadata.json": Exit(_never("/dated/toy/latest/metadata.json"), "as the last"),
    _ARCGIS: Exit(_never("/arcgis/rest/services/toy/latest/VectorTileServer"), "as the last"),
    f"{_ARCGIS}/resources/styles/root.json": Exit(
        _never("/arcgis/rest/services/toy/2024-01-09/VectorTileServer/resources/styles/root.json"),
        "as the last",
    ),
    f"{_ARCGIS}/tile/{{z}}/{{y}}/{{x}}.pbf": Exit(_aliased(f"{_ARCGIS}/tile/{{z}}/{{y}}/{{x}}.pbf")),
    "/developers": Exit(_ogc_dataset("/developers", EMBARGO)),  # it has rows of all
    "/conformance": Exit(_never("/conformance"), "what the server can do"),
    "/tileMatrixSets": Exit(_never("/tileMatrixSets"), "what the world is cut into"),
    "/tileMatrixSets/WebMercatorQuad": Exit(_never("/tileMatrixSets/WebMercatorQuad"), "as the last"),
    "/collections": Exit(_ogc_collections),
    "/collections/{collectionId}": Exit(_ogc_documents("/collections/{tileset}")),
    "/collections/{collectionId}/tiles": Exit(_ogc_documents("/collections/{tileset}/tiles")),
    "/collections/{collectionId}/tiles/WebMercatorQuad": Exit(
        _ogc_documents("/collections/{tileset}/tiles/WebMercatorQuad")
    ),
    f"/collections/{{collectionId}}/{_ROWS_FIRST}": Exit(
        _aliased("/collections/{tileset}/tiles/WebMercatorQuad/{z}/{y}/{x}?datetime={when}")
    ),
    "/tiles": Exit(_ogc_dataset("/tiles")),
    "/tiles/WebMercatorQuad": Exit(_ogc_dataset("/tiles/WebMercatorQuad")),
    f"/{_ROWS_FIRST}": Exit(
        _ogc_dataset(f'/tiles/WebMercatorQuad/{_AT_BOTH}?subset=datetime("2024-01-09T12:00:00Z":*)')
    ),
    "/tiles/{tileset}/{z}/{x}/{y}.pbf": Exit(_aliased("/tiles/{tileset}/{z}/{x}/{y}.pbf?datetime={when}")),
    "/dated/{tileset}/{when}/{z}/{x}/{y}.mvt": Exit(_aliased("/dated/{tileset}/{when}/{z}/{x}/{y}.mvt")),
    "/dated/{tileset}/{when}/{z}/{x}/{y}.pbf": Exit(_aliased("/dated/{tileset}/{when}/{z}/{x}/{y}.pbf")),
    "/": Exit(_pages("/")),
    "/embed": Exit(_pages("/embed")),
    "/oembed": Exit(_oembeds),
    "/embed.js": Exit(_never("/embed.js"), "a script that the build made"),
    "/static": Exit(_never("/static/pages/index.en.html", "/static/nothing"), "files that the build made"),
    "/tilesets": Exit(_catalogue),
    "/tilesets/{tileset}": Exit(_documents("/tilesets/{tileset}")),
    "/tilesets/{tileset}/timeline": Exit(_timelines),
    "/tilesets/{tileset}/places": Exit(_places),
    "/tilesets/{tileset}/events.json": Exit(_listed),
    "/tilesets/{tileset}/changed": Exit(_changed),
    "/tilesets/{tileset}/km2.json": Exit(_measures("km2.json")),
    "/tilesets/{tileset}/km2.csv": Exit(_measures("km2.csv")),
    "/tilesets/{tileset}/gains.json": Exit(_measures("gains.json")),
    "/tilesets/{tileset}/gains.csv": Exit(_measures("gains.csv")),
    "/tiles/{tileset}/{z}/{x}/{y}.mvt": Exit(_dated),
    "/tiles/{tileset}/{version}/{z}/{x}/{y}.mvt": Exit(_versioned),
    "/history/{tileset}/{period}/{z}/{x}/{y}.mvt": Exit(_histories(f"{BOTH_PLACES}.mvt")),
    "/history/{tileset}/{period}/faces/{band}.json": Exit(_histories("faces/5.json")),
    "/changes/{tileset}/{from}/{to}/{z}/{x}/{y}.mvt": Exit(_changes(".mvt")),
    "/changes/{tileset}/{from}/{to}.json": Exit(_changes(".json")),
    "/method/{theatre}": Exit(_never("/method/toy", "/method/crowd?lang=uk"), "what is declared, not held"),
    "/corrections/{theatre}": Exit(_never("/corrections/toy", "/corrections/toy?revision=12"), "as the next"),
    "/corrections/{theatre}.atom": Exit(_never("/corrections/toy.atom"), "as the next"),
    "/corrections/{theatre}.json": Exit(
        _never(
            "/corrections/toy.json", "/corrections/toy.json?datetime=2024-01-09", "/corrections/crowd.json"
        ),
        "what is told for the first time is no correction; tests/desk/test_public_corrections.py has some",
    ),
    "/changes/{tileset}/{from}/{to}/sides.json": Exit(_sides),
    "/styles/{style}.json": Exit(_styles),
    "/fonts/{fontstack}/{range}.pbf": Exit(
        _never("/fonts/Fira%20Sans%20Regular/1024-1279.pbf", "/fonts/Nobody/0-255.pbf"), "letters of a build"
    ),
    "/sprites/{file}": Exit(_never("/sprites/signs.json", "/sprites/signs@2x.png"), "signs of a build"),
    "/pictures/{theatre}.{form}": Exit(_pictures),
    "/basemap/own.pmtiles": Exit(_never("/basemap/own.pmtiles"), "land, water and names; no data"),
    "/healthz": Exit(_never("/healthz"), "the process answers"),
    # Told only three seconds after the start; a revision leaves it as it is: tests/web/test_promised.py.
    "/promise": Exit(lambda _: iter(()), "a hash of editions, and of definitions with when they were added"),
    "/readyz": Exit(
        _never("/readyz"), "the database answers, when it was written to, and how many imports wait"
    ),
}

BESIDE_THE_TABLE = (  # what is answered before or without a route
    Ask("/nowhere", shows=False),
    Ask(f"/tiles/toy.control/{BOTH_PLACES}.mvt", shows=False, method="OPTIONS"),
    Ask(f"/tiles/toy.control/{BOTH_PLACES}.mvt", shows=False, method="POST"),
    Ask(f"/tiles/toy.control/{BOTH_PLACES}.mvt/", shows=False),
)
