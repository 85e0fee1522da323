"""The styles are valid, and the plain style keeps to what QGIS, OpenLayers and MapLibre Native read."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import ROOT
from tileserver.publish.style import TEMPLATES, style_layers
from tileserver.theatres import load_theatre, shipped

FRONTEND = ROOT / "tileserver" / "web" / "frontend"
STYLES = ["/styles/ukraine-sample.json", "/styles/western-front.json?datetime=1944-08-25&revision=6"]
# What QGIS 3.22 converts of an expression; it paints what it does not read in a colour of its own.
PAINTED = {"match", "get"}
FILTERED = {"all", "!", "has", ">=", "<", "==", "!=", "get"}
VALIDATE = """
import { validateStyleMin } from "@maplibre/maplibre-gl-style-spec";
import { readFileSync } from "node:fs";
const styles = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(styles.flatMap((style) => validateStyleMin(style).map(String))));
"""


@pytest.fixture(params=STYLES)
def style(request: pytest.FixtureRequest, client: TestClient) -> dict[str, Any]:
    """A style, as it is served."""
    document: dict[str, Any] = client.get(request.param).json()
    return document


def _operators(expression: Any) -> Iterator[str]:
    if isinstance(expression, list) and expression:
        yield expression[0]
        inner = expression[1:]
        if expression[0] == "match":  # labels are lists, and no expressions
            inner = [expression[1], *expression[3:-1:2], expression[-1]]
        for each in inner:
            yield from _operators(each)


def _faults(styles: list[Any]) -> list[str]:
    """Return what the validator of the style specification says of *styles*."""
    node = shutil.which("node") or str(ROOT / ".venv" / "bin" / "node")
    command = [node, "--input-type=module", "-e", VALIDATE]
    done = subprocess.run(
        command,
        cwd=FRONTEND,
        input=json.dumps(styles),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    faults: list[str] = json.loads(done.stdout)
    return faults


def _template(name: str) -> Any:
    return json.loads((ROOT / "styles" / f"{name}.json").read_text())


def test_templates_are_valid_before_they_are_filled_and_for_every_shipped_theatre() -> None:
    templates = [_template(name) for name in TEMPLATES]
    filled = [
        {**_template(name), "layers": style_layers(load_theatre(theatre).layers, name)}
        for name in TEMPLATES
        for theatre in shipped()
    ]
    assert len(filled) == 12
    assert not re.search(r'"get", "(colour|tint|pattern)"', json.dumps(filled))
    assert _faults([*templates, *filled]) == []


def test_plain_and_full_have_the_colours_of_the_map_and_print_has_nothing_to_see_through() -> None:
    light = set(json.loads((ROOT / "styles" / "palette.json").read_text())["light"].values())
    for name in ("plain", "full"):
        assert set(re.findall(r"#[0-9a-f]{6}", json.dumps(_template(name)))) <= light
    for theatre in shipped():
        layers = style_layers(load_theatre(theatre).layers, "print")
        assert not any("opacity" in name for layer in layers for name in layer["paint"])


@pytest.mark.db
def test_served_styles_are_valid_and_the_name_of_a_theatre_is_its_plain_style(client: TestClient) -> None:
    styles = {
        f"{theatre}{suffix}": client.get(f"/styles/{theatre}{suffix}.json").json()
        for theatre in ("ukraine-sample", "western-front")
        for suffix in ("", "-plain", "-over", "-full", "-print", "-mobile", "-history")
    }
    assert _faults(list(styles.values())) == []
    assert styles["western-front"] == styles["western-front-plain"]
    assert styles["western-front-full"]["layers"] != styles["western-front-print"]["layers"]
    for name in ("western-front-paper", "atlantis-print", "-print", "western-front-print-print"):
        assert client.get(f"/styles/{name}.json").status_code == 404


@pytest.mark.db
def test_it_asks_for_nothing_that_not_everybody_reads(style: dict[str, Any]) -> None:
    for layer in style["layers"]:
        for value in layer.get("paint", {}).values():
            assert set(_operators(value)) <= PAINTED
        assert set(_operators(layer.get("filter"))) <= FILTERED
        assert "layout" not in layer  # neither glyphs nor a sprite


@pytest.mark.db
def test_each_kind_of_event_has_circles_of_one_colour(style: dict[str, Any]) -> None:
    circles = [each for each in style["layers"] if each["type"] == "circle"]
    assert all(isinstance(each["paint"]["circle-color"], str) for each in circles)  # QGIS 3.22 reads no match
    events = [each for each in circles if each["source-layer"] == "events" and "-cells-" not in each["id"]]
    assert len(events) > 2
    assert len({each["paint"]["circle-color"] for each in events}) == len(events)
    unlike, *like = (each["filter"][2:] for each in events)
    assert [["!=", *rule[1:]] for (rule,) in like] == unlike  # so that each event is drawn once
    assert {rule[0] for (rule,) in like} == {"=="}


@pytest.mark.db
def test_the_style_that_lies_over_another_map_is_the_plain_one_without_its_ground(client: TestClient) -> None:
    plain, over = (client.get(f"/styles/western-front{name}.json").json() for name in ("", "-over"))
    assert [each["type"] for each in plain["layers"] if "source" not in each] == ["background"]
    assert over["layers"] == [each for each in plain["layers"] if "source" in each]


@pytest.mark.db
def test_each_label_of_a_match_is_a_list(style: dict[str, Any]) -> None:
    matches = [
        value
        for layer in style["layers"]
        for value in layer.get("paint", {}).values()
        if isinstance(value, list) and value[0] == "match"
    ]
    assert matches
    for match in matches:
        assert all(isinstance(label, list) for label in match[2:-1:2])


@pytest.mark.db
def test_areas_have_no_outline_of_the_readers_choosing(style: dict[str, Any]) -> None:
    fills = [layer["paint"] for layer in style["layers"] if layer["type"] == "fill"]
    assert fills
    for paint in fills:
        alpha = float(paint["fill-outline-color"].removeprefix("rgba(0,0,0,").removesuffix(")"))
        assert 0 < alpha < 0.5 / 255  # nothing in QGIS and MapLibre, and yet a colour in OpenLayers


@pytest.mark.db
def test_every_cell_of_events_is_drawn_once(style: dict[str, Any]) -> None:
    filters = [each["filter"] for each in style["layers"] if each["id"].startswith("events-cells")]
    bounds = [[rule[2] for rule in each[2:]] for each in filters]
    assert bounds[0][0] == 1
    assert [most for _, most in bounds[:-1]] == [least for least, _ in bounds[1:]]
