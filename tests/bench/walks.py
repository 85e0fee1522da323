"""Walks of a reader: a scrub through a quarter, and a session that looks at many days of some views."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date

import numpy as np

from tests.bench.client import Connection
from tests.bench.questions import ZONE, Question
from tests.bench.servers import Arm
from tileserver.grid import TileAddress, address_at
from tileserver.times import format_instant

CENTRE = (37.5, 48.2)  # degrees: in the middle of the front
QUARTER = 92  # days
SESSION_ZOOMS = (6, 8, 10)
SESSION_DAYS = 100
SPELLINGS: tuple[Callable[[Question], str], ...] = (  # of one day's end
    lambda asked: str(asked.day),
    lambda asked: format_instant(asked.at),
    lambda asked: f"{asked.day}T23:59:59%2B0{_hours(asked)}:00",
)


def view(zoom: int, columns: int, rows: int) -> list[TileAddress]:
    """Return the tiles of a window of *columns* times *rows* around the centre."""
    middle = address_at(*CENTRE, zoom)
    return [
        TileAddress(zoom, middle.x - columns // 2 + right, middle.y - rows // 2 + down)
        for down in range(rows)
        for right in range(columns)
    ]


def last_quarter(days: Sequence[date]) -> list[date]:
    """Return the last days of the archive, as many as a quarter has at most."""
    return list(days[-QUARTER:])


def scrub(zoom: int, days: Sequence[date]) -> list[Question]:
    """Return six tiles, each on every one of *days*, in the order in which a slider asks."""
    return [Question(address, day) for day in days for address in view(zoom, 3, 2)]


def history_paths(arm: Arm, zoom: int, days: Sequence[date]) -> list[str]:
    """Return the history tiles that hold the same; the periods are read from the tileset's document."""
    connection = Connection(arm.port, {})
    block = json.loads(connection.get("/tilesets/ukraine.control").body)["time"]["history"]
    connection.close()
    periods = [
        each["id"]
        for each in block["periods"]
        if date.fromisoformat(each["first_day"]) <= days[-1]
        and days[0] <= date.fromisoformat(each["last_day"])
    ]
    return [
        f"/history/ukraine.control/{period}/{address}.mvt"
        for period in periods
        for address in view(zoom, 3, 2)
    ]


def session(days: Sequence[date], number: int = SESSION_DAYS) -> list[tuple[Question, str]]:
    """Return a reader's questions, each with a spelling of its day: views of 4 x 4 tiles on *number* days.

    A view is asked for in one spelling after the other, as by readers of articles that embed it.
    """
    chosen = [days[int(each)] for each in np.linspace(0, len(days) - 1, number)]
    return [
        (Question(address, day), spelled(Question(address, day)))
        for zoom in SESSION_ZOOMS
        for day in chosen
        for spelled in SPELLINGS
        for address in view(zoom, 4, 4)
    ]


def session_paths(arm: Arm, asked: Sequence[tuple[Question, str]]) -> list[str]:
    """Return the paths of *arm* for questions with a spelling; it writes days as ``2023-11-09``."""
    return [arm.path(question).replace(str(question.day), spelled) for question, spelled in asked]


def _hours(asked: Question) -> int:
    """Return by how many hours the clocks of the theatre are ahead at a day's end."""
    offset = asked.at.astimezone(ZONE).utcoffset()
    assert offset is not None
    return round(offset.total_seconds() / 3600)
