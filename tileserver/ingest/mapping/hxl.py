"""Rows of HXL tags, with which humanitarian organisations name their columns a second time.

Source: the Humanitarian Exchange Language, hxlstandard.org: a hashtag such as ``#geo``, with attributes such
as ``+lat``, in the row below the names of the columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tileserver.ingest.mapping.values import says

_TAG = re.compile(r"\s*#[a-z][a-z0-9_]*(?:\s*\+\s*[a-z][a-z0-9_]*)*\s*\Z", re.IGNORECASE)
_FEWEST = 2  # tags; a single one may be a word of a network that has hashtags


def is_row_of_tags(values: Mapping[str, Any]) -> bool:
    """Whether all cells that say anything are HXL tags, and there are some."""
    said = [each for each in values.values() if says(each)]
    return len(said) >= _FEWEST and all(isinstance(each, str) and _TAG.match(each) for each in said)


def column_tagged(tags: Mapping[str, str], wanted: Iterable[str]) -> str:
    """Return the column whose tag has all parts of the first of *wanted* that there is; empty for none.

    *tags* are by column; ``#geo+lat`` is wanted of ``#geo +lat+deg`` as well.
    """
    parts = {column: set(re.findall(r"[#+]?[a-z0-9_]+", tag.lower())) for column, tag in tags.items()}
    for each in wanted:
        own = {part if part.startswith("#") else f"+{part}" for part in each.split("+")}
        for column, there in parts.items():
            if own <= there:
                return column
    return ""
