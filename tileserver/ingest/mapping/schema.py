"""The JSON Schema of mappings, for editors that complete and check TOML."""

from __future__ import annotations

from typing import Any

import msgspec

from tileserver.ingest.mapping.declared import FileMapping

TITLE = "Mapping of a publisher's files"


def schema() -> dict[str, Any]:
    """Return the schema (JSON Schema 2020-12) of the TOML of a mapping."""
    found = msgspec.json.schema(FileMapping)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": TITLE, **found}
