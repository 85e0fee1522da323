"""Glyphs and signs for styles, as the front end's build left both: for the routes, and for offline packs."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from tileserver.errors import NotFound
from tileserver.publish.style import SPRITE

FONTS = ("Fira Sans Regular",)
RANGE = 256  # characters
RANGES = range(0, 65536, RANGE)  # first characters; MapLibre asks for no others
SPRITE_FILES = tuple(f"{SPRITE}{ratio}.{form}" for ratio in ("", "@2x") for form in ("json", "png"))

_BUILT = Path(str(files("tileserver.web"))) / "static"


def glyph_range(font: str, code: int) -> bytes:
    """Return the bytes of the glyphs of *font*, one of `FONTS`, from the character *code* on, of `RANGES`.

    A protocol buffer by ``glyphs.proto`` of mapbox/node-fontnik. Where the font has no glyph, a stack without
    any: MapLibre Native takes a missing range for a failure, and writes nothing of the whole label.
    """
    name = f"{code}-{code + RANGE - 1}"
    path = _BUILT / "fonts" / font / f"{name}.pbf"
    if path.is_file():
        return path.read_bytes()
    _require_build(path.parent)
    stack = _field(1, font.encode()) + _field(2, name.encode())
    return _field(1, stack)


def sprite_file(name: str) -> bytes:
    """Return the bytes of *name*, one of `SPRITE_FILES`: JSON, or a PNG."""
    path = _BUILT / "sprites" / name
    _require_build(path.parent)
    return path.read_bytes()


def font_licence() -> bytes:
    """Return the licence of every copy of the glyphs, the bytes of a text in UTF-8."""
    path = _BUILT / "fonts" / "OFL.txt"
    _require_build(path.parent)
    return path.read_bytes()


def _require_build(folder: Path) -> None:
    if not folder.is_dir():
        raise NotFound("the front end is not built here, so there are neither glyphs nor signs")


def _field(number: int, value: bytes) -> bytes:
    """Return a field of a protocol buffer with *value*, of at most 127 bytes."""
    assert len(value) < 128
    return bytes((number << 3 | 2, len(value))) + value
