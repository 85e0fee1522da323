"""Law: the front of real days runs where two sides meet, and within kilometres of another publisher's line.

Before May 2023 that publisher drew none. ``-s`` shows the table of 20 days.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from tests.fronts import STRETCH, far_stretches, our_fronts, shares, their_fronts
from tileserver.shape.project import to_lonlat, to_mercator
from tileserver.theatres import load_lands, load_theatre

pytestmark = [pytest.mark.data]

DAYS = (
    *("2023-05-10", "2023-06-10", "2023-07-10", "2023-08-10", "2023-09-10", "2023-10-10", "2023-11-09"),
    *("2023-12-10", "2024-01-10", "2024-02-10", "2024-03-10", "2024-04-10", "2024-05-20", "2024-06-20"),
    *("2024-07-20", "2024-08-15", "2024-09-15", "2024-10-15", "2024-11-15", "2024-12-20"),
)
EARLY = ("2022-09-12", "2022-11-11")
RUSSIA = (34.2, 50.9, 36.0, 52.0)  # in and around Kursk oblast, where the other publisher draws no line
BORDER = (36.6, 50.0, 38.0, 50.6)  # where they join two fronts along the state border, from May 2024
KM = (5, 10, 20)


@pytest.fixture(scope="module")
def fronts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, BaseGeometry]]:
    return our_fronts([*EARLY, *DAYS], tmp_path_factory.mktemp("days"))


def box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    corners = to_mercator(np.array([[west, south], [east, north]]))
    return shapely.box(*corners.ravel())


def whole(fronts: dict[str, dict[str, BaseGeometry]], day: str) -> BaseGeometry:
    return shapely.union_all(list(fronts[day].values()))


def km_in(line: BaseGeometry, *place: float) -> float:
    return float(shapely.intersection(line, box(*place)).length) / 1000 / STRETCH


def nearest_km(line: BaseGeometry, lon: float, lat: float) -> float:
    at = shapely.Point(to_mercator(np.array([[lon, lat]]))[0])
    return float(shapely.distance(line, at)) / 1000 / STRETCH


def described(line: BaseGeometry) -> str:
    middle = np.asarray(line.interpolate(0.5, normalized=True).coords)
    lon, lat = to_lonlat(middle)[0]
    return f"{line.length / 1000 / STRETCH:.0f} km at {lon:.2f} {lat:.2f}"


def test_the_front_is_that_of_another_publisher(fronts: dict[str, dict[str, BaseGeometry]]) -> None:
    """What is farther than 5 km for more than 10 is Kursk, and a line of theirs along the border."""
    theirs = their_fronts(DAYS)
    print("\nday         ours  theirs  ours within 5, 10, 20 km  theirs within 5, 10, 20 km  farther")
    for day in DAYS:
        line, other = whole(fronts, day), theirs[day]
        assert other is not None
        far = {
            who: [part for part in far_stretches(one, two, 5) if part.length > 10_000 * STRETCH]
            for who, one, two in (("ours", line, other), ("theirs", other, line))
        }
        ours_near, theirs_near = shares(line, other, KM), shares(other, line, KM)
        said = ", ".join(f"{who} {described(part)}" for who, parts in far.items() for part in parts)
        percent = [" ".join(f"{100 * share:5.1f}" for share in near) for near in (ours_near, theirs_near)]
        lengths = [f"{each.length / 1000 / STRETCH:6.0f}" for each in (line, other)]
        print(f"{day} {lengths[0]} {lengths[1]}   {percent[0]}         {percent[1]}        {said}")
        assert all(part.intersects(box(*RUSSIA)) for part in far["ours"])
        assert all(part.intersects(box(*BORDER)) for part in far["theirs"])
        assert ours_near[0] > (0.999 if day < "2024-05" else 0.88)
        assert theirs_near[0] > (0.999 if day < "2024-05" else 0.90)


def test_no_front_runs_through_the_syvash_nor_along_the_sea(
    fronts: dict[str, dict[str, BaseGeometry]],
) -> None:
    for day in (*EARLY, *DAYS):
        line = whole(fronts, day)
        assert km_in(line, 33.3, 45.0, 36.7, 46.6) == 0, day  # the Syvash, and the Azov shore to Berdiansk
        assert km_in(line, 36.0, 46.6, 39.0, 47.2) == 0, day  # on to Mariupol
        assert km_in(line, 32.3, 44.2, 36.7, 46.1) == 0, day  # Crimea
        assert km_in(line, 31.6, 45.9, 33.3, 46.4) == 0, day  # the Black Sea to Perekop


def test_the_front_is_in_kursk_oblast_in_august_2024(fronts: dict[str, dict[str, BaseGeometry]]) -> None:
    day = fronts["2024-08-15"]
    assert 90 < km_in(day["ukraine"], *RUSSIA) < 120
    assert km_in(day["russia"], *RUSSIA) == 0  # nor along the border behind it
    assert nearest_km(day["ukraine"], 35.23, 51.25) < 20  # about Sudzha


def test_the_front_follows_the_dnipro_to_its_mouth_in_november_2022(
    fronts: dict[str, dict[str, BaseGeometry]],
) -> None:
    line = whole(fronts, "2022-11-11")
    for lon, lat in (
        (32.6, 46.62),
        (32.3, 46.52),
        (32.0, 46.5),
        (31.52, 46.57),
        (33.3, 46.75),
        (34.4, 47.45),
    ):
        assert nearest_km(line, lon, lat) < 8, (lon, lat)
    assert len(shapely.get_parts(shapely.line_merge(line))) <= 3


def test_the_front_begins_at_the_state_border(fronts: dict[str, dict[str, BaseGeometry]]) -> None:
    where = shapely.box(37.5, 49.9, 38.2, 50.2)
    for day in ("2022-11-11", "2023-11-09", "2024-08-15"):
        ends = to_lonlat(shapely.get_coordinates(shapely.boundary(shapely.line_merge(fronts[day]["russia"]))))
        north = ends[shapely.contains_xy(where, ends)]
        assert len(north) == 1, day
        assert nearest_km(russian_border(), *north[0]) < 1, day


def test_no_front_runs_along_the_border_behind_it(fronts: dict[str, dict[str, BaseGeometry]]) -> None:
    for day in ("2022-11-11", *DAYS):
        assert km_in(fronts[day]["russia"], 23.0, 50.6, 35.5, 53.0) == 0, day  # Belarus, Chernihiv, Sumy
        assert km_in(fronts[day]["russia"], 38.3, 49.2, 41.0, 50.5) == 0, day  # Luhansk oblast
        assert km_in(fronts[day].get("ukraine", shapely.Point()), 23.0, 44.0, 33.9, 53.0) == 0, day


def russian_border() -> BaseGeometry:
    theatre = load_theatre("ukraine")
    land = shapely.from_geojson(load_lands(theatre, theatre.layer("frontline"))["russia"])
    return shapely.boundary(shapely.transform(land, to_mercator))
