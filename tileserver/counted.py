"""Numbers with the noun that follows, in English, as the desk and the operator read such."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Return *number* and the English word for so many: *one* for 1, else *many*, by default with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
