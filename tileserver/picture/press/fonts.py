"""The typeface of the pictures: its files, and how wide a text is; Fira Sans, with Latin and Cyrillic."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import fontpkg_fira_sans
from PIL import ImageFont

FAMILY = "Fira Sans"
STACK = "'Fira Sans', 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"  # of an SVG elsewhere
_FOLDER = Path(fontpkg_fira_sans.__file__).parent / "files"
_FILES = {400: "FiraSans-Regular.ttf", 500: "FiraSans-Medium.ttf", 600: "FiraSans-SemiBold.ttf"}
_ITALIC = "FiraSans-Italic.ttf"
_MEASURED = 100  # px; widths grow as the size does


def font_files() -> list[str]:
    """Return the paths of the fonts that a picture uses."""
    return [str(_FOLDER / name) for name in (*_FILES.values(), _ITALIC)]


def text_width(text: str, size: float, weight: int = 400, spacing: float = 0.0) -> float:
    """Return the width of *text* in the unit of *size*; *spacing* is between letters, in ems."""
    return size * (_width(text, weight) / _MEASURED + spacing * len(text))


@lru_cache(20_000)
def _width(text: str, weight: int) -> float:
    return float(_font(weight).getlength(text))


@lru_cache(8)
def _font(weight: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_FOLDER / _FILES[weight]), _MEASURED, layout_engine=ImageFont.Layout.BASIC)


def wrapped(text: str, size: float, width: float, weight: int = 400) -> list[str]:
    """Return *text* in lines no wider than *width*, broken at spaces; a longer word stands alone."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
