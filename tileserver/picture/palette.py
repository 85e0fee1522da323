"""The colours that belong to no status: ``styles/palette.json``, by theme."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec


@cache
def palette(theme: str) -> dict[str, Any]:
    """Return the colours and opacities of a theme, from the package, or in a checkout from ``styles/``."""
    packaged = resources.files("tileserver").joinpath("styles/palette.json")
    checkout = Path(__file__).parents[2] / "styles" / "palette.json"
    text = packaged.read_bytes() if packaged.is_file() else checkout.read_bytes()
    colours: dict[str, Any] = msgspec.json.decode(text)[theme]
    return colours
