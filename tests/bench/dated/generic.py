"""The data set in PostGIS for servers of tiles that know no time, publication by publication.

Rows have the days on which they were so, and the publications that tell them so; what goes on has no end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TypeAlias

import asyncpg
import shapely
from asyncpg import Range

from tests.bench.dated.world import DAYS, Area, Event, Publication, day_of
from tileserver.store.connect import connect

Row: TypeAlias = tuple[str, str, str, date, date | None]  # place, status, WKT in degrees, first day, end

_SQL = (Path(__file__).parent / "generic.sql").read_text()


class GenericData:
    """The rows in the database *dsn*; each publication is one transaction."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._states: dict[int, tuple[Area, ...]] = {}
        self._events: dict[str, Event] = {}
        self._rows: set[Row] = set()

    def make(self, embargo: str) -> None:
        """Make tables and functions; *embargo* is a PostgreSQL interval."""
        asyncio.run(self._execute(_SQL.replace("{embargo}", embargo)))

    def publish(self, publication: Publication) -> None:
        """Let *publication* be the newest."""
        self._states |= dict(publication.states)
        rows = set(_rows(self._states))
        edited = [each.key for each in publication.events if each.key in self._events]
        self._events |= {each.key: each for each in publication.events}
        asyncio.run(self._write(publication, rows, edited))
        self._rows = rows

    async def _execute(self, script: str) -> None:
        connection: asyncpg.Connection = await connect(self.dsn)
        try:
            await connection.execute(script)
        finally:
            await connection.close()

    async def _write(self, publication: Publication, rows: set[Row], edited: list[str]) -> None:
        number, connection = publication.number, await connect(self.dsn)
        known = Range(number, None)
        new = sorted(rows - self._rows, key=str)
        came = [(*each[:2], Range(each[3], each[4]), each[2], known) for each in new]
        went = [(each[0], each[3], number) for each in self._rows - rows]
        told = [_told(each, known) for each in publication.events]
        try:
            async with connection.transaction():
                await connection.executemany(_END_AREA, went)
                await connection.execute(_END_EVENTS, edited, number)
                await connection.executemany(_insert("area", "place, status, valid, geom, known"), came)
                await connection.executemany(
                    _insert("event", "event, kind, exactness, text, sources, day, geom, known"), told
                )
                await connection.execute("SELECT dated_rows.copy_in_degrees()")
            await connection.execute("ANALYZE")
        finally:
            await connection.close()


def _rows(states: dict[int, tuple[Area, ...]]) -> Iterator[Row]:
    """Yield each area with the days on which it stays as it is."""
    open_rows: dict[str, tuple[str, str, int]] = {}
    for day in range(DAYS):
        if day not in states:
            continue
        now = {each.place: (each.status, shapely.to_wkt(each.polygon, -1), day) for each in states[day]}
        for place, (status, shape, first) in list(open_rows.items()):
            if now.get(place, ("", "", 0))[:2] != (status, shape):
                yield place, status, shape, day_of(first), day_of(day)
                del open_rows[place]
        open_rows = now | open_rows
    for place, (status, shape, first) in open_rows.items():
        yield place, status, shape, day_of(first), None


def _told(event: Event, known: Range) -> tuple[object, ...]:
    point = f"POINT ({event.lon!r} {event.lat!r})"
    day = day_of(event.day)
    return event.key, event.kind, event.exactness, event.text, event.sources, day, point, known


def _insert(table: str, columns: str) -> str:
    names = columns.split(", ")
    values = [
        f"ST_Transform(ST_GeomFromText(${place}, 4326), 3857)" if name == "geom" else f"${place}"
        for place, name in enumerate(names, 1)
    ]
    return f"INSERT INTO dated_rows.{table} ({columns}) VALUES ({', '.join(values)})"


_END_AREA = """
    UPDATE dated_rows.area SET known = int4range(lower(known), $3)
    WHERE place = $1 AND lower(valid) = $2 AND upper_inf(known)
"""
_END_EVENTS = """
    UPDATE dated_rows.event SET known = int4range(lower(known), $2)
    WHERE event = ANY ($1::text[]) AND upper_inf(known)
"""
