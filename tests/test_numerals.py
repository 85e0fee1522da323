"""A whole number is ASCII digits, as many as a column of the database holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.numerals import LARGEST, whole_number


@given(st.integers(min_value=0, max_value=LARGEST))
def test_every_number_that_a_column_holds_is_read_as_it_is_spelled(number: int) -> None:
    assert whole_number(str(number)) == number


@given(st.text())
def test_any_other_text_is_none_and_no_error(text: str) -> None:
    number = whole_number(text)
    assert number is None or set(text) <= set("0123456789")


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1.0", "\u00b2", "\u0663", str(LARGEST + 1), "9" * 5000]
)
def test_superscripts_signs_and_absurd_lengths_are_no_numbers(text: str) -> None:
    assert whole_number(text) is None


def test_the_largest_that_is_asked_for_is_within() -> None:
    assert (whole_number("24", 24), whole_number("25", 24)) == (24, None)
