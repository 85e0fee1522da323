"""What a page keeps is told apart from what the browser makes of it."""

from __future__ import annotations

from tests.bench.moving import data_of


def test_what_is_kept_is_counted_without_compiled_code_and_the_browser_s_own() -> None:
    snapshot = {
        "snapshot": {
            "meta": {
                "node_fields": ["type", "name", "self_size"],
                "node_types": [["code", "object", "native", "string"], "string", "number"],
            }
        },
        "nodes": [0, 1, 5000, 1, 2, 40, 2, 3, 700, 3, 4, 2],
    }
    assert data_of(snapshot) == 42
