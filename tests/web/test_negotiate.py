"""Codings and conditions are chosen as RFC 9110 has them; where nothing is acceptable we send identity."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.tiles.compress import CODINGS, Coding
from tileserver.web.negotiate import choose_coding, etag_matches

WEIGHTS = (
    "",
    ";q=0",
    ";q=0.001",
    ";q=0.5",
    "; Q=0.5",
    ";q=1",
    ";q=1.000",
    ";q=2",
    ";q=-1",
    ";q=nan",
    ";level=9",
)


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),  # what browsers send
        ("gzip, deflate", "gzip"),
        ("deflate", "identity"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("*;q=0.1, gzip;q=0.5", "gzip"),
        ("br;q=0, *", "zstd"),
        ("br;q=0.5, zstd;q=0.9", "zstd"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.001", "gzip"),
        ("identity;q=0", "identity"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("identity, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("gzip ; q=0.5 , br ; q=0.2", "gzip"),
        ("gzip;q=1.5, br;q=0.1", "br"),
        ("gzip;q=0.5;q=0", "identity"),
        (",,,;;;===", "identity"),
    ],
)
def test_a_coding_is_chosen_by_weight_and_then_by_our_preference(header: str | None, coding: Coding) -> None:
    assert choose_coding(header) == coding


@given(
    st.lists(
        st.tuples(st.sampled_from([*CODINGS, "*", "deflate"]), st.sampled_from(WEIGHTS)),
        unique_by=lambda x: x[0],
    )
)
def test_what_is_refused_is_not_sent_while_anything_else_would_do(parts: list[tuple[str, str]]) -> None:
    chosen = choose_coding(",".join(name + weight for name, weight in parts))
    said = dict(parts)
    refusing = (";q=0", ";q=2", ";q=-1", ";q=nan", ";level=9")  # what is no weight is none
    named = [coding for coding in CODINGS if coding in said and said[coding] not in refusing]
    if named:
        assert chosen not in said or chosen in named
    if chosen not in ("identity", *said):
        assert said.get("*", ";q=0") not in refusing


@given(st.text(max_size=200))
def test_any_header_has_an_answer(header: str) -> None:
    assert choose_coding(header) in CODINGS
    assert not etag_matches(header.replace("*", "").replace("tag-br", ""), '"tag-br"')


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        (None, False),
        ("", False),
        ("*", True),
        (" * ", True),
        ('"tag-br"', True),
        ('W/"tag-br"', True),
        ('"other", "tag-br"', True),
        ('"other",W/"tag-br" , "third"', True),
        ('"tag-gzip"', False),
        ("tag-br", False),
        ('"xtag-br"', False),
        ('"tag-br', False),
        ('"*"', False),
    ],
)
def test_a_condition_names_a_tag_or_anything(header: str | None, *, matches: bool) -> None:
    assert etag_matches(header, '"tag-br"') is matches
