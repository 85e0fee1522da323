"""An invented war in the shape of a real one, and what is known of it when: the same seed, the same bytes.

A front from north to south that wobbles at every scale, with a contested strip along it; both sides' land is
cut across into sectors whose areas share their vertices. Day by day the front moves at a few places, and some
land is taken back to the vertex. Behind it lie a pocket that comes, shrinks and goes, and a ring with land in
its middle. Far from all that an atoll lies on the antimeridian, in two halves. Nothing in it is real.

It is told in publications, as desks tell things: the first days, the rest of the days, a correction of a week
that was told already, and one more that the benchmark publishes while readers look. Events come with their
sources and with how exactly their place is known; some are told late, some are corrected. The last days are
told too, and are too young to be public.

Days are numbers from the first one on, 0-based; a state holds from its day until the next one that is told.
Coordinates are degrees, longitude first, with six decimals.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import shapely

Degrees: TypeAlias = npt.NDArray[np.float64]

FIRST_DAY = date(2021, 4, 1)
DAYS = 60
LAST_PUBLIC = 57  # the days after it are told, and too young to be public
NORTH, SOUTH = 52.0, 44.0  # degrees of latitude
WEST, EAST = 20.0, 29.0  # degrees of longitude: the ends of the land
SECTORS, STEPS = 12, 80  # of the land from north to south; vertices of a front in each
MIDDLE = 40  # the first day of the second publication
CORRECTED = range(30, 37)  # days that the third publication tells anew
LIVE = range(50, 55)  # days that the fourth one tells anew
STATUSES = ("east", "contested", "west")
KINDS = ("clash", "shelling", "landing")
EXACTNESS = {"exact": 0, "near": 150, "settlement": 2_000}  # metres of the square in which a place lies
RETAKEN_AFTER = 9  # days


@dataclass(frozen=True, slots=True)
class Area:
    """Land of one status, known from day to day by its *place*; degrees, exterior ring and holes."""

    place: str
    status: str
    polygon: shapely.Polygon


@dataclass(frozen=True, slots=True)
class Event:
    """An incident of one day, known again by its *key*; its place in degrees."""

    key: str
    day: int
    lon: float
    lat: float
    kind: str
    exactness: str
    text: str
    sources: str  # JSON: publishers and their URLs


@dataclass(frozen=True, slots=True)
class Publication:
    """One telling: whole states by their day, and events that are new or replace those of the same key."""

    number: int
    title: str
    states: Mapping[int, tuple[Area, ...]]
    events: tuple[Event, ...]


def day_of(number: int) -> date:
    """Return the day of this number."""
    return FIRST_DAY + timedelta(days=number)


def publications(seed: int = 1, events: int = 1_500) -> tuple[Publication, ...]:
    """Return the four publications, in their order."""
    rng = np.random.default_rng(seed)
    fronts = list(_fronts(rng))
    states = {day: tuple(_state(front, day)) for day, front in enumerate(fronts)}
    corrected = {day: tuple(_state(_moved(fronts[day], 3, 0.15), day)) for day in CORRECTED}
    live = {day: tuple(_state(_moved(fronts[day], 8, -0.2), day)) for day in LIVE}
    told = [_event(number, fronts, rng) for number in range(events)]
    late = {each.key for each in told if each.day < MIDDLE and rng.random() < 0.1}
    first = tuple(each for each in told if each.day < MIDDLE and each.key not in late)
    second = tuple(each for each in told if each.day >= MIDDLE or each.key in late)
    edited = tuple(_edited(each, rng) for each in first if each.day in CORRECTED and rng.random() < 0.2)
    return (
        Publication(1, "the first days", {day: states[day] for day in range(MIDDLE)}, first),
        Publication(2, "the rest of the days", {day: states[day] for day in range(MIDDLE, DAYS)}, second),
        Publication(3, "a week corrected", corrected, edited),
        Publication(4, "days corrected while readers look", live, ()),
    )


@dataclass(frozen=True, slots=True)
class _Front:
    """Longitudes by vertex from north to south, degrees: where the west's land ends, the east's begins."""

    west: Degrees
    east: Degrees


_LATITUDES: Degrees = np.linspace(NORTH, SOUTH, SECTORS * STEPS + 1)


def _fronts(rng: np.random.Generator) -> Iterator[_Front]:
    """Yield the front of each day."""
    size = len(_LATITUDES)
    west = np.linspace(25.0, 23.5, size) + _rough(rng, size)
    front = _Front(west, west + 0.08 + 0.05 * np.sin(np.linspace(0, 40, size)))
    undone: dict[int, tuple[slice, Degrees]] = {}
    for day in range(DAYS):
        yield front
        west, east = front.west.copy(), front.east.copy()
        if day in undone:
            place, before = undone.pop(day)
            west[place], east[place] = before
        for _ in range(int(rng.integers(1, 4))):
            width = int(rng.integers(30, STEPS))
            begin = int(rng.integers(0, size - width))
            place = slice(begin, begin + width)
            if rng.random() < 0.3:
                undone[day + RETAKEN_AFTER] = place, np.array([west[place], east[place]])
            bump = np.hanning(width) * rng.normal(0, 0.1)
            west[place] += bump
            east[place] += bump * rng.choice([0.6, 1.0])
        front = _Front(west, np.maximum(east, west + 0.01))


def _rough(rng: np.random.Generator, size: int) -> Degrees:
    """Return *size* offsets that are jagged at every scale, about 0.3 degrees at the largest."""
    places, offsets = np.linspace(0, 1, size), np.zeros(size)
    knots, amplitude = 8, 0.3
    while knots < size:
        offsets += np.interp(places, np.linspace(0, 1, knots), rng.normal(0, amplitude, knots))
        knots, amplitude = knots * 2, amplitude * 0.5
    return offsets


def _moved(front: _Front, sector: int, by: float) -> _Front:
    """Return the front as it was really: *by* degrees further east in the middle of a sector."""
    bump = np.zeros(len(_LATITUDES))
    bump[sector * STEPS + 5 : (sector + 1) * STEPS - 5] = np.hanning(STEPS - 10) * by
    return _Front(front.west + bump, front.east + bump)


def _state(front: _Front, day: int) -> Iterator[Area]:
    """Yield all areas of a day; those of the land cover it without a gap and without an overlap."""
    for sector in range(SECTORS):
        part = slice(sector * STEPS, (sector + 1) * STEPS + 1)
        lat, west, east = _LATITUDES[part], front.west[part], front.east[part]
        holes = list(_pockets(sector, day))
        yield Area(f"{sector}-west", "west", _between(lat, np.full(len(lat), WEST), west))
        yield Area(f"{sector}-contested", "contested", _between(lat, west, east))
        outer = [ring for _, _, ring, _ in holes[:1]]
        yield Area(f"{sector}-east", "east", _between(lat, east, np.full(len(lat), EAST), outer))
        for place, status, ring, inner in holes:
            yield Area(place, status, shapely.Polygon(ring, [inner] if inner is not None else []))
    status = "east" if day < 20 else "west" if day < 45 else "contested"
    for half in ("western", "eastern"):
        yield Area(f"atoll-{half}", status, _atoll(half))


def _pockets(sector: int, day: int) -> Iterator[tuple[str, str, Degrees, Degrees | None]]:
    """Yield what lies in a sector's eastern land: a pocket, or a ring with land in its middle."""
    middle = float(_LATITUDES[sector * STEPS + STEPS // 2])
    if sector == 5 and 10 <= day < 36:
        yield "pocket", "west", _circle(27.2, middle, 0.25 if day < 25 else 0.12), None
    if sector == 8 and 20 <= day < 50:
        inner = _circle(27.0, middle, 0.1)
        yield "ring", "contested", _circle(27.0, middle, 0.25), inner
        yield "ring-middle", "east", inner, None


def _between(
    lat: Degrees, left: Degrees, right: Degrees, holes: list[Degrees] | None = None
) -> shapely.Polygon:
    down, up = np.column_stack([left, lat]), np.column_stack([right, lat])[::-1]
    return shapely.Polygon(np.vstack([down, up]).round(6), holes or [])


def _circle(lon: float, lat: float, radius: float) -> Degrees:
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.column_stack([lon + radius * 1.5 * np.cos(angles), lat + radius * np.sin(angles)]).round(6)


def _atoll(half: str) -> shapely.Polygon:
    """The half of a circle on the antimeridian that lies on one side of it."""
    angles = np.linspace(-np.pi / 2, np.pi / 2, 25)
    out, lat = 1.2 * np.cos(angles), -10 + 0.8 * np.sin(angles)
    out[[0, -1]] = 0.0
    lon = -180.0 + out if half == "eastern" else 180.0 - out
    return shapely.Polygon(np.column_stack([lon, lat]).round(6))


def _event(number: int, fronts: list[_Front], rng: np.random.Generator) -> Event:
    day = int(rng.integers(DAYS))
    vertex = int(rng.integers(len(_LATITUDES)))
    exactness = str(rng.choice(list(EXACTNESS), p=[0.6, 0.3, 0.1]))
    publishers = [f"Invented {each}" for each in range(int(rng.integers(1, 4)))]
    urls = [f"https://example.org/{number}/{place}" for place in range(len(publishers))]
    pairs = [{"publisher": each, "url": url} for each, url in zip(publishers, urls, strict=True)]
    return Event(
        key=f"e{number:05}",
        day=day,
        lon=round(float(fronts[day].west[vertex] + rng.normal(0, 0.15)), 6),
        lat=round(float(_LATITUDES[vertex] + rng.normal(0, 0.05)), 6),
        kind=str(rng.choice(KINDS)),
        exactness=exactness,
        text=f"Invented event {number}, first telling.",
        sources=json.dumps(pairs, separators=(",", ":")),
    )


def _edited(event: Event, rng: np.random.Generator) -> Event:
    """Return the event as it was really: on another day of the corrected ones, told in other words."""
    day = int(rng.choice(list(CORRECTED)))
    text = event.text.replace("first telling", "corrected")
    return Event(event.key, day, event.lon, event.lat, event.kind, event.exactness, text, event.sources)
