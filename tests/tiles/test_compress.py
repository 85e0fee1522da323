"""What is compressed comes back the same, and the same bytes are always compressed to the same bytes."""

from __future__ import annotations

import random
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


@pytest.mark.parametrize("size", [300, 800, 1500, 2500, 12_000, 30_000])
def test_a_line_after_the_areas_that_it_bounds_is_no_larger_in_brotli_than_in_gzip(size: int) -> None:
    rng = random.Random(size)
    # Steps along borders are small, as in a tile; the line repeats stretches of them, at any phase.
    areas = bytes(min(int(rng.expovariate(0.03)), 255) for _ in range(size))
    starts = sorted(rng.sample(range(size - 60), size // 150))
    composed = areas + b"".join(areas[start : start + 12] + bytes([rng.randrange(256)]) for start in starts)
    assert len(compress(composed, "br")) <= len(compress(composed, "gzip"))
