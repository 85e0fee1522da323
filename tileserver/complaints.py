"""Complaints about a TOML file in words: the line, the key, a remedy, and the word that was likely meant."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from tileserver.errors import BadParameter

_Path: TypeAlias = list[str | int]

MOST_BYTES = 1 << 20  # of a file that somebody writes by hand
_SAID = re.compile(r"(.*?)(?: - at `\$(.*)`)?\Z", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[(\.\.\.)\]")  # the last one is any key of a table
ANY_KEY = "..."
_TYPES = re.compile(r"Expected `(.+)`, got `(.+)`\Z")
_NAMES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
_UNKNOWN = re.compile(r"Object contains unknown field `(.+)`")
_NO_MEMBER = re.compile(r"Invalid enum value (.+)")
_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]\]?")
_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([\w-]+))\s*[=.]""")


def near_miss(word: str, options: Iterable[str]) -> str:
    """Return ``; did you mean 'colour'?``, or nothing where nothing is near."""
    near = get_close_matches(word, list(options), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def read_toml(path: Path, where: str, otherwise: str) -> str:
    """Return the text of a file that somebody wrote, UTF-8, at most `MOST_BYTES`.

    `BadParameter` names it as *where*; *otherwise* is said of a larger one.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadParameter(f"{where} has more than {MOST_BYTES >> 20} MB, and {otherwise}")
        return path.read_text("utf-8")
    except OSError as error:
        raise BadParameter(f"{where} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadParameter(f"{where} cannot be read as text in UTF-8: {error}") from error


def explain(error: msgspec.ValidationError, text: str, declared: type[msgspec.Struct]) -> str:
    """Return the place of *error* in *text*, the TOML of a *declared* struct, and a remedy, in words."""
    found = _SAID.match(str(error))
    assert found is not None  # it matches anything
    said, place = found[1], found[2] or ""
    path: _Path = [name or any_key or int(number) for name, number, any_key in _STEP.findall(place)]
    if ANY_KEY in path:
        path = _with_keys(path, text, declared)
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    if unknown := _UNKNOWN.match(said):
        keys = _keys(path, declared)
        said = f"there is no key {unknown[1]!r}{near_miss(unknown[1], keys)}; there are {', '.join(keys)}"
        path.append(unknown[1])
    elif member := _NO_MEMBER.match(said):
        options = _members(path, declared)
        word = member[1].strip("'")
        said = f"{said}{near_miss(word, options)}; it has to be one of {', '.join(options)}"
    elif types := _TYPES.match(said):
        wanted = " or ".join(_NAMES.get(each, each) for each in types[1].split(" | "))
        said = f"it has to be {wanted}, and is {_NAMES.get(types[2], types[2])}"
    line = line_of(text, path)
    return f"line {line}: {said} - at `${place}`" if line else f"{said} - at `${place}`"


def _with_keys(path: _Path, text: str, declared: type[msgspec.Struct]) -> _Path:
    """Return *path* with the key at fault in place of each that stands for any key of a table."""
    whole = tomllib.loads(text)
    found: _Path = []
    here: Any = whole
    for step in path:
        own = step
        if step == ANY_KEY and isinstance(here, dict):
            own = next((key for key in here if _is_at_fault(whole, found, key, declared)), step)
        found.append(own)
        try:
            here = here[own]
        except (KeyError, IndexError, TypeError):
            return [*found, *path[len(found) :]]
    return found


def _is_at_fault(whole: dict[str, Any], path: _Path, key: str, declared: type[msgspec.Struct]) -> bool:
    """Whether *key* of the table at *path* is faulty alone, the others left out."""
    trial = copy.deepcopy(whole)
    table: Any = trial
    for step in path:
        table = table[step]
    kept = table[key]
    table.clear()
    table[key] = kept
    try:
        msgspec.convert(trial, declared)
    except msgspec.ValidationError as error:
        return ANY_KEY in [step[2] for step in _STEP.findall(str(error))]
    return False


def line_of(text: str, path: _Path) -> int:
    """Return the number of the line where the value at *path*, or its table, is written; 0: nowhere."""
    here: _Path = []
    counted: dict[str, int] = {}
    best, line = 0, 0
    for number, written in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(written):
            here = _below(header[2], counted, repeated=header[1] == "[[")
            at = here
        elif key := _KEY.match(written):
            at = [*here, key[1] or key[2] or key[3] or ""]
        else:
            continue
        if len(at) > best and at == path[: len(at)]:
            best, line = len(at), number
    return line


def _below(name: str, counted: dict[str, int], *, repeated: bool) -> _Path:
    """Return the path of a header, and count the header."""
    if repeated:
        counted[name] = counted.get(name, -1) + 1
        for other in [each for each in counted if each.startswith(f"{name}.")]:
            del counted[other]
    path: _Path = []
    parts = name.split(".")
    for depth, part in enumerate(parts, 1):
        path.append(part)
        whole = ".".join(parts[:depth])
        if whole in counted:
            path.append(counted[whole])
    return path


def _type_at(path: _Path, declared: type[msgspec.Struct]) -> Any:
    found: Any = msgspec.inspect.type_info(declared)
    for step in path:
        found = _struct(found)
        if isinstance(step, int):
            found = found.item_type
        elif isinstance(found, msgspec.inspect.DictType):
            found = found.value_type
        elif isinstance(found, msgspec.inspect.StructType):
            found = next((each.type for each in found.fields if each.encode_name == step), None)
        else:
            return None
    return _struct(found)


def _struct(found: Any) -> Any:
    """Return the type of an optional value other than ``None``; of several, the struct."""
    if isinstance(found, msgspec.inspect.UnionType):
        structs = [each for each in found.types if isinstance(each, msgspec.inspect.StructType)]
        others = [each for each in found.types if not isinstance(each, msgspec.inspect.NoneType)]
        return (structs or others)[0]
    return found


def _keys(path: _Path, declared: type[msgspec.Struct]) -> list[str]:
    found = _type_at(path, declared)
    return [each.encode_name for each in found.fields] if hasattr(found, "fields") else []


def _members(path: _Path, declared: type[msgspec.Struct]) -> list[str]:
    found = _type_at(path, declared)
    return [str(each) for each in found.values] if isinstance(found, msgspec.inspect.LiteralType) else []
