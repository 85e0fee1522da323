"""(tileset, address, time) -> version -> bytes."""
