"""A layer that a mapping would fit, for looking at a file before there is a theatre."""

from __future__ import annotations

from typing import Literal

from tileserver.declared import Category, Source
from tileserver.evidence import CLASSES, Evidence
from tileserver.ingest.mapping.declared import FieldRule, FileMapping, listed
from tileserver.model import Layer, Theatre

_WORLD = (-180.0, -85.05, 180.0, 85.05)
_COLOURS = ("#d6553f", "#e8705a")


def theatre_for(mapping: FileMapping, kind: Literal["areas", "lines", "points"]) -> Theatre:
    """Return a theatre of one layer of *kind*, which has the codes and fields that *mapping* gives.

    It spans the world in degrees, and its days are those of the mapping's zone, else of UTC.
    """
    rule = mapping.category
    codes = dict.fromkeys([] if rule is None else [rule.value] if rule.value else rule.codes.values())
    layer = Layer(
        name="layer",
        kind=kind,
        time="state" if mapping.means == "snapshot" or kind != "points" else "window",
        title={"en": mapping.title or "Layer"},
        source=Source("unknown", "unknown", "unknown"),
        fields={name: name for name in ({} if rule is None else {"category": ""}) | (mapping.fields or {})},
        category="" if rule is None else "category",
        categories=tuple(Category(code, {"en": code}, *_COLOURS) for code in codes),
        evidence=_evidence(mapping) if kind == "points" else None,
    )
    zone = mapping.date.zone or "UTC"
    return Theatre("standin", {"en": "Stand-in"}, zone, _WORLD, (0.0, 0.0, 2.0), (layer,))


def _evidence(mapping: FileMapping) -> Evidence:
    """Return the evidence that the fields of *mapping* can only be meant for."""
    exactness = sources = ""
    classes = {each.code for each in CLASSES}
    for name, given in (mapping.fields or {}).items():
        rule = given if isinstance(given, FieldRule) else FieldRule(given)
        words = {*rule.codes.values(), *([rule.value] if rule.value is not None else [])}
        if name == "sources" or listed(rule.publisher):
            sources = name
        elif words and words <= classes:
            exactness = name
    return Evidence(exactness=exactness, sources=sources)
