"""The tables of the samples: made by us, from the public record, each row with a reference."""

from __future__ import annotations

import csv
from importlib import resources
from typing import Literal

from tileserver.errors import UnknownTheatre
from tileserver.theatres import SAMPLES

Table = Literal["places", "events", "notes"]


def sample_rows(theatre: str, table: Table) -> list[dict[str, str]]:
    """Return the rows of a sample's table, by the names in its header.

    ``places``: who holds a place from the local day *date* on; an empty date is the state before the
    first day. Coordinates are degrees, rounded to a town. ``events``: what happened on a day, with a second
    reference and texts in other languages where there are any; *direction* is ours, and goes into no tile.
    ``notes``: what is said about a direction, from one local day to another, both included.
    """
    if theatre not in SAMPLES:
        raise UnknownTheatre(f"theatre {theatre[:40]!r} has no sample; {' and '.join(SAMPLES)} have")
    file = resources.files(__package__).joinpath(theatre.replace("-", "_"), f"{table}.csv")
    return list(csv.DictReader(file.read_text("utf-8").splitlines()))
