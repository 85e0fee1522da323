"""Code for apps in docs/mobile.md is without a syntax error in its language."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import tree_sitter_dart
import tree_sitter_kotlin
import tree_sitter_swift
import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

PAGE = (Path(__file__).parent.parent / "docs" / "mobile.md").read_text("utf-8")
GRAMMARS: dict[str, Callable[[], object]] = {
    "dart": tree_sitter_dart.language,
    "kotlin": tree_sitter_kotlin.language,
    "swift": tree_sitter_swift.language,
    "tsx": tree_sitter_typescript.language_tsx,
}
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(each[1], each[2]) for each in FENCED.finditer(PAGE)]
SNIPPETS = [each for each in BLOCKS if each[0] in GRAMMARS]


def faults(language: str, code: str) -> list[str]:
    """Return line and text of each place where *code* is not of the grammar of *language*."""
    parser = Parser(Language(GRAMMARS[language]()))

    def below(node: Node) -> list[str]:
        own = [f"{node.start_point.row + 1}: {node}"] if node.is_error or node.is_missing else []
        return own + [fault for child in node.children for fault in below(child)]

    return below(parser.parse(code.encode()).root_node)


def test_all_languages_have_snippets_and_no_other_has_but_commands_and_texts() -> None:
    assert {language for language, _ in BLOCKS} - {"sh", "text", "json"} == GRAMMARS.keys()


@pytest.mark.parametrize(("language", "code"), SNIPPETS)
def test_no_snippet_has_a_syntax_error(language: str, code: str) -> None:
    assert faults(language, code) == []


@pytest.mark.parametrize(("language", "code"), SNIPPETS)
def test_a_snippet_with_a_bracket_too_many_has_one(language: str, code: str) -> None:
    assert faults(language, f"{code})")
