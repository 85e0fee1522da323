"""Markup of strangers: text is text, and a credit has links to the web and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tileserver.markup import credit_of, link_of, text_of

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>map</a>",
    "<a href='JaVa\tScRiPt:alert(1)'>map</a>",
    "<a href='&#106;avascript:alert(1)'>map</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>map</a>",
    "<a href='vbscript:x'>map</a>",
    "<a href='//evil.example'>map</a>",
    "<a href='https://maps.example' onclick='alert(1)' style='position:fixed'>map</a>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "&lt;img src=x onerror=alert(1)&gt;",
    "&amp;lt;img src=x onerror=alert(1)&amp;gt;",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='https://a.example'><img src=x onerror=alert(1)></a>",
)


@pytest.mark.parametrize("given_text", HOSTILE)
def test_no_tag_but_a_link_to_the_web_is_left_of_a_hostile_text(given_text: str) -> None:
    plain, credit = text_of(given_text), credit_of(given_text)
    assert "<img" not in plain
    assert "<script" not in plain
    assert "<svg" not in plain
    assert "<a" not in plain
    for forbidden in (
        "<img",
        "<script",
        "<svg",
        "<style",
        "<iframe",
        "javascript:",
        "data:",
        "vbscript:",
        "//evil",
    ):
        assert forbidden not in credit.lower(), credit
    for attribute in ("onclick", "onerror", "onload", "style="):
        assert attribute not in credit.replace("&lt;img src=x onerror=alert(1)&gt;", "").replace(
            "&amp;lt;img src=x onerror=alert(1)&amp;gt;", ""
        ), credit


@pytest.mark.parametrize(
    "kept",
    [
        "DeepStateMap.Live",
        "fewer than 100 & more than 3",
        "5 < 7 > 3",
        "a <3 b",
        "R&D; AT&T",
        "Мапа «DeepState» © 2024",
        "javascript: a language",
        "onerror=nothing",
    ],
)
def test_a_text_that_only_looks_like_markup_is_kept_to_the_letter(kept: str) -> None:
    assert text_of(kept) == kept


def test_a_credit_may_link_to_the_web() -> None:
    said = credit_of('Map: <a href="https://maps.example/?a=1&amp;b=2">The <b>Example</b> Map</a> & friends')
    assert said == (
        'Map: <a href="https://maps.example/?a=1&amp;b=2" rel="noopener noreferrer">The Example Map</a>'
        " &amp; friends"
    )
    assert text_of(said) == "Map: The Example Map & friends"


@pytest.mark.parametrize("good", ["https://a.example/x", "HTTP://a.example", "www.example.org", "", "/about"])
def test_a_link_to_the_web_stays(good: str) -> None:
    assert link_of(good) == good


@pytest.mark.parametrize(
    "bad",
    ["javascript:alert(1)", " \tJava\nScript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc"],
)
def test_a_link_elsewhere_is_no_link(bad: str) -> None:
    assert link_of(bad) == ""


@given(st.text(alphabet="<>/a&;lt gimgsrc=x\"'onerror#39", max_size=60))
def test_what_is_text_stays_text_however_often_it_is_cleaned(given_text: str) -> None:
    once = text_of(given_text)
    assert text_of(once) == once
    assert text_of(credit_of(given_text)) == once or "<" in given_text
