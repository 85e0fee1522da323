"""Every lesson of `docs/lessons.md` names tests that exist, and every fault that was seen is among them."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests import house

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "lessons.md").read_text("utf-8")
_ROW = re.compile(r"^\| (?!lesson|---)(.+?) \| (.+) \|$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[a-z_/]+\.py)::(test_\w+)`")
ROWS = {match[1]: match[2] for match in _ROW.finditer(PAGE)}
SERVING = ("web", "publish", "history", "compare", "tiles", "store")
FETCHERS = {"urllib.request", "http.client", "requests", "httpx", "httpx2", "aiohttp", "urllib3", "ftplib"}


@pytest.mark.parametrize("lesson", ROWS)
def test_a_lesson_names_tests_that_exist(lesson: str) -> None:
    named = _TEST.findall(ROWS[lesson])
    assert named
    assert not _TEST.sub("", ROWS[lesson]).strip(" ,"), "a row has tests and nothing else"
    for file, name in named:
        assert name in _tests_of(file), f"{file} has no {name}"


def test_there_are_as_many_lessons_as_were_learned() -> None:
    assert len(ROWS) == len(_ROW.findall(PAGE)) >= 60


def test_no_room_that_a_request_runs_through_can_ask_an_address_for_anything() -> None:
    asked = {
        (each.file, name)
        for each in house.read_sources(ROOT)
        if each.file.split("/")[1] in SERVING
        for node in ast.walk(each.tree)
        for name in _imported(node)
        if name in FETCHERS
    }
    assert not asked


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


@cache
def _tests_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
