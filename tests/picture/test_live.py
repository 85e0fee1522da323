"""Maps as a page's script gets them: degrees, what is public beneath, and the rest above."""

from __future__ import annotations

import json
from typing import Any

import shapely

from tileserver.grid import Bounds
from tileserver.picture.drawing import DrawnMap, DrawnShape, Mark, Paint
from tileserver.picture.land import projected
from tileserver.picture.live import live_map
from tileserver.picture.svg import figure

PAINTS = (
    Paint("as it would be", "#111111", "#eeeeee", "outline"),
    Paint("gained", "#222222", "#dddddd"),
    Paint("public now", "#333333", "#cccccc", "hatch"),
)


def a_map(*, with_public: bool) -> DrawnMap:
    west, east = projected(shapely.box(36, 48, 37, 49)), projected(shapely.box(37, 48, 38, 49))
    x, y = shapely.get_coordinates(projected(shapely.Point(36.5, 48.5)))[0]
    return DrawnMap(
        'A "map"',
        Bounds(*west.union(east).bounds),
        PAINTS,
        [DrawnShape(west, 0), DrawnShape(east, 1, "1: <b>a</b>")],
        [Mark(x, y, "1", 1, "one", "state0-1")],
        public=[DrawnShape(west, 2, "a"), DrawnShape(east, 2, "b")] if with_public else [],
    )


def told(*, with_public: bool) -> Any:
    return json.loads(live_map(a_map(with_public=with_public), "state0"))


def test_places_are_in_degrees_longitude_first() -> None:
    found = told(with_public=True)
    assert found["bounds"] == [36, 48, 38, 49]
    assert found["marks"][0]["at"] == [36.5, 48.5]
    [gained] = found["change"]["features"]
    assert {tuple(each) for each in gained["geometry"]["coordinates"][0]} == {
        (37, 48),
        (38, 48),
        (38, 49),
        (37, 49),
    }
    assert gained["properties"] == {"paint": 1, "title": "1: <b>a</b>"}


def test_outlines_of_afterwards_are_left_out_where_what_is_public_lies_beneath() -> None:
    assert [each["properties"]["paint"] for each in told(with_public=True)["change"]["features"]] == [1]
    assert [each["properties"]["paint"] for each in told(with_public=True)["public"]["features"]] == [2, 2]
    assert [each["properties"]["paint"] for each in told(with_public=False)["change"]["features"]] == [0, 1]


def test_a_page_that_has_no_script_for_it_gets_no_data() -> None:
    drawn = a_map(with_public=True)
    assert "data-map" not in figure(drawn, "state0")
    live = figure(drawn, "state0", is_live=True)
    assert "data-map" in live
    assert "<b>" not in live
