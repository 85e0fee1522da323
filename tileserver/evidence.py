"""Declared parts of a layer of points that carry evidence: exactness of the place, sources, warnings, codes.

What is declared here is obeyed at import, before a feature is hashed and stored; so no way out can say more.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from tileserver.declared import Text

Words: TypeAlias = str | int | float | bool | tuple[str | int | float | bool, ...]


class ExactnessClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How exactly a place is known, and may be told.

    ``metres`` is the width on the ground of the squares in whose middle places of the class are put; with 0
    places stay where they are, to the decimals of the layer.
    """

    code: str
    metres: float
    label: Text


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code of a field's vocabulary, with its words by language."""

    code: str
    label: Text


class FieldVocabulary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The codes that a field may have beside the layer's category, such as a side beside a kind."""

    field: str
    codes: tuple[Term, ...]
    unknown: Literal["put_aside", "leave_out"] = "put_aside"  # a feature with a word that is no code


class HiddenRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mark of a hidden source in a file, and the desk's decision on an event that such a source has told."""

    column: str | int
    equals: Words | None = msgspec.field(default=None, name="is")
    otherwise: Words | None = None  # the other words there are; any further one is put aside
    matches: str = ""
    empty: bool | None = None
    decision: Literal["leave_out", "without_sources"] = msgspec.field(default="leave_out", name="then")


CLASSES = (
    ExactnessClass(
        "exact",
        0.0,
        {
            "en": "The exact place",
            "uk": "Точне місце",
            "ru": "Точное место",
            "de": "Der genaue Ort",
            "fr": "Le lieu exact",
        },
    ),
    ExactnessClass(
        "near",
        150.0,
        {
            "en": "Place exact to about 150 m",
            "uk": "Місце з точністю близько 150 м",
            "ru": "Место с точностью около 150 м",
            "de": "Ort auf etwa 150 m genau",
            "fr": "Lieu exact à 150 m près environ",
        },
    ),
    ExactnessClass(
        "settlement",
        2000.0,
        {
            "en": "Only the settlement is known, to about 2 km",
            "uk": "Відомий лише населений пункт, близько 2 км",
            "ru": "Известен только населённый пункт, около 2 км",
            "de": "Nur die Ortschaft ist bekannt, auf etwa 2 km",
            "fr": "Seule la localité est connue, à 2 km près environ",
        },
    ),
    ExactnessClass(
        "region",
        20000.0,
        {
            "en": "Only the area is known, to about 20 km",
            "uk": "Відома лише місцевість, близько 20 км",
            "ru": "Известна только местность, около 20 км",
            "de": "Nur die Gegend ist bekannt, auf etwa 20 km",
            "fr": "Seule la zone est connue, à 20 km près environ",
        },
    ),
)


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of a layer that carry evidence; an empty name is none."""

    exactness: str = ""  # the field with the class of a place
    classes: tuple[ExactnessClass, ...] = CLASSES
    unsaid: str = "region"  # the class of what says none, or a word that is none
    sources: str = ""  # the field with all sources: JSON text, a list of objects with publisher and url
    graphic: str = ""  # the field that says whether what a link leads to is graphic
    hidden: HiddenRule | None = None

    def class_of(self, word: str) -> ExactnessClass | None:
        """Return the class whose code is *word*, whatever its case; ``None`` where there is none."""
        folded = word.strip().casefold()
        return next((each for each in self.classes if each.code == folded), None)

    @property
    def is_inexact(self) -> bool:
        """Whether the layer has a class of inexact places."""
        return bool(self.exactness) and any(each.metres > 0 for each in self.classes)

    @property
    def default_class(self) -> ExactnessClass:
        """The class of a place that says none."""
        return next(each for each in self.classes if each.code == self.unsaid)
