"""Credits of layers, as HTML where maps take an attribution for HTML, as text elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from tileserver.declared import Source
from tileserver.markup import credit_of, link_of, text_of
from tileserver.model import Layer


def credit_line(layers: Iterable[Layer]) -> str:
    """Return the credits of *layers*, each once, as HTML: text and links, nothing else."""
    return "; ".join(dict.fromkeys(credit_of(layer.source.attribution) for layer in layers))


def plain_credit(layer: Layer) -> str:
    """Return the credit of *layer* as text."""
    return text_of(layer.source.attribution)


def source_fields(source: Source) -> dict[str, str]:
    """Return the fields of *source* for a document: texts, and an address of the web or none at all."""
    fields: dict[str, str] = msgspec.to_builtins(source)
    plain = {name: text_of(text) for name, text in fields.items()}
    return {**plain, "url": link_of(plain["url"])}
