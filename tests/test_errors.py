"""The tree in the docstring is the tree in the code, and every error of it has a status and an exit code."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT
from tileserver import errors
from tileserver.errors import TileserverError

# Name -> (parent, status, exit code); "" where the drawing leaves the code to the parent.
_LINE = re.compile(r"^    (?P<rails>[|` -]*)(?P<name>[A-Z]\w+)(?P<rest>.*)$", re.MULTILINE)
_CODES = re.compile(r"-> (\d+), exit (\d)$")
_ROW = re.compile(r"^\| (?P<titles>`[^|]*`) \| (?P<status>\d+) \| (?P<exit_code>\d) \|", re.MULTILINE)


def _classes(root: type[TileserverError] = TileserverError) -> list[type[TileserverError]]:
    return [root, *(below for child in root.__subclasses__() for below in _classes(child))]


def _drawn() -> dict[str, tuple[str | None, tuple[int, int] | None]]:
    """The drawing, as name -> (parent, codes beside it)."""
    drawn: dict[str, tuple[str | None, tuple[int, int] | None]] = {}
    above: list[tuple[int, str]] = []
    for match in _LINE.finditer(errors.__doc__ or ""):
        depth, name = len(match["rails"]), match["name"]
        while above and above[-1][0] >= depth:
            above.pop()
        codes = _CODES.search(match["rest"].rstrip())
        drawn[name] = (above[-1][1] if above else None, (int(codes[1]), int(codes[2])) if codes else None)
        above.append((depth, name))
    return drawn


def test_the_drawing_has_every_class_under_its_parent() -> None:
    built = {each.__name__: each.__bases__[0].__name__ for each in _classes() if each is not TileserverError}
    assert {name: parent for name, (parent, _) in _drawn().items() if parent} == built


@pytest.mark.parametrize("error", _classes(), ids=lambda error: error.__name__)
def test_every_class_has_the_status_and_exit_code_of_its_drawing(error: type[TileserverError]) -> None:
    drawn = _drawn()
    name: str | None = error.__name__
    while name and drawn[name][1] is None:
        name = drawn[name][0]
    assert name is not None
    assert (error.status, error.exit_code) == drawn[name][1]


@pytest.mark.parametrize("error", _classes(), ids=lambda error: error.__name__)
def test_every_class_has_a_title_and_says_what_it_is(error: type[TileserverError]) -> None:
    assert "title" in vars(error)
    assert error.__doc__
    assert 400 <= error.status < 600
    assert error.exit_code in (1, 2, 3)


def test_all_errors_of_the_module_are_in_the_tree() -> None:
    there = {
        name for name, each in vars(errors).items() if isinstance(each, type) and issubclass(each, Exception)
    }
    assert there == {each.__name__ for each in _classes()}


def test_the_caller_is_never_blamed_for_what_the_operator_can_mend() -> None:
    for error in _classes():
        is_theirs = error.exit_code == 2 or issubclass(error, errors.ImportFailed)
        assert (error.status < 500 or error is errors.NotOffered) == is_theirs


def test_the_table_of_answers_has_every_title_with_its_codes() -> None:
    answers = (ROOT / "docs" / "answers.md").read_text("utf-8")
    told = {
        (title, int(row["status"]), int(row["exit_code"]))
        for row in _ROW.finditer(answers)
        for title in re.findall(r"`([^`]+)`", row["titles"])
    }
    assert told == {(each.title, each.status, each.exit_code) for each in _classes()}
