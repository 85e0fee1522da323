"""Layers as a command of the desk names layers: all, the layers of a theatre, or a single layer."""

from __future__ import annotations

from tileserver.complaints import near_miss
from tileserver.errors import UnknownTheatre
from tileserver.model import LayerRef
from tileserver.store.catalogue import StoredLayer, load_layers
from tileserver.store.connect import Connection
from tileserver.store.migrations import check_schema


async def checked_layers(connection: Connection) -> list[StoredLayer]:
    """Return every layer of a database; `SchemaMismatch` where the database does not fit this code."""
    await check_schema(connection)
    return await load_layers(connection)


async def layers_of(connection: Connection, theatre: str, layer: str | None = None) -> dict[str, StoredLayer]:
    """Return the layers of *theatre* by name.

    Raises
    ------
    UnknownTheatre
        The database has no such theatre; the message names those there are.
    UnknownLayer
        The theatre has no such *layer*.
    """
    every = await checked_layers(connection)
    layers = {each.layer.name: each for each in every if each.ref.theatre == theatre}
    if not layers:
        there = dict.fromkeys(each.ref.theatre for each in every)
        raise UnknownTheatre(
            f"there is no theatre {theatre[:80]!r} in the database{near_miss(theatre, there)};"
            f" there is {', '.join(there) or 'none yet'}; add one with: tileserver theatre add"
        )
    if layer is not None:
        next(iter(layers.values())).theatre.layer(layer)
    return layers


async def chosen_layers(connection: Connection, name: str) -> list[StoredLayer]:
    """Return the layer or the layers of the theatre *name*, or every layer where *name* is empty."""
    if not name:
        return await checked_layers(connection)
    theatre, layer = theatre_and_layer(name)
    layers = await layers_of(connection, theatre, layer)
    return [layers[layer]] if layer else list(layers.values())


def theatre_and_layer(name: str) -> tuple[str, str | None]:
    """Return the two parts of ``theatre.layer``; of a theatre alone the layer is ``None``."""
    if "." not in name:
        return name, None
    ref = LayerRef.parse(name)
    return ref.theatre, ref.layer
