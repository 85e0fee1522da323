"""Numbers are written in one way for each language, on pages, in sentences and in pictures."""

from __future__ import annotations

import json

import pytest

from tests.conftest import ROOT
from tileserver.languages import LANGUAGES, written


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_of_the_server_have_the_marks_of_the_pages_sentences(language: str) -> None:
    words = json.loads((ROOT / "tileserver" / "publish" / "words" / f"{language}.json").read_text("utf-8"))
    group, point = words["group"], words["decimal"]
    assert written(1234567.25, 2, language) == f"1{group}234{group}567{point}25"
    assert written(-999.96, 1, language) == f"-1{group}000{point}0"
    assert written(12, 0, language) == "12"
