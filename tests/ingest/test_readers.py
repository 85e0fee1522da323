"""A reader that is registered is documented, tested, and found under its own name."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT
from tileserver.ingest import READERS

DEFINITION = (ROOT / "docs" / "definition.md").read_text("utf-8")


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_has_its_module_its_tests_and_its_line_in_the_definition(reader: str) -> None:
    assert (ROOT / "tileserver" / "ingest" / f"{reader}.py").is_file()
    assert (ROOT / "tests" / "ingest" / f"test_{reader}.py").is_file()
    row = next(line for line in DEFINITION.splitlines() if line.startswith("| `reader` |"))
    assert f"`{reader}`" in row
