"""Lines of a front, turned by the land of their side, whichever way they ran and whose corners they have."""

from __future__ import annotations

import pytest
import shapely

from tileserver.shape.facing import facing

EAST = shapely.LineString([(0, 0), (1000, 0), (2000, 300)])
SOUTH_OF_IT = shapely.Polygon([(0, 0), (1000, 0), (2000, 300), (2000, -5000), (0, -5000)])
NORTH_OF_IT = shapely.Polygon([(0, 0), (1000, 0), (2000, 300), (2000, 5000), (0, 5000)])


@pytest.mark.parametrize("line", [EAST, shapely.reverse(EAST)])
def test_the_land_lies_on_the_right_whichever_way_the_line_ran(line: shapely.LineString) -> None:
    (southern,), (northern,) = facing([line], SOUTH_OF_IT), facing([line], NORTH_OF_IT)
    assert shapely.get_coordinates(southern)[0].tolist() == [0, 0]
    assert shapely.get_coordinates(northern)[0].tolist() == [2000, 300]


def test_pieces_of_cells_become_one_line_and_land_of_other_corners_tells_as_well() -> None:
    west, east = shapely.LineString([(1000, 0), (0, 0)]), shapely.LineString([(1000, 0), (2000, 300)])
    about = shapely.Polygon([(-9, -3), (1400, 3), (2009, 303), (2000, -5000), (0, -5000)])
    (line,) = facing([west, shapely.MultiLineString([east])], about)
    assert shapely.get_coordinates(line).tolist() == [[0, 0], [1000, 0], [2000, 300]]


def test_a_line_beside_no_land_runs_as_it_did_and_no_lines_are_none() -> None:
    assert facing([EAST], shapely.Polygon()) == [EAST]
    assert facing([], SOUTH_OF_IT) == []
