"""The comparison with other maps shows what it claims: a row that says no "no" has its picture."""

from __future__ import annotations

import re

import pytest
from PIL import Image

from tests.browser.compared_pictures import FOLDER, LARGEST, PICTURES, WIDTH

ALL_OF_THEM = 1_500_000  # bytes
_PAGE = FOLDER.with_suffix(".md").read_text("utf-8")
# Of a row: what it is about, what is here, and what shows it.
_ROW = re.compile(r"^\| (?!-)([^|]+) \|.*\| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = [match.groups() for match in _ROW.finditer(_PAGE)]
CLAIMS = [(about, shown) for about, here, shown in ROWS if not re.match(r"(no|\?)\b", here)]


def _picture_in(shown: str) -> str:
    found = re.search(r"\[picture\]\(compared/([a-z-]+)\.webp\)", shown)
    return found[1] if found else ""


def test_every_claim_has_a_picture_of_its_own_and_the_script_makes_it() -> None:
    assert len(CLAIMS) > 20
    assert [_picture_in(shown) for _, shown in CLAIMS] == list(PICTURES)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_there_as_wide_as_all_and_small(name: str) -> None:
    file = FOLDER / f"{name}.webp"
    assert file.stat().st_size <= LARGEST
    with Image.open(file) as picture:
        assert (picture.format, picture.width) == ("WEBP", WIDTH)


def test_there_is_no_other_picture_and_all_are_small_together() -> None:
    files = list(FOLDER.iterdir())
    assert {file.stem for file in files} == set(PICTURES)
    assert sum(file.stat().st_size for file in files) < ALL_OF_THEM
