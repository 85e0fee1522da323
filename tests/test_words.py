"""One word, one meaning: identifiers, URL parameters, columns and docs keep to docs/glossary.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TypeAlias

import pytest

from tests import house

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "tileserver"
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text("utf-8")
FRONTEND = PACKAGE / "web" / "frontend" / "src"

Place: TypeAlias = tuple[str, str]  # file below tileserver/, identifier


@dataclass(frozen=True)
class Identifier:
    """A name that somebody chose: of a class, a function, a parameter or a field, with its annotation."""

    file: str
    kind: str
    name: str
    annotation: str = ""

    @cached_property
    def words(self) -> frozenset[str]:
        """The words that it is made of, in small letters."""
        return frozenset(each.lower() for each in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", self.name))


@dataclass(frozen=True)
class Ban:
    """An identifier that has the *word*, or is the whole *name*, and the word that is right in its place."""

    right: str
    word: str = ""
    name: str = ""  # a regular expression
    kind: str = ""
    rooms: tuple[str, ...] = ()  # none: everywhere
    annotation: str = ""  # a regular expression
    but: tuple[str, ...] = ()  # rooms or files whose word it is

    def hits(self, each: Identifier) -> bool:
        """Whether *each* is such a one."""
        return (
            (not self.word or self.word in each.words)
            and (not self.name or re.fullmatch(self.name, each.name) is not None)
            and (not self.kind or self.kind == each.kind)
            and (not self.annotation or re.fullmatch(self.annotation, each.annotation) is not None)
            and (not self.rooms or each.file.startswith(self.rooms))
            and not (self.but and each.file.startswith(self.but))
        )


_INSTANT = "start, end, first or last of instants, known_from and known_to of revisions"
_HELD = "our_side of land, entry of a cache, current of rows; held is an import that waits"
_FEATURE = "Feature, feature_hash, state_hash"
_URL = "..._from_url where a text of a URL is parsed and checked"
_WINDOW = "Moment, EventWindow, Located"
_COMPARISON = "comparison of two moments; a change is an instant"
_SQUARE = "EventSquare, squares; a cell is a band's"
_ROW = "feature row; a version names the content of a tile"
_EVENT_ROOMS = ("tiles", "store/windows.py", "store/tiles.py", "publish/style.py")

BANS = (
    Ban(_INSTANT, word="since"),
    Ban(_INSTANT, word="until"),
    Ban("revision", name="seen", rooms=("tiles", "history", "compare", "store", "web", "publish")),
    Ban("revision", name="then"),
    Ban(_HELD, kind="class", name="Held(Face|Version|Layer)?"),
    Ban(_HELD, kind="parameter", word="held", but=("desk/held.py", "store/held.py", "cli/held.py")),
    Ban(
        _HELD,
        kind="field",
        word="held",
        but=("desk/", "store/held.py", "store/watching.py", "watch/", "newsroom/", "ingest/limits.py"),
    ),
    Ban(_FEATURE, kind="class", word="content"),
    Ban(_FEATURE, kind="field", name="contents?"),
    Ban(_FEATURE, kind="parameter", name="contents?", but=("store/held.py",)),
    Ban("layer_id, clip_hash, cache_key", kind="field", name="key"),
    Ban("digest of a number, feature_hash of bytes", name="(.*_)?name", annotation="int|Digest|bytes"),
    Ban("a hash that says of what; a digest is 64 bits", name="(.*_)?digest", annotation="bytes"),
    Ban(_URL, kind="function", name="(.*_)?named"),
    Ban(_URL, kind="function", name="find|resolve"),
    Ban("Moment", word="spot"),
    Ban(_WINDOW, kind="class", name="_?(Reading|Asked|Window|Resolved|Past|Named|Seen)"),
    Ban("DaySpan, DifferencePeriod", kind="class", name="Stretch"),
    Ban("LayerWeights", kind="class", name="LayerPast"),
    Ban(_COMPARISON, kind="class", name="Change(Key|Service|Routes)?|(Cell|Line)Change|ChangedCell"),
    Ban(_COMPARISON, kind="function", name="change_(of|document|by_region|fields|tile)"),
    Ban(_SQUARE, word="cell", rooms=_EVENT_ROOMS),
    Ban(_SQUARE, word="cells", rooms=_EVENT_ROOMS),
    Ban("Lattice; a cell is a band's", word="cell", rooms=("samples",)),
    Ban("Lattice; a cell is a band's", word="cells", rooms=("samples",)),
    Ban(_ROW, word="version", rooms=("store", "desk"), but=("store/migrations.py", "store/connect.py")),
    Ban(_ROW, word="versions", rooms=("store", "desk"), but=("store/migrations.py",)),
)

# TypeScript, roughly: what is declared, and what has a type. Words of the film stood beside real images.
_DECLARED = re.compile(r"\b(?:const|let|function|class|interface|type|enum)\s+(\w+)|\b(\w+)\??: ")
_TYPESCRIPT = re.compile(r"(?i)since|until|held|reel|swap|picture|frame|scene")

# Columns of older names, as the glossary's last table has them, in the code that reads and writes them.
COLUMNS: frozenset[Place] = frozenset({("store/held.py", "digest")})

# What is still called otherwise, until its room has the right word; gone from here as soon as it is gone.
LEFTOVERS: frozenset[Place] = frozenset()

# What is right there for all that: a key of the TileJSON.
TYPESCRIPT_WORDS: frozenset[Place] = frozenset({("figures.ts", "held")})

# Classes that share a name with another one of the package, and may: neither leaves its room.
NAMESAKES: frozenset[str] = frozenset({"Answer", "Balance", "Tally", "Verdict"})


@cache
def identifiers() -> tuple[Identifier, ...]:
    """Every identifier of the package."""
    return tuple(each for source in house.read_sources(ROOT) for each in _identifiers(source))


def _identifiers(source: house.Source) -> Iterator[Identifier]:
    file = source.file.removeprefix("tileserver/")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            yield Identifier(file, "class", node.name)
            for each in node.body:
                if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                    yield Identifier(file, "field", each.target.id, ast.unparse(each.annotation))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Identifier(file, "function", node.name, ast.unparse(node.returns) if node.returns else "")
            for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                annotation = ast.unparse(argument.annotation) if argument.annotation else ""
                yield Identifier(file, "parameter", argument.arg, annotation)


@cache
def _found() -> dict[Place, str]:
    """Every banned identifier of the package, with the word that is right."""
    return {
        (each.file, each.name): ban.right
        for each in identifiers()
        for ban in BANS
        if ban.hits(each) and (each.file, each.name) not in COLUMNS
    }


def test_no_identifier_has_a_word_for_another_meaning() -> None:
    wrong = {spot: right for spot, right in _found().items() if spot not in LEFTOVERS}
    assert not wrong, "\n".join(f"{file}: {name}: say {right}" for (file, name), right in wrong.items())


def test_no_leftover_is_gone_from_the_code() -> None:
    assert not LEFTOVERS - set(_found())


def test_no_two_public_classes_share_a_name() -> None:
    names = [each.name for each in identifiers() if each.kind == "class" and not each.name.startswith("_")]
    assert {name for name in names if names.count(name) > 1} == NAMESAKES


def _declared() -> Iterator[Place]:
    """Every name that a TypeScript file declares, and the file's own; without its texts and comments."""
    for path in sorted(FRONTEND.glob("*.ts")):
        code = re.sub(r"//[^\n]*|/\*.*?\*/|`[^`]*`|\"[^\"]*\"", "", path.read_text("utf-8"), flags=re.DOTALL)
        for name in (path.stem, *(name for pair in _DECLARED.findall(code) for name in pair if name)):
            yield path.name, name


def test_the_front_end_has_no_word_for_another_meaning() -> None:
    found = {(file, name) for file, name in _declared() if _TYPESCRIPT.fullmatch(name)}
    assert found == TYPESCRIPT_WORDS


TYPED = re.compile(r"\[(\w+(?:\.\w+)?)\]\(\.\./(tileserver/[\w/]+\.py)\)")


@pytest.mark.parametrize(("name", "file"), sorted(set(TYPED.findall(GLOSSARY))))
def test_what_the_glossary_says_is_typed_exists_there(name: str, file: str) -> None:
    assert set(name.split(".")) <= _defined(ROOT / file)


def _defined(path: Path) -> set[str]:
    """The classes, functions, fields and constants of a file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {each.id for each in targets if isinstance(each, ast.Name)}
    return names


def test_every_word_has_one_row() -> None:
    words = re.findall(r"^\| ([a-z][^|`]*) \|", GLOSSARY, re.MULTILINE)
    words = [
        word for words_ in words for word in words_.split(", ") if word not in ("word", "parameter", "column")
    ]
    assert len(words) > 50
    assert sorted(words) == sorted(set(words))


def test_the_types_of_the_ground_are_words_of_the_glossary() -> None:
    typed = {name for name, _ in TYPED.findall(GLOSSARY)}
    ground = {"Micros", "DayNumber", "LayerId", "Revision", "Digest", "Moment", "Theatre", "Layer", "Feature"}
    assert ground <= typed


def test_every_column_with_a_banned_word_is_explained() -> None:
    older = set(re.findall(r"^\| `(\w+\.\w+)` \|", GLOSSARY, re.MULTILINE))
    banned = {"content", "since", "until", "key", "name", "version", "digest", "known", "seen"}
    columns = set(_columns())
    assert older <= columns
    told = older | {f"{table}.known" for table in ("face", "snapshot")} | {"layer.name", "migration.name"}
    assert {each for each in columns if each.split(".")[1] in banned} <= told


def _columns() -> Iterator[str]:
    """``table.column`` of every table that the migrations make."""
    sql = "\n".join(path.read_text("utf-8") for path in sorted((PACKAGE / "store" / "sql").glob("*.sql")))
    for table, body in re.findall(r"CREATE TABLE (\w+) \((.*?)^\);", sql, re.MULTILINE | re.DOTALL):
        yield from (
            f"{table}.{column}" for column in re.findall(r"^    ([a-z_0-9]+) [a-z]", body, re.MULTILINE)
        )
    for table, column in re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", sql):
        yield f"{table}.{column}"
