"""The pages below docs/, and the README, say what the code has, and the code has what they say."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests import house
from tileserver.cli.main import app
from tileserver.config import SETTINGS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tileserver"
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text("utf-8")
COMMANDS_PAGE = (ROOT / "docs" / "commands.md").read_text("utf-8")
URLS = (ROOT / "docs" / "urls.md").read_text("utf-8")
MONITORING = (ROOT / "docs" / "monitoring.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
SOURCES = house.read_sources(ROOT)
TREES = {each.file.removeprefix("tileserver/"): each.tree for each in SOURCES}
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_SETTING = re.compile(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\| (.+?) \|$", re.MULTILINE)
_COMMAND = re.compile(r"^\| `tileserver ([a-z]+)[^`]*` \| (.+?) \|$", re.MULTILINE)


def _name(page: Path) -> str:
    return page.name


def _below(command: Any) -> Iterator[tuple[str, Any]]:
    yield from getattr(command, "commands", {}).items()


COMMANDS = dict(_below(typer.main.get_command(app)))


def test_the_settings_table_is_the_table_of_the_code() -> None:
    written = [(match[1], match[2] or "", match[3]) for match in _SETTING.finditer(SETTINGS_PAGE)]
    assert written == [(setting.name, setting.default, setting.help) for setting in SETTINGS]


def test_the_commands_table_is_the_commands_of_the_code() -> None:
    assert {match[1] for match in _COMMAND.finditer(COMMANDS_PAGE)} == set(COMMANDS)


def test_every_command_of_a_group_is_named_beside_it_and_no_other() -> None:
    rows = {match[1]: match[2] for match in _COMMAND.finditer(COMMANDS_PAGE)}
    for name, group in COMMANDS.items():
        own = {each for each, _ in _below(group)}
        if own:
            assert set(re.findall(r"`([a-z-]+)`", rows[name])) == own


_CALL = re.compile(r"^(?:\.venv/bin/)?tileserver ([a-z]+)(?: ([a-z]+))?", re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in PAGES if _CALL.search(page.read_text("utf-8"))], ids=_name)
def test_every_command_that_a_page_calls_exists(page: Path) -> None:
    for name, sub in _CALL.findall(page.read_text("utf-8")):
        assert name in COMMANDS
        own = {each for each, _ in _below(COMMANDS[name])}
        assert not own or sub in own


def test_every_page_is_in_the_contents_of_the_site() -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    assert pages == set(
        re.findall(r"^([\w-]+)$", (ROOT / "docs" / "index.md").read_text("utf-8"), re.MULTILINE)
    )


def _calls(file: str, *names: str) -> Iterator[ast.Call]:
    """Every call in *file* of a function or method of one of the *names*."""
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in names:
                yield node


def _texts(node: ast.AST) -> set[str]:
    """Every text that is written in *node*."""
    found = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
    return {each for each in found if isinstance(each, str)}


def _table(page: str, head: str) -> list[list[str]]:
    """The rows of the table of *page* whose first line begins with *head*."""
    start = page.index(f"| {head} |")
    lines = page[start:].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" |")] for line in lines]


def test_the_urls_table_is_the_routes_of_the_application() -> None:
    """But for the names of their parts, and for the built files of the pages."""
    routes = {next(iter(_texts(call.args[0]))) for call in _calls("web/routes.py", "Route")}
    written = {row[0].strip("`") for row in _table(URLS, "path")}
    assert {re.sub("{.*?}", "{}", path) for path in routes} == {
        re.sub("{.*?}", "{}", path) for path in written
    }


def test_the_query_parameters_are_the_words_of_urls() -> None:
    """Of all calls that allow some, of the tuples and defaults that they name, and of what pages look up."""
    found = set[str]()
    for file in (each for each in TREES if each.startswith("web/")):
        for call in _calls(file, "read_query", "document_question"):
            found = found.union(*map(_texts, call.args[1:]), *(_texts(word.value) for word in call.keywords))
        for node in ast.walk(TREES[file]):
            if isinstance(node, ast.Call) and ast.unparse(node).startswith("request.query_params"):
                found |= _texts(node)
    for node in TREES["web/params.py"].body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            found |= _texts(node.value)
        elif isinstance(node, ast.FunctionDef):
            found = found.union(*map(_texts, node.args.defaults))
    assert found - {""} == {row[0].strip("`") for row in _table(GLOSSARY, "parameter")}


def test_the_keys_of_the_time_block_are_the_ones_of_its_page() -> None:
    tree = TREES["publish/documents.py"]
    functions = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef)}
    block = next(node.value for node in ast.walk(functions["time_block"]) if isinstance(node, ast.Return))
    document = next(node.value for node in ast.walk(functions["tilejson"]) if isinstance(node, ast.Return))
    assert isinstance(block, ast.Dict)
    assert isinstance(document, ast.Dict)
    whole = dict(zip(_keys(document), document.values, strict=True))
    time = whole["time"]
    assert isinstance(time, ast.Dict)
    rows = _table(URLS, "key of `time`")
    written = {name for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert written == {*_keys(block), *_keys(time)} - {""}


def test_the_keys_that_a_tilejson_has_beyond_the_specification_are_on_its_page() -> None:
    function = next(
        each for each in TREES["publish/documents.py"].body if getattr(each, "name", "") == "tilejson"
    )
    document = next(node.value for node in ast.walk(function) if isinstance(node, ast.Return))
    assert isinstance(document, ast.Dict)
    ours = set(_keys(document)) - _SPECIFIED
    assert ours | {"missing", "vector_layers[].role", "vector_layers[].title"} == {
        name for row in _table(URLS, "key") for name in re.findall(r"`([\w.\[\]]+)`", row[0])
    }


# TileJSON 3.0.0, 3; what comes from another function has no key here.
_SPECIFIED = {
    "", "tilejson", "name", "scheme", "tiles", "vector_layers", "bounds", "center", "minzoom", "maxzoom",
    "attribution",
}  # fmt: skip


def _keys(block: ast.Dict) -> list[str]:
    return [str(key.value) if isinstance(key, ast.Constant) else "" for key in block.keys]


def test_every_log_line_is_on_its_page_with_its_level_and_keys() -> None:
    said: dict[str, tuple[str, set[str]]] = {}
    for file in TREES:
        for call in _calls(file, "info", "warning", "error"):
            if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "log":
                event = next(iter(_texts(call.args[0])))
                keys = {word.arg for word in call.keywords if word.arg} - {"exc_info"}
                said[event] = (call.func.attr, said.get(event, ("", set()))[1] | keys)
    rows = _table(MONITORING, "log line")
    assert {row[0].strip("`"): (row[1], set(re.findall(r"`(\w+)`", row[2]))) for row in rows} == said


# The pages below docs/, CONTRIBUTING, SECURITY.

_FILE = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|ts|mjs|toml|md|sql|json|txt|geojson|yaml)|(?:[\w.-]+/)+)`")
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([\w-]+))?\)")
_BASES = (ROOT, PACKAGE, PACKAGE / "theatres", ROOT / "docs" / "examples" / "own-map")
_MADE = {
    "NNNN_name.sql",
    "site.json",
    "own.toml",
    "utils.py",
    ".tileserver",
}  # patterns, and files that are not there


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    bases = (page.parent, *_BASES)
    named = {name for name in _FILE.findall(page.read_text("utf-8")) if Path(name).name not in _MADE}
    missing = {name for name in named if not any((base / name).exists() for base in bases)}
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text("utf-8")):
        if "://" in target:
            continue
        file = (page.parent / target) if target else page
        assert file.exists(), target
        if anchor:
            assert anchor in _anchors(file), f"{target}#{anchor}"


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def test_every_decision_is_in_the_index_and_the_numbers_have_no_gap() -> None:
    folder = ROOT / "docs" / "decisions"
    files = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text("utf-8")) == files
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))


_STEP = re.compile(r"^ *([\w/]+\.(?:py|ts)) ([\w.]+)", re.MULTILINE)
_SYMBOL = re.compile(r"`([\w/]+\.py)` ((?:`[\w.]+`(?:, | and )?)+)")


def _named() -> set[tuple[str, str]]:
    """Each file with a name in it: of the steps of the journeys, and of the tables."""
    journeys = "\n".join(re.findall(r"```text\n(.*?)```", ARCHITECTURE, re.DOTALL))
    symbols = {
        (file, name)
        for file, names in _SYMBOL.findall(ARCHITECTURE)
        for name in re.findall(r"`([\w.]+)`", names)
    }
    return symbols | set(_STEP.findall(journeys))


@pytest.mark.parametrize(("file", "name"), sorted(_named()))
def test_every_function_that_the_architecture_names_is_in_its_file(file: str, name: str) -> None:
    defined = set[str]()
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {each.id for each in targets if isinstance(each, ast.Name)}
    assert set(name.split(".")) <= defined


def test_the_rooms_are_the_folders_and_import_what_the_table_says() -> None:
    known = {each.module for each in SOURCES}
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    imports: dict[str, set[str]] = {room: set() for room in rooms}
    for source in SOURCES:
        room = source.module.split(".")[1] if "." in source.module else ""
        if room in rooms:
            others = {name.split(".")[1] for name in house.imported(source, known) if "." in name}
            imports[room] |= (others & rooms) - {room}
    rows = _table(ARCHITECTURE, "room")
    assert {row[0].strip("`/"): set(re.findall(r"`(\w+)`", row[2])) for row in rows} == imports


def test_the_site_is_made_without_a_warning_and_asks_no_other_host(tmp_path: Path) -> None:
    made = tmp_path / "site"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-W",
            "--keep-going",
            "-d",
            tmp_path / "read",
            ROOT / "docs",
            made,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shutil.rmtree(made / "_downloads")  # the examples, which ask the server that they show
    pages = [page.read_text("utf-8") for page in made.rglob("*.html")]
    assert len(pages) > len(list((ROOT / "docs").glob("*.md")))
    fetched = re.compile(r"<(?:script|img|link|iframe)\b[^>]*(?:src|href)=\"https?://[^\"]*\"")
    assert [each for page in pages for each in fetched.findall(page)] == []
    assert "tileserver import" in (made / "_reference" / "help.html").read_text("utf-8")
