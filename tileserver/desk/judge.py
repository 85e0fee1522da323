"""Which imports are held back: the rules, each said in words with its figures; pure.

In a layer of states, leaving a feature out is a claim: "not held". So whatever could not be read of such a
layer, and whatever takes more off the map than the theatre allows, waits for somebody to look at it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from tileserver.desk.periods import State, stepping
from tileserver.model import Layer
from tileserver.times import format_instant, parse_duration

VANISHING = 0.001  # of all land of a layer; what was smaller may vanish whenever it likes
FEW = 5  # features that may end whatever their share
LISTED = 20  # rulings on areas; who has read these need not be told of the next one

Sizes: TypeAlias = Mapping[str, float]  # km2 by status, each positive


@dataclass(frozen=True, slots=True)
class Ruling:
    """A reason to hold an import: the rule, words for the desk, and the status and instant in question."""

    rule: str
    words: str
    status: str = ""
    at: datetime | None = None

    @property
    def broken(self) -> tuple[str, str, datetime | None]:
        """Identity whatever the figures: judged again with others, a ruling stays the same ruling."""
        return (self.rule, self.status, self.at)


@dataclass(frozen=True, slots=True)
class Tally:
    """Account of a file's features: the numbers read, left, and newly put aside by reason."""

    read: int
    left: int
    put_aside: Mapping[str, int]  # by what it means; without what an earlier revision put aside already
    complete: bool = False  # what the file does not hold ends


def judge_tally(layer: Layer, tally: Tally) -> list[Ruling]:
    """Return the rulings that the account of a file alone gives reason for.

    An empty file of a layer of events takes nothing away, and breaks none.
    """
    found = []
    if tally.left == 0 and (tally.read or tally.complete or layer.time == "state"):
        found.append(Ruling("nothing_left", _nothing(tally)))
    aside = sum(tally.put_aside.values())
    why = ", ".join(f"{meaning}: {n:,}" for meaning, n in tally.put_aside.items())
    said = f"{aside:,} of {tally.read:,} read were quarantined ({why})"
    allowed = layer.hold.quarantined
    if aside and tally.complete:
        found.append(Ruling("quarantined", f"{said}; as the complete file it would end what they were"))
    elif aside and layer.time == "state":
        found.append(Ruling("quarantined", f"{said}; to leave one out of a state says that it does not hold"))
    elif aside > allowed * tally.read:
        found.append(Ruling("quarantined", f"{said}, {_more_than(allowed)}"))
    return found


def judge_ended(layer: Layer, before: int, ended: int) -> list[Ruling]:
    """Return the ruling on a complete file by which *ended* of the *before* features of *layer* would end."""
    if ended <= max(FEW, layer.hold.ended * before):
        return []
    said = f"{ended:,} of {before:,} features would end, for the complete file does not have them"
    return [Ruling("ended", f"{said}, {_more_than(layer.hold.ended)}")]


def judge_hidden(layer: Layer, before: int, hidden: int) -> list[Ruling]:
    """Return the ruling on a file for which *hidden* of the *before* features leave every revision."""
    if hidden <= max(FEW, layer.hold.ended * before):
        return []
    said = f"{hidden:,} of {before:,} features would go out of every revision, for a source is hidden"
    return [Ruling("hidden", f"{said}, {_more_than(layer.hold.ended)}")]


def _more_than(share: float) -> str:
    return f"more than the {100 * share:g} % allowed"


def _nothing(tally: Tally) -> str:
    said = f"of {tally.read:,} read nothing is left" if tally.read else "the file holds no feature"
    return f"{said}; as the complete file it would end all there are" if tally.complete else said


def judge_empty(states: Mapping[datetime, State]) -> list[Ruling]:
    """Return a ruling for each of the new whole *states* that holds nothing at all."""
    return [
        Ruling("nothing_left", f"nothing would hold on {format_instant(at)}", at=at)
        for at, state in sorted(states.items())
        if not state
    ]


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Measures of a state: km2 by status, roughly or exactly, and the statuses on the map.

    ``rough`` counts twice where areas overlap, and is cheap; ``exact`` is what is drawn.
    """

    rough: Callable[[State], Sizes]
    exact: Callable[[State], Sizes]
    statuses: Callable[[State], frozenset[str]]


def judge_states(
    layer: Layer, old: Mapping[datetime, State], new: Mapping[datetime, State], yardstick: Yardstick
) -> list[Ruling]:
    """Return the statuses whose area changes by more than *layer* allows from one state to the next.

    *old* and *new* map instants to states; each state holds in the half-open period to the next instant. A
    state that *new* has otherwise than *old* is compared with the state before. A state that is near to the
    one known of its instant already is well, too: to correct what was accepted changes little. The first
    state of a layer has nothing to be compared with. Ascending in time, about `LISTED` at most.
    """
    found: list[Ruling] = []
    past: list[tuple[datetime, State]] = []
    for at, was, before, now in stepping(old, new):
        if now != was:
            breaks = _Breaks(layer, at, past, yardstick)
            found += _nearest(breaks, [state for state in (before, was) if state], now)
        if len(found) >= LISTED:
            break
        past.append((at, now))
    return found


def _nearest(breaks: _Breaks, others: list[State], now: State) -> list[Ruling]:
    """Return the rulings on *now* against the first of *others*; none if *now* is well against any other."""
    found: list[list[Ruling]] = []
    for other in others:
        if not breaks.between(breaks.yardstick.rough(other), breaks.yardstick.rough(now)):
            return []
        found.append(breaks.between(breaks.yardstick.exact(other), breaks.yardstick.exact(now)))
    return found[0] if found and all(found) else []


@dataclass(frozen=True, slots=True)
class _Breaks:
    """The rules on areas, at the instant ``at``; ``past`` are the earlier states, ascending."""

    layer: Layer
    at: datetime
    past: list[tuple[datetime, State]]
    yardstick: Yardstick

    def between(self, before: Sizes, now: Sizes) -> list[Ruling]:
        """Return the rulings on each status on its way from *before* to *now*, both km2 by status."""
        anywhere = {each.code for each in self.layer.categories if each.scope == "anywhere"}
        whole = max(
            sum(km2 for code, km2 in sizes.items() if code not in anywhere) for sizes in (before, now)
        )
        lost = sum(before.values()) - sum(now.values())
        found = []
        for status in sorted({*before, *now}):
            had, has = before.get(status, 0.0), now.get(status, 0.0)
            # What may lie anywhere on earth is not the map's subject: more of it takes nothing away.
            if status not in anywhere or has < had:
                found.append(self._status(status, had, has, whole, lost))
        return [ruling for ruling in found if ruling is not None]

    def _status(self, status: str, had: float, has: float, whole: float, lost: float) -> Ruling | None:
        hold = self.layer.hold
        moved = f"from {had:,.0f} to {has:,.0f} km2 on {format_instant(self.at)}"
        if abs(has - had) <= hold.small * whole:
            # Where its land went to other statuses it was decided, not left out.
            left_out = not has and had > VANISHING * whole and lost > had / 2
            if not left_out or not self._is_old(status):
                return None
            held = f"though it has been on the map for {hold.vanish_after} or longer"
            return self._ruling("vanish", status, f"vanish, {moved}, {held}")
        if has < had * (1 - hold.fall):
            return self._ruling("fall", status, f"fall {moved}, {_more_than(hold.fall)}")
        if had and has > had * (1 + hold.growth):
            return self._ruling("growth", status, f"grow {moved}, {_more_than(hold.growth)}")
        return None

    def _ruling(self, rule: str, status: str, words: str) -> Ruling:
        named = f"status {status}" if status else "all areas together"
        return Ruling(rule, f"{named} would {words}", status, self.at)

    def _is_old(self, status: str) -> bool:
        """Whether *status* has been on the map without a break for as long as the layer says."""
        start = self.at
        for at, state in reversed(self.past):
            if status not in self.yardstick.statuses(state):
                break
            start = at
        return self.at - start >= parse_duration(self.layer.hold.vanish_after)
