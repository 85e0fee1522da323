"""The page for developers, in English: tilesets with pictures, code to copy, every path, limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from tileserver.grid import address_at
from tileserver.picture.html import Html, element, join, table
from tileserver.publish.developers_code import CODE, Example, code_block
from tileserver.publish.developers_keys import keys_section
from tileserver.publish.documents import time_block
from tileserver.publish.lettering import FONTS, SPRITE_FILES
from tileserver.publish.ogc import title_of
from tileserver.publish.openapi import Described
from tileserver.publish.openapi_parameters import PATH, QUERY
from tileserver.publish.page import english_page
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.tileset import Tileset
from tileserver.times import parse_day

_PROMISES = (
    ("Tags", "every answer has a strong ETag; 304 is cheap. Codings: br, zstd, gzip, dcz"),
    ("Empty tiles", "204, never 404, but where OGC API asks for 404 outside of its limits"),
    ("Other pages", "any page may read tiles and documents, with headers of its own, without credentials"),
    ("Embargo", "nothing younger than a tileset's embargo leaves the server; its TileJSON says how long"),
    ("Corrections", "a past date may be corrected; with revision= it stays as it was known"),
)
_PICTURE = (480, 320)  # pixels of a preview
_PART = re.compile(r"{([A-Za-z]+)}")


class TimedTileset(NamedTuple):
    """A tileset with its ``time`` block."""

    tileset: Tileset
    time: Mapping[str, Any]


class ServiceLimits(NamedTuple):
    """Limits that partners meet: seconds for which a dated answer is kept, milliseconds of work a second."""

    max_age: int
    rate: float


def developers_page(
    template: str,
    theme: str,
    catalogue: Catalogue,
    routes: Sequence[Described],
    now: datetime,
    base: str,
    limits: ServiceLimits,
    default: str = "",
) -> str:
    """Return the page as of the instant *now*; *base* begins absolute URLs."""
    served = {name: TimedTileset(each, time_block(each, now)) for name, each in catalogue.served()}
    first = served.get(catalogue.default_theatre(default) or "")
    example = _example(first, base) if first else None
    links = element("a", "Map", href="./"), element("a", "OpenAPI", href="api")
    sections = (
        element(
            "p",
            "Dated vector tiles by plain HTTP, for any map. What is public needs no key and sets no cookie.",
        ),
        _section("Tilesets", _tilesets(served), "tilesets"),
        *([_section("Code to copy", _code(example), "code")] if example else []),
        _section("Keys", keys_section(example), "keys"),
        _section("Every path", _paths(routes, example), "paths"),
        _section("Health and limits", _limits(limits), "limits"),
    )
    return english_page(template, theme, "Build on the tiles", join(links), sections)


def _section(title: str, body: Iterator[Html], anchor: str) -> Html:
    return element("section", element("h2", title), *body, id=anchor)


def _example(shown: TimedTileset, base: str) -> Example | None:
    """Return values for the code, on the day that a page opens at; ``None`` before anything is public."""
    tileset, time = shown
    if time["default"] is None:
        return None
    longitude, latitude, zoom = tileset.theatre.centre
    areas = (served.stored.layer for served in tileset.layers if served.stored.layer.role == "areas")
    layer = next(areas, tileset.layers[0].stored.layer)
    colours = tuple((each.code, each.colour) for each in layer.categories)
    tile = str(address_at(longitude, latitude, tileset.centre_zoom))
    centre = (longitude, latitude, zoom)
    name, day = tileset.theatre.id, time["default"]
    return Example(base, name, day, tileset.zooms, centre, tile, layer.name, layer.category, colours)


def _tilesets(served: Mapping[str, TimedTileset]) -> Iterator[Html]:
    """Yield each theatre with pictures of three of its days, and its tilesets as a table."""
    for name, (tileset, time) in served.items():
        if name != tileset.theatre.id:
            continue
        yield element("h3", title_of(tileset))
        if time["first_day"] and time["last_day"]:
            yield element("div", *_previews(name, time["first_day"], time["last_day"]), class_="previews")
        own = [each for each in served if each == name or each.startswith(f"{name}.")]
        yield table(
            f"Tilesets of {name}",
            ["Tileset", "First day", "Last day", "Zooms", "Documents"],
            [_row(each, *served[each]) for each in own],
        )


def _row(name: str, tileset: Tileset, time: Mapping[str, Any]) -> list[str]:
    low, high = tileset.zooms
    documents = (
        element("a", "TileJSON", href=f"tilesets/{name}"),
        element("a", "timeline", href=f"tilesets/{name}/timeline"),
        element("a", "OGC API", href=f"collections/{name}"),
    )
    days = [time["first_day"] or "-", time["last_day"] or "-"]
    return [element("code", name), *days, f"{low}-{high}", join(documents, ", ")]


def _previews(theatre: str, first_day: str, last_day: str) -> Iterator[Html]:
    first, last = parse_day(first_day), parse_day(last_day)
    width, height = _PICTURE
    days = dict.fromkeys((first, first + timedelta(days=(last - first).days // 2), last))
    for day in days:
        source = f"pictures/{theatre}.png?width={width}&height={height}&legend=0&datetime={day}"
        tag = element(
            "img",
            src=source,
            alt=f"The map of {theatre} on {day}",
            width=width,
            height=height,
            loading="lazy",
        )
        picture = Html(tag.removesuffix("</img>"))  # HTML 13.1.2: a void element has no end tag
        link = element("a", picture, href=f"./?theatre={theatre}&at={day}")
        yield element("figure", link, element("figcaption", str(day)))


def _code(example: Example) -> Iterator[Html]:
    yield element(
        "p",
        "Each piece asks for ",
        element("code", example.tileset),
        f" as of {example.day}. Another date is another address: put it in the place of this one."
        " A day, an instant (2023-11-09T12:00:00Z) or an interval (a/b); the ",
        element("a", "timeline", href=f"tilesets/{example.tileset}/timeline"),
        " has the days on which something changed.",
    )
    for client, written in CODE.items():
        yield element("h3", client)
        yield code_block(client, written(example))


def _paths(routes: Sequence[Described], example: Example | None) -> Iterator[Html]:
    yield element(
        "p",
        "The same as OpenAPI: ",
        element("a", "3.1", href="api"),
        ", ",
        element("a", "3.0", href="api?f=openapi30"),
        ". What is wrong is said as a problem (RFC 9457).",
    )
    for route in routes:
        shown = _shown(route, example)
        tried = [element("p", "Example: ", element("a", shown, href=shown, data_example=""))] if shown else []
        listed = [element("li", element("code", name), f": {says}") for name, says in _parameters(route)]
        summary = element("summary", element("code", route.path), f" {route.summary}")
        parts = [element("ul", *listed)] if listed else []
        yield element("details", summary, *parts, *tried, data_path=route.path)


def _parameters(route: Described) -> Iterator[tuple[str, str]]:
    for name in _PART.findall(route.path):
        yield name, PATH[name].says
    for name in route.takes:
        yield name, QUERY[name].says
    for name, codes in route.choices.items():
        yield name, f"events of these codes alone: {', '.join(codes)}"


def _shown(route: Described, example: Example | None) -> str:
    """Return an address of *route* that answers, relative to the page; empty where none is known."""
    if (
        example is None
        or {"version", "period"} & set(_PART.findall(route.path))
        or "own.pmtiles" in route.path
    ):
        return ""
    z, x, y = example.tile.split("/")
    day = example.day
    start = str(parse_day(day) - timedelta(days=7))
    values = {
        **{"tileset": example.tileset, "collectionId": example.tileset, "theatre": example.tileset},
        **{"style": example.tileset, "form": "svg", "when": day, "from": start, "to": day},
        **{"fontstack": quote(FONTS[0]), "range": "1024-1279", "file": SPRITE_FILES[0]},
        **{"z": z, "x": x, "y": y, "tileMatrix": z, "tileCol": x, "tileRow": y, "band": "5"},
    }
    path = _PART.sub(lambda found: values[found[1]], route.path).removeprefix("/")
    if "since" in route.takes:
        return f"{path}?since=1"
    if "url" in route.takes:
        return f"{path}?url={quote(example.base, safe='')}/"
    return f"{path}?datetime={day}" if "datetime" in route.takes else path or "./"


def _limits(limits: ServiceLimits) -> Iterator[Html]:
    healthz, readyz = (element("a", each, href=each) for each in ("healthz", "readyz"))
    rate = (
        f"{limits.rate:g} ms of work a second for an address, a minute of it at once; then 429, Retry-After"
    )
    listed: tuple[tuple[str, ...], ...] = (
        ("Health", healthz, ": the process answers; ", readyz, ": so does the database"),
        ("Work", rate if limits.rate else "not limited"),
        ("Keeping", f"a dated address {limits.max_age} s; what Content-Location names, for good"),
        *_PROMISES,
    )
    yield element("dl", *(join((element("dt", name), element("dd", *said))) for name, *said in listed))
