"""The spelling of whole numbers."""

from __future__ import annotations

LARGEST = (1 << 63) - 1  # that a column of the database holds


def whole_number(text: str, most: int = LARGEST) -> int | None:
    """Return the number from 0 to *most* that *text* spells in ASCII digits alone, else ``None``.

    `str.isdigit` by itself takes a superscript, which `int` refuses, and any number of digits.
    """
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(LARGEST)):
        return None
    return number if (number := int(text)) <= most else None
