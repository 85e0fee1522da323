"""The events of window layers that a question means: three limits, a revision, and codes of categories."""

from __future__ import annotations

from dataclasses import dataclass

from tileserver.model import Revision
from tileserver.times import Micros


@dataclass(frozen=True, slots=True)
class Selection:
    """Codes by category, both ascending and each once; no categories is everything.

    Its text is safe in a path, and equal for equal selections: ``kind.battle.siege,side.ru``.
    """

    chosen: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __str__(self) -> str:
        return ",".join(".".join((category, *codes)) for category, codes in self.chosen)

    def __bool__(self) -> bool:
        return bool(self.chosen)

    def of(self, category: str) -> tuple[str, ...]:
        """Return the codes chosen of *category*; ``()`` is every code."""
        return dict(self.chosen).get(category, ())


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class EventWindow:
    """Limits on the periods ``[start, end)`` of events, all inclusive, in microseconds since 1970, UTC.

    ::

        valid time ->        first              last         end
                               |                  |           |
        a  [-----)             :                  :           :       no: over before first
        b        [-------------:------)           :           :       selected
        c                      :  [---)           :           :       selected
        d                      :          [-------:-------)   :       selected: starts by last, over by end
        e                      :            [-----:-----------:---)   no: not over by end
        f                      :                  :  [---)    :       no: starts after last

    An event is public when it is over, and not before: so ``end``, which asks when an event was over, reaches
    to the horizon where ``last``, which asks when it began, stops at the question. Event *d* is part of the
    day on which it began as soon as it is over; *e* would tell that something goes on now.

    Parameters
    ----------
    first : Micros
        The earliest end of an event. A period that begins at t asks for ends from t + 1 on, because an event
        that is over at t has its last instant before.
    last : Micros
        The latest start.
    end : Micros
        The latest end.
    revision : Revision
        The events are those known in this revision.
    selection : Selection
        Codes by category; without any, events of every kind.
    """

    first: Micros
    last: Micros
    end: Micros
    revision: Revision
    selection: Selection = EVERYTHING
