"""Rules that the embargo classes of a definition have to keep."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tileserver.errors import BadParameter
from tileserver.model import Theatre
from tileserver.times import parse_duration

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


def embargo_class_faults(theatre: Theatre) -> Iterator[str]:
    """Yield the faults of the embargo classes of *theatre*, whose own embargo holds."""
    names = [each.name for each in theatre.embargo_classes]
    for each in theatre.embargo_classes:
        where = f"embargo class {each.name!r}"
        if not _NAME.match(each.name):
            yield f"{where} has to be small letters, digits and underscores"
        if names.count(each.name) > 1:
            yield f"{where} is declared twice"
        try:
            if parse_duration(each.embargo) > parse_duration(theatre.embargo):
                yield f"{where}: {each.embargo} is longer than the embargo for everybody, {theatre.embargo}"
        except BadParameter as error:
            yield f"{where}: embargo: {error}"
