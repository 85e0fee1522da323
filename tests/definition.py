"""What a reference of the keys of a definition has to say, read from the code."""

from __future__ import annotations

from typing import Any

import msgspec

from tileserver.declared import (
    Category,
    Dates,
    Derivation,
    Direction,
    EmbargoClass,
    Hold,
    Look,
    Method,
    Source,
)
from tileserver.evidence import Evidence, ExactnessClass, FieldVocabulary, HiddenRule, Term
from tileserver.model import Layer, Theatre

# Heading in the reference -> what is declared there.
TABLES: dict[str, type[msgspec.Struct]] = {
    "The theatre": Theatre,
    "`[method]`": Method,
    "`[[directions]]`": Direction,
    "`[[embargo_classes]]`": EmbargoClass,
    "`[[layers]]`": Layer,
    "`[layers.source]`": Source,
    "`[[layers.categories]]`": Category,
    "`[[layers.vocabularies]]`": FieldVocabulary,
    "`[[layers.vocabularies.codes]]`": Term,
    "`[layers.evidence]`": Evidence,
    "`[[layers.evidence.classes]]`": ExactnessClass,
    "`[layers.evidence.hidden]`": HiddenRule,
    "`[layers.derived]`": Derivation,
    "`[layers.dates]`": Dates,
    "`[layers.hold]`": Hold,
    "`[layers.look]`": Look,
}


def rows(struct: type[msgspec.Struct]) -> list[tuple[str, str, str]]:
    """Return key, type and default of each key of *struct*, as its table has them."""
    found = msgspec.inspect.type_info(struct)
    assert isinstance(found, msgspec.inspect.StructType)
    return [(each.encode_name, _words(each.type), default_of(each)) for each in found.fields]


def _words(kind: Any) -> str:
    match kind:
        case msgspec.inspect.UnionType():
            return _words(next(e for e in kind.types if not isinstance(e, msgspec.inspect.NoneType)))
        case msgspec.inspect.LiteralType():
            return ", ".join(f"`{each}`" for each in kind.values)
        case msgspec.inspect.TupleType():
            return f"{len(kind.item_types)} numbers"
        case msgspec.inspect.VarTupleType():
            return f"list of {_words(kind.item_type).removesuffix('s')}s"
        case msgspec.inspect.DictType():
            return "table of texts"
    return _PLAIN[type(kind)]


_PLAIN: dict[Any, str] = {
    msgspec.inspect.StrType: "text",
    msgspec.inspect.IntType: "whole number",
    msgspec.inspect.FloatType: "number",
    msgspec.inspect.BoolType: "true or false",
    msgspec.inspect.StructType: "table",
}


def default_of(each: msgspec.inspect.Field) -> str:
    """Return the default of a key as its table has it."""
    if each.required:
        return ""
    value = each.default
    if value is msgspec.NODEFAULT or value is None or value == () or isinstance(value, msgspec.Struct):
        return "none"
    text = str(value).lower() if isinstance(value, bool) else value
    if isinstance(value, tuple):
        text = tuple(each if isinstance(each, str) else each.code for each in value)
    return f"`{', '.join(text) if isinstance(text, tuple) else text}`" if text != "" else "empty"
