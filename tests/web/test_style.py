"""The plain style is valid, and within what QGIS, OpenLayers and MapLibre Native read of one."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import ROOT

FRONTEND = ROOT / "tileserver" / "web" / "frontend"
STYLES = ["/styles/ukraine-sample.json", "/styles/western-front.json?datetime=1944-08-25&revision=9"]
# What QGIS 3.22 converts of an expression; it paints what it does not read in a colour of its own.
PAINTED = {"match", "get"}
FILTERED = {"all", "!", "has", ">=", "<", "get"}
VALIDATE = """
import { validateStyleMin } from "@maplibre/maplibre-gl-style-spec";
import { readFileSync } from "node:fs";
console.log(JSON.stringify(validateStyleMin(JSON.parse(readFileSync(0, "utf8"))).map(String)));
"""

pytestmark = pytest.mark.db


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


def test_a_style_is_valid(style: dict[str, Any]) -> None:
    node = shutil.which("node") or str(ROOT / ".venv" / "bin" / "node")
    command = [node, "--input-type=module", "-e", VALIDATE]
    done = subprocess.run(
        command, cwd=FRONTEND, input=json.dumps(style), capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == []


def test_it_asks_for_nothing_that_not_everybody_reads(style: dict[str, Any]) -> None:
    for layer in style["layers"]:
        for value in layer.get("paint", {}).values():
            assert set(_operators(value)) <= PAINTED
        assert set(_operators(layer.get("filter"))) <= FILTERED
        assert "layout" not in layer  # neither glyphs nor a sprite


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


def test_areas_have_no_outline_of_the_readers_choosing(style: dict[str, Any]) -> None:
    fills = [layer["paint"] for layer in style["layers"] if layer["type"] == "fill"]
    assert fills
    for paint in fills:
        alpha = float(paint["fill-outline-color"].removeprefix("rgba(0,0,0,").removesuffix(")"))
        assert 0 < alpha < 0.5 / 255  # nothing in QGIS and MapLibre, and yet a colour in OpenLayers


def test_every_cell_of_events_is_drawn_once(style: dict[str, Any]) -> None:
    filters = [each["filter"] for each in style["layers"] if each["id"].startswith("events-cells")]
    bounds = [[rule[2] for rule in each[2:]] for each in filters]
    assert bounds[0][0] == 1
    assert [most for _, most in bounds[:-1]] == [least for least, _ in bounds[1:]]
