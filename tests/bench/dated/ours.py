"""This server: the data set as a theatre, imported as a desk would, one publication after the other."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.client import Connection
from tests.bench.dated import files
from tests.bench.dated.arms import Arm, Ask, Place
from tests.bench.dated.questions import CHANGE, HISTORY, WINDOW, Question
from tests.bench.dated.world import FIRST_DAY, Publication, day_of
from tests.bench.loading import run_cli
from tests.bench.servers import Database, our_server
from tileserver.store.connect import connect

NAME = "ours"
_IDENTITY = {"Accept-Encoding": "identity"}
_DEFINITION = Path(__file__).with_name("ours.toml")


class Ours:
    """One process of `tileserver serve` over a database of its own, with nothing rendered ahead."""

    name = NAME

    def __init__(self, place: Place, port: int, pid: int) -> None:
        self.port, self.database_pid = port, place.database_pid
        self.pids: Sequence[int] = (pid,)
        self._dsn = place.own_dsn
        self._revisions: dict[int, int] = {}
        self._periods: list[dict[str, Any]] = []

    def publish(self, publication: Publication) -> None:
        """Import its states and events, each in a revision of its own."""
        with TemporaryDirectory() as folder:
            areas, events = files.write(publication, Path(folder))
            run_cli(self._dsn, "import", "dated.areas", str(areas), "--accept", "The benchmark's own.")
            if events.exists():
                words = ("--date-column", "date", "--accept", "The benchmark's own.")
                run_cli(self._dsn, "import", "dated.events", str(events), *words)

    def settle(self, publication: Publication) -> None:
        """Wait until the server knows it, and ask for its revision and for the periods of history."""
        newest = asyncio.run(_newest_revision(self._dsn))
        while self._document("/tilesets/dated")["time"]["revision"] < newest:
            time.sleep(0.1)
        self._revisions[publication.number] = newest
        self.look_up()

    def look_up(self) -> None:
        """Ask the server for the periods of history."""
        self._periods = self._document("/tilesets/dated.areas")["time"]["history"]["periods"]

    def asks(self, question: Question) -> Sequence[Ask]:
        """Return dated tiles, a comparison, or the history tiles of the periods that the days are in."""
        first, last, tile = day_of(question.first), day_of(question.last), question.tile.path
        known = f"&revision={self._revisions[question.known]}" if question.known else ""
        if question.task == HISTORY:
            return list(self._history(question))
        if question.task == CHANGE:
            path, layer = f"/changes/dated.areas/{first}/{last}/{tile}.mvt", "areas"
        elif question.task == WINDOW:
            path, layer = f"/tiles/dated.events/{tile}.mvt?datetime={first}/{last}{known}", "events"
        else:
            path, layer = f"/tiles/dated.areas/{tile}.mvt?datetime={first}{known}", "areas"
        return [Ask(path, layer, question.first, question.last)]

    def asks_of_view(self, view: Sequence[Question], cache: Connection) -> list[Sequence[Ask]]:
        """Return the same for each tile."""
        return [self.asks(each) for each in view]

    def _history(self, question: Question) -> Iterator[Ask]:
        for period in self._periods:
            first, last = (_number(period[name]) for name in ("first_day", "last_day"))
            if first <= question.last and question.first <= last:
                path = f"/history/dated.areas/{period['id']}/{question.tile.path}.mvt"
                yield Ask(path, "areas", max(first, question.first), min(last, question.last))

    def _document(self, path: str) -> Any:
        connection = Connection(self.port, {})
        try:
            return json.loads(connection.get(path).body)
        finally:
            connection.close()


class Named:
    """The same server asked as it advises: the tiles of a view name the revision that its document names."""

    name = f"{NAME} (revision named)"

    def __init__(self, ours: Ours) -> None:
        self._ours = ours
        self.port, self.database_pid = ours.port, ours.database_pid
        self.pids = ours.pids

    def publish(self, publication: Publication) -> None:
        """Publish to the server."""
        self._ours.publish(publication)

    def settle(self, publication: Publication) -> None:
        """Wait for the server."""
        self._ours.settle(publication)

    def asks(self, question: Question) -> Sequence[Ask]:
        """Return the server's own."""
        return self._ours.asks(question)

    def asks_of_view(self, view: Sequence[Question], cache: Connection) -> list[Sequence[Ask]]:
        """Read the newest revision, and return dated tiles as known then."""
        revision = json.loads(cache.get("/tilesets/dated.areas", more=_IDENTITY).body)["time"]["revision"]
        return [
            [replace(ask, path=f"{ask.path}&revision={revision}") for ask in self.asks(each)] for each in view
        ]


@contextmanager
def start(place: Place) -> Iterator[Arm]:
    """Serve the theatre, which holds nothing yet."""
    prepare(place)
    with served(place) as arm:
        yield arm


def prepare(place: Place) -> None:
    """Add the theatre to the database."""
    definition = place.folder / "dated.toml"
    definition.write_text(_DEFINITION.read_text().replace("EMBARGO", f"{place.embargo_hours}h"))
    run_cli(place.own_dsn, "migrate")
    run_cli(place.own_dsn, "theatre", "add", str(definition))


@contextmanager
def served(place: Place) -> Iterator[Ours]:
    """Serve the theatre with what it holds."""
    database = Database(place.own_dsn, place.database_pid)
    more = {"TILESERVER_SHELF": "", "TILESERVER_MAX_AGE": str(place.max_age)}
    with our_server(database, place.folder, NAME, more=more) as arm:
        yield Ours(place, arm.port, arm.pid)


async def _newest_revision(dsn: str) -> int:
    connection = await connect(dsn)
    try:
        return int(await connection.fetchval("SELECT max(id) FROM revision"))
    finally:
        await connection.close()


def _number(text: str) -> int:
    return (date.fromisoformat(text) - FIRST_DAY).days
