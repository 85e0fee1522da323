"""Law: a definition loads whole or says what is wrong where; the shipped ones are fit to be shown."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import shapely
from pyproj import Geod
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from tests.conftest import DATA
from tileserver.desk.redraw import fingerprint
from tileserver.errors import BadParameter, UnknownTheatre
from tileserver.languages import LANGUAGES
from tileserver.model import Theatre
from tileserver.theatres import load_lands, load_theatre, shipped
from tileserver.theatres.check import check_theatre
from tileserver.theatres.write import toml_of

UKRAINE = (Path(__file__).parents[1] / "tileserver" / "theatres" / "ukraine.toml").read_text("utf-8")
WGS84 = Geod(ellps="WGS84")


def load_text(tmp_path: Path, text: str) -> Theatre:
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    return load_theatre(str(path))


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_definition_loads_under_its_own_id(name: str) -> None:
    theatre = load_theatre(name)
    assert theatre.id == name
    assert all(layer.source.attribution for layer in theatre.layers)


@pytest.mark.parametrize("name", shipped())
def test_a_definition_survives_being_kept_as_json(name: str) -> None:
    theatre = load_theatre(name)
    kept = msgspec.convert(json.loads(json.dumps(msgspec.to_builtins(theatre))), Theatre)
    assert kept == theatre
    check_theatre(kept)


def test_a_definition_of_ones_own_is_a_path(tmp_path: Path) -> None:
    assert load_text(tmp_path, UKRAINE.replace('id = "ukraine"', 'id = "own"')).id == "own"


@pytest.mark.parametrize("name", shipped())
def test_every_text_of_a_shipped_definition_is_in_every_language_of_the_page(name: str) -> None:
    def lacking(value: object, place: str) -> Iterator[str]:
        if isinstance(value, dict) and "en" in value:
            yield from (f"{place}: {each}" for each in LANGUAGES if not value.get(each))
        elif isinstance(value, dict):
            for key, each in value.items():
                yield from lacking(each, f"{place}.{key}")
        elif isinstance(value, list | tuple):
            for each in value:
                yield from lacking(each, place)

    theatre = load_theatre(name)
    said = msgspec.to_builtins(theatre)
    assert list(lacking(said, name)) == []
    assert theatre.method is not None
    assert all((theatre.title, theatre.notice, theatre.method.text, theatre.told_sides, theatre.directions))


def test_another_label_draws_nothing_anew() -> None:
    theatre = load_theatre("ukraine-sample")
    labelled = msgspec.structs.replace(
        theatre,
        layers=tuple(
            msgspec.structs.replace(
                layer,
                title={"en": "Another"},
                categories=tuple(
                    msgspec.structs.replace(each, label={"en": each.code}) for each in layer.categories
                ),
            )
            for layer in theatre.layers
        ),
    )
    for layer, other in zip(theatre.layers, labelled.layers, strict=True):
        assert fingerprint(labelled, other) == fingerprint(theatre, layer), layer.name


@pytest.mark.parametrize("name", ["atlantis", "../ukraine", "", "/", "ukraine.toml/.."])
def test_what_is_neither_shipped_nor_a_file_names_what_is_shipped(name: str) -> None:
    with pytest.raises(UnknownTheatre, match=r"shipped are .*ukraine"):
        load_theatre(name)


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ('id = "ukraine"', 'id = "Ukraine.2"', "id 'Ukraine.2' has to be small letters"),
        ('id = "ukraine"', "id = ", "own.toml: "),
        ('id = "ukraine"', 'id = "ukraine"\ncolour = "red"', "line 7: there is no key 'colour'"),
        ('embargo = "48h"', 'embargo = "two days"', "embargo: 'two days' is no duration"),
        ('embargo = "48h"', 'embargo = "48h"\nopens_at = "today"', "opens_at: 'today' is no date"),
        ('day_zone = "Europe/Kyiv"', 'day_zone = "Kyiv time"', "day_zone: 'Kyiv time' is no time zone"),
        ("bounds = [20.0, 43.0, 45.0, 54.0]", "bounds = [45.0, 43.0, 20.0, 54.0]", "have to be west, south"),
        ("bounds = [20.0, 43.0, 45.0, 54.0]", "bounds = [20.0, 43.0, 45.0]", r"\$\.bounds"),
        ("bounds = [20.0, 41.0, 180.0, 72.0]", "bounds = [20.0, 41.0, 380.0, 72.0]", "'events': bounds"),
        ("centre = [31.1, 48.5, 5.0]", "centre = [48.5, 31.1, 5.0]", "inside the bounds"),
        ('name = "notes"', 'name = "events"', "layer 'events' is declared twice"),
        ('name = "notes"', 'name = "no,tes"', "layer 'no,tes' has to be small letters"),
        ('kind = "lines"', 'kind = "curves"', "Invalid enum value 'curves'"),
        ('pattern = "dots"', 'pattern = "stars"', "Invalid enum value 'stars'"),
        (
            'kind = "points"\ntime = "window"',
            'kind = "lines"\ntime = "window"',
            "what happened is points, not",
        ),
        ('category = "side"', 'category = "datetime"', "'datetime' is a parameter of every tile"),
        ('category = "side"', 'category = "who"', "category 'who' is not among its fields"),
        ('code = "mutiny"', 'code = "occupied"', "'control': category 'occupied' is declared twice"),
        ('colour = "#8a1538"', 'colour = "crimson"', "colour 'crimson' has to be written like"),
        (
            'mapping = "uacontrolmap-events"',
            'mapping = "uacontrolmap-events"\nmaxzoom = 16',
            "'control' ends at zoom 14 and another layer at 16",
        ),
        ('layer = "control"', 'layer = "events"', "derived from 'events', which is no layer of areas"),
        ('side = "ukraine"', 'side = "Ukraine"', "'liberated': side 'Ukraine' has to be small letters"),
        (
            '\nside = "russia"\nreach',
            '\nside = "mars"\nreach',
            "no status is on side 'mars'; sides are russia, ukraine",
        ),
        ("land = { ukraine =", "land = { mars =", "land of side 'mars', which no status is on"),
        ("reach_m = 25000", "reach_m = -1", "reach_m has to be metres"),
        ('"ukraine_shore_land.geojson"', '"../../errors.py"', "no land file"),
        (
            '"ukraine_shore_land.geojson"',
            '"moon.geojson"',
            "no land file 'moon.geojson' is beside the definition or shipped",
        ),
        ('title = { en = "Control"', 'title = { english = "Control"', "words by language"),
        ('status = "who', 'Status = "who', "field 'Status'"),
        (
            'name = "notes"\n',
            'name = "notes"\nrole = "areas"\n',
            "role 'areas' is for areas of a state",
        ),
        (
            'role = "events"\n',
            'role = "notes"\n',
            "notes are listed by the field 'dir",
        ),
        ('name = "notes"\n', 'name = "notes"\nrole = "text"\n', "Invalid enum value 'text'"),
    ],
)
def test_a_definition_that_does_not_hold_together_says_where(
    tmp_path: Path, was: str, becomes: str, message: str
) -> None:
    assert was in UKRAINE
    with pytest.raises(BadParameter, match=message):
        load_text(tmp_path, UKRAINE.replace(was, becomes, 1))


def test_two_layers_that_declare_one_role_are_refused(tmp_path: Path) -> None:
    second = CLAIMED.replace('role = "overlay"', 'role = "areas"').partition("[layers.look]")[0]
    with pytest.raises(
        BadParameter, match="'claimed_too' and layer 'control' would both be drawn as the areas"
    ):
        load_text(tmp_path, UKRAINE.replace('reader = "d', 'role = "areas"\nreader = "d') + second)


CLAIMED = """
[[layers]]
name = "claimed_too"
kind = "areas"
time = "state"
role = "overlay"
title = { en = "Claimed" }
fields = { status = "who" }
source = { publisher = "p", licence = "l", attribution = "a" }

[layers.look]
colour = "#123456"
colour_dark = "#abcdef"
pattern = "dots"
"""


ONE_STATUS = """[[layers.categories]]
code = "a"
label = { en = "A" }
colour = "#123456"
colour_dark = "#123456"
"""


def test_several_layers_are_events_and_any_areas_or_lines_may_be_an_overlay(tmp_path: Path) -> None:
    lines = CLAIMED.replace('"areas"', '"lines"').replace("claimed_too", "trenches")
    theatre = load_text(tmp_path, UKRAINE + CLAIMED + lines)
    roles = Counter(layer.role for layer in theatre.layers)
    assert roles == {"areas": 1, "front": 1, "events": 2, "overlay": 7, "notes": 1}
    assert load_text(tmp_path, toml_of(theatre)) == theatre


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ('colour_dark = "#abcdef"', 'colour_dark = "red"', "layer 'claimed_too': look: colour 'red'"),
        ('role = "overlay"\n', "", "'claimed_too': look is for overlays; say role = \"overlay\""),
        ('time = "state"', 'time = "window"', "'claimed_too': what happened is points, not areas"),
        (
            'kind = "areas"',
            'kind = "points"',
            "role 'overlay' is for areas or lines of a state, not for points",
        ),
        (
            "[layers.look]",
            'category = "status"\n' + ONE_STATUS + "[layers.look]",
            "'claimed_too': an overlay is drawn in its own colours",
        ),
    ],
)
def test_an_overlay_that_could_not_be_drawn_is_refused(
    tmp_path: Path, was: str, becomes: str, message: str
) -> None:
    with pytest.raises(BadParameter, match=re.escape(message)):
        load_text(tmp_path, UKRAINE + CLAIMED.replace(was, becomes))


def test_a_definition_that_is_no_text_says_so(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadParameter, match=r"own\.toml cannot be read"):
        load_theatre(str(path))


def land() -> BaseGeometry:
    theatre = load_theatre("ukraine")
    return shapely.from_geojson(load_lands(theatre, theatre.layer("frontline"))["ukraine"])


def test_only_a_derived_layer_has_land() -> None:
    theatre = load_theatre("ukraine")
    with pytest.raises(BadParameter, match="not derived"):
        load_lands(theatre, theatre.layer("control"))


@pytest.mark.parametrize(
    "place",
    [
        (34.10, 44.95),
        (33.53, 44.57),
        (36.47, 45.35),
        (34.17, 44.51),
        (33.69, 46.10),
        (30.72, 46.48),
        (38.0, 48.6),
    ],
    ids=["Simferopol", "Sevastopol", "Kerch", "Yalta", "Armiansk", "Odesa", "Bakhmut"],
)
def test_crimea_and_the_mainland_are_one_land(place: tuple[float, float]) -> None:
    mainland = max(shapely.get_parts(land()), key=lambda part: part.area)
    assert mainland.contains(shapely.Point(place))


@pytest.mark.parametrize("place", [(37.62, 55.75), (39.7, 47.2), (36.6, 50.6), (28.8, 47.0), (38.98, 45.04)])
def test_the_land_ends_at_the_border(place: tuple[float, float]) -> None:
    assert not land().contains(shapely.Point(place))


@pytest.mark.data
def test_the_land_is_that_of_the_official_regions() -> None:
    with gzip.open(DATA / "context" / "ukraine_oblast_minregion_2020.geojson.gz") as stream:
        regions = [shape(feature["geometry"]).buffer(0) for feature in json.load(stream)["features"]]
    official = shapely.union_all(regions)
    ours, theirs = (abs(WGS84.geometry_area_perimeter(area)[0]) / 1e6 for area in (land(), official))
    assert ours == pytest.approx(theirs, rel=0.03)  # less the waters
    apart = shapely.symmetric_difference(land(), official)
    assert abs(WGS84.geometry_area_perimeter(apart)[0]) / 1e6 < 0.035 * theirs


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def seen_by_deuteranope(colour: str) -> tuple[float, float, float]:
    """The colour without the difference of red and green (Vienot, Brettel, Mollon 1999), linear light."""
    red, green, blue = ((int(colour[place : place + 2], 16) / 255) ** 2.2 for place in (1, 3, 5))
    yellow = 0.29275 * red + 0.70725 * green
    return yellow, yellow, -0.02234 * red + 0.02234 * green + blue


@pytest.mark.parametrize("attribute", ["colour", "colour_dark"])
def test_no_two_statuses_look_alike_to_who_sees_no_red_from_green(attribute: str) -> None:
    for layer in load_theatre("ukraine").layers:
        for one, other in itertools.combinations(layer.categories, 2):
            if one.pattern != other.pattern:
                continue
            colours = [seen_by_deuteranope(getattr(each, attribute)) for each in (one, other)]
            roots = [[max(part, 0.0) ** (1 / 2.2) for part in colour] for colour in colours]
            apart = sum((a - b) ** 2 for a, b in zip(*roots, strict=True)) ** 0.5
            assert apart > 0.15, (one.code, other.code, apart)


def test_occupied_land_is_lighter_than_what_was_occupied_before() -> None:
    categories = {each.code: each for each in load_theatre("ukraine").layer("control").categories}
    lighter, darker = categories["occupied"], categories["occupied_before_2022"]
    assert luminance(lighter.colour) > 2 * luminance(darker.colour)


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        (
            'colour = "#8a1538"',
            'color = "#8a1538"',
            r"own\.toml, line \d+: there is no key 'color'; did you mean 'colour'\?; there are code, label",
        ),
        ('pattern = "dots"', 'pattern = "dot"', r"line \d+: Invalid enum value 'dot'; did you mean 'dots'\?"),
        ('kind = "lines"', 'kind = "curves"', "it has to be one of areas, lines, points"),
        (
            'embargo = "48h"',
            "embargo = 48",
            r"line 9: it has to be a text, and is a whole number - at `\$\.embargo`",
        ),
        (
            '\nside = "russia"\nreach',
            '\nside = "rusia"\nreach',
            r"no status is on side 'rusia'.*did you mean 'russia'\?",
        ),
        ("priority = 60", 'priority = "60"', r"line \d+: .*layers\[0\]\.categories\[1\]\.priority"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_was_meant(
    tmp_path: Path, was: str, becomes: str, message: str
) -> None:
    text = UKRAINE.replace(was, becomes, 1)
    with pytest.raises(BadParameter, match=message) as refused:
        load_text(tmp_path, text)
    if found := re.search(r"line (\d+)", str(refused.value)):
        assert text.splitlines()[int(found[1]) - 1] == next(
            line for line in text.splitlines() if becomes in line
        )


def own_land(tmp_path: Path, content: str) -> Theatre:
    (tmp_path / "lands").mkdir()
    (tmp_path / "lands" / "own.geojson").write_text(content)
    return load_text(tmp_path, UKRAINE.replace("ukraine_shore_land.geojson", "lands/own.geojson"))


def test_a_land_file_beside_the_definition_is_found_and_kept_with_it(tmp_path: Path) -> None:
    drawn = shapely.box(30, 45, 40, 52)
    features = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(drawn))}
    ]}  # fmt: skip
    theatre = own_land(tmp_path, json.dumps(features))
    kept = msgspec.convert(json.loads(json.dumps(msgspec.to_builtins(theatre))), Theatre)
    assert shapely.from_geojson(load_lands(kept, kept.layer("frontline"))["ukraine"]).equals(drawn)
    shown = tmp_path / "elsewhere" / "shown.toml"
    shown.parent.mkdir()
    shown.write_text(toml_of(theatre), "utf-8")
    assert load_theatre(str(shown)) == theatre


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "cannot be read as GeoJSON"),
        ('{"type": "Point", "coordinates": [35, 48]}', "has no areas"),
        ('{"type": "FeatureCollection", "features": []}', "has no areas"),
        (shapely.to_geojson(shapely.box(3e6, 5e6, 4e6, 6e6)), "not in longitude and latitude"),
        (shapely.to_geojson(shapely.box(-100, 30, -90, 40)), "wholly outside the theatre's bounds"),
    ],
)
def test_a_land_file_that_is_no_land_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        own_land(tmp_path, content)


def test_a_printed_definition_says_its_embargo_also_where_that_is_the_default(tmp_path: Path) -> None:
    silent = load_text(tmp_path, "".join(line for line in UKRAINE.splitlines(True) if "embargo" not in line))
    assert toml_of(silent).count('embargo = "48h"') == 1
    assert load_text(tmp_path, toml_of(silent)) == silent


def test_of_several_layers_of_a_kind_one_is_drawn_and_the_others_are_served(tmp_path: Path) -> None:
    before, control, rest = UKRAINE.partition('[[layers]]\nname = "control"')
    plain = """[[layers]]
name = "plain"
kind = "areas"
time = "state"
title = { en = "Plain" }
fields = {}
source = { publisher = "p", licence = "l", attribution = "a" }

"""
    undeclared = rest.replace("direction", "place").replace('role = "events"\n', "")
    theatre = load_text(tmp_path, before + plain + control + undeclared)
    roles = {layer.name: layer.role for layer in theatre.layers if layer.role != "overlay"}
    assert roles == {
        "plain": "none",
        "control": "areas",
        "frontline": "front",
        "events": "events",
        "damage": "none",
        "notes": "none",
    }
    assert load_text(tmp_path, toml_of(theatre)) == theatre
