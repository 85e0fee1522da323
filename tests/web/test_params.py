"""Of a query only what is known, given once and sensible gets through, as typed values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from tileserver.errors import BadParameter
from tileserver.web.params import Query, read_query


def _request(query: bytes) -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": query})


@pytest.mark.parametrize(
    ("query", "read"),
    [
        (b"", Query()),
        (b"datetime=2023-11-09", Query("2023-11-09")),
        (b"revision=7&datetime=a%2Fb", Query("a/b", 7)),
        (b"datetime=a%2Fb&revision=7", Query("a/b", 7)),
        (b"datetime=", Query("")),
        (b"datetime=2023-11-09T12:00:00%2B02:00", Query("2023-11-09T12:00:00+02:00")),
        (b"datetime=2023-11-09T12:00:00+02:00", Query("2023-11-09T12:00:00 02:00")),
    ],
)
def test_a_query_is_read_into_typed_values(query: bytes, read: Query) -> None:
    assert read_query(_request(query)) == read


@pytest.mark.parametrize(
    "query",
    [
        b"date=2023-11-09", b"date[]=2023-11-09", b"datetime[]=2023-11-09", b"Datetime=2023-11-09",
        b"datetime%00=1", b"=", b"a", b"fresh=1", b"utm_source=x", b"datetime=a&datetime=a",
        b"datetime=a&datetime=b", b"revision=1&revision=1", b"revision=", b"revision=0", b"revision=-1",
        b"revision=+1", b"revision=01", b"revision=1.0", b"revision=1e3", b"revision=1_0", b"revision=%201",
        b"revision=%D9%A3", b"revision=latest", b"revision=" + b"9" * 16, b"revision=1%00", b"revision=1%0a",
        b"datetime=" + b"x" * 10_000, b"&" * 600, b"x=" + b"%ff" * 40,
    ],
)  # fmt: skip
def test_what_is_unknown_repeated_or_absurd_is_refused_in_few_words(query: bytes) -> None:
    with pytest.raises(BadParameter) as refused:
        read_query(_request(query))
    assert len(str(refused.value)) < 200


def test_what_another_route_knows_is_unknown_here() -> None:
    with pytest.raises(BadParameter, match="known are: datetime"):
        read_query(_request(b"revision=1"), allowed=("datetime",))
    with pytest.raises(BadParameter, match="known are: none"):
        read_query(_request(b"datetime=latest"), allowed=())


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(query: bytes) -> None:
    try:
        read = read_query(_request(query))
    except BadParameter:
        return
    assert read.revision is None or read.revision > 0
