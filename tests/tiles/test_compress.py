"""What is compressed comes back the same, and the same bytes are always compressed to the same bytes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.codings import OPENED
from tileserver.tiles.compress import CODINGS, Coding, compress


@given(st.binary(max_size=5000), st.sampled_from(CODINGS))
def test_what_is_compressed_comes_back_the_same(data: bytes, coding: Coding) -> None:
    assert OPENED[coding](compress(data, coding)) == data


def test_the_same_bytes_give_the_same_bytes_at_any_time() -> None:
    data = b"front line " * 1000
    before = [compress(data, coding) for coding in CODINGS]
    time.sleep(1.1)  # gzip's stamp has whole seconds
    assert [compress(data, coding) for coding in CODINGS] == before


@pytest.mark.parametrize("coding", [coding for coding in CODINGS if coding != "identity"])
def test_what_repeats_becomes_smaller(coding: Coding) -> None:
    assert len(compress(b"front line " * 1000, coding)) < 200
