"""A step to the next day is weighed as it comes over the wire, and held to what it may weigh."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.bench.questions import DAY, Question
from tests.bench.steps import Step, measure_steps
from tests.bench.targets import step_targets
from tests.conftest import NOW, settings_for
from tests.web.wires import listening
from tileserver.grid import TileAddress
from tileserver.web.app import create_app

FIRST = date(2022, 3, 2)
STEP = Step(2000, 1500, 1400, 140, is_difference=True)


@pytest.mark.db
def test_a_step_is_what_the_server_sends_to_who_holds_the_day_before(sample_database: str) -> None:
    asked = [Question(TileAddress(6, 38, 22), FIRST + number * DAY) for number in range(12)]
    found = {}
    for switch in ("on", "off"):
        app = create_app(settings_for(sample_database, TILESERVER_DICTIONARIES=switch), lambda: NOW)
        with listening(app) as port:
            found[switch] = measure_steps(port, "ukraine-sample.control", asked, 4)
    assert len(found["on"]) == 4
    assert all(each.is_difference and each.dcz < each.br < each.plain for each in found["on"])
    assert found["off"] == [replace(each, dcz=each.br, is_difference=False) for each in found["on"]]


def test_steps_are_held_to_a_share_by_zoom_and_events_to_none() -> None:
    steps = [STEP, replace(STEP, dcz=200)]
    found = {(layers, zoom): steps for layers in ("control", "all, with events") for zoom in (6, 8, 12)}
    assert [(each.name[-10:], each.passed) for each in step_targets(found)] == [
        ("z6: dcz/br", False),
        ("z8: dcz/br", True),
    ]
