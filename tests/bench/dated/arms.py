"""What is measured, behind one small interface: how a server is started, told news, and asked.

Another server takes part by a class with what `Arm` names, and a line in `tests.bench.dated.peers`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from tests.bench.client import Connection
from tests.bench.dated.questions import Question
from tests.bench.dated.world import Publication
from tests.bench.processor import processor_seconds


@dataclass(frozen=True, slots=True)
class Ask:
    """One tile that is fetched for a question, the layer that is meant, and the days that it can tell.

    Days are numbers from the first one on, both ends in it; only of a history do they matter.
    """

    path: str
    layer: str
    first: int
    last: int


class Arm(Protocol):
    """A server that runs: processes of one machine, which answer at *port*."""

    name: str
    port: int
    pids: Sequence[int]  # the first processes of the server
    database_pid: int  # the first one of its PostgreSQL; 0 where it has none

    def publish(self, publication: Publication) -> None:
        """Let everybody see a publication; returns once that is committed."""

    def settle(self, publication: Publication) -> None:
        """Wait until readers may ask by the number of a publication that was committed."""

    def asks(self, question: Question) -> Sequence[Ask]:
        """Return the tiles that answer a question, in this server's own best way."""

    def asks_of_view(self, view: Sequence[Question], cache: Connection) -> list[Sequence[Ask]]:
        """Return the same for the tiles of one view; what a client has to know is asked through *cache*."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where arms run: a folder of the run, the database of generic servers, the first process of PostgreSQL.

    *own_dsn* is an empty database for servers with tables of their own; *max_age* are the seconds for which a
    dated answer may be reused, the same for all; *embargo_hours* how old must be what is public.
    """

    folder: Path
    dsn: str
    own_dsn: str
    database_pid: int
    max_age: int
    embargo_hours: int


Start: TypeAlias = Callable[[Place], AbstractContextManager[Arm]]


def cpu_of(arm: Arm) -> tuple[float, float]:
    """Return the processor seconds so far of a server, and of its PostgreSQL."""
    own = sum(processor_seconds(pid) for pid in arm.pids)
    return own, processor_seconds(arm.database_pid) if arm.database_pid else 0.0
