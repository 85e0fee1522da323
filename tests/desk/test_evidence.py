"""Law: what a feature says of exactness, codes and warnings is held to its layer before it has a hash."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import shapely

from tests.shapes import layer, theatre
from tileserver.desk.prepare import Preparer
from tileserver.errors import BadParameter
from tileserver.evidence import CLASSES, Evidence, ExactnessClass, FieldVocabulary, HiddenRule, Term
from tileserver.findings import Finding
from tileserver.ingest import RawFeature, Report
from tileserver.model import Layer, Value
from tileserver.shape.project import to_lonlat
from tileserver.theatres.check import check_theatre
from tileserver.theatres.write import toml_of

PLACE = (37.812345, 48.512345)
FIELDS = {"exactness": "", "graphic": "", "side": "", "sources": "", "text": ""}
SIDES = FieldVocabulary("side", (Term("us", {"en": "Us"}), Term("them", {"en": "Them"})))
OWN = layer(
    "events",
    "points",
    fields=FIELDS,
    vocabularies=(SIDES,),
    evidence=Evidence(exactness="exactness", unsaid="settlement", sources="sources", graphic="graphic"),
)


def prepared(
    properties: dict[str, Value], place: tuple[float, float] = PLACE, own: Layer = OWN
) -> tuple[dict[str, Value] | None, tuple[float, ...], Report]:
    report = Report(read=1)
    geometry = json.dumps({"type": "Point", "coordinates": place}).encode()
    feature = Preparer(theatre(own), own, report).prepare(RawFeature(geometry, properties))
    report.imported = feature is not None
    assert report.balances
    if feature is None:
        return None, (), report
    there = to_lonlat(shapely.get_coordinates(shapely.from_wkb(feature.wkb)))[0]
    return feature.properties, tuple(there.tolist()), report


@pytest.mark.parametrize(
    ("said", "code", "unsaid"),
    [
        ("exact", "exact", 0),
        (" Near ", "near", 0),
        ("settlement", "settlement", 0),
        ("region", "region", 0),
        (None, "settlement", 1),
        ("", "settlement", 1),
        ("precise", "settlement", 1),
        (1, "settlement", 1),
    ],
)
def test_a_place_is_stored_no_more_exactly_than_its_class_or_the_layers_own(
    said: Value | None, code: str, unsaid: int
) -> None:
    properties: dict[str, Value] = {} if said is None else {"exactness": said}
    kept, there, report = prepared(properties)
    assert kept == {"exactness": code}
    assert report.counts[Finding.EXACTNESS_UNSAID] == unsaid
    metres = next(each.metres for each in CLASSES if each.code == code)
    assert report.counts[Finding.COARSENED] == bool(metres)
    # The neighbour 20 metres away is the same place, unless the class is exact.
    _, other, _ = prepared(properties, (PLACE[0], PLACE[1] + 0.0002))
    assert (there == other) == bool(metres)
    assert metres or there == pytest.approx((37.81235, 48.51234), abs=1e-5)


def test_a_layer_of_few_decimals_stores_no_more_though_it_has_no_classes() -> None:
    own = layer("events", "points", fields={"text": ""}, precision=2)
    _, there, _ = prepared({}, own=own)
    assert there == pytest.approx((37.81, 48.51), abs=1e-12)


@pytest.mark.parametrize(("said", "kept"), [(" Us", "us"), ("them", "them"), (None, None)])
def test_a_word_of_a_vocabulary_is_its_code_and_no_word_is_none(said: str | None, kept: str | None) -> None:
    given: dict[str, Value] = {"exactness": "exact"}
    if said is not None:
        given["side"] = said
    properties, _, _ = prepared(given)
    assert properties is not None
    assert properties.get("side") == kept


@pytest.mark.parametrize(
    ("unknown", "finding"),
    [("put_aside", Finding.UNKNOWN_CODE), ("leave_out", Finding.CODE_LEFT_OUT)],
)
def test_an_unknown_word_is_put_aside_or_left_out_as_declared_and_never_guessed(
    unknown: Any, finding: Finding
) -> None:
    own = msgspec.structs.replace(OWN, vocabularies=(msgspec.structs.replace(SIDES, unknown=unknown),))
    properties, _, report = prepared({"side": "thems"}, own=own)
    assert properties is None
    assert report.counts == {finding: 1}
    assert "'them' is near" in report.examples[finding][0]


@pytest.mark.parametrize(
    ("said", "warns"),
    [(True, True), (False, False), ("TRUE", True), ("no", False), (0, False), (1.0, True), ("GRAPHIC", True)],
)
def test_a_graphic_flag_is_yes_for_every_word_that_is_not_no(said: Value, warns: bool) -> None:
    properties, _, _ = prepared({"exactness": "exact", "graphic": said})
    assert properties is not None
    assert properties["graphic"] is warns


def test_a_definition_with_evidence_comes_back_from_its_toml() -> None:
    evidence = Evidence("exactness", (ExactnessClass("rough", 500, {"en": "rough"}),), "rough")
    own = msgspec.structs.replace(OWN, evidence=evidence)
    text = toml_of(theatre(own))
    assert msgspec.toml.decode(text, type=type(theatre(own))) == theatre(own)


def changed(**evidence: Any) -> Layer:
    assert OWN.evidence is not None
    return msgspec.structs.replace(OWN, evidence=msgspec.structs.replace(OWN.evidence, **evidence))


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (
            changed(exactness="exactnes"),
            "'exactnes' is not among its fields; did you mean 'exactness'?",
        ),
        (changed(unsaid="regoin"), "unsaid 'regoin' is no class"),
        (changed(sources="graphic"), "field 'graphic' is declared 2 times"),
        (changed(sources="side"), "field 'side' is declared 2 times"),
        (changed(classes=(*CLASSES, ExactnessClass("wide", 1e6, {"en": "x"}))), "'wide' has 1e+06 metres"),
        (changed(classes=(*CLASSES, ExactnessClass("wide", 500, {}))), "'wide' needs a label"),
        (changed(classes=(*CLASSES, CLASSES[0])), "'exact' is declared 2 times"),
        (changed(hidden=HiddenRule("x")), "hidden needs one of is, matches and empty"),
        (changed(hidden=HiddenRule("x", matches="(")), "which is no regular expression"),
        (msgspec.structs.replace(OWN, vocabularies=(SIDES, SIDES)), "is declared 2 times"),
        (msgspec.structs.replace(OWN, vocabularies=(FieldVocabulary("side", ()),)), "it has no codes"),
        (
            msgspec.structs.replace(
                OWN, vocabularies=(FieldVocabulary("side", (Term("U S", {"en": "x"}),)),)
            ),
            "has to be small letters",
        ),
        (layer("areas", fields=FIELDS, evidence=OWN.evidence), "evidence is for points, not for areas"),
    ],
)
def test_a_declaration_that_does_not_hold_together_is_refused_and_says_where(own: Layer, words: str) -> None:
    with pytest.raises(BadParameter) as refused:
        check_theatre(theatre(own))
    assert words in str(refused.value)


def test_the_declaration_that_these_are_changes_of_holds_together() -> None:
    check_theatre(theatre(OWN))


TEXTS = [
    "at 48.512345, 37.812345",
    "48,51234;37,81235",
    "https://maps.example.org/?q=48.512345,37.812345",
    "[37.812345, 48.512345]",
    "N48.5123 E37.8123",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_tells_the_place_of_a_point_shown_less_exactly_is_left_out(text: str) -> None:
    kept, _, report = prepared({"exactness": "region", "text": text, "side": "us"})
    assert kept == {"exactness": "region", "side": "us"}
    assert report.counts[Finding.PLACE_TOLD] == 1
    kept, _, report = prepared({"exactness": "exact", "text": text})
    assert kept == {"exactness": "exact", "text": text}
    assert not report.counts[Finding.PLACE_TOLD]


def test_two_fields_that_tell_the_place_together_go_and_other_numbers_stay() -> None:
    kept, _, _ = prepared({"exactness": "near", "text": 48.512345, "sources": "37.81234"})
    assert kept == {"exactness": "near"}
    said: dict[str, Value] = {"exactness": "near", "text": "48.512345 of 48.9 and 37.8", "sources": "36.812"}
    assert prepared(said)[0] == said


def test_a_key_that_has_the_place_in_its_text_is_none() -> None:
    geometry = json.dumps({"type": "Point", "coordinates": PLACE}).encode()
    report = Report(read=2)
    preparer = Preparer(theatre(OWN), OWN, report)
    told = preparer.prepare(RawFeature(geometry, {"exactness": "region"}, event_key="37.812345,48.512345"))
    plain = preparer.prepare(RawFeature(geometry, {"exactness": "region"}, event_key="A1"))
    assert told is not None
    assert told.keyed_id is None
    assert plain is not None
    assert plain.keyed_id is not None
    assert report.counts[Finding.PLACE_TOLD] == 1
