"""The house rules, measured over the sources of a checkout: ``python -m tests.house [PATH] [--root DIR]``.

Without PATH a table; with PATH (a file or folder of the checkout, "." for all) each offending line as
``file:line: rule: text``. ``--root`` measures another checkout, such as the commit before, by the same rules.
Only the standard library's parser is used; nothing is imported or run.

body
    Lines of a function from its first statement after the docstring to its last, blank lines and comments
    included. Methods and inner functions count for themselves, and inner ones in their owner too.
branches
    1 + each ``if``, ``elif``, conditional expression, ``for``, ``while``, ``except``, ``case``, ``if`` or
    further ``for`` of a comprehension, and each further operand of ``and``/``or``; without inner functions.
circle
    Modules that import each other, directly or by way of others; imports under TYPE_CHECKING and within
    functions count. A package's ``__init__`` is imported only where its own names are.
border
    A heuristic. A public function, method or dataclass that geometry, time or bytes cross: an annotation
    names a type of ``CROSSING``, or a bare number has a name of ``TIME_NAMES``. Its docstring, or that of its
    class, has to say for each kind which shape, unit, space or convention holds: a word of ``CONVENTIONS``.
    Types that carry their unit (``Micros``, ``DayNumber``, ``datetime``, ``date``) ask for a word on the
    period (half-open or not) where two of them meet; ``timedelta``, ``Bounds``, ``TileAddress`` ask for none.
leaning
    A docstring whose first line has a pronoun in place of a noun: what, those, these, it, they, them, ones,
    and one, this, that where they are pronouns. A number ("one row"), a determiner ("this tile") and a
    relative ("a row that") are none; neighbours tell them apart, so this is a heuristic too.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeAlias

ROOT = Path(__file__).parent.parent
PACKAGE = "tileserver"
LONG_FILE = 300
LONG_BODY = 25

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Documented: TypeAlias = ast.Module | ast.ClassDef | Function

CROSSING = {
    "geometry": re.compile(
        r"\b(Geometry|BaseGeometry|(Multi)?(Polygon|LineString|Point)|NDArray|Ints|Floats|Coordinates|Shapes?)\b"
    ),
    "typed time": re.compile(r"\b(Micros|DayNumber|datetime|date)\b"),
    "bytes": re.compile(r"(?<!IO\[)\b(bytes|bytearray|memoryview)\b"),
}
TIME_NAMES = re.compile(
    r"^(at|start|end|first|last|until|since|began|begins?|ends?|days?|now|moment|instant|horizon|embargo|max_age"
    r"|timeout|seconds|wait)$"
)
BARE = re.compile(r"^(int|float|list\[int\]|tuple\[int, \.\.\.\]|Sequence\[int\])( \| None)?$")
CONVENTIONS = {
    "geometry": re.compile(
        r"(?i)degree|\bmetre|\bkm|EPSG|WGS ?84|mercator|longitude|\b(tile|grid) units?|\bin units?|pixel"
        r"|shape \(|\(n,|z/x/y|west, south|x, y|hectare|\bha\b"
    ),
    "time": re.compile(
        r"(?i)UTC|microsecond|\bseconds?\b|\bhours?\b|half-open|inclusive|exclusive|closed|local days?\b"
        r"|day zone|days since|1970|day number|midnight"
    ),
    "bytes": re.compile(
        r"(?i)WKB|\bMVT|vector tile|gzip|brotli|zstd|compressed|JSON|UTF-8|\bCSV|TOML|PNG|hash|digest|ASGI"
        r"|\bbytes?\b|\btag\b|coding|header|blake"
    ),
    "period": re.compile(
        r"(?i)half-open|inclusive|exclusive|closed|\[[^\]\s]+, [^\]]+\)|both ends|included|between two"
    ),
}

ALWAYS_LEANS = re.compile(r"(?i)\b(what|those|these|it|they|them|ones)\b")
# What may follow *one*, *this*, *that* where they stand for something: an end, a function word or a verb.
_NO_NOUN = (
    r"(?=\s*(?:$|[.,;:!?)]|--|\b(?:is|are|was|were|has|have|had|can|may|must|will|would|does|do|did|goes|holds?|"
    r"that|which|who|whose|where|when|with|without|in|on|at|to|from|for|and|or|but|as|by|before|after|beside|"
    r"below|above|alone|there|here|not|only|than|if|so|comes?|lies?|stands?|shows?|says?|means?|one|it)\b))"
)
LEANING_ONE = re.compile(
    rf"(?i)(?<!by )\bone\b(?! by (?:one|the other)\b)(?! after (?:the )?(?:other|another)\b){_NO_NOUN}"
)
LEANING_THIS = re.compile(rf"(?i)\bthis\b{_NO_NOUN}")
LEANING_THAT = re.compile(
    rf"(?i)(?:^|[.,;:(]\s*|\b(?:of|than|for|by|with|from|to|at|in|on|and|or|do|does|is|as|after|before|all|like|"
    rf"without|beyond|over|until|since)\s+)that\b{_NO_NOUN}"
)


@dataclass(frozen=True)
class Fault:
    """A line that breaks a rule."""

    file: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.text}"


@dataclass(frozen=True)
class Source:
    """A parsed file below the package; *file* is its path from the checkout's root."""

    file: str
    lines: int
    tree: ast.Module

    @property
    def module(self) -> str:
        """Dotted name, without ``__init__``."""
        return self.file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def read_sources(root: Path) -> list[Source]:
    """Parse every Python file of the package below *root*."""
    return [
        Source(path.relative_to(root).as_posix(), text.count("\n"), ast.parse(text))
        for path in sorted((root / PACKAGE).rglob("*.py"))
        if "node_modules" not in path.parts
        for text in [path.read_text("utf-8")]
    ]


def functions(source: Source) -> Iterator[Function]:
    """Every function and method, inner ones too."""
    return (each for each in ast.walk(source.tree) if isinstance(each, Function))


def body_lines(function: Function) -> int:
    """Lines from the first statement after the docstring to the last."""
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    return statements[-1].end_lineno - statements[0].lineno + 1 if statements else 0  # type: ignore[operator]


def branches(function: Function) -> int:
    """1 + the ways that part within *function*, without its inner functions."""
    return 1 + sum(_ways(each) for each in _own_nodes(function))


def _own_nodes(function: Function) -> Iterator[ast.AST]:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Function):
            yield node
            waiting += ast.iter_child_nodes(node)


def _ways(node: ast.AST) -> int:
    match node:
        case (
            ast.If()
            | ast.IfExp()
            | ast.For()
            | ast.AsyncFor()
            | ast.While()
            | ast.ExceptHandler()
            | ast.match_case()
        ):
            return 1
        case ast.BoolOp():
            return len(node.values) - 1
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return len(node.generators) - 1 + sum(len(each.ifs) for each in node.generators)
    return 0


def circles(sources: list[Source]) -> list[list[str]]:
    """Groups of modules of which each imports each other one, directly or not (Tarjan's components)."""
    known = {each.module for each in sources}
    edges = {each.module: set(imported(each, known)) - {each.module} for each in sources}
    reach = {name: _reached(name, edges) for name in edges}
    groups = {frozenset({a, *(b for b in reach[a] if a in reach[b])}) for a in edges}
    return sorted(sorted(group) for group in groups if len(group) > 1)


def imported(source: Source, known: set[str]) -> Iterator[str]:
    """Modules among *known* that *source* imports, wherever in it that stands."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{each.name}" for each in node.names} & known
            yield from submodules
            if node.module in known and len(submodules) < len(node.names):
                yield node.module


def _reached(start: str, edges: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for each in edges[waiting.pop()] - reached:
            reached.add(each)
            waiting.append(each)
    return reached


def documented(source: Source) -> Iterator[tuple[Documented, str, int]]:
    """Everything that has a docstring, with its first line and the number of that line."""
    for node in ast.walk(source.tree):
        if isinstance(node, Documented) and ast.get_docstring(node):
            constant = node.body[0]
            yield node, ast.get_docstring(node).splitlines()[0].strip(), constant.lineno  # type: ignore[union-attr]


def leans(first_line: str) -> bool:
    """Whether a first line has a pronoun in place of a noun."""
    words = re.sub(r"``[^`]*``|\*\*?[^*\s][^*]*\*|\"[^\"]*\"", "X", first_line)
    rules = (ALWAYS_LEANS, LEANING_ONE, LEANING_THIS, LEANING_THAT)
    return any(rule.search(words) for rule in rules)


def borders(source: Source) -> Iterator[tuple[Function | ast.ClassDef, set[str]]]:
    """Public functions and dataclasses that geometry, time or bytes cross, with the kinds left unsaid."""
    for owner, node in _public(source.tree):
        crossing = _crossing(node)
        if crossing:
            said = " ".join(ast.get_docstring(each) or "" for each in (node, owner) if each)
            yield node, {kind for kind in crossing if not CONVENTIONS[kind].search(said)}


def _public(tree: ast.Module) -> Iterator[tuple[ast.ClassDef | None, Function | ast.ClassDef]]:
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield None, node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            if _is_data(node):
                yield None, node
            yield from (
                (node, each)
                for each in node.body
                if isinstance(each, Function) and not each.name.startswith("_")
            )


def _is_data(node: ast.ClassDef) -> bool:
    marks = [ast.unparse(each) for each in (*node.decorator_list, *node.bases)]
    return any("dataclass" in each or "NamedTuple" in each or "Struct" in each for each in marks)


def _crossing(node: Function | ast.ClassDef) -> set[str]:
    named = list(_annotated(node))
    crossing = {
        kind
        for _, text in named
        for kind, types in CROSSING.items()
        if types.search(text) and kind != "typed time"
    }
    if any(TIME_NAMES.match(name) and BARE.match(text) for name, text in named):
        crossing.add("time")
    typed = [text for name, text in named if name and CROSSING["typed time"].search(text)]
    if "time" not in crossing and len(typed) > 1:
        crossing.add("period")
    return crossing


def _annotated(node: Function | ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Names and annotations of the parameters and the return (named ""), or of the fields."""
    if isinstance(node, ast.ClassDef):
        fields = (each for each in node.body if isinstance(each, ast.AnnAssign))
        yield from ((ast.unparse(each.target), ast.unparse(each.annotation)) for each in fields)
        return
    arguments = node.args
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if each.annotation:
            yield each.arg, ast.unparse(_bare(each.annotation))
    if node.returns:
        yield "", ast.unparse(node.returns)


def _bare(annotation: ast.expr) -> ast.expr:
    """The type in ``Annotated[type, ...]``, whose other parts are words for a command's help."""
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Annotated":
        return annotation.slice.elts[0] if isinstance(annotation.slice, ast.Tuple) else annotation
    return annotation


def faults(sources: list[Source]) -> Iterator[Fault]:
    """Every line that breaks a rule, by file and line."""
    return (fault for source in sources for fault in sorted(_faults(source), key=lambda each: each.line))


def _faults(source: Source) -> Iterator[Fault]:
    if source.lines > LONG_FILE:
        yield Fault(source.file, 1, "long file", f"{source.lines} lines")
    for function in functions(source):
        if body_lines(function) > LONG_BODY:
            yield Fault(
                source.file,
                function.lineno,
                "long body",
                f"{function.name}: {body_lines(function)} lines",
            )
    for _, first, line in documented(source):
        if leans(first):
            yield Fault(source.file, line, "leaning", first)
    for node, unsaid in borders(source):
        if unsaid:
            yield Fault(
                source.file,
                node.lineno,
                "border",
                f"{node.name}: says nothing of {', '.join(sorted(unsaid))}",
            )


def table(sources: list[Source]) -> list[tuple[str, str]]:
    """The rows of the table: measure and value."""
    every = [each for source in sources for each in functions(source)]
    bodies, ways = [body_lines(each) for each in every], [branches(each) for each in every]
    first_lines = [first for source in sources for _, first, _ in documented(source)]
    unsaid = [bool(kinds) for source in sources for _, kinds in borders(source)]
    leaning = sum(leans(each) for each in first_lines)
    return [
        ("files", f"{len(sources)}"),
        ("lines", f"{sum(each.lines for each in sources)}"),
        ("functions", f"{len(every)}"),
        ("lines of a body: median / p90 / max", _spread(bodies)),
        ("branches: median / p90 / max", _spread(ways)),
        (f"bodies over {LONG_BODY} lines", f"{sum(each > LONG_BODY for each in bodies)}"),
        (f"files over {LONG_FILE} lines", f"{sum(each.lines > LONG_FILE for each in sources)}"),
        ("import circles", f"{len(circles(sources))}"),
        ("borders that leave a convention unsaid", f"{sum(unsaid)} of {len(unsaid)}"),
        ("first lines that lean on a pronoun", f"{leaning} of {len(first_lines)}"),
    ]


def _spread(numbers: list[int]) -> str:
    ordered = sorted(numbers)
    return f"{median(ordered):g} / {ordered[int(0.9 * (len(ordered) - 1))]} / {ordered[-1]}"


def main() -> None:
    """Print the table, or the offending lines below a path."""
    parser = argparse.ArgumentParser(prog="python -m tests.house", description="Measure the house rules.")
    parser.add_argument("path", nargs="?", help="list offending lines of this file or folder")
    parser.add_argument("--root", type=Path, default=ROOT, help="checkout to measure")
    asked = parser.parse_args()
    sources = read_sources(asked.root.resolve())
    if asked.path is None:
        for measure, value in table(sources):
            print(f"{measure:42}{value}")
        for circle in circles(sources):
            print("circle: " + " <-> ".join(circle))
        return
    below = "" if asked.path == "." else f"{asked.path.rstrip('/')}/"
    for fault in faults([each for each in sources if f"{each.file}/".startswith(below)]):
        print(fault)


if __name__ == "__main__":
    main()
