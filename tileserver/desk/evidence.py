"""Evidence of a feature held to the declaration of its layer, before the feature is hashed and stored."""

from __future__ import annotations

from difflib import get_close_matches

from tileserver.evidence import Evidence, FieldVocabulary
from tileserver.findings import Finding
from tileserver.model import Layer, Value

_NO = frozenset({"false", "no", "n", "0", "f"})


class Undeclared(Exception):
    """A word in a coded field that is no code: the finding, and words for the report."""

    def __init__(self, finding: Finding, words: str) -> None:
        super().__init__(words)
        self.finding = finding


def obey(properties: dict[str, Value], layer: Layer) -> tuple[dict[str, Value], float, tuple[Finding, ...]]:
    """Return *properties* with codes for words, the metres that bound the place, and the findings.

    A word of a vocabulary becomes its code, whatever its case. A class of exactness that is not said, or is
    none, becomes the one that the layer declares for such. A graphic flag becomes a boolean, and a word that
    is neither yes nor no warns. `Undeclared` for a word that its vocabulary does not have.
    """
    found: tuple[Finding, ...] = ()
    properties = dict(properties)
    for vocabulary in layer.vocabularies:
        if vocabulary.field in properties:
            properties[vocabulary.field] = _code(properties[vocabulary.field], vocabulary)
    evidence = layer.evidence or Evidence()
    metres = 0.0
    if evidence.exactness:
        said = evidence.class_of(word_of(properties.get(evidence.exactness, "")))
        if said is None:
            said, found = evidence.default_class, (Finding.EXACTNESS_UNSAID,)
        properties[evidence.exactness], metres = said.code, said.metres
    if evidence.graphic in properties:
        properties[evidence.graphic] = _is_graphic(properties[evidence.graphic])
    return properties, metres, found


def word_of(value: Value) -> str:
    """Return *value* in small letters without spaces around; whole numbers by their digits."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).casefold().split())


def _code(value: Value, vocabulary: FieldVocabulary) -> str:
    codes = [each.code for each in vocabulary.codes]
    word = word_of(value)
    if word in codes:
        return word
    near = get_close_matches(word, codes, n=1, cutoff=0.6)
    hint = f"{near[0]!r} is near" if near else f"there are {', '.join(codes)}"
    left_out = vocabulary.unknown == "leave_out"
    raise Undeclared(
        Finding.CODE_LEFT_OUT if left_out else Finding.UNKNOWN_CODE,
        f"{str(value)[:40]!r} is no {vocabulary.field}; {hint}",
    )


def _is_graphic(value: Value) -> bool:
    """Return whether to warn: for yes, and for every word that is not no."""
    return word_of(value) not in _NO
