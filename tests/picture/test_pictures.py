"""Pictures for the desk: places where they are, strangers' words as words, and a page that asks nobody."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tileserver.grid import Bounds
from tileserver.picture.drawing import DrawnMap, DrawnShape, Mark, Paint, seen_in, view_of
from tileserver.picture.html import element, page, table, words
from tileserver.picture.land import projected, world_land
from tileserver.picture.svg import UNITS, figure, paint_style, svg

VIEW = Bounds(0, 0, 100_000, 50_000)  # metres; a unit of the picture is a metre
RED = Paint("held", "#aa0000", "#ff8888")
HOSTILE = '</title></svg><script>alert(1)</script><img src=x onerror=alert(1)>" onload="alert(1)\u202e\0'


class Seen(HTMLParser):
    """Every tag of a page, with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def paths(drawing: DrawnMap) -> list[tuple[str, str]]:
    """Class and commands of each path that is drawn, without the land below."""
    root = ElementTree.fromstring(svg(drawing, "m"))
    return [
        (each.attrib["class"], each.attrib["d"])
        for each in root.iter("path")
        if each.attrib["class"] not in ("land", "ink")
    ]


def test_a_place_is_drawn_where_it_is_and_north_is_up() -> None:
    square = shapely.box(10_000, 10_000, 20_000, 30_000)
    line = shapely.LineString([(0, 0), (100_000, 50_000)])
    points = shapely.MultiPoint([(50_000, 25_000), (60_000, 25_000)])
    drawn = paths(DrawnMap("a map", VIEW, [RED], [DrawnShape(each, 0) for each in (square, line, points)]))
    assert drawn == [
        ("area fill m-0", "M20000 40000l0 -20000 -10000 0 0 20000 10000 0z"),
        ("line m-0", "M0 50000l100000 -50000"),
        ("dots-of-points m-0", "M50000 25000h0M60000 25000h0"),
    ]


def test_a_shape_is_cut_at_the_edge_of_the_picture_and_one_beyond_is_not_drawn() -> None:
    wide, away = shapely.box(-1e6, 10_000, 1e6, 20_000), shapely.box(2e6, 2e6, 3e6, 3e6)
    ((_, commands),) = paths(DrawnMap("", VIEW, [RED], [DrawnShape(wide, 0), DrawnShape(away, 0)]))
    assert all(abs(int(each)) <= UNITS for each in re.findall(r"-?\d+", commands))


def test_what_is_public_lies_beneath_the_change_and_its_front_above_with_teeth_on_its_right() -> None:
    paints = [
        RED,
        Paint("public", "#00aa00", "#88ff88", "hatch"),
        Paint("front", "#000000", "#ffffff", "line"),
    ]
    outline = Paint("as it would be", "#aa0000", "#ff8888", "outline")
    low, high = shapely.box(0, 0, 100_000, 20_000), shapely.box(0, 20_000, 100_000, 30_000)
    front = shapely.LineString([(0, 20_000), (100_000, 20_000)])
    drawing = DrawnMap(
        "a map",
        VIEW,
        [*paints, outline],
        [DrawnShape(high, 3), DrawnShape(high, 0)],
        public=[DrawnShape(low, 1)],
        front=[DrawnShape(front, 2)],
    )
    kinds = [kind for kind, _ in paths(drawing)]
    # what would be is not outlined where what is public says it
    assert kinds[:4] == ["public area hatch m-1", "area fill m-0", "casing", "front m-2"]
    teeth = ElementTree.fromstring(svg(drawing, "m")).findall("g[path]")
    assert {each[0].attrib["class"] for each in teeth} == {"tooth m-2"}
    turns = {re.sub(r"translate\(\d+ (\d+)\)", r"\1", each.attrib["transform"]) for each in teeth}
    assert turns == {"30000 rotate(0)"}  # eastward: the tips point down, which is south
    assert 20 < len(teeth) < 50
    legend = Seen(figure(drawing, "m")).tags
    looks = [attrs["class"] for tag, attrs in legend if tag == "span"]
    assert looks == ["swatch fill m-0", "swatch beneath hatch m-1", "swatch line m-2"]


def test_a_shape_of_too_many_corners_is_drawn_with_fewer() -> None:
    angles = np.linspace(0, 2 * np.pi, 400_000)
    radius = 2e4 + 40 * np.cos(np.arange(len(angles)) * np.pi)  # every corner can be seen
    ring = np.column_stack([5e4 + radius * np.cos(angles), 2.5e4 + radius * np.sin(angles)])
    seen = seen_in(VIEW, shapely.Polygon(ring))
    assert 3 < shapely.get_num_coordinates(seen) <= 100_000


def test_a_mark_beyond_the_picture_stands_at_its_edge_and_says_so() -> None:
    marks = [Mark(50_000, 25_000, "1", 0, "here", "row-1"), Mark(9e6, 25_000, "2", 0, "away", "row-2")]
    root = ElementTree.fromstring(svg(DrawnMap("", VIEW, [RED], marks=marks), "m"))
    inside, beyond = (each for each in root.findall("g"))
    assert inside.attrib["transform"] == "translate(50000 25000)"
    assert [each.attrib["href"] for each in root.iter("a")] == ["#row-1", "#row-2"]
    assert 0 < int(beyond.attrib["transform"].split("(")[1].split()[0]) < UNITS
    assert [each.text for each in root.iter("title")] == ["here", "away (beyond this picture)"]


def test_a_view_shows_all_of_the_theatre_that_is_asked_for_and_nothing_far_beyond() -> None:
    within = Bounds(0, 0, 1e6, 1e6)
    view = view_of([shapely.Point(2e5, 2e5), shapely.box(3e5, 3e5, 4e5, 4e5), shapely.Point(9e6, 0)], within)
    assert view.west < 2e5 < 4e5 < view.east < 1e6
    alone = view_of([shapely.Point(2e5, 2e5)])
    assert alone.east - alone.west > 4000
    nothing = view_of([shapely.Point()], within)
    assert nothing.west < 0 < 1e6 < nothing.east


def test_the_land_has_kyiv_and_crimea_and_not_the_black_sea() -> None:
    places = {"Kyiv": (30.5, 50.45), "Simferopol": (34.1, 44.95), "Black Sea": (32.0, 43.5)}
    places |= {"Siberia": (100.0, 68.0), "Chukotka": (-175.0, 66.5), "Atlantic": (-30.0, 68.0)}
    held = {name: world_land().contains(projected(shapely.Point(*at))) for name, at in places.items()}
    assert held == {name: name not in ("Black Sea", "Atlantic") for name in places}
    assert np.isfinite(projected(shapely.Point(200, 90)).coords[0]).all()


def test_words_of_strangers_stay_words_wherever_they_stand() -> None:
    drawing = DrawnMap(HOSTILE, VIEW, [Paint(HOSTILE, HOSTILE, "red;}*{x:url(//evil.example)}")])
    square = DrawnShape(shapely.box(0, 0, 9, 9), 0, HOSTILE)
    marks = [Mark(1, 1, HOSTILE, 0, HOSTILE, HOSTILE)]
    drawing = DrawnMap(HOSTILE, VIEW, drawing.paints, [square], marks)
    rows = table(HOSTILE, [HOSTILE], [[HOSTILE], [1.5]])
    text = page(
        HOSTILE, [element("h1", HOSTILE), figure(drawing, "m"), rows], style=paint_style(drawing.paints, "m")
    )
    tags = Seen(text).tags
    assert [tag for tag, _ in tags].count("script") == 1
    assert "img" not in dict(tags)
    assert not [name for _, given in tags for name in given if name.startswith("on")]
    assert "evil.example" not in text.split("</style>")[0]
    assert "\0" not in text
    assert "\u202e" not in text


def test_a_page_allows_its_own_style_and_script_alone_and_names_no_host() -> None:
    text = page("a page", [element("p", "words")], style=".m-0{--c:#aa0000}")
    policy = next(given["content"] for tag, given in Seen(text).tags if given.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        inner = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert inner is not None
        assert f"'sha256-{b64encode(sha256(inner[1].encode()).digest()).decode()}'" in policy
    assert "://" not in text
    assert "unsafe" not in policy


def test_a_colour_that_is_none_is_grey() -> None:
    assert Paint("x", "red", "#FFF").colour == Paint("x", "red", "#FFF").colour_dark == "#8c8780"


@given(st.text(max_size=60))
@settings(deadline=None)
def test_escaped_text_is_read_back_as_the_same_words(text: str) -> None:
    inner = ElementTree.fromstring(element("p", text, title=text))
    assert words(inner.text or "") == words(text)
    assert words(inner.attrib["title"]) == words(text)


@pytest.mark.parametrize("texture", ["fill", "hatch", "dots", "outline"])
def test_every_texture_is_one_that_the_style_knows(texture: str) -> None:
    paint = Paint("x", "#aa0000", "#aa0000", texture)  # type: ignore[arg-type]
    text = figure(DrawnMap("", VIEW, [paint], [DrawnShape(shapely.box(0, 0, 9e4, 9e4), 0)]), "m")
    filled = f"url(#m-{texture}-0)" in text
    assert filled == (texture in ("hatch", "dots")) == (f'id="m-{texture}-0"' in text)
