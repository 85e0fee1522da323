"""Requests whose headers are byte for byte those of the last one of a connection."""

from __future__ import annotations

import pytest

from tileserver.web.again import Again
from tileserver.web.hot import Lookup

HEADERS = b"\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n"
FIRST = b"GET /tiles/a/1/0/0.mvt HTTP/1.1" + HEADERS
LOOKUP = Lookup(b"/tiles/a/1/0/0.mvt", b"http://a", b"br", None, b'"tag"')


def test_the_address_is_read_from_a_request_with_the_same_headers() -> None:
    again = Again.of(FIRST, LOOKUP)
    assert again is not None
    assert again.target(b"GET /tiles/a/1/0/1.mvt?datetime=x HTTP/1.1" + HEADERS) == (
        b"/tiles/a/1/0/1.mvt?datetime=x"
    )
    assert Lookup(b"/b", *again.rest) == LOOKUP._replace(target=b"/b")


@pytest.mark.parametrize(
    "data",
    [
        b"GET /b HTTP/1.1\r\nHost: b\r\nAccept-Encoding: br\r\n\r\n",  # other headers
        b"HEAD /b HTTP/1.1" + HEADERS,
        b"POST /b HTTP/1.1" + HEADERS,
        b"GET /b HTTP/1.0" + HEADERS,
        b"GET /b HTTP/1.1" + HEADERS + FIRST,  # more requests than one: told by what begins them
        b"GET /b HTTP/1.1" + HEADERS[:-2],
        b" /b HTTP/1.1" + HEADERS,
    ],
)
def test_whatever_else_comes_in_is_parsed(data: bytes) -> None:
    again = Again.of(FIRST, LOOKUP)
    assert again is not None
    target = again.target(data)
    assert target is None or b"\r\n" in target  # which no address that is known holds


def test_only_one_whole_request_is_remembered() -> None:
    assert Again.of(FIRST + FIRST, LOOKUP) is None
    assert Again.of(FIRST[:-1], LOOKUP) is None
    assert Again.of(FIRST + b"body", LOOKUP) is None
    assert Again.of(b"\n" + FIRST, LOOKUP) is None
    assert Again.of(FIRST.replace(b"GET", b"HEAD"), LOOKUP) is None
