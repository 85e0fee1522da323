"""A real snapshot as it came is published; a copy of it with one thing wrong is held, and no tile differs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest
import shapely

from tests.conftest import TWO_MONTHS
from tests.desk.test_held import public
from tileserver.shape.project import to_mercator

if TYPE_CHECKING:
    from tests.desk.conftest import Desk

pytestmark = [pytest.mark.db, pytest.mark.data]

Features: TypeAlias = list[dict[str, Any]]
Wrong: TypeAlias = Callable[[Features], Features]

DAYS = 3


def another_fill(features: Features) -> Features:
    """One digit of the fill of one occupied area is another one."""
    one = next(each for each in features if each["properties"].get("fill") == "#a52714")
    one["properties"]["fill"] = "#a52715"
    return features


def another_fill_everywhere(features: Features) -> Features:
    return json.loads(json.dumps(features).replace("#a52714", "#a52715"))  # type: ignore[no-any-return]


def emptied(_features: Features) -> Features:
    return []


def moved(features: Features, places: Callable[[Any], Any]) -> Features:
    for each in features:
        shape = shapely.force_2d(shapely.from_geojson(json.dumps(each["geometry"])))
        each["geometry"] = json.loads(shapely.to_geojson(shapely.transform(shape, places)))
    return features


def in_metres(features: Features) -> Features:
    return moved(features, to_mercator)


def swapped(features: Features) -> Features:
    return moved(features, np.fliplr)


def without_a_status(features: Features) -> Features:
    """What is liberated is left out: each feature that is left is right."""
    return [each for each in features if each["properties"].get("fill") != "#0f9d58"]


WRONG: tuple[Wrong, ...] = (
    another_fill,
    another_fill_everywhere,
    emptied,
    in_metres,
    swapped,
    without_a_status,
)


@pytest.fixture(scope="module")
def days() -> list[Path]:
    """The first real snapshots of October 2023, and one more."""
    return sorted(TWO_MONTHS.iterdir())[: DAYS + 1]


@pytest.fixture(scope="module")
def real_desk(open_desk: Callable[[], Desk], days: list[Path]) -> Desk:
    """A desk that has imported all but the last."""
    desk = open_desk()
    for path in days[:-1]:
        outcome = desk.import_file("control", path, accept="")
        assert (outcome.held, outcome.rulings) == (None, [])
    return desk


@pytest.fixture(scope="module")
def seen(real_desk: Desk) -> tuple[object, object]:
    """What is known, and what is public, before anything wrong comes."""
    return real_desk.dump(), public(real_desk)


def copy(path: Path, folder: Path, wrong: Wrong) -> Path:
    document = json.loads(gzip.decompress(path.read_bytes()))
    document["features"] = wrong(document["features"])
    written = folder / path.name.removesuffix(".gz")
    written.write_text(json.dumps(document))
    return written


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_a_copy_with_one_thing_wrong_is_held_and_nothing_public_differs(
    real_desk: Desk, seen: tuple[object, object], days: list[Path], tmp_path: Path, wrong: Wrong
) -> None:
    for day in days[-2:]:  # one that is known already, and a new one
        outcome = real_desk.import_file("control", copy(day, tmp_path, wrong), accept="")
        assert outcome.held is not None
    assert (real_desk.dump(), public(real_desk)) == seen


def test_the_copy_with_nothing_wrong_is_published(
    open_desk: Callable[[], Desk], days: list[Path], tmp_path: Path
) -> None:
    desk = open_desk()
    for path in days:
        outcome = desk.import_file("control", copy(path, tmp_path, lambda features: features), accept="")
        assert outcome.held is None
    assert outcome.revision == len(days)
