"""MapLibre Native draws our styles: snapshots, history and letters, from a server over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from tests.native import Drawing, Pixels, draw

pytestmark = pytest.mark.db
DRAWS = pytest.mark.skipif(find_spec("pymgl") is None, reason="pymgl is not for this Python or system")

DAY, OTHER = "1944-08-25", "1944-09-20"
MIDDLE = (2.5, 48.6)
ZOOM = 6.4
BAND = 5  # the zoom at which the band of that zoom begins


def read(url: str) -> Any:
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def of_control(style: dict[str, Any]) -> dict[str, Any]:
    """Return *style* with the ground and the areas alone.

    The fill is named as its source layer: pymgl sets a state by the name of a layer, MapLibre by the other.
    """
    kept = [each for each in style["layers"] if each.get("source-layer", "control") == "control"]
    names = {"control-fill": "control"}
    layers = [{**each, "id": names.get(each["id"], each["id"])} for each in kept]
    return {**style, "layers": [each for each in layers if each.get("source") != "places"]}


def number_of_different(one: Pixels, other: Pixels) -> int:
    """Return how many pixels differ by more than the last bits of blending."""
    return int((np.abs(one - other).max(axis=2) > 8).sum())


def switched(faces: dict[str, Any], day: int, other: int) -> list[tuple[str, int, dict[str, bool]]]:
    """Return the states that show *other* on a map of *day*, as an app makes them of the side file."""
    columns = faces["layers"]["control"]
    rows = zip(columns["id"], columns["from"], columns["to"], strict=True)
    return [
        ("control", number, {"shown": start <= other < end})
        for number, start, end in rows
        if (start <= day < end) != (start <= other < end)
    ]


@DRAWS
def test_a_day_of_history_looks_as_the_snapshot_does_and_so_does_another_by_feature_state(
    server_url: str,
) -> None:
    styles = f"{server_url}/styles/western-front"
    snapshot, later = (of_control(read(f"{styles}-mobile.json?datetime={day}")) for day in (DAY, OTHER))
    history = of_control(read(f"{styles}-history.json?datetime={DAY}"))
    said, wanted = (
        read(f"{styles}-history.json?datetime={day}")["metadata"]["tileserver:history"]
        for day in (DAY, OTHER)
    )
    assert said["period"] == wanted["period"]  # else the app would take the other period's style
    states = switched(read(said["faces"].replace("{band}", str(BAND))), said["day"], wanted["day"])
    assert max(number for _, number, _ in states) > 2**32
    drawn = [
        Drawing(snapshot, *MIDDLE, ZOOM),
        Drawing(history, *MIDDLE, ZOOM),
        Drawing(later, *MIDDLE, ZOOM),
        Drawing(history, *MIDDLE, ZOOM, states),
    ]
    day, same, other, by_state = draw(*drawn)
    assert number_of_different(day, other) > 2_000
    assert number_of_different(day, same) == 0
    assert number_of_different(other, by_state) == 0


@DRAWS
def test_a_history_tile_of_any_style_shows_a_day_by_a_filter(server_url: str) -> None:
    styles = f"{server_url}/styles/ukraine-sample"
    snapshot = of_control(read(f"{styles}-mobile.json?datetime=2023-11-09"))
    history = read(f"{styles}-history.json?datetime=2023-03-01")
    day = read(f"{styles}-history.json?datetime=2023-11-09")["metadata"]["tileserver:history"]["day"]
    of_day = [["<=", ["get", "from"], day], [">", ["get", "to"], day]]
    filtered = {
        **snapshot,
        "sources": history["sources"],
        "layers": [
            {**each, "filter": ["all", *of_day, *([each["filter"]] if "filter" in each else [])]}
            if "source-layer" in each
            else each
            for each in snapshot["layers"]
        ],
    }
    one, other = draw(Drawing(snapshot, 36, 48.4, 6), Drawing(filtered, 36, 48.4, 6))
    assert len(np.unique(one.reshape(-1, 4), axis=0)) > 9  # areas, and signs over some of them
    assert number_of_different(one, other) == 0


@DRAWS
def test_names_are_written_in_letters_and_by_signs_of_this_server(server_url: str) -> None:
    style = read(f"{server_url}/styles/ukraine-sample-mobile.json")
    (written,) = [each for each in style["layers"] if each["id"] == "places"]
    background = style["layers"][0]

    def named(name: str) -> Drawing:
        point = {"type": "Point", "coordinates": [36.2, 50]}
        feature = {"type": "Feature", "properties": {"name": name, "zoom": 3}, "geometry": point}
        sources = {"places": {"type": "geojson", "data": feature}}
        return Drawing({**style, "sources": sources, "layers": [background, written]}, 36.2, 50, 6)

    none, cyrillic, latin, unknown = draw(*(named(name) for name in ("", "Харків", "Kharkiv", "გორი Харків")))
    for drawn in (cyrillic, latin, unknown):  # a range without a glyph does not hold up the rest
        assert number_of_different(none, drawn) > 150
    assert number_of_different(cyrillic, latin) > 100


def test_letters_and_signs_are_kept_for_ever_and_any_page_may_read_them(server_url: str) -> None:
    stack = "Nobody%20Bold,Fira%20Sans%20Regular"
    for path in (f"fonts/{stack}/1024-1279.pbf", f"fonts/{stack}/4096-4351.pbf", "sprites/signs@2x.png"):
        with urllib.request.urlopen(f"{server_url}/{path}") as answer:
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert answer.read()
    absurd = ("0-254", "1-256", "65536-65791", "00-255", "-1-254", "x")
    paths = [f"fonts/{stack}/{each}.pbf" for each in absurd] + [
        "sprites/signs@3x.png",
        "fonts/..%2f/0-255.pbf",
    ]
    for path in (*paths, "fonts/Nobody/0-255.pbf", "sprites/..%2fembed.js"):
        assert status(f"{server_url}/{path}") == 404, path


def test_a_style_of_history_is_of_one_day_that_is_public(server_url: str) -> None:
    style = f"{server_url}/styles/western-front-history.json"
    for query, code in (
        ("?datetime=1900-01-01", 404), ("?datetime=1944-08-25/1944-08-26", 400), ("?revision=1", 400),
        ("?datetime=1944-08-25T12:00:00Z", 400), ("?datetime=1944-13-01", 400), ("?day=1", 400),
    ):  # fmt: skip
        assert status(style + query) == code, query
    assert read(style)["metadata"]["tileserver:history"]["end"] is None
