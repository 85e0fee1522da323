"""Every shipped mapping holds together, and says whose files it is for."""

from __future__ import annotations

import pytest

from tileserver.ingest.mapping.load import load_mapping, shipped_mappings


@pytest.mark.parametrize("name", shipped_mappings())
def test_a_shipped_mapping_holds_together_and_has_a_title(name: str) -> None:
    loaded = load_mapping(name)
    assert loaded.rules.title
    assert "or a layer of " in loaded.text or "For several layers of " in loaded.text
