"""The page on a map's method says what the definition and its mappings say, in each language, as text."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from importlib import resources

import pytest

from tests.shapes import layer, theatre
from tileserver.declared import Method, Source
from tileserver.evidence import Evidence, HiddenRule
from tileserver.languages import LANGUAGES
from tileserver.model import LayerId, LayerRef, Revision, Theatre
from tileserver.publish.method import method_page
from tileserver.publish.page import Dress, PageWords
from tileserver.store.catalogue import Periods, StoredLayer
from tileserver.theatres import load_theatre
from tileserver.tiles.tileset import ServedLayer, Tileset

TEMPLATE = (
    '<html lang="[[lang]]"[[theme]]><title>[[title]]</title>[[head]][[links]][[body]][[languages]]</html>'
)
WORDS = {
    language: json.loads(
        resources.files("tileserver.publish").joinpath("page_words", f"{language}.json").read_text("utf-8")
    )
    for language in LANGUAGES
}


ENGLISH = Dress("en")


def page(declared: Theatre, dress: Dress = ENGLISH) -> str:
    served = tuple(
        ServedLayer(
            StoredLayer(LayerId(n), LayerRef(declared.id, each.name), declared, each, (Revision(1),), None),
            Periods.__new__(Periods),
        )
        for n, each in enumerate(declared.layers, 1)
    )
    return method_page(TEMPLATE, Tileset(declared.id, declared, served), dress)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["ukraine", "ukraine-sample", "western-front"])
def test_shipped_theatres_say_how_they_are_made_in_every_language(name: str, language: str) -> None:
    declared = load_theatre(name)
    text = unescape(page(declared, Dress(language, "dark")))
    words = PageWords(language)
    assert declared.method is not None
    assert declared.method.text[language].strip().splitlines()[0] in text
    assert words.say("late", hours=words.hours(timedelta(hours=48))) in text
    for each in declared.layers:
        assert f"<h3>{words.pick(each.title)}</h3>" in text
    assert f"../corrections/{name}?lang={language}&theme=dark" in text
    assert 'data-theme="dark"' in text
    assert text.count("hreflang") == len(LANGUAGES) - 1


def test_every_language_has_the_same_words_with_the_same_parts() -> None:
    def parts(words: object) -> list[str]:
        return sorted(re.findall(r"\{(\w+)\}", str(words)))

    for language, words in WORDS.items():
        assert list(words) == sorted(words), language
        assert {key: parts(said) for key, said in words.items()} == {
            key: parts(said) for key, said in WORDS["en"].items()
        }, language
        assert len(words["months"]) == 12


MAPPING = """
leave_out = [
    { column = "state", is = ["draft", "<b>doubted</b>"] },
    { column = "text", matches = "secret" },
]
keep_only = [{ column = "side", is = "ru" }]

[date]
column = "date"

[geometry]
lon = "lon"
lat = "lat"

[hidden]
column = "mark-of-the-hidden"
is = "yes"
otherwise = "no"
then = "without_sources"

[fields]
text = "text"
sources = "link"
"""


def test_what_a_mapping_leaves_out_is_said_and_how_a_hidden_source_is_marked_is_not() -> None:
    events = layer(
        "events",
        "points",
        mapping="own.toml",
        mapping_text=MAPPING,
        precision=1,
        embargo="72h",
        fields={"text": "what", "sources": "who says so"},
        evidence=Evidence(exactness="", sources="sources", graphic=""),
        source=Source("A & B", "CC0-1.0", "Credit to <i>A</i>", "javascript:alert(1)"),
    )
    declared = theatre(
        events,
        layer("roads", "lines"),
        embargo="48h",
        method=Method({"en": "First.\n\nSecond <now>."}, {"en": "No names."}),
    )
    text = page(declared)
    assert "entries of the source whose “state” is “draft”, “&lt;b&gt;doubted&lt;/b&gt;” are left out" in text
    assert "some entries of the source are left out, by “text”" in text
    assert "only entries of the source whose “side” is “ru” are shown" in text
    assert "events whose source its publisher hides are shown without any source" in text
    assert "mark-of-the-hidden" not in text
    assert "secret" not in text
    assert "javascript" not in text
    assert "<p>First.</p><p>Second &lt;now&gt;.</p>" in text
    assert "<p>No names.</p>" in text
    assert "No place is told more exactly than to 11\xa0km." in text
    assert "Events: 72 hours." in text


def test_a_geojson_layers_hidden_events_are_said_to_be_left_out() -> None:
    hidden = HiddenRule("mark", equals="x", otherwise="y")
    declared = theatre(
        layer("events", "points", evidence=Evidence(sources="text", hidden=hidden)), embargo="0s"
    )
    text = page(declared)
    assert "events whose source its publisher hides are left out" in text
    assert "This map is shown without delay." in text


def test_numbers_and_days_are_written_as_the_language_writes_them() -> None:
    assert [PageWords(each).number(12345.678, 1) for each in ("en", "de", "fr")] == [
        "12,345.7",
        "12.345,7",
        "12\u202f345,7",
    ]
    assert PageWords("uk").signed(-3.0) == "\N{MINUS SIGN}3"
