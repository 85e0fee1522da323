"""Law: land that changed hands is movement, a new mark, or a line drawn anew, and none of it is lost."""

from __future__ import annotations

import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.declared import Direction
from tileserver.shape.compare import Piece
from tileserver.shape.directions import direction_regions
from tileserver.shape.ground import ground
from tileserver.shape.holders import NOBODY, NOWHERE, Holders, transfers
from tileserver.shape.measure import area_km2
from tileserver.shape.project import to_mercator

KM = 1000.0
LAND = shapely.box(0, 0, 100 * KM, 100 * KM)  # the defender's, on the equator; the sea is beyond it
GROUND = ground({"defender": LAND}, reach_m=10 * KM, margin_m=1.5 * KM, border_m=500, seam_m=100)
HOLDERS = Holders(
    {"taken": "invader", "freed": "defender", "unsure": NOBODY, "elsewhere": NOWHERE, "old": "invader"},
    GROUND,
)


def told(
    before: str, after: str, shape: BaseGeometry, covered: BaseGeometry | None = None, *, sliver: bool = False
) -> dict[tuple[str, str | None, str | None], float]:
    """What passed with one piece, while *covered* was covered by areas."""
    piece = Piece(before, after, shape, area_km2(shape), sliver)
    found = list(transfers([piece], HOLDERS, lambda _, box: (covered or shapely.Polygon()).intersection(box)))
    assert sum(each.km2 for each in found) in (0, pytest.approx(piece.km2))
    return {(each.kind, each.before, each.after): each.km2 for each in found}


INLAND = shapely.box(40 * KM, 40 * KM, 42 * KM, 42 * KM)


@pytest.mark.parametrize(
    ("before", "after", "way"),
    [
        ("unsure", "taken", ("movement", NOBODY, "invader")),
        ("taken", "freed", ("movement", "invader", "defender")),
        ("", "taken", ("movement", "defender", "invader")),
        ("", "unsure", ("marked", "defender", NOBODY)),
        ("unsure", "", ("marked", NOBODY, "defender")),
        ("taken", "", ("movement", "invader", "defender")),
        ("elsewhere", "taken", ("outline", NOWHERE, "invader")),
    ],
)
def test_a_piece_inland_passes_from_whose_it_was_to_whose_it_is(
    before: str, after: str, way: tuple[str, str | None, str | None]
) -> None:
    assert list(told(before, after, INLAND)) == [way]


@pytest.mark.parametrize(("before", "after"), [("taken", "old"), ("freed", ""), ("", "freed")])
def test_what_stays_with_its_holder_passes_to_nobody(before: str, after: str) -> None:
    assert told(before, after, INLAND) == {}


def test_the_part_of_a_piece_that_lies_in_the_sea_was_only_drawn_anew() -> None:
    half = shapely.box(-2 * KM, 40 * KM, 2 * KM, 41 * KM)
    found = told("", "taken", half, shapely.box(2 * KM, 0, 100 * KM, 100 * KM))
    assert found.keys() == {("outline", NOWHERE, "invader"), ("outline", "defender", "invader")}
    assert found["outline", NOWHERE, "invader"] == pytest.approx(area_km2(half) / 2, rel=1e-3)


def test_a_strip_along_the_coast_is_an_outline_only_where_all_behind_it_is_covered() -> None:
    strip = shapely.box(0, 40 * KM, 1 * KM, 45 * KM)
    behind = shapely.box(1 * KM, 0, 100 * KM, 100 * KM)
    assert list(told("", "taken", strip, behind)) == [("outline", "defender", "invader")]
    assert list(told("", "taken", strip)) == [("movement", "defender", "invader")]


def test_a_sliver_is_no_movement_whoever_had_it() -> None:
    assert list(told("", "taken", INLAND, sliver=True)) == [("sliver", "defender", "invader")]
    assert list(told("taken", "freed", INLAND, sliver=True)) == [("sliver", "invader", "defender")]


def test_without_ground_nobody_holds_what_no_area_covers() -> None:
    piece = Piece("", "taken", INLAND, area_km2(INLAND), False)
    (found,) = transfers([piece], Holders({"taken": "invader"}, None), lambda *_: shapely.Polygon())
    assert found[:3] == ("movement", NOBODY, "invader")


def square(lon: float, lat: float, side: float = 0.2) -> BaseGeometry:
    return shapely.transform(shapely.box(lon, lat, lon + side, lat + side), to_mercator)


EN = {"en": "there"}
WEST, EAST = Direction("west", EN, (36.0, 48.0)), Direction("east", EN, (37.0, 48.0))
CITY = Direction("city", EN, area=((35.9, 47.9), (36.1, 47.9), (36.1, 48.1), (35.9, 48.1)))


@pytest.mark.parametrize(
    ("shape", "names"),
    [
        (square(36.2, 48.0), {"west"}),
        (square(36.4, 48.0), {"west", "east"}),  # halfway, so it is divided
        (square(35.95, 47.95, 0.1), {"city"}),
        (square(36.0, 47.95, 0.2), {"city", "west"}),
        (square(39.0, 48.0), {None}),  # out of reach of both
    ],
)
def test_land_goes_by_the_first_area_and_else_by_the_nearest_point_within_reach(
    shape: BaseGeometry, names: set[str | None]
) -> None:
    shares = direction_regions([WEST, EAST, CITY]).near(*shape.bounds).shares(shape, 100.0)
    assert {name for name, km2 in shares.items() if km2 > 0.01} == names
    assert sum(shares.values()) == pytest.approx(100.0)


def test_one_direction_alone_has_its_reach_and_none_has_nothing() -> None:
    near, far = square(36.2, 48.0), square(39.0, 48.0)
    assert direction_regions([WEST]).near(*near.bounds).shares(near, 1.0) == {"west": 1.0}
    assert direction_regions([WEST]).near(*far.bounds).shares(far, 1.0) == {None: 1.0}
    assert direction_regions([]).near(*near.bounds).shares(near, 1.0) == {None: 1.0}
