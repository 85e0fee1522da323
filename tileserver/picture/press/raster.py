"""An SVG as PNG by resvg, in our fonts and in no others, so that a picture is the same on every machine."""

from __future__ import annotations

import resvg_py

from tileserver.picture.press.fonts import FAMILY, font_files


def png_of(svg: str, scale: float = 1.0) -> bytes:
    """Return *svg* as a PNG, *scale* times as large."""
    data: bytes = resvg_py.svg_to_bytes(
        svg_string=svg,
        zoom=scale,
        skip_system_fonts=True,
        font_files=font_files(),
        font_family=FAMILY,
        sans_serif_family=FAMILY,
    )
    return data
