"""The house rules hold, and the script that measures them tells a fault from a habit."""

from __future__ import annotations

import ast

import pytest

from tests import house
from tests.house import ROOT

SOURCES = house.read_sources(ROOT)
FAULTS = list(house.faults(SOURCES))

# With a reason each: the wiring of a command, routes and logs, documents that are literals, a long statement.
LONG_BODIES = {
    "seed",
    "tilejson",
    "tileset_metadata",
    "arcgis_service",
    "load_weights",
    "_routes",
    "routes_of",
    "configure_logs",
}


def _function(text: str) -> house.Function:
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    return function


def _source(text: str, module: str = "toy") -> house.Source:
    return house.Source(f"tileserver/{module}.py", text.count("\n"), ast.parse(text))


@pytest.mark.parametrize("rule", ["leaning", "border", "long file"])
def test_no_source_breaks_a_rule(rule: str) -> None:
    broken = [str(fault) for fault in FAULTS if fault.rule == rule]
    assert not broken, "\n".join(broken)


def test_no_body_is_long_without_a_reason() -> None:
    assert {fault.text.split(":")[0] for fault in FAULTS if fault.rule == "long body"} == LONG_BODIES


def test_no_modules_import_each_other() -> None:
    assert house.circles(SOURCES) == []


def test_modules_that_import_each_other_by_way_of_a_third_are_a_circle() -> None:
    ways = {"a": "b", "b": "c", "c": "a", "d": "a"}
    toys = [_source(f"def f():\n    from tileserver import {ways[name]}\n", name) for name in ways]
    assert house.circles(toys) == [["tileserver.a", "tileserver.b", "tileserver.c"]]


@pytest.mark.parametrize(
    "line",
    [
        "Return what of *period* is public.",
        "Return those that hold.",
        "Return the revision since which it has been so.",
        "The newest one.",
        "Return one for each, and that of its neighbour.",
        "This is the state before.",
        "Layers that are served, and why others are not: they cannot be read.",
    ],
)
def test_a_first_line_with_a_pronoun_in_place_of_a_noun_leans(line: str) -> None:
    assert house.leans(line)


@pytest.mark.parametrize(
    "line",
    [
        "Return one row for each layer that changed.",
        "Turn cached bytes into 200, 204 or 304.",
        "Address of the tile at *one* zoom that holds the point.",
        "Read every file of this folder, one after the other.",
        "Equal for equal states, whatever their instant.",
        "Parse ``that``, the name of that layer.",
    ],
)
def test_a_first_line_that_names_its_things_does_not_lean(line: str) -> None:
    assert not house.leans(line)


@pytest.mark.parametrize(
    ("signature", "docstring", "unsaid"),
    [
        ("area(shape: Polygon) -> float", "Area.", {"geometry"}),
        ("area(shape: Polygon) -> float", "Area in km2 of a polygon in degrees.", set()),
        ("wait(seconds: float) -> None", "Wait.", {"time"}),
        ("wait(seconds: float) -> None", "Wait so many seconds.", set()),
        ("read(data: bytes) -> int", "Read.", {"bytes"}),
        ("read(data: bytes) -> int", "Read UTF-8 text.", set()),
        ("between(start: Micros, end: Micros) -> int", "Changes.", {"period"}),
        ("between(start: Micros, end: Micros) -> int", "Changes in ``[start, end)``.", set()),
    ],
)
def test_a_border_has_to_say_its_conventions(signature: str, docstring: str, unsaid: set[str]) -> None:
    found = list(house.borders(_source(f'def {signature}:\n    """{docstring}"""\n')))
    assert [kinds for _, kinds in found] == [unsaid]


@pytest.mark.parametrize("signature", ["_area(shape: Polygon) -> float", "digest(instant: Micros) -> Digest"])
def test_private_functions_and_types_that_carry_their_unit_are_no_borders(signature: str) -> None:
    assert list(house.borders(_source(f"def {signature}: ...\n"))) == []


def test_a_docstring_is_no_part_of_a_body_and_an_inner_function_no_branch_of_its_owner() -> None:
    text = 'def f(x):\n    """Say."""\n    def g(y):\n        return 1 if y else 2\n    return x or g(x)\n'
    assert house.body_lines(_function(text)) == 3
    assert house.branches(_function(text)) == 2
