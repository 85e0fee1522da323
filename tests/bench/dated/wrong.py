"""Answers made from the truth itself, and answers that are wrong in one way each: the judge has to tell them.

Tiles are encoded as any server's are: whole units, 64 of a buffer, nothing simplified.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mapbox_vector_tile
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from tests.bench.dated.arms import Ask
from tests.bench.dated.oracle import EXTENT, Truth, placed
from tests.bench.dated.questions import CHANGE, HISTORY, WINDOW, Question
from tests.bench.dated.run import EPOCH_DAYS, Answer
from tests.bench.dated.world import DAYS, LAST_PUBLIC, Event

Answering = Callable[[Truth, Question], Answer]


def right(truth: Truth, question: Question) -> Answer:
    """Answer as is right."""
    return _answer(truth, question)


def day_late(truth: Truth, question: Question) -> Answer:
    """Answer for the day after."""
    first, last = min(question.first + 1, DAYS - 1), min(question.last + 1, DAYS - 1)
    return _answer(truth, replace(question, first=first, last=last), as_if=question)


def never_corrected(truth: Truth, question: Question) -> Answer:
    """Answer as was known before the last correction."""
    return _answer(truth, replace(question, known=min(question.known or truth.newest, truth.newest - 1)))


def always_corrected(truth: Truth, question: Question) -> Answer:
    """Answer as is known now, whatever was known then."""
    return _answer(truth, replace(question, known=truth.newest))


def beside(truth: Truth, question: Question) -> Answer:
    """Answer with every border 40 units further east."""
    return _answer(truth, question, east=40.0)


def mixed(truth: Truth, question: Question) -> Answer:
    """Answer for the day before in every other column of tiles."""
    first = max(question.first - question.tile.x % 2, 0)
    return _answer(truth, replace(question, first=first), as_if=question)


def half_of_the_events(truth: Truth, question: Question) -> Answer:
    """Leave out every other event, and show those that are too young to be public."""
    return _answer(truth, question, keep=lambda event: int(event.key[1:]) % 2 == 0, early=True)


def _answer(
    truth: Truth,
    question: Question,
    *,
    as_if: Question | None = None,
    east: float = 0.0,
    keep: Callable[[Event], bool] = lambda event: True,
    early: bool = False,
) -> Answer:
    known = question.known or truth.newest
    if question.task == WINDOW:
        events = truth.events(question.first, DAYS if early else question.last, known, early=early)
        layer, found = "events", [_point(each, question) for each in events.values() if keep(each)]
    elif question.task == CHANGE:
        pairs = truth.changed(question.tile, question.first, question.last, known)
        layer, found = "areas", [({"was": pair[0], "is": pair[1]}, land) for pair, land in pairs.items()]
    elif question.task == HISTORY:
        layer, found = "areas", _history(truth, question)
    else:
        layer, found = "areas", _state(truth, question, known)
    asked = as_if or question
    body = mapbox_vector_tile.encode(
        [{"name": layer, "features": [_feature(properties, shape, east) for properties, shape in found]}],
        default_options={"y_coord_down": True, "extents": EXTENT},
    )
    return Answer(((Ask("", layer, asked.first, asked.last), body),))


def _state(truth: Truth, question: Question, known: int) -> list[tuple[dict[str, Any], BaseGeometry]]:
    land = truth.land(question.tile, truth.told(question.first, known))
    return [({"status": status}, own) for status, own in land.items() if not own.is_empty]


def _history(truth: Truth, question: Question) -> list[tuple[dict[str, Any], BaseGeometry]]:
    """A feature a day, as a server without any thought would answer."""
    return [
        ({**properties, "from": EPOCH_DAYS + day, "to": EPOCH_DAYS + day + 1}, shape)
        for day in range(question.first, min(question.last, LAST_PUBLIC) + 1)
        for properties, shape in _state(truth, replace(question, first=day), truth.newest)
    ]


def _point(event: Event, question: Question) -> tuple[dict[str, Any], BaseGeometry]:
    names = ("kind", "exactness", "text", "sources")
    properties = {"event": event.key, **{name: getattr(event, name) for name in names}}
    return properties, shapely.Point(*placed(event, question.tile))


def _feature(properties: dict[str, Any], shape: BaseGeometry, east: float) -> dict[str, Any]:
    moved = shapely.transform(shape, lambda xy: xy + np.array([east, 0.0]))
    return {"geometry": moved.wkt, "properties": properties}
