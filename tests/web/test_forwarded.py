"""Proxies are believed if they are declared, and then only as far as no client can have said it."""

from __future__ import annotations

import pytest

from tileserver.web.forwarded import Caller, Proxies, household

PROXIES = Proxies(("10.0.0.0/8", "2001:db8:1::/48", "192.0.2.7", "::ffff:198.51.100.0/120"))


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("2001:db8:1:5::1", True),
        ("2001:db8:2::1", False),
        ("::ffff:198.51.100.7", True),
        ("198.51.100.7", True),
        ("198.51.101.7", False),
        ("127.0.0.1", False),
        ("", False),
        ("unix:", False),
        ("10.1.2.3.4", False),
    ],
)
def test_who_is_a_trusted_proxy(address: str, trusted: bool) -> None:
    assert PROXIES.trusts(address) is trusted


@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        ({}, Caller()),
        ({b"x-forwarded-for": b"203.0.113.9"}, Caller("203.0.113.9")),
        ({b"x-forwarded-for": b"1.2.3.4, 203.0.113.9, 10.0.0.2"}, Caller("203.0.113.9")),
        ({b"x-forwarded-for": b"1.2.3.4, nonsense, 10.0.0.2"}, Caller()),
        ({b"x-forwarded-for": b"10.0.0.3, 10.0.0.2"}, Caller("10.0.0.3")),
        ({b"x-forwarded-for": b"203.0.113.9:4711"}, Caller("203.0.113.9")),
        ({b"x-forwarded-for": b"[2001:db8::1]:4711"}, Caller("2001:db8::1")),
        ({b"x-forwarded-for": b"2001:db8::1"}, Caller("2001:db8::1")),
        (
            {
                b"x-forwarded-for": b"203.0.113.9",
                b"x-forwarded-proto": b"https",
                b"x-forwarded-host": b"a_b:8",
            },
            Caller("203.0.113.9", "https", "a_b:8"),
        ),
        ({b"x-forwarded-proto": b"javascript", b"x-forwarded-host": b"a/b"}, Caller()),
        ({b"x-forwarded-host": b"evil.ex, map.example"}, Caller("", "", "map.example")),
        ({b"x-forwarded-for": b"1.2.3.4," * 5000 + b"203.0.113.9"}, Caller("203.0.113.9")),
        (
            {b"x-forwarded-for": b"203.0.113.9", b"forwarded": b"for=127.0.0.1;host=evil.ex"},
            Caller("203.0.113.9"),
        ),
        ({b"forwarded": b"for=198.51.100.7;proto=https;host=evil.ex"}, Caller()),
    ],
)
def test_the_caller_is_the_last_whom_no_client_can_have_made_up(
    headers: dict[bytes, bytes], caller: Caller
) -> None:
    assert PROXIES.caller(headers) == caller


@pytest.mark.parametrize(
    ("headers", "caller"),
    [
        (
            {b"forwarded": b'for=1.2.3.4;host=evil.ex, for="[2001:db8::7]:1";proto=https;host=map.example'},
            Caller("2001:db8::7", "https", "map.example"),
        ),
        (
            {b"forwarded": b"for=203.0.113.9;proto=https;host=map.ex, for=10.0.0.2;proto=http;host=in"},
            Caller("203.0.113.9", "https", "map.ex"),
        ),
        ({b"forwarded": b"for=_hidden;proto=https"}, Caller("", "https")),
        ({b"forwarded": b";;=,=\xff,"}, Caller()),
        (
            {
                b"forwarded": b"for=203.0.113.9",
                b"x-forwarded-for": b"127.0.0.1",
                b"x-forwarded-host": b"evil.ex",
            },
            Caller("203.0.113.9"),
        ),
        ({b"x-forwarded-for": b"198.51.100.7"}, Caller()),
    ],
)
def test_of_two_families_of_headers_the_one_that_the_proxies_write_counts(
    headers: dict[bytes, bytes], caller: Caller
) -> None:
    assert Proxies(("10.0.0.0/8",), "forwarded").caller(headers) == caller


def test_of_ipv6_a_whole_customer_counts_as_one() -> None:
    assert (
        household("2001:db8::1") == household("2001:db8::ffff:ffff:ffff:ffff") != household("2001:db8:0:1::1")
    )
    assert household("::ffff:203.0.113.9") == household("203.0.113.9") == "203.0.113.9"


@pytest.mark.parametrize(
    ("address", "uncounted"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8:1:5::1", True),
        ("::2", False),
        ("2001:db8:2::1", False),
        ("203.0.113.9", False),
        ("", False),
    ],
)
def test_this_machine_and_trusted_proxies_are_uncounted_in_both_families(
    address: str, uncounted: bool
) -> None:
    assert PROXIES.are_uncounted(address) is uncounted
