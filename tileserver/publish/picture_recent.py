"""Recent gains of a picture: comparison tiles of its day with the days 7 and 30 before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from tileserver.compare.ends import End
from tileserver.compare.service import ComparisonService, EndQuestion
from tileserver.grid import TileAddress, band_at
from tileserver.languages import pick
from tileserver.model import Layer
from tileserver.picture.press.recent import RECENT_DAYS, Gainer, sides_of_front
from tileserver.picture.press.sheet import RecentTiles, Tile
from tileserver.publish.gains import PER_KM2, Gains
from tileserver.publish.picture_words import kilometres
from tileserver.store.catalogue import Periods
from tileserver.tiles.tileset import Tileset
from tileserver.times import Micros, day_period, from_micros, local_day, parse_day


class ComparedTile(NamedTuple):
    """A comparison tile, located: layers, address, and both ends."""

    tileset: Tileset
    address: TileAddress
    before: End
    after: End

    def __str__(self) -> str:
        return f"{self.address}:{self.before}/{self.after}"


class RecentSpan(NamedTuple):
    """Some local days, the last one included, and the located tiles of the land taken within the days."""

    days: int
    tiles: tuple[ComparedTile, ...]


class Known(NamedTuple):
    """The local days, both included, of the first and of the newest public state of the areas."""

    first: date
    newest: date


def known_days(tileset: Tileset, periods: Sequence[Periods], areas: str, newest: str | None) -> Known | None:
    """Return the days of the layer *areas*; *periods* are by layer of *tileset*."""
    for served, own in zip(tileset.layers, periods, strict=True):
        if served.stored.layer.name == areas and len(own.edges) and newest:
            return Known(local_day(from_micros(Micros(int(own.edges[0]))), tileset.zone), parse_day(newest))
    return None


def spans_before(day: date, known: Known) -> list[int]:
    """Return within how many days gains are recent, many before few, if all is known at their begin."""
    begins = ((days, day - timedelta(days=days)) for days in sorted(RECENT_DAYS, reverse=True))
    return [days for days, begin in begins if known.first <= begin < known.newest]


async def located_spans(
    comparisons: ComparisonService,
    tileset: Tileset,
    layers: Sequence[Layer],
    day: date,
    revision: int | None,
    known: Known,
    addresses: Sequence[TileAddress],
) -> tuple[RecentSpan, ...]:
    """Return the spans before the local *day*; none where the front of *layers* has no side."""
    found = sides_of_front(layers)
    if found is None:
        return ()
    areas, _ = found
    spans = spans_before(day, known)
    compared = await comparisons.tileset(f"{tileset.theatre.id}.{areas.name}")
    whole = day_period(day, tileset.zone)

    def tile(days: int, address: TileAddress) -> ComparedTile:
        begin = day_period(day - timedelta(days=days), tileset.zone)
        ends = (
            comparisons.locate(compared, band_at(address.z), EndQuestion(each, revision))
            for each in (begin, whole)
        )
        return ComparedTile(compared, address, *ends)

    return tuple(RecentSpan(days, tuple(tile(days, each) for each in addresses)) for days in spans)


async def recent_tiles(
    comparisons: ComparisonService, spans: Sequence[RecentSpan]
) -> tuple[RecentTiles, ...]:
    """Return *spans* with their tiles; raises `StoreBusy` where comparisons take too long to wait for."""
    found = []
    for span in spans:
        tiles = []
        for each in span.tiles:
            answer = await comparisons.tile(each.tileset, each.before, each.after, each.address)
            tiles.append(Tile(each.address.z, each.address.x, each.address.y, answer.body.data))
        found.append(RecentTiles(span.days, tuple(tiles)))
    return tuple(found)


def recent_amounts(
    gains: Gains | None, gainers: Sequence[Gainer], spans: Sequence[RecentSpan], day: date, language: str
) -> dict[str, str]:
    """Return by kind of gain the land that a side took within each span up to the local *day*, as texts.

    Without *gains*, which may not be known yet, the texts are empty: what is drawn is named all the same.
    """
    told: dict[str, str] = {}
    if gains is None:
        return {each.kind: "" for each in gainers}
    for each in gainers:
        km2 = []
        for span in reversed(spans):
            passed = gains.between(day - timedelta(days=span.days - 1), day)
            own = (milli for way, milli in passed.items() if _is_taken(way.kind, way.after, each.status.side))
            km2.append(sum(own) / PER_KM2)
        told[each.kind] = kilometres(km2, language)
    return told


def _is_taken(kind: str, after: str | None, side: str) -> bool:
    return kind == "movement" and after == side


def side_names(gainers: Sequence[Gainer], tileset: Tileset, language: str) -> Mapping[str, str]:
    """Return the names of both sides by kind of gain; that of its status where a side has none."""
    sides = tileset.theatre.told_sides
    return {each.kind: pick(sides.get(each.status.side, each.status.label), language) for each in gainers}
