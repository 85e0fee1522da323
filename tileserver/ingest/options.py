"""Options of an import: facts about a file that are not in the file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tileserver.ingest.mapping.load import LoadedMapping


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Names of columns, the publication time of a single plain file, and how files are to be understood."""

    date_column: str = ""
    end_column: str = ""
    category_column: str = ""
    at: datetime | None = None
    reader: str = ""  # overrides the layer's
    axes: Literal["", "auto", "lonlat", "latlon"] = ""  # overrides the layer's
    whole_state: bool = False  # each file is all that holds from its one date on
    key_columns: tuple[str, ...] = ()  # by which events are known again; overrides the layer's
    mapping: LoadedMapping | None = None  # says how the file is read, in place of a reader
