"""A definition as TOML, from which an equal definition can be read again."""

from __future__ import annotations

from typing import Any

import msgspec
import tomli_w

from tileserver.model import Theatre

_ALWAYS_SAID = ("embargo",)  # whoever reads a definition wants to see how late the map is


def toml_of(theatre: Theatre) -> str:
    """Return the TOML of *theatre*, without values that are the defaults, but for the embargo.

    Law: reading it gives an equal definition.
    """
    return tomli_w.dumps(_said(theatre), multiline_strings=True)


def _said(struct: msgspec.Struct) -> dict[str, Any]:
    found = {}
    for each in msgspec.structs.fields(struct):
        value = getattr(struct, each.name)
        if each.required or value != _default(each) or (each.name in _ALWAYS_SAID and value is not None):
            found[each.encode_name] = _plain(value)
    return found


def _default(each: msgspec.structs.FieldInfo) -> Any:
    return each.default_factory() if callable(each.default_factory) else each.default


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return _said(value)
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
