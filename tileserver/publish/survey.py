"""Surveys of one layer: areas at an instant, series of days and comparisons, each as a document and tables.

All is under the embargo, and may be told region by region.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import shapely

from tileserver.errors import BadParameter
from tileserver.model import Moment
from tileserver.publish.comparison import (
    balance_rows,
    comparison_by_region,
    comparison_fields,
    comparison_of,
    load_pieces,
    moved_rows,
)
from tileserver.publish.measures import Km2, load_series, measured_layer, rounded, series_document
from tileserver.publish.regional import Region, load_areas_by_region, load_series_by_region, summed
from tileserver.shape.compare import Sieve
from tileserver.shape.regions import Regions
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.store.measures import load_areas
from tileserver.tiles.current import Current
from tileserver.tiles.locate import last_instant, locate
from tileserver.tiles.tileset import Tileset
from tileserver.times import Period, parse_datetime

_FIGURES = ("gained", "lost", "slivers", "net")  # km2


@dataclass(frozen=True, slots=True)
class SurveyTable:
    """Rows whose first cell is a region, ``None`` for land in none; ``columns`` names the other cells."""

    title: str
    columns: tuple[str, ...]
    rows: Iterable[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Survey:
    """A result: a document of plain values, and tables of the same figures, the last table complete."""

    document: dict[str, Any]
    tables: tuple[SurveyTable, ...]


@dataclass(frozen=True, slots=True)
class SurveyQuestion:
    """The layer to measure, as asked for, and the regions to measure by.

    ``revision`` is ``None`` for the newest. ``regions`` is the name of a file or of a layer of areas, empty
    for no regions; ``region_name`` is the property that names a region, empty for the first one.
    """

    layer: str
    revision: int | None
    regions: str
    region_name: str


class Surveyor:
    """Measures the public part of a layer, by the regions of a file or of another layer."""

    def __init__(
        self, current: Current, question: SurveyQuestion, tileset: Tileset, of_file: Regions | None
    ) -> None:
        self.question = question
        self._current = current
        self._tileset = tileset
        self._of_file = of_file

    @classmethod
    async def of(cls, current: Current, question: SurveyQuestion, of_file: Regions | None) -> Surveyor:
        """Return the surveyor of the layer asked for; *of_file* are the regions of a file, where named."""
        return cls(current, question, (await current.catalogue()).tileset(question.layer), of_file)

    async def areas(self, at: str) -> Survey:
        """Return the km2 of each status at the last public instant of *at*, or the newest where empty."""
        validity, moment = self._moment(at)
        regions = await self._regions(at)
        async with self._reading() as connection:
            found = await load_areas_by_region(connection, self._stored, moment, regions)
        layer = self.question.layer
        document: dict[str, Any] = {"layer": layer, "validity": validity, "revision": moment.revision}
        document |= _with_regions(_km2_fields(summed(found)), found, _km2_fields)
        rows = ((region, *each) for region, own in found.items() for each in _km2_fields(own)["km2"].items())
        return Survey(document, (SurveyTable(f"{layer}, {validity}", ("status", "km2"), rows),))

    async def series(self, first: str, last: str, *, all_statuses: bool) -> Survey:
        """Return the km2 of each status at the end of each local day from *first* to *last*, both inclusive.

        An empty text is the day of the first or the last change. The table leaves out statuses that never
        hold anything, unless *all_statuses*.
        """
        tileset, known = self._tileset, self._tileset.revision(self.question.revision)
        asked = parse_datetime(f"{first or '..'}/{last or '..'}", tileset.zone)
        regions = await self._regions(last)
        async with self._reading() as connection:
            every = await load_series(connection, tileset, known, self._current.clock())
            whole = every.within(asked, tileset.zone)
            found: dict[Region, Km2] = {None: whole.km2}
            if self.question.regions:
                found = await load_series_by_region(connection, tileset, known, whole, regions)
        document = _with_regions(series_document(tileset, known, whole), found, lambda own: {"km2": own})
        shown = [status for status, figures in whole.km2.items() if all_statuses or any(figures)]
        rows = (
            (region, str(day), *(own[status][number] for status in shown))
            for region, own in found.items()
            for number, day in enumerate(whole.days)
        )
        title = f"{self.question.layer}: km2 at the end of each day"
        return Survey(document, (SurveyTable(title, ("day", *shown), rows),))

    async def comparison(self, first: str, second: str, sieve: Sieve) -> Survey:
        """Return the km2 that each status gained and lost from *first* to *second*, from and to whom."""
        (old, before), (new, after) = self._moment(first), self._moment(second)
        regions = await self._regions(second)
        async with self._reading() as connection:
            pieces = await load_pieces(connection, self._stored, before, after, sieve)
        found = comparison_by_region(pieces, regions)
        layer = self.question.layer
        document: dict[str, Any] = {"layer": layer, "from": old, "to": new, "revision": after.revision}
        document["sieve"] = {"min_ha": sieve.min_ha, "width_m": sieve.width_m}
        document |= _with_regions(comparison_fields(comparison_of(pieces)), found, comparison_fields)
        balances = SurveyTable(f"{layer}: {old} -> {new}", ("status", *_FIGURES), balance_rows(found))
        moved = SurveyTable("from and to whom", ("status", "other", *_FIGURES), moved_rows(found))
        return Survey(document, (balances, moved))

    @property
    def _stored(self) -> StoredLayer:
        return measured_layer(self._tileset).stored

    def _moment(self, at: str, tileset: Tileset | None = None) -> tuple[str, Moment]:
        """Return the validity of the answer for *at*, as text, and the moment to read the state at.

        The last public instant that *at* means; the validity is the epoch of the finest zoom around it.
        """
        chosen = tileset or self._tileset
        asked = parse_datetime(at, chosen.zone) if at else Period(None, None)
        horizon = self._current.horizon(chosen)
        revision = chosen.revision(self.question.revision)
        located = locate(chosen.whole(chosen.zooms[1]), revision, asked, horizon)
        return str(located.validity), Moment(last_instant(asked, horizon.state), revision)

    async def _regions(self, at: str) -> Regions:
        """Return the regions asked for; regions of a layer are its areas at *at*.

        `BadParameter` where the name is neither a file's nor that of a layer of areas.
        """
        given = self.question.regions
        if self._of_file or not given:
            return self._of_file or Regions([])
        catalogue = await self._current.catalogue()
        if not any(str(ref) == given for ref in catalogue.layers):
            raise BadParameter(f"--regions {given[:80]!r} is neither a file nor a layer")
        tileset = catalogue.tileset(given)
        stored = tileset.layers[0].stored
        if stored.layer.kind != "areas":
            raise BadParameter(f"--regions {given} is a layer of {stored.layer.kind}; regions are areas")
        field = self.question.region_name or next(iter(stored.layer.fields), "")
        _, moment = self._moment(at, tileset)
        async with self._reading() as connection:
            areas = await load_areas(connection, stored, moment, field)
        return Regions([(name or "(without a name)", shapely.from_wkb(wkb)) for name, wkb in areas])

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        """Lend a connection that sees one state of the database throughout."""
        async with (
            self._current.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield connection


def _km2_fields(km2: Mapping[str, float]) -> dict[str, Any]:
    return {"km2": {status: figure for status, exact in km2.items() if (figure := rounded(exact))}}


def _with_regions(
    whole: dict[str, Any], found: Mapping[Region, Any], fields: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """Return the document *whole*, with the fields of each region where regions were asked for."""
    if set(found) == {None}:
        return whole
    return {**whole, "regions": [{"region": region, **fields(own)} for region, own in found.items()]}
