"""News from the island: imports, corrections and withdrawals by the command line, each with a number.

A note says ``beat N``. The next correction says the next number; a withdrawal leaves none. So any answer
tells how old it is, by its content alone.
"""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.loading import run_cli
from tileserver.grid import address_at
from tileserver.times import system_clock

PLACE = (-29.5, 45.0)
TILE = f"/tiles/merrow.texts/{address_at(*PLACE, 6)}.mvt?datetime=2024-05-12"
SECRET = b"under the embargo"
SECRET_TILE = f"/tiles/merrow.battles/{address_at(*PLACE, 6)}.mvt?datetime=2024-06-01/.."
OBEYED_S = 2.0
_BEAT = re.compile(rb"beat (\d+)")
_WITHDRAWN_EVERY = 4


@dataclass(frozen=True, slots=True)
class State:
    """What a note says from a moment on; begun and done are instants of the steady clock."""

    beat: int | None
    begun_at: float
    done_at: float


def beat_of(body: bytes) -> int | None:
    """The number that the tile *body* tells, uncompressed MVT; `None` where none is in it."""
    found = _BEAT.search(body)
    return int(found[1]) if found else None


class Desk:
    """A desk that makes news, one after the other, in a thread of its own, until it is closed."""

    def __init__(self, dsn: str, folder: Path, pause_s: float) -> None:
        self.dsn = dsn  # of the database that takes writes
        self._folder, self._pause_s = folder, pause_s
        self.states: list[State] = []
        self.failure: BaseException | None = None
        self.imports = self.withdrawals = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def begin(self) -> None:
        """Publish the first note, and go on from there."""
        self._publish(0)
        self._thread.start()

    def publish_next(self) -> State:
        """Publish a note with the next number, and return what it says."""
        number = max(state.beat or 0 for state in self.states) + 1
        self._import("texts", [_note(f"beat {number}")])
        return self.states[-1]

    def keep_secret(self) -> None:
        """Import a battle of today, which is nobody's to see before the embargo is over."""
        battle = {"kind": "battle", "text": SECRET.decode(), "date": str(system_clock().date())}
        point = {"type": "Point", "coordinates": PLACE}
        self._import("battles", [{"type": "Feature", "properties": battle, "geometry": point}], told=False)

    def close(self) -> None:
        """Make no more news."""
        self._over.set()
        self._thread.join(120)

    def is_stale(self, beat: int | None, asked_at: float, answered_at: float) -> bool:
        """Whether no state that tells *beat* may be shown by an answer between these two instants."""
        states = list(self.states)
        for state, later in zip(states, [*states[1:], None], strict=True):
            is_over = later is not None and later.done_at + OBEYED_S < asked_at
            if state.beat == beat and not is_over and state.begun_at <= answered_at:
                return False
        return True

    def _run(self) -> None:
        number = 0
        try:
            while not self._over.wait(self._pause_s):
                number += 1
                if number % _WITHDRAWN_EVERY == 0:
                    self._withdraw()
                else:
                    self._publish(number)
        except BaseException as error:
            self.failure = error

    def _publish(self, number: int) -> None:
        self._import("texts", [_note(f"beat {number}")])
        self._import("zones", _zones(number), told=False)

    def _import(self, layer: str, features: list[object], *, told: bool = True) -> None:
        file = self._folder / f"{layer}.geojson"
        file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        columns = ["--date-column", "from", "--end-column", "to", "--complete"]
        if layer == "battles":
            columns = ["--date-column", "date"]
        begun = time.monotonic()
        if told:
            self.states.append(State(_beat_in(features), begun, float("inf")))
        run_cli(self.dsn, "import", f"merrow.{layer}", str(file), *columns, "--accept", "news")
        self.imports += 1
        if told:
            self.states[-1] = State(_beat_in(features), begun, time.monotonic())

    def _withdraw(self) -> None:
        begun = time.monotonic()
        self.states.append(State(None, begun, float("inf")))
        words = ("--reason", "by mistake", "--from", "2024-05-10", "--to", "2024-05-20", "--yes")
        run_cli(self.dsn, "withdraw", "merrow.texts", *words)
        self.withdrawals += 1
        self.states[-1] = State(None, begun, time.monotonic())


def _beat_in(features: list[object]) -> int | None:
    return beat_of(json.dumps(features).encode())


def _note(text: str) -> object:
    said = {"direction": "The ridge", "text": text, "from": "2024-05-10", "to": "2024-05-19"}
    return {
        "type": "Feature",
        "properties": said,
        "geometry": {"type": "Point", "coordinates": [*PLACE]},
    }


def _zones(number: int) -> list[object]:
    """Two areas whose border moves by the number."""
    middle = -29.5 + 0.02 * (number % 10)
    return [_zone("north", -30.5, middle), _zone("south", middle, -28.5)]


def _zone(status: str, west: float, east: float) -> object:
    ring = [[west, 44.5], [east, 44.5], [east, 45.5], [west, 45.5], [west, 44.5]]
    return {
        "type": "Feature",
        "properties": {"status": status, "from": "2024-05-10", "to": "2024-05-20"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
