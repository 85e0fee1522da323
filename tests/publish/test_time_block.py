"""The time block spans all that is public, beginnings and endings, in local days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.shapes import layer, theatre
from tileserver.model import LayerId, LayerRef, Revision
from tileserver.publish.documents import time_block
from tileserver.store.catalogue import Periods, StoredLayer
from tileserver.tiles.tileset import ServedLayer, Tileset
from tileserver.times import OPEN, to_micros

DAY = timedelta(days=1)
T0 = datetime(2024, 1, 1, 22, tzinfo=UTC)  # midnight in Kyiv: 2 January
NOW = T0 + 100 * DAY


def _tileset(kind: str, *spans: tuple[int, int | None], opens_at: str = "") -> Tileset:
    declared = layer("one", "points" if kind == "window" else "areas")
    whole = theatre(declared, day_zone="Europe/Kyiv", embargo="48h", opens_at=opens_at)
    periods = Periods(
        np.array([to_micros(T0 + start * DAY) for start, _ in spans], np.int64),
        np.array([OPEN if end is None else to_micros(T0 + end * DAY) for _, end in spans], np.int64),
    )
    stored = StoredLayer(LayerId(1), LayerRef("toy", "one"), whole, declared, (Revision(1),), None)
    return Tileset("toy", whole, (ServedLayer(stored, periods),))


@pytest.mark.parametrize("kind", ["state", "window"])
def test_days_are_local_and_reach_from_the_first_to_the_last(kind: str) -> None:
    block = time_block(_tileset(kind, (0, 1), (5, 6)), NOW)
    assert block["first_day"] == "2024-01-02"
    assert block["extent"][0] == "2024-01-01T22:00:00Z"
    assert block["default"] == block["last_day"]


def test_the_last_change_may_be_an_end() -> None:
    block = time_block(_tileset("state", (0, 9)), NOW)
    assert block["last_day"] == "2024-01-11"
    assert block["extent"] == ["2024-01-01T22:00:00Z", "2024-01-10T22:00:00Z"]


def test_the_last_day_of_events_is_the_last_on_which_one_began() -> None:
    assert time_block(_tileset("window", (0, 1), (5, 6)), NOW)["last_day"] == "2024-01-07"


def test_what_is_not_public_yet_is_outside() -> None:
    block = time_block(_tileset("state", (0, 99), (98, None), (99, None)), NOW)
    assert block["last_day"] == "2024-04-09"
    assert block["newest"] == {"one": "2024-04-09"}
    assert time_block(_tileset("window", (0, 1), (97, 98), (98, 99)), NOW)["last_day"] == "2024-04-08"


def test_the_theatre_may_open_on_another_day_than_the_latest() -> None:
    assert time_block(_tileset("state", (0, None), opens_at="2024-01-05"), NOW)["default"] == "2024-01-05"


def test_a_map_opens_on_the_newest_day_of_control_however_late_an_event_is_dated() -> None:
    spans = {"state": (0, 9), "window": (97, 98)}
    declared = {"state": layer("held", "areas"), "window": layer("battles", "points")}
    whole = theatre(*declared.values(), day_zone="Europe/Kyiv", embargo="48h")
    served = tuple(
        ServedLayer(
            StoredLayer(LayerId(number), LayerRef("toy", each.name), whole, each, (Revision(1),), None),
            Periods(*(np.array([to_micros(T0 + edge * DAY)], np.int64) for edge in spans[kind])),
        )
        for number, (kind, each) in enumerate(declared.items())
    )
    block = time_block(Tileset("toy", whole, served), NOW)
    assert (block["default"], block["last_day"]) == ("2024-01-11", "2024-04-08")
    events = time_block(Tileset("toy", whole, served[1:]), NOW)
    assert events["default"] == "2024-04-08", "without areas the last day of all"


def test_without_anything_public_there_are_no_days() -> None:
    block = time_block(_tileset("state", (99, None)), NOW)
    assert (block["extent"], block["first_day"], block["last_day"]) == (None, None, None)
    assert block["newest"] == {"one": None}
    assert block["embargo"] == "PT48H"
    assert block["horizon"] == "2024-04-08T22:00:00Z"
