"""Law: a file is read in one order of axes, or not at all; no feature is moved by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.drawn import event, write
from tests.shapes import layer, theatre
from tileserver.errors import UnreadableSource
from tileserver.findings import Finding
from tileserver.geometry import parse_geometry
from tileserver.grid import BoundsLonLat
from tileserver.ingest import ReadOptions, Report, read_features
from tileserver.ingest.axes import Axes, decide, tally

Place: TypeAlias = tuple[float, float]

SYRIA = (35.0, 32.0, 43.0, 38.0)  # a latitude of it can be a longitude of it
UKRAINE = (20.0, 43.0, 45.0, 54.0)
PLACES = [(37.15, 36.2), (36.3, 33.5), (40.14, 35.33), (39.0, 35.95), (36.63, 35.93)]
AWAY = [(44.0, 50.0), (30.0, 50.5), (24.0, 49.8), (36.2, 49.9), (30.7, 46.5)]


def read(
    path: Path, places: list[Place], bounds: tuple[float, float, float, float], axes: Axes | None = None
) -> tuple[list[Place], Report]:
    """Return where the events of a file at *places*, as they are written, are read to lie."""
    write(path, *map(event, places))
    events = layer("events", "points")
    report = Report()
    options = ReadOptions(axes=axes or "")
    found = list(read_features(path, theatre(events, bounds=bounds), events, options, report))
    shapes = [parse_geometry(each.geometry) for each in found]
    return [(shape.x, shape.y) for shape in shapes if isinstance(shape, shapely.Point)], report


def turned(places: list[Place]) -> list[Place]:
    return [(b, a) for a, b in places]


def test_a_file_in_the_order_of_the_standard_stays_as_it_is(tmp_path: Path) -> None:
    for places, bounds in ((PLACES, SYRIA), (AWAY, UKRAINE)):
        found, report = read(tmp_path / "e.geojson", places, bounds)
        assert found == places
        assert not report.counts


def test_a_file_that_can_only_be_the_other_way_round_is_swapped_whole(tmp_path: Path) -> None:
    found, report = read(tmp_path / "e.geojson", turned(AWAY), UKRAINE)
    assert found == AWAY
    assert report.counts == {Finding.SWAPPED: 5}


def test_a_file_whose_order_cannot_be_told_is_refused_whole_with_the_option_that_decides(
    tmp_path: Path,
) -> None:
    with pytest.raises(UnreadableSource, match=r"3 features .* only as latitude.*--axes latlon"):
        read(tmp_path / "e.geojson", turned(PLACES), SYRIA)
    found, report = read(tmp_path / "e.geojson", turned(PLACES), SYRIA, "latlon")
    assert found == PLACES
    assert report.counts == {Finding.SWAPPED: 5}
    as_written, report = read(tmp_path / "e.geojson", turned(PLACES), SYRIA, "lonlat")
    assert as_written == turned(PLACES)
    assert not report.counts


def test_a_mixture_is_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match=r"2 features .* only as latitude, .*, as row 4, 5, 3 only"):
        read(tmp_path / "e.geojson", [*AWAY[:3], *turned(AWAY[3:])], UKRAINE)


def test_a_stray_among_many_is_left_where_it_is_and_moves_nothing(tmp_path: Path) -> None:
    places = [*AWAY * 10, (50.5, 30.5), (38.1, 8.47)]
    found, report = read(tmp_path / "e.geojson", places, UKRAINE)
    assert found == places  # those two lie outside, and are put aside when they are placed
    assert not report.counts


def test_a_neighbour_of_the_theatre_is_no_proof(tmp_path: Path) -> None:
    neighbours = [
        (45.70, 43.32),
        (47.66, 42.87),
    ]  # Grozny, Kaspiysk: their longitude can be a latitude of Ukraine
    found, _ = read(tmp_path / "e.geojson", [*AWAY, *neighbours], UKRAINE)
    assert found == [*AWAY, *neighbours]
    with pytest.raises(UnreadableSource):
        read(tmp_path / "e.geojson", neighbours, UKRAINE)


def test_features_one_a_line_are_decided_on_together(tmp_path: Path) -> None:
    events = layer("events", "points")
    lines = [json.dumps(event(at)) for at in turned(AWAY)]
    (tmp_path / "e.geojsonl").write_text("\n".join(lines))
    report = Report()
    world = theatre(events, bounds=UKRAINE)
    assert len(list(read_features(tmp_path / "e.geojsonl", world, events, ReadOptions(), report))) == 5
    assert report.counts == {Finding.SWAPPED: 5}


inside = st.tuples(st.floats(20, 45), st.floats(43, 54))
anywhere = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


# Places that fit the other way round as well, and a stray that fits that way alone, say that it is meant.
as_written = st.tuples(st.floats(20, 42.9), st.floats(43, 54))


@given(st.lists(as_written, min_size=1, max_size=30), st.lists(anywhere, max_size=1))
def test_a_file_of_the_theatre_is_never_swapped(places: list[Place], stray: list[Place]) -> None:
    found = tally(map(shapely.Point, [*places, *stray]), BoundsLonLat(*UKRAINE))
    try:
        assert decide(found, "drawn") == "lonlat"
    except UnreadableSource:
        assert stray


@given(st.lists(inside, min_size=1, max_size=30))
def test_a_file_of_the_theatre_the_other_way_round_is_swapped_or_refused_unless_either_fits(
    places: list[Place],
) -> None:
    found = tally((shapely.Point(lat, lon) for lon, lat in places), BoundsLonLat(*UKRAINE))
    try:
        order = decide(found, "drawn")
    except UnreadableSource:
        return
    assert order == "latlon" or found.swapped <= max(found.strays, found.lonlat)
