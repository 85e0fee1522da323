"""The parts of a picture: where things stand, which names there is room for, how long the scale is."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tileserver.declared import Category, Source
from tileserver.grid import TileAddress
from tileserver.model import Layer
from tileserver.picture.palette import palette
from tileserver.picture.press import frame
from tileserver.picture.press.areas import statuses
from tileserver.picture.press.decoded import FINE, Shape, outline_of, path_of, shapes_of
from tileserver.picture.press.events import marks
from tileserver.picture.press.fonts import text_width, wrapped
from tileserver.picture.press.ground import above_areas, present
from tileserver.picture.press.ink import interpolated, text
from tileserver.picture.press.labels import names
from tileserver.picture.press.placing import NameStyle
from tileserver.picture.press.raster import png_of
from tileserver.picture.press.sheet import Words
from tileserver.picture.press.teeth import teeth_of
from tileserver.picture.press.view import Camera, View

ENGLISH = NameStyle("light", "en", "2023-11-09", 1.0)
KYIV = View(Camera(6.4, 50.45, 30.52), 600, 400)


def test_the_middle_of_the_view_is_the_middle_of_the_picture() -> None:
    assert KYIV.at(30.52, 50.45) == pytest.approx((300, 200))


@given(
    st.floats(2, 14), st.floats(-80, 80), st.floats(-179, 179), st.integers(200, 2000), st.integers(200, 2000)
)
def test_tiles_cover_the_whole_view_and_reach_no_farther(
    zoom: float, lat: float, lon: float, width: int, height: int
) -> None:
    view = View(Camera(zoom, lat, lon), width, height)
    places = [view.placing(each) for each in view.tiles(0, 14)]
    side = places[0].unit * 4096
    assert 511.99 < side < 1024.01
    assert all(-side < each.left < width and -side < each.top < height for each in places)
    middle = [each for each in places if each.left <= width / 2 + 1e-6 and each.top <= height / 2 + 1e-6]
    assert any(
        each.left + side >= width / 2 - 1e-6 and each.top + side >= height / 2 - 1e-6 for each in middle
    )
    assert len(places) <= (width / side + 2) * (height / side + 2)


def _tile(geometry: str, **properties: Any) -> bytes:
    layer = {"name": "control", "features": [{"geometry": geometry, "properties": properties, "id": 7}]}
    data: bytes = mapbox_vector_tile.encode([layer], default_options={"y_coord_down": True})
    return data


def test_a_hole_stays_a_hole_where_two_tiles_overlap() -> None:
    outer, hole = (
        "0 0, 4096 0, 4096 4096, 0 4096, 0 0",
        "1000 1000, 1000 2000, 2000 2000, 2000 1000, 1000 1000",
    )
    ring = f"POLYGON (({outer}), ({hole}))"
    view = View(Camera(0, 0, 0), 512, 512)
    (shape,) = shapes_of(_tile(ring), TileAddress(0, 0, 0), view)["control"]
    twice = f'<path d="{path_of([shape, shape])}" transform="scale({1 / FINE})"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512">{twice}</svg>'
    image = _pixels(png_of(svg))
    assert image.getpixel((187, 187))[3] == 0
    assert image.getpixel((60, 60))[3] == 255


def _pixels(png: bytes) -> Any:
    return Image.open(BytesIO(png))


def _place(name: str, x: float, y: float, people: int = 1000, zoom: int = 3) -> Shape:
    return Shape("Point", [np.array([[x, y]])], {"name_en": name, "zoom": zoom, "people": people}, hash(name))


def test_of_two_names_in_one_place_the_larger_town_has_its_name() -> None:
    places = [_place("Small", 300, 200), _place("Great", 303, 201, 500_000)]
    drawn = names({"world": {}, "regions": {"place": places}}, KYIV, ENGLISH, [])
    assert ">Great<" in drawn
    assert ">Small<" not in drawn


def test_no_name_but_those_of_towns_lies_over_a_mark() -> None:
    near = View(Camera(10, 50.45, 30.52), 600, 400)
    place = {"world": {}, "regions": {"place": [_place("Village", 300, 200, zoom=10)]}}
    everywhere = [(0.0, 0.0, 600.0, 190.0), (0.0, 210.0, 600.0, 400.0), (310.0, 0.0, 600.0, 400.0)]
    drawn = names(place, near, ENGLISH, everywhere)
    assert 'text-anchor="end"' in drawn
    everywhere.append((0.0, 0.0, 290.0, 400.0))
    assert not names(place, near, ENGLISH, everywhere)
    town = {"world": {}, "regions": {"place": [_place("Town", 300, 200, zoom=9)]}}
    assert ">Town<" in names(town, near, ENGLISH, everywhere)


def test_a_name_that_a_language_lacks_is_the_local_one_in_letters_that_its_readers_know() -> None:
    own = {"name": "Köln", "name_en": "Cologne", "zoom": 2}
    for language, said in (("en", "Cologne"), ("de", "Köln"), ("ru", "Köln")):
        assert replace(ENGLISH, language=language).name(own) == said
    assert replace(ENGLISH, language="de").name({"name": "Харьков", "name_en": "Kharkiv"}) == "Kharkiv"


def test_a_name_is_in_the_readers_language_where_the_map_has_it() -> None:
    place = _place("Kyiv", 300, 200)._replace(properties={"name_en": "Kyiv", "name_uk": "Київ", "zoom": 2})
    layers = {"world": {"place": [place]}, "regions": {}}
    assert ">Київ<" in names(layers, KYIV, replace(ENGLISH, language="uk"), [])
    assert ">Kyiv<" in names(layers, KYIV, replace(ENGLISH, language="fr"), [])


def test_inland_water_is_seen_through_from_near_by_and_the_sea_is_not() -> None:
    square = [np.array([[0.0, 0], [0, 90], [90, 90], [90, 0], [0, 0]])]
    waters = [Shape("Polygon", square, {"kind": kind}, n) for n, kind in enumerate(("lake", "sea"))]
    ground = {"world": {}, "regions": {"water": waters}}
    far, near = (str(above_areas(ground, _kyiv_at(zoom), "light", "2023-11-09")) for zoom in (9.0, 11.0))
    assert "fill-opacity" not in far
    assert near.count('fill-opacity="0.4"') == 1
    assert near.count("<path") == 4  # the lake and its shore, then the sea and its own


def _kyiv_at(zoom: float) -> View:
    """Return a view of Kyiv at *zoom*."""
    return View(Camera(zoom, 50.45, 30.52), 600, 400)


@pytest.mark.parametrize(
    ("zoom", "language", "said"),
    [(5.0, "en", ">100"), (5.0, "uk", "км"), (13.0, "ru", "м"), (2.0, "de", "1.000")],
)
def test_the_scale_is_a_round_number_of_metres(zoom: float, language: str, said: str) -> None:
    view = View(Camera(zoom, 48.0, 37.0), 1200, 500)
    bar, (west, _, east, _) = frame.scale_bar(view, frame.Type(1.0), "light", language)
    assert said in bar
    assert 0 < east - west < 150


def test_every_letter_of_the_five_languages_is_drawn() -> None:
    letters = "АаЂЄєІіЇїҐґЁёЫыЭэЪъ ÄÖÜäöüß ÀÂÇÉÈÊËÎÏÔÛÙŸŒàâçéèêëîïôûùÿœæ ² − – — · © « » „ “ ’ № → 0123456789"
    widths = {each: text_width(each, 100) for each in letters if each != " "}
    nothing = text_width("\U000f0000", 100)  # no font has it
    assert not [each for each, width in widths.items() if width == nothing]


def test_words_of_strangers_stay_words() -> None:
    assert "<script" not in text('</text><script>alert("x")</script>', 0, 0, 12, "#000000")


@given(st.text("abc дії ", min_size=1, max_size=80), st.floats(40, 400))
def test_a_line_is_never_wider_than_its_room(said: str, room: float) -> None:
    lines = wrapped(said, 16, room)
    assert " ".join(lines) == " ".join(said.split())
    assert all(" " not in line or text_width(line, 16) <= room for line in lines)


def test_a_long_date_fits_a_narrow_picture() -> None:
    kind = frame.Type.of(200, 200)
    words = Words("War", "25. September 1944", "Credit", "de")
    (_, date) = frame.header(words, 200, kind)
    assert text_width(date.words, date.size, date.weight) <= 200 - 2 * kind.margin + 0.01


def test_widths_grow_with_the_zoom_as_the_page_has_them() -> None:
    stops = [(4.0, 3.0), (10.0, 7.0)]
    assert interpolated(2, stops, 1.4) == 3.0
    assert interpolated(12, stops, 1.4) == 7.0
    assert interpolated(7, stops, 1.4) == pytest.approx(3 + 4 * (1.4**3 - 1) / (1.4**6 - 1))


def test_the_reservoir_is_drawn_until_the_day_it_emptied() -> None:
    lake = _place("Kakhovka", 0, 0)._replace(properties={"to": "2023-06-07"})
    assert present(lake, "2023-06-06")
    assert not present(lake, "2023-06-07")
    assert present(lake._replace(properties={"from": "2023-06-07"}), "2023-06-07")


def test_a_pale_status_is_as_pale_as_on_the_page() -> None:
    held = Category("held", {"en": "Held"}, "#aa2211", "#aa2211")
    freed = Category("freed", {"en": "Freed"}, "#aa2211", "#aa2211", "pale")
    layer = Layer(
        "control", "areas", "state", {"en": "Control"}, Source("P", "L", "A"), {"status": "whose"},
        category="status", categories=(held, freed),
    )  # fmt: skip
    square = [np.array([[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]])]
    shapes = [Shape("Polygon", square, {"status": code}, i) for i, code in enumerate(("held", "freed"))]
    view = View(Camera(0, 0, 0), 512, 512)
    plain, pale, patterns = statuses(layer, shapes, "light", view).split("<g ")[1:]
    assert 'id="control-held"' in plain
    assert f'opacity="{palette("light")["controlOpacity"]}"' in plain
    assert 'id="control-freed"' in pale
    assert f'opacity="{palette("light")["paleOpacity"]}"' in pale
    assert 'id="control-freed-pattern"' in patterns


def test_no_shore_is_drawn_where_a_tile_ends() -> None:
    whole = "POLYGON ((-64 -64, 4160 -64, 4160 4160, 2000 2000, -64 4160, -64 -64))"
    (lake,) = shapes_of(_tile(whole), TileAddress(0, 0, 0), View(Camera(0, 0, 0), 512, 512))["control"]
    assert outline_of([lake]).count("M") == 1
    assert outline_of([lake]).count("z") == 0


def test_an_event_of_an_earlier_day_is_hollow_and_the_legend_says_so() -> None:
    events = [_event(1, 100), _event(2, 200)]
    layer = Layer(
        "events", "points", "window", {"en": "Events"}, Source("P", "L", "A"), {"kind": "what"},
        category="kind", categories=(Category("shot", {"en": "Shots"}, "#aa2211", "#aa2211"),),
    )  # fmt: skip
    both = marks([layer], {"events": events}, frozenset({1}), KYIV, "light", 1.0)
    assert (both.are_older, both.counts) == (True, {("events", "shot"): 2})
    assert both.drawn.count('opacity="0.75"') == 1
    assert not marks([layer], {"events": events}, None, KYIV, "light", 1.0).are_older


def test_marks_of_few_events_are_larger_from_afar_and_as_large_near_by() -> None:
    def halves(zoom: float, *, are_few: bool) -> float:
        layer = Layer("events", "points", "window", {"en": "Events"}, Source("P", "L", "A"), {})
        view = View(Camera(zoom, 50.45, 30.52), KYIV.width, KYIV.height)
        [(left, _, right, _)] = marks(
            [layer], {"events": [_event(1, 40.0)]}, None, view, "light", 1.0, are_few=are_few
        ).boxes
        return right - left

    assert halves(4, are_few=True) > 1.7 * halves(4, are_few=False)
    assert halves(9, are_few=True) == halves(9, are_few=False)


def _event(number: int, x: float) -> Shape:
    return Shape("Point", [np.array([[x, 100.0]])], {"kind": "shot"}, number)


@pytest.mark.parametrize("line", ["2048 0, 2048 1500, 2048 4096", "2048 4096, 2048 1500, 2048 0"])
@pytest.mark.parametrize("west", [True, False])
def test_teeth_point_to_the_land_of_the_fronts_side_whichever_way_the_line_runs(
    line: str, west: bool
) -> None:
    ring = "0 0, 2048 0, 2048 1500, 2048 4096, 0 4096, 0 0"
    if not west:
        ring = "2048 0, 4096 0, 4096 4096, 2048 4096, 2048 1500, 2048 0"
    view = View(Camera(6, 0, 0), 512, 512)
    held, front = (
        shapes_of(_tile(each), TileAddress(6, 32, 32), view)["control"]
        for each in (f"POLYGON (({ring}))", f"LINESTRING ({line})")
    )
    teeth = teeth_of(front, held, 6.0)
    assert 12 < len(teeth) < 24
    assert {each.dx for each in teeth} == {-1.0 if west else 1.0}
    assert {round(each.x - view.placing(TileAddress(6, 32, 32)).left) for each in teeth} == {256}
    assert teeth_of(front, held, 5.4) == []
    assert teeth_of(front, [], 6.0) == []  # where nothing tells, none is on the wrong side
