"""Recent gains on a picture: whose they are, what is no gain, and what the legend tells of them."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pytest

from tileserver.model import Layer
from tileserver.picture.press.decoded import Shape
from tileserver.picture.press.labels import names
from tileserver.picture.press.placing import NameStyle
from tileserver.picture.press.recent import TakenLand, gain_of, recent_gains, recent_items, sides_of_front
from tileserver.picture.press.sheet import Village, Words
from tileserver.picture.press.view import Camera, View
from tileserver.publish.picture_recent import recent_amounts
from tileserver.publish.picture_words import kilometres
from tileserver.theatres import load_theatre

VIEW = View(Camera(7.0, 49.0, 37.0), 600, 400)
WORDS = Words("Title", "9 November 2023", "", "en", recent="Taken", sides={"gained": "A", "lost": "B"})


@pytest.fixture
def layers() -> list[Layer]:
    theatre = load_theatre("ukraine")
    return [each for each in theatre.layers if each.name in ("control", "frontline")]


def test_a_gain_is_of_whoever_has_the_land_now_and_no_status_is_the_defenders(layers: list[Layer]) -> None:
    found = sides_of_front(layers)
    assert found is not None
    areas, gainers = found
    assert [(each.kind, each.status.side) for each in gainers] == [("gained", "russia"), ("lost", "ukraine")]

    def kind(was: str, now: str) -> str | None:
        return gain_of(was, now, gainers, areas.categories)

    assert (kind("", "occupied"), kind("occupied", "")) == ("gained", "lost")
    assert (kind("occupied", "liberated"), kind("liberated", "occupied")) == ("lost", "gained")
    assert (kind("occupied", "occupied_before_2022"), kind("liberated", "")) == (None, None)
    contested = next(each.code for each in areas.categories if not each.side)
    assert kind("occupied", contested) is None  # nobody's gain


def _piece(x: float, was: str, now: str, km2: float) -> Shape:
    ring = np.array([[x, 100.0], [x + 9, 100.0], [x + 9, 109.0], [x, 100.0]])
    said = {"was": was, "is": now, "km2": km2}
    return Shape("Polygon", [ring], {name: text for name, text in said.items() if text}, int(x))


def test_an_outline_drawn_anew_far_from_the_front_is_no_gain(layers: list[Layer]) -> None:
    line = Shape("LineString", [np.array([[100.0, 90.0], [100.0, 120.0]])], {}, 1)

    def drawn(*pieces: Shape) -> int:
        svg = recent_gains(layers, [TakenLand(7, pieces)], [line], VIEW, "light")
        return sum(path.count("M") for path in re.findall(r'<path d="([^"]*)" fill="#', svg))

    assert drawn(_piece(101, "", "occupied", 3)) == 1
    assert drawn(_piece(500, "", "occupied", 3)) == 0
    assert drawn(_piece(500, "", "occupied", 30)) == 1  # no strip is as large
    assert drawn(_piece(500, "liberated", "occupied", 3)) == 1


def test_gains_of_a_week_are_stronger_than_those_of_a_month_and_lie_above(layers: list[Layer]) -> None:
    piece = _piece(100, "liberated", "occupied", 30)
    svg = recent_gains(layers, [TakenLand(30, [piece]), TakenLand(7, [piece])], [], VIEW, "light")
    assert [float(each) for each in re.findall(r'fill="#[^"]*" fill-opacity="([^"]*)"', svg)] == [0.14, 0.42]


def test_the_legend_tells_both_sides_and_the_days_once(layers: list[Layer]) -> None:
    items = recent_items(layers, {"gained": "1 · 2 km²", "lost": "0 · 3 km²"}, "light", WORDS)
    assert [each.words for each in items] == ["Taken: A 1 · 2 km²", "B 0 · 3 km²"]
    assert recent_items(layers[:1], {"gained": "1 km²"}, "light", WORDS) == []  # without a front no side
    sides = sides_of_front(layers)
    assert sides is not None
    unmeasured = recent_amounts(None, sides[1], (), date(2023, 11, 9), "en")  # drawn, but not summed up yet
    assert [each.words for each in recent_items(layers, unmeasured, "light", WORDS)] == ["Taken: A", "B"]


def test_square_kilometres_are_written_as_the_page_writes_them() -> None:
    assert kilometres([1234.5], "en") == "1,234\N{NO-BREAK SPACE}km²"
    assert kilometres([0.0, 12.34], "de") == "0 · 12,3\N{NO-BREAK SPACE}km²"
    assert kilometres([5.0], "uk") == "5\N{NO-BREAK SPACE}км²"


def test_a_village_of_the_desk_is_written_where_the_map_does_not_write_it_itself() -> None:
    style = NameStyle("light", "uk", "2023-11-09", 1.0)
    village = Village({"": "Krynky", "uk": "Кринки"}, 7, 37.1, 49.05, "desk")
    assert ">Кринки<" in names({"world": {}, "regions": {}}, VIEW, style, [], [village])
    x, y = VIEW.at(37.12, 49.06)
    same = Shape("Point", [np.array([[x, y]])], {"name": "Кринки", "zoom": 7, "people": 9}, 1)
    written = names({"world": {}, "regions": {"place": [same]}}, VIEW, style, [], [village])
    assert written.count(">Кринки<") == 1
    assert VIEW.place(x, y) == pytest.approx((37.12, 49.06))


def test_a_village_that_an_event_spells_its_own_way_is_not_written_twice() -> None:
    style = NameStyle("light", "en", "2023-11-09", 1.0)
    x, y = VIEW.at(37.12, 49.06)
    town = {"name": "Курахове", "name_en": "Kurakhove", "zoom": 7, "people": 9}
    layers = {"world": {}, "regions": {"place": [Shape("Point", [np.array([[x, y]])], town, 1)]}}
    for spelled, by, is_written in (
        ("Kurakhovo", "data", False),
        ("Kurakhovo", "desk", True),
        ("Marinka", "data", True),
    ):
        drawn = names(layers, VIEW, style, [], [Village({"": spelled}, 7, 37.2, 49.1, by)])
        assert (f">{spelled}<" in drawn) is is_written
