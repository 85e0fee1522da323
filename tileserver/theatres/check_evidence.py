"""Rules of the parts of a layer that carry evidence: fields that are there, codes that can be told apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tileserver.complaints import near_miss
from tileserver.evidence import Evidence, HiddenRule
from tileserver.model import Layer

WIDEST = 200_000  # metres of a class: beyond it a place says nothing
NARROWEST = 10  # metres; below it the decimals of a layer bound a place

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


def evidence_faults(layer: Layer) -> Iterator[str]:
    """Yield in words the faults in the evidence and the vocabularies of *layer*."""
    for vocabulary in layer.vocabularies:
        where = f"vocabulary of {vocabulary.field!r}"
        yield from _field(vocabulary.field, layer, where)
        if vocabulary.field == layer.category:
            yield f"{where}: it is the category, whose codes are [[layers.categories]]"
        if not vocabulary.codes:
            yield f"{where}: it has no codes"
        yield from _codes([each.code for each in vocabulary.codes], where)
    yield from _repeated([each.field for each in layer.vocabularies], "vocabulary of field")
    if layer.evidence is not None:
        yield from _evidence(layer.evidence, layer)


def _evidence(evidence: Evidence, layer: Layer) -> Iterator[str]:
    if layer.kind != "points":
        yield f"evidence is for points, not for {layer.kind}"
    named = [name for name in (evidence.exactness, evidence.sources, evidence.graphic) if name]
    for name in named:
        yield from _field(name, layer, "evidence")
    yield from _repeated([*named, *(each.field for each in layer.vocabularies)], "evidence: field")
    yield from _classes(evidence)
    if evidence.hidden is not None:
        yield from _hidden(evidence.hidden)
        if layer.reader != "geojson" or layer.time != "window":
            yield "evidence: hidden is for what happened, in GeoJSON; a mapping has a [hidden] of its own"


def _classes(evidence: Evidence) -> Iterator[str]:
    codes = [each.code for each in evidence.classes]
    yield from _codes(codes, "evidence: class")
    if evidence.unsaid not in codes:
        yield (
            f"evidence: unsaid {evidence.unsaid!r} is no class{near_miss(evidence.unsaid, codes)};"
            f" there are {', '.join(codes) or 'none'}"
        )
    for each in evidence.classes:
        if each.metres != 0 and not NARROWEST <= each.metres <= WIDEST:
            yield (
                f"evidence: class {each.code!r} has {each.metres:g} metres, which have to be 0, or from"
                f" {NARROWEST} to {WIDEST}"
            )
        if not any(words.strip() for words in each.label.values()):
            yield f'evidence: class {each.code!r} needs a label by language, such as {{ en = "about 150 m" }}'


def _hidden(rule: HiddenRule) -> Iterator[str]:
    if sum((rule.equals is not None, bool(rule.matches), rule.empty is not None)) != 1:
        yield "evidence: hidden needs one of is, matches and empty, such as is = true"
    try:
        re.compile(rule.matches)
    except re.error as error:
        yield f"evidence: hidden matches {rule.matches!r}, which is no regular expression: {error}"


def _field(name: str, layer: Layer, where: str) -> Iterator[str]:
    if name not in layer.fields:
        near = near_miss(name, layer.fields)
        yield f"{where}: field {name!r} is not among its fields{near}; it has {', '.join(layer.fields)}"


def _codes(codes: list[str], where: str) -> Iterator[str]:
    for code in codes:
        if not _CODE.match(code):
            yield f"{where}: code {code!r} has to be small letters, digits and underscores"
    yield from _repeated(codes, f"{where}: code")


def _repeated(names: list[str], what: str) -> Iterator[str]:
    for name, n in Counter(names).items():
        if n > 1:
            yield f"{what} {name!r} is declared {n} times"
