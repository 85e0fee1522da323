"""Requests become typed questions in a single step; unknown, repeated and absurd parts are refused.

No parameter and no part of a path is parsed anywhere else.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qsl

from starlette.requests import Request

from tileserver.compare.ends import is_end_text
from tileserver.compare.service import EndQuestion
from tileserver.errors import BadParameter, UnknownBand, UnknownState
from tileserver.grid import TileAddress, parse_address
from tileserver.publish.time_query import TimeQuery
from tileserver.store.event_window import EVERYTHING
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.tiles.horizon import Horizon
from tileserver.tiles.locate import latest
from tileserver.tiles.question import Question
from tileserver.tiles.selection import parse_selection
from tileserver.tiles.tileset import Tileset
from tileserver.times import Period, parse_datetime, spell_datetime

_MAX_QUERY = 512
_REVISION = re.compile(r"[1-9][0-9]{0,14}\Z")
_BAND = re.compile(r"(?:0|[1-9][0-9]?)\Z")
_MEMORY = 4096  # readers ask the same in the same words; a text weighs a kilobyte at most

DATED = ("datetime", "revision")
ENDS = ("revision", "known")  # of a comparison, whose dates stand in the path
FORMS = ("f",)  # of documents that are there in one form, and asked for by name
OGC = ("subset", "f")  # of OGC API beside those

period_of = lru_cache(_MEMORY)(parse_datetime)
read_address = lru_cache(_MEMORY)(parse_address)


@dataclass(frozen=True, slots=True)
class Query:
    """Parameters of a request, each known and given at most once; ``None`` where absent."""

    datetime: str | None = None
    revision: int | None = None
    known: int | None = None
    choices: Mapping[str, str] = field(default_factory=dict)  # the others, by name


async def tile_question(request: Request, current: Current) -> Question:
    """Return the question of a dated tile: ``datetime``, ``revision`` and the categories of its events."""
    address = address_of(request)
    return dated_question(await tileset_of(request, current), address, request.scope["query_string"])


def dated_question(
    tileset: Tileset, address: TileAddress, raw: bytes, beside: tuple[str, ...] = ()
) -> Question:
    """Return the question of a dated tile of *tileset* with the query *raw*, the bytes of a URL.

    Parameters *beside* are known to the caller, who has read them and left them out of *raw*.
    """
    query = query_of(raw, (*DATED, *tileset.selectable, *beside))
    period = _period_or_latest(query.datetime, tileset)
    selection = parse_selection(query.choices, tileset.declared) if query.choices else EVERYTHING
    return Question(tileset, address, period, query.revision, selection)


async def document_question(
    request: Request, current: Current, allowed: Collection[str] = DATED
) -> tuple[Catalogue, Tileset, Query]:
    """Return the catalogue, the tileset of a document, and the parameters of the request."""
    query = read_query(request, allowed)
    catalogue = await current.catalogue()
    return catalogue, catalogue.tileset(request.path_params["tileset"]), query


def time_query(tileset: Tileset, query: Query) -> TimeQuery:
    """Return the time that URLs in a document carry on.

    A wrong date or revision is refused here, not tile by tile.
    """
    tileset.revision(query.revision)
    is_latest = query.datetime is None or query.datetime == "latest"
    spelt = None if is_latest else spell_datetime(query.datetime or "", tileset.zone)
    return TimeQuery(spelt, query.revision)


async def window_asked(tileset: Tileset, query: Query, current: Current, horizon: Horizon) -> Period:
    """Return the period that is asked for; without a date from the newest public day that has any event."""
    if query.datetime is not None and query.datetime != "latest":
        return period_of(query.datetime, tileset.zone)
    return latest(tileset, await current.periods_at(tileset, tileset.revision(query.revision)), horizon)


def address_of(request: Request) -> TileAddress:
    """Return the address of the tile in the path."""
    parts = request.path_params
    return read_address(parts["z"], parts["x"], parts["y"])


def ogc_address_of(request: Request) -> TileAddress:
    """Return the address of the tile in a path of OGC API, which has the row before the column."""
    parts = request.path_params
    return read_address(parts["tileMatrix"], parts["tileCol"], parts["tileRow"])


def band_of(request: Request) -> int:
    """Return the lowest zoom of the band in the path."""
    text: str = request.path_params["band"]
    if not _BAND.match(text):
        raise UnknownBand(f"{text[:20]!r} is no band; a band is named by its lowest zoom, such as 5")
    return int(text)


async def tileset_of(request: Request, current: Current) -> Tileset:
    """Return the tileset in the path."""
    name = request.path_params["tileset"]
    return known_tileset(name, current) or (await current.catalogue()).tileset(name)


def known_tileset(name: str, current: Current) -> Tileset | None:
    """Return the tileset *name* of the catalogue read last; ``None`` before the first reading."""
    return current.tilesets.get(name) or (None if current.read is None else current.read.tileset(name))


def ends_of(request: Request, tileset: Tileset) -> tuple[EndQuestion | str, EndQuestion | str]:
    """Return both ends of the comparison in the path, as texts of an `End` or by their time.

    The second is as known in ``revision``, or now; so is the first, unless ``known`` names another.
    """
    texts = request.path_params["from"], request.path_params["to"]
    if has_written_ends(request):
        read_query(request, allowed=())
        return texts
    if any(map(is_end_text, texts)):
        raise UnknownState("a date and the name of a state make no change; ask with two dates")
    query = read_query(request, ENDS)
    before, after = (_period_or_latest(text, tileset) for text in texts)
    return EndQuestion(before, query.known or query.revision), EndQuestion(after, query.revision)


def has_written_ends(request: Request) -> bool:
    """Whether both ends of a comparison are texts of an `End`, so that the answer never changes."""
    return is_end_text(request.path_params["from"]) and is_end_text(request.path_params["to"])


def read_query(request: Request, allowed: Collection[str] = DATED) -> Query:
    """Return the parameters of *request*, each one of *allowed* and given at most once."""
    return query_of(request.scope["query_string"], allowed)


def query_of(raw: bytes, allowed: Collection[str]) -> Query:
    """Return the parameters of the query *raw*, the bytes of a URL, as `read_query`."""
    if len(raw) > _MAX_QUERY:
        raise BadParameter(f"the query is {len(raw)} bytes long; at most {_MAX_QUERY} make sense")
    return _read(raw, tuple(allowed))


@lru_cache(_MEMORY)
def _read(raw: bytes, allowed: tuple[str, ...]) -> Query:
    found: dict[str, str] = {}
    for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
        if name not in allowed:
            there = ", ".join(allowed) or "none"
            raise BadParameter(f"parameter {name[:40]!r} is not known here; known are: {there}")
        if name in found:
            raise BadParameter(f"parameter {name!r} is given more than once")
        found[name] = value
    revision, known = _revision(found, "revision"), _revision(found, "known")
    choices = {name: value for name, value in found.items() if name not in ("datetime", "revision", "known")}
    return Query(found.get("datetime"), revision, known, choices)


def _period_or_latest(text: str | None, tileset: Tileset) -> Period | None:
    return None if text is None or text == "latest" else period_of(text, tileset.zone)


def _revision(found: Mapping[str, str], name: str) -> int | None:
    text = found.get(name)
    if text is None:
        return None
    if not _REVISION.match(text):
        raise BadParameter(f"{name} {text[:20]!r} is no whole number from 1")
    return int(text)
