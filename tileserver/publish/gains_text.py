"""The sentence of the day: gains and losses of each side, in words of a language.

The words are in ``words/``, one file a language; the page has the same files, and makes the same sentence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources

import msgspec

from tileserver.declared import Text
from tileserver.languages import LANGUAGES, pick, written
from tileserver.publish.gains import PER_KM2, Gains
from tileserver.publish.gains_document import balance, sides_of
from tileserver.publish.turns import Way
from tileserver.shape.holders import NOBODY
from tileserver.tiles.tileset import Tileset

WINDOWS = (7, 1, 30)  # days; the first is the one that leads
MOST_PLACES = 3

_FEW = PER_KM2 // 200  # of less, two decimals of a km2 tell nothing
_NOTABLE = PER_KM2 // 2  # of less that is newly doubted, a sentence says nothing


@dataclass(frozen=True, slots=True)
class GainsText:
    """Sentences on the gains up to a day: a sentence for each known window of days, and by direction."""

    windows: dict[int, str]  # days -> sentence, the leading window first
    directions: str  # of the leading window; '' where nobody moved

    @property
    def lead(self) -> str:
        """The sentence that says most; '' on the first day, of which nothing can be told."""
        return next(iter(self.windows.values()), "")


def gains_text(tileset: Tileset, gains: Gains, day: date, language: str) -> GainsText:
    """Return the sentences on *gains* up to the local *day*, in *language*, or in English if there is none.

    Nothing is said of a day that *gains* does not have, nor of a window that begins before its first day.
    """
    teller = _Teller(_words(language), language if language in LANGUAGES else "en", tileset)
    if not gains.days or not gains.days[0] <= day <= gains.days[-1]:
        return GainsText({}, "")
    first = gains.days[0]
    passed = {
        length: gains.between(day - timedelta(length - 1), day)
        for length in WINDOWS
        if day - timedelta(length) >= first
    }
    windows = {length: teller.window(length, own) for length, own in passed.items()}
    return GainsText(windows, teller.directions(next(iter(passed.values()), {})))


class _Teller:
    """Teller of gains in one language."""

    def __init__(self, words: Mapping[str, str], language: str, tileset: Tileset) -> None:
        self._words, self._language = words, language
        self._sides = {side: tileset.theatre.told_sides[side] for side in sides_of(tileset)}
        self._places = {each.id: each.title for each in tileset.theatre.directions}

    def window(self, length: int, passed: Mapping[Way, int]) -> str:
        """Return the sentence on the land that *passed* in *length* days: nets, and land newly doubted."""
        window = self._say("day") if length == 1 else self._say("days", count=str(length))
        balances = {side: balance(passed, side) for side in self._sides}
        marked = _marked(passed)
        if not any(map(any, balances.values())) and abs(marked) < _NOTABLE:
            return self._say("nothing", window=window)
        parts = [self._side(side, gained - lost) for side, (gained, lost) in balances.items()]
        if abs(marked) >= _NOTABLE:
            parts.append(self._say("contested", km2=self._km2(marked)))
        return self._say("lead", window=window, list=", ".join(parts))

    def directions(self, passed: Mapping[Way, int]) -> str:
        """Return the sentence on the directions in which most was gained; '' where nobody moved."""
        found = sorted(_by_place(passed, list(self._sides)), key=lambda each: -abs(each[2]))[:MOST_PLACES]
        parts = [
            self._say("place", direction=self._pick(self._places[place]), side=self._pick(self._sides[side]),
                      km2=self._km2(net))
            for place, side, net in found
        ]  # fmt: skip
        return self._say("directions", list="; ".join(parts)) if parts else ""

    def _side(self, side: str, net: int) -> str:
        name = self._pick(self._sides[side])
        if abs(net) < _FEW:
            return self._say("none", side=name)
        return self._say("side", side=name, km2=self._km2(net))

    def _km2(self, amount: int) -> str:
        """Return *amount*, thousandths of a km2, signed: whole from ten km2 on, tenths from 1 km2 on."""
        km2 = abs(amount) / PER_KM2
        decimals = 0 if km2 >= 10 else 1 if km2 >= 1 else 2
        number = written(km2, decimals, self._language)
        return self._say("km2", number=("−" if amount < 0 else "+") + number)

    def _say(self, word: str, **values: str) -> str:
        return self._words[word].format(**values)

    def _pick(self, text: Text) -> str:
        return pick(text, self._language)


def _marked(passed: Mapping[Way, int]) -> int:
    """Return how much more is marked as contested that was not marked before."""
    marked = {way: amount for way, amount in passed.items() if way.kind == "marked"}
    return sum(amount if way.after == NOBODY else -amount for way, amount in marked.items())


def _by_place(passed: Mapping[Way, int], sides: Sequence[str]) -> list[tuple[str, str, int]]:
    """Return direction, side and net of the side that gained most there; where none did, that lost most."""
    own: defaultdict[str, dict[Way, int]] = defaultdict(dict)
    for way, amount in passed.items():
        if way.direction is not None:
            own[way.direction][way] = amount
    found = []
    for place, there in own.items():
        nets = {side: gained - lost for side in sides for gained, lost in (balance(there, side),)}
        side = max(nets, key=lambda each: nets[each])
        side = side if nets[side] >= _FEW else min(nets, key=lambda each: nets[each])
        if abs(nets[side]) >= _FEW:
            found.append((place, side, nets[side]))
    return found


@cache
def _words(language: str) -> Mapping[str, str]:
    name = f"{language if language in LANGUAGES else 'en'}.json"
    text = resources.files(__package__).joinpath("words", name).read_bytes()
    return msgspec.json.decode(text, type=dict[str, str])
