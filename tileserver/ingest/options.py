"""What the caller may say about a file that the file does not say itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Names of columns, and the publication time of a single plain file."""

    date_column: str = ""
    end_column: str = ""
    category_column: str = ""
    at: datetime | None = None
    reader: str = ""  # overrides the layer's
