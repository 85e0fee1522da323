"""Law: a source that a reader may follow is kept with its publisher, any other is left out and said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.findings import Finding
from tileserver.ingest.source_list import LENGTH, host_of, spell_sources

ONE = {"publisher": "example.org", "url": "https://example.org/1"}
TWO = {"publisher": "t.me", "url": "https://t.me/b/2"}


def spelled(given: Any) -> tuple[Any, list[Finding]]:
    told: list[Finding] = []
    text = spell_sources(given, lambda finding, _: told.append(finding))
    return json.loads(text) if text else None, told


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://www.example.org/1", [{"publisher": "example.org", "url": "https://www.example.org/1"}]),
        ("https://example.org/1, https://t.me/b/2", [ONE, TWO]),
        ("https://example.org/1;https://t.me/b/2", [ONE, TWO]),
        ("Seen at (https://example.org/1).", [ONE]),
        (["https://example.org/1", "https://t.me/b/2", "https://example.org/1"], [ONE, TWO]),
        ([{"publisher": "", "url": "https://t.me/b/2"}], [TWO]),
        ({"publisher": " An <b>agency</b>\n", "url": ""}, [{"publisher": "An agency"}]),
        (json.dumps([ONE, TWO]), [ONE, TWO]),
        (
            "https://web.archive.org/web/2022/https://example.org/1",
            [
                {
                    "publisher": "web.archive.org",
                    "url": "https://web.archive.org/web/2022/https://example.org/1",
                }
            ],
        ),
        ([], None),
        (None, None),
        ("", None),
    ],
)
def test_sources_are_read_in_every_form_that_files_have(given: Any, kept: Any) -> None:
    assert spelled(given) == (kept, [])


@pytest.mark.parametrize(
    "given",
    [
        "javascript:alert(1)",
        "ftp://example.org/1",
        "srcHidden",
        "https://bank.example@evil.example/",
        "https:///nowhere",
        "https://[::1",
        {"url": "data:text/html,x"},
        {"url": "https://example.org/ 1"},
        "https://example.org/" + "x" * 3000,
        7,
    ],
)
def test_what_is_no_address_of_the_web_is_left_out_and_said(given: Any) -> None:
    assert spelled(given) == (None, [Finding.NO_LINK])


def test_a_publisher_stays_where_its_url_does_not() -> None:
    given = [{"publisher": "Agency", "url": "javascript:alert(1)"}, "https://example.org/1"]
    assert spelled(given) == ([{"publisher": "Agency"}, ONE], [Finding.NO_LINK])


def test_a_list_without_end_is_cut_between_two_sources_and_said() -> None:
    kept, told = spelled([f"https://example.org/{n}" for n in range(5000)])
    assert told == [Finding.TEXT_CUT]
    assert len(json.dumps(kept, separators=(",", ":"))) <= LENGTH < LENGTH + 100
    assert kept[0]["url"].endswith("/0")


_ANY = st.recursive(
    st.none() | st.text() | st.integers() | st.sampled_from(["https://example.org/1", "http://a.b/é\ud800"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["publisher", "url", "x"]), inner),
)


@given(_ANY)
def test_no_value_of_a_file_breaks_it_and_every_url_that_comes_out_may_be_followed(given: Any) -> None:
    kept, _ = spelled(given)
    for source in kept or []:
        assert source["publisher"]
        assert "url" not in source or host_of(source["url"])
