"""Every question to every server in turn, and what is found: right or wrong, bytes, time, work."""

from __future__ import annotations

import gzip
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.bench.client import Connection, Reply, WrongAnswer
from tests.bench.dated.arms import Arm, Ask, cpu_of
from tests.bench.dated.judge import (
    HALF_A_PIXEL,
    Piece,
    Verdict,
    drawn_beyond,
    judge_change,
    judge_events,
    judge_land,
    land_of,
    pieces,
    seam,
)
from tests.bench.dated.oracle import Telling, Tile, Truth
from tests.bench.dated.questions import CHANGE, HISTORY, WINDOW, Question
from tests.bench.dated.world import DAYS, FIRST_DAY, LAST_PUBLIC
from tests.bench.measure import SETTLING_S
from tests.bench.questions import orders

EPOCH_DAYS = FIRST_DAY.toordinal() - 719_163  # of the first day, from 1970-01-01
STATUSES = tuple(range(200, 600))


@dataclass(slots=True)
class Figures:
    """What is found of one server and one task: faults by kind, and figures of each question.

    Areas in square units of tiles, seconds and bytes of all tiles of a question; *again* are the seconds of
    the same question, asked once more at once. *edges* are shared edges of tiles, *off* the units by which
    the two sides of each differ.
    """

    right: list[bool] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    wrong: float = 0.0
    land: float = 0.0
    border: float = 0.0
    torn: float = 0.0
    views: int = 0
    off: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    cpu: float = 0.0
    database: float = 0.0

    def take(self, verdict: Verdict) -> None:
        """Count one verdict."""
        self.right.append(verdict.right)
        self.faults += Counter(verdict.faults)
        self.wrong += verdict.wrong
        self.land += verdict.land
        self.border += verdict.border
        self.torn += verdict.torn


@dataclass(frozen=True, slots=True)
class Answer:
    """The tiles that came for a question, uncompressed, each with what it was asked for; or an error."""

    tiles: tuple[tuple[Ask, bytes], ...]
    error: str = ""


Found = dict[tuple[str, str], Figures]  # by the names of server and task


def run(arms: Sequence[Arm], asked: Sequence[Question], truth: Truth) -> Found:
    """Ask all *arms* all questions, one after the other, in an order that changes; judge every answer."""
    found: Found = defaultdict(Figures)
    connections = {arm.name: Connection(arm.port) for arm in arms}
    answers: dict[str, list[Answer]] = {arm.name: [] for arm in arms}
    for order, question in zip(orders(len(arms), len(asked)), asked, strict=True):
        for which in order:
            arm = arms[which]
            own = found[arm.name, question.task]
            answers[arm.name].append(_answered(arm, question, connections, own))
    for connection in connections.values():
        connection.close()
    for arm in arms:
        judge_all(arm.name, asked, answers[arm.name], truth, found)
    return found


def judge_all(
    name: str, asked: Sequence[Question], answers: Sequence[Answer], truth: Truth, found: Found
) -> None:
    """Judge the answers of one server: each by itself, then what is seen of views as wholes."""
    views: dict[tuple[str, int], list[tuple[Tile, Verdict, Answer]]] = defaultdict(list)
    for question, answer in zip(asked, answers, strict=True):
        verdict = judge(truth, question, answer)
        found[name, question.task].take(verdict)
        if question.view:
            views[question.task, question.view].append((question.tile, verdict, answer))
    for (task, _), view in views.items():
        own = found[name, task]
        own.views += 1
        seen = frozenset[str]().union(*(verdict.days for _, verdict, _ in view))
        own.faults["mixed view"] += {"asked", "other"} <= seen
        own.off += _seams(view)
    for figures in found.values():
        figures.faults = +figures.faults


def judge(truth: Truth, question: Question, answer: Answer) -> Verdict:
    """Judge one answer by its task."""
    if answer.error:
        return Verdict(faults=Counter({f"error: {answer.error}": 1}))
    known, tile = question.known or truth.newest, question.tile
    found = [(ask, pieces(body, ask.layer)) for ask, body in answer.tiles]
    if question.task == WINDOW:
        expected = truth.events(question.first, question.last, known)
        return judge_events(_all(found), tile, expected, truth.events(0, LAST_PUBLIC, truth.newest))
    if question.task == CHANGE:
        return judge_change(_all(found), truth.changed(tile, question.first, question.last, known))
    if question.task == HISTORY:
        return _judge_history(truth, question, found)
    told = truth.told(question.first, known)
    return judge_land(truth, tile, land_of(_all(found)), told, list(_others(truth, question.first, known)))


def _judge_history(truth: Truth, question: Question, found: Sequence[tuple[Ask, list[Piece]]]) -> Verdict:
    """Judge the first, the middle and the last day of a history, as a slider would draw them."""
    whole, last = Verdict(), min(question.last, LAST_PUBLIC)
    for day in sorted({question.first, (question.first + last) // 2, last}):
        number = EPOCH_DAYS + day
        drawn = [
            each
            for ask, own in found
            if ask.first <= day <= ask.last
            for each in own
            if each.properties.get("from", number) <= number < each.properties.get("to", number + 1)
        ]
        told, others = truth.told(day, truth.newest), list(_others(truth, day, truth.newest))
        one = judge_land(truth, question.tile, land_of(drawn), told, others)
        whole.faults |= one.faults
        whole.wrong, whole.land = whole.wrong + one.wrong, whole.land + one.land
        whole.border, whole.torn = whole.border + one.border, whole.torn + one.torn
    secret = EPOCH_DAYS + LAST_PUBLIC + 1
    if any(each.properties.get("from", 0) >= secret for _, own in found for each in own):
        whole.faults["too early"] += 1
    return whole


def _others(truth: Truth, day: int, known: int) -> Iterator[Telling]:
    """Yield the states that an answer must not be: of the days beside, as known before, or too young."""
    yield truth.told(max(day - 1, 0), known)
    yield truth.told(min(day + 1, DAYS - 1), known)
    for other in range(1, truth.newest + 1):
        if truth.told(day, other)[1] >= 0:
            yield truth.told(day, other)
    if day >= LAST_PUBLIC:
        yield from truth.secret


def _all(found: Sequence[tuple[Ask, list[Piece]]]) -> list[Piece]:
    return [each for _, own in found for each in own]


def _seams(view: Sequence[tuple[Tile, Verdict, Answer]]) -> Iterator[float]:
    """Yield by how much both sides of each edge differ that two tiles of a view share."""
    drawn = {
        tile: drawn_beyond([each for ask, body in answer.tiles for each in pieces(body, ask.layer)])
        for tile, _, answer in view
        if not answer.error
    }
    for tile, land in drawn.items():
        east = Tile(tile.z, (tile.x + 1) % 2**tile.z, tile.y)
        south = Tile(tile.z, tile.x, tile.y + 1)
        if east in drawn:
            yield seam(land, drawn[east])
        if south in drawn:
            yield seam(land, drawn[south], downwards=True)


def _answered(arm: Arm, question: Question, connections: dict[str, Connection], figures: Figures) -> Answer:
    """Ask one question twice, and measure both."""
    asks = arm.asks(question)
    try:
        connections[arm.name] = _open_still(connections[arm.name], arm)
        before = cpu_of(arm)
        replies = [connections[arm.name].get(ask.path, expected=STATUSES) for ask in asks]
        time.sleep(SETTLING_S)
        after = cpu_of(arm)
        again = [connections[arm.name].get(ask.path, expected=STATUSES) for ask in asks]
    except WrongAnswer as error:
        connections[arm.name] = Connection(arm.port)
        return Answer((), str(error).rpartition(":")[2].strip())
    figures.cpu += after[0] - before[0]
    figures.database += max(after[1] - before[1], 0.0)  # what a process of it took that ended is not known
    figures.seconds.append(sum(each.seconds for each in replies))
    figures.again.append(sum(each.seconds for each in again))
    figures.sizes.append(sum(each.size for each in replies))
    if wrong := [each.status for each in replies if each.status not in (200, 204)]:
        return Answer((), f"status {wrong[0]}")
    return Answer(tuple((ask, plain(reply)) for ask, reply in zip(asks, replies, strict=True)))


def _open_still(connection: Connection, arm: Arm) -> Connection:
    """Return a connection that the server has not closed while others were asked, as some do."""
    if not connection.is_closed:
        return connection
    connection.close()
    return Connection(arm.port)


def plain(reply: Reply) -> bytes:
    """Return the body of an answer as it was before it was compressed."""
    coding = reply.header("content-encoding")
    if coding == "gzip" and reply.body:
        return gzip.decompress(reply.body)
    return zlib.decompress(reply.body) if coding == "deflate" else reply.body


def torn_edges(figures: Figures) -> int:
    """Return how many shared edges differ by more than half a pixel."""
    return sum(each > HALF_A_PIXEL for each in figures.off)
