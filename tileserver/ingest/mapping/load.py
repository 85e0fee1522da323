"""Mappings, shipped or in a file of the desk's own, with the text in which a complaint finds its line."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from tileserver.complaints import explain, line_of, near_miss, read_toml
from tileserver.errors import BadParameter
from tileserver.ingest.mapping.check import faults
from tileserver.ingest.mapping.declared import FileMapping


@dataclass(frozen=True, slots=True)
class LoadedMapping:
    """A mapping with its name and its TOML."""

    name: str
    text: str
    rules: FileMapping

    @property
    def is_implied(self) -> bool:
        """Whether a layer's definition implies the mapping, which nobody wrote and messages do not name."""
        return not self.text

    def complaint(self, path: tuple[str | int, ...], words: str) -> BadParameter:
        """Return the error that says *words* of the key at *path*, with its line."""
        line = line_of(self.text, list(path))
        return BadParameter(f"{self.name}, line {line}: {words}" if line else f"{self.name}: {words}")


def shipped_mappings() -> tuple[str, ...]:
    """Return the names of the shipped mappings, in alphabetical order."""
    return tuple(sorted(each.name.removesuffix(".toml") for each in _shipped() if _is_toml(each.name)))


def load_mapping(name_or_path: str) -> LoadedMapping:
    """Load the shipped mapping of that name, or the TOML file of that path.

    Raises `BadParameter` where there is neither, and for a mapping that does not hold together, with the
    file, the line and what would do.
    """
    if name_or_path in shipped_mappings():
        text = next(each for each in _shipped() if each.name == f"{name_or_path}.toml").read_text("utf-8")
        return parse_mapping(text, f"{name_or_path}.toml")
    path = Path(name_or_path)
    if not path.is_file():
        raise BadParameter(
            f"there is no mapping {name_or_path[:80]!r}{near_miss(name_or_path, shipped_mappings())};"
            f" shipped are {', '.join(shipped_mappings())}, any other is the path of a TOML file"
        )
    return parse_mapping(read_toml(path, path.name, "is no mapping"), path.name)


def parse_mapping(text: str, name: str) -> LoadedMapping:
    """Return the mapping in *text*, TOML; `BadParameter` as `load_mapping`."""
    try:
        loaded = LoadedMapping(name, text, msgspec.convert(tomllib.loads(text), FileMapping))
    except msgspec.ValidationError as error:
        raise BadParameter(f"{name}, {explain(error, text, FileMapping)}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadParameter(f"{name}: {error}") from error
    for path, words in faults(loaded.rules):
        raise loaded.complaint(path, words)
    return loaded


def _is_toml(name: str) -> bool:
    return name.endswith(".toml")


def _shipped() -> list[Traversable]:
    return list(resources.files(__package__).joinpath("shipped").iterdir())
