"""The benchmark of dated tiles tells right answers from wrong ones, and ours are right."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely

from tests.bench.dated import files, ours, wrong
from tests.bench.dated.__main__ import embargo_hours, place, publish_all
from tests.bench.dated.oracle import Truth
from tests.bench.dated.questions import AS_OF, CHANGE, HISTORY, KNOWN, TASKS, WINDOW, Question, questions
from tests.bench.dated.run import Figures, Found, judge_all, run, torn_edges
from tests.bench.dated.world import DAYS, LAST_PUBLIC, Publication, publications

ZOOMS = (6, 9)


@pytest.fixture(scope="module")
def told() -> tuple[Publication, ...]:
    return publications()


@pytest.fixture(scope="module")
def truth(told: tuple[Publication, ...]) -> Truth:
    return Truth(told[:-1])


@pytest.fixture(scope="module")
def asked(truth: Truth) -> list[Question]:
    return questions(truth, ZOOMS, views=3)


def _judged(answering: wrong.Answering, asked: list[Question], truth: Truth) -> dict[str, Figures]:
    found: Found = defaultdict(Figures)
    judge_all("one", asked, [answering(truth, each) for each in asked], truth, found)
    return {task: found["one", task] for task in TASKS}


def test_the_areas_of_a_day_cover_the_land_once(told: tuple[Publication, ...]) -> None:
    for publication in told:
        for state in publication.states.values():
            land = [each.polygon for each in state if not each.place.startswith("atoll")]
            assert all(each.is_valid for each in land)
            assert sum(each.area for each in land) == pytest.approx(72, abs=1e-9)
            assert shapely.union_all(land).area == pytest.approx(72, abs=1e-9)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder, seed in (("one", 1), ("again", 1), ("other", 2)):
        for each in publications(seed):
            files.write(each, tmp_path / folder)
    names = sorted(each.relative_to(tmp_path / "one") for each in (tmp_path / "one").rglob("*.geojson"))
    one, again, other = (
        [(tmp_path / folder / name).read_bytes() for name in names] for folder in ("one", "again", "other")
    )
    assert one == again
    assert one != other


def test_the_last_days_are_too_young_to_be_public_and_no_other() -> None:
    assert embargo_hours(datetime(2021, 5, 31, 12, tzinfo=UTC)) == 48
    truth = Truth(publications())
    assert truth.told(DAYS - 1, 2) == truth.told(LAST_PUBLIC, 2) == (2, LAST_PUBLIC)
    assert {day for _, day in truth.secret} == set(range(LAST_PUBLIC + 1, DAYS))


def test_right_answers_are_right(asked: list[Question], truth: Truth) -> None:
    found = _judged(wrong.right, asked, truth)
    assert {task: own.faults for task, own in found.items() if own.faults} == {}
    assert all(all(own.right) for own in found.values())
    assert found[AS_OF].off
    assert torn_edges(found[AS_OF]) == 0
    assert found[AS_OF].wrong / found[AS_OF].border < 0.5


@pytest.mark.parametrize(
    ("answering", "task", "fault"),
    [
        (wrong.day_late, AS_OF, "wrong date"),
        (wrong.day_late, CHANGE, "wrong land"),
        (wrong.day_late, WINDOW, "missing event"),
        (wrong.never_corrected, AS_OF, "wrong date"),
        (wrong.always_corrected, KNOWN, "wrong date"),
        (wrong.beside, AS_OF, "wrong land"),
        (wrong.beside, HISTORY, "wrong land"),
        (wrong.mixed, AS_OF, "mixed view"),
        (wrong.half_of_the_events, WINDOW, "missing event"),
        (wrong.half_of_the_events, WINDOW, "too early"),
    ],
)
def test_a_wrong_answer_is_found_out(
    answering: wrong.Answering, task: str, fault: str, asked: list[Question], truth: Truth
) -> None:
    own = _judged(answering, [each for each in asked if each.task == task], truth)[task]
    assert own.faults[fault]
    assert not all(own.right)


def test_tiles_of_two_days_side_by_side_tear_the_edge_between_them(
    asked: list[Question], truth: Truth
) -> None:
    found = _judged(wrong.mixed, asked, truth)[AS_OF]
    assert torn_edges(found)


def _sparse(publication: Publication) -> Publication:
    """Leave out three states of four, and most events: what a state says holds until the next one."""
    corrects = len(publication.states) < 10
    states = {
        day: areas
        for day, areas in publication.states.items()
        if corrects or day % 4 == 0 or day > LAST_PUBLIC
    }
    return replace(publication, states=states, events=publication.events[::5])


@pytest.mark.db
def test_ours_answers_every_task_right(told: tuple[Publication, ...], tmp_path: Path) -> None:
    publications = tuple(map(_sparse, told[:-1]))
    truth = Truth(publications)
    asked = questions(truth, ZOOMS, views=2)
    with place(tmp_path) as (where, data), ours.start(where) as arm:
        publish_all(publications, data, [arm])
        found = run([arm], asked, truth)
    faults = Counter[str]()
    for (_, task), own in found.items():
        faults += Counter({f"{task}: {fault}": number for fault, number in own.faults.items()})
    assert faults == {}
