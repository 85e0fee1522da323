"""Mappings in the definition of a theatre, layer by layer, and the choice of the mapping for an import."""

from __future__ import annotations

from tileserver.errors import BadParameter
from tileserver.ingest.mapping.load import LoadedMapping, load_mapping, parse_mapping
from tileserver.ingest.mapping.plan import IntakePlan
from tileserver.ingest.options import ReadOptions
from tileserver.model import Layer, Theatre


def mapping_for(layer: Layer, options: ReadOptions) -> LoadedMapping | None:
    """Return the mapping by which a file of *layer* is read: the caller's, else the layer's own.

    ``None`` where a reader reads it. `BadParameter` where the caller's options are those of a reader.
    """
    if options.mapping is not None or options.reader:
        return options.mapping
    own = declared_mapping(layer)
    columns = (options.date_column, options.end_column, options.category_column, *options.key_columns)
    if own is not None and (options.whole_state or any(columns)):
        raise BadParameter(
            f"layer {layer.name!r} is read by the mapping {own.name}, which says itself where dates and"
            " categories stand and what a file means; leave the options out, or give --mapping or --reader"
        )
    return own


def declared_mapping(layer: Layer) -> LoadedMapping | None:
    """Return the mapping that *layer* declares, shipped or kept with the definition; ``None`` for none."""
    if not layer.mapping:
        return None
    if layer.mapping_text:
        return parse_mapping(layer.mapping_text, layer.mapping)
    return load_mapping(layer.mapping)


def check_mappings(theatre: Theatre) -> None:
    """Raise `BadParameter`, with file and line, where a declared mapping does not fit its layer."""
    for layer in theatre.layers:
        loaded = declared_mapping(layer)
        if loaded is not None:
            IntakePlan.of(loaded, theatre, layer)
