"""Mapping files beside a definition, kept with the definition so that the database alone suffices."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tileserver.complaints import read_toml
from tileserver.errors import BadParameter
from tileserver.model import Layer

FILE = ".toml"  # ends the name of a file; any other name is that of a shipped mapping


def with_mapping(layer: Layer, folder: Path | None) -> Layer:
    """Return *layer* with the text of its mapping file in *folder*, UTF-8.

    A definition that was printed from a database has the text in it, and needs no file. `BadParameter` where
    there is neither, or where the two differ: which of them the desk means nobody can tell.
    """
    if not layer.mapping.endswith(FILE):
        return layer
    where, kept = f"layer {layer.name!r}: mapping {layer.mapping[:80]!r}", layer.mapping_text
    file = folder / layer.mapping if folder else None
    if file is None or not file.is_file():
        if not kept:
            raise BadParameter(f"{where} is no file; its path is relative to the definition's")
        return layer
    text = _read(file, where)
    if kept and kept != text:
        raise BadParameter(
            f"{where} is a file that says another thing than mapping_text in the definition:"
            " leave mapping_text out to take the file"
        )
    return msgspec.structs.replace(layer, mapping_text=text)


def _read(file: Path, where: str) -> str:
    text = read_toml(file, where, "is no mapping")
    if not text.strip():
        raise BadParameter(f"{where} is an empty file; tileserver mapping suggest drafts one")
    return text
