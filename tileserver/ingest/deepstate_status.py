"""Statuses of DeepState areas: the table of colours and names, as codes.

The archive has no status field. Its colours changed meaning twice, its names were written by hand in
two languages with typos, and both carry leftovers of drafts. Over the archive of 2022-2024 the fill
colour is the more reliable key, so it decides, with these exceptions, each declared below:

* a territory outside the subject, by its name, is `outside` in whatever colour (Transnistria was
  crimson until 29 May 2022);
* black is also what the drawing tool gives by itself, so it means "before 2022" only where the name
  does not say otherwise;
* #bdbdbd is "contested", inside Ukraine, until the end of 2022, and "unknown, inside Russia" since.

It fails closed: a colour that is not in the table is no status, whatever its name says; nor is one that
gives to one side what the name gives to the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from tileserver.findings import Finding

ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Colour:
    """A fill colour, and its code in snapshots published at *start* or later."""

    fill: str
    code: str
    start: datetime = ALWAYS
    name_decides: bool = False


COLOURS = (
    Colour("#a52714", "occupied"),
    Colour("#880e4f", "occupied_before_2022"),
    Colour("#000000", "occupied_before_2022", name_decides=True),
    Colour("#0288d1", "liberated"),  # in about the last two weeks; how recent follows from the dates
    Colour("#0097a7", "liberated"),
    Colour("#0f9d58", "liberated"),
    Colour("#bcaaa4", "unknown"),
    Colour("#757575", "unknown"),
    Colour("#bdbdbd", "unknown"),
    Colour("#bdbdbd", "unknown_in_russia", start=datetime(2023, 1, 1, tzinfo=UTC)),
    Colour("#01579b", "held_in_russia"),
    Colour("#ce93d8", "mutiny"),
    Colour("#ff5252", "outside"),
)

# Left on the map by mistake, each for a day, and looked at: tidied name and fill. To leave these out says
# nothing of who holds what; any other that has no status may be a claim that we do not understand.
NO_CLAIMS = frozenset({("вологі мрії одного з адмінів", "#0288d1"), ("багатокутник 54", "#fbc02d")})

# The first pattern found in the tidied, lower-case name says what the name means; the order matters.
NAMES = (
    (r"мрії", ""),  # a joke: no status
    (r"придністров|transnistria|petsamo|salla|karelia|prussia|abkhazia|tskhinval|ichkeria", "outside"),
    (r"kuril|latvia|estonia|pechorsky|prydnistrov", "outside"),
    (r"wagner", "mutiny"),
    (r"крим|ордло|тузла|crimea|cadr and calr|tuzla|territories\.ordlo", "occupied_before_2022"),
    (r"status\.unknown|unknown status|situation is unknown|conten?e?[sn]+[se]+d|contested", "unknown"),
    (r"in doubt|under question|gr[ae]y area|під питанням|ситуація невідома|сіра зона", "unknown"),
    (r"невідомо|немає інфо|треба уточнення|фактично контролюється|повідомляється", "unknown"),
    (r"status\.dismissed|liberated|recaptured|taken back|pushed back|звільнен|відкинуто", "liberated"),
    (r"орки відсутні|під контролем зсу", "liberated"),
    (r"status\.occupied|окупован|захоплено|зайняті ворогом|occupied|under occupation", "occupied"),
)

# Named for one side, drawn for the other, and looked at: tidied name, fill, and when that was mended.
MISNAMED = {("окуповано", "#0288d1"): datetime(2022, 4, 5, tzinfo=UTC)}

# Who holds the land; what is unknown, contested or outside is not in it, and contradicts nothing.
_SIDES = {
    "occupied": "russia",
    "occupied_before_2022": "russia",
    "mutiny": "russia",
    "liberated": "ukraine",
    "held_in_russia": "ukraine",
}

# Codes that are the same claim seen from another side of the border.
_SAME = {"held_in_russia": "liberated", "unknown_in_russia": "unknown"}
_PATTERNS = tuple((re.compile(pattern), code) for pattern, code in NAMES)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Code of an area, empty for none, and the finding to be noted about the area, if any."""

    code: str
    note: Finding | None = None


def status_of(name: str, fill: str, at: datetime) -> Verdict:
    """Return the verdict on an area with *name* and *fill* in the snapshot published *at*."""
    said = _said(tidied(name))
    shown = _shown(fill.lower(), at)
    if said == "" or (fill and shown is None):
        return Verdict("")
    if shown is None:
        return Verdict(said or "")
    if said is None:
        return Verdict(shown.code, Finding.NAME_SAYS_NOTHING)
    if said == "outside" or shown.name_decides:
        return Verdict(said, None if said == shown.code else Finding.NAME_COLOUR_DISAGREE)
    if _opposed(said, shown.code) and at >= MISNAMED.get((tidied(name), shown.fill), ALWAYS):
        return Verdict("", Finding.NAME_AGAINST_COLOUR)
    agree = said == _SAME.get(shown.code, shown.code)
    return Verdict(shown.code, None if agree else Finding.NAME_COLOUR_DISAGREE)


def is_no_claim(name: str, fill: str) -> bool:
    """Whether an area with *name* and *fill* is known to be on the map by mistake."""
    return (tidied(name), fill.lower()) in NO_CLAIMS


@lru_cache(maxsize=4096)
def tidied(name: str) -> str:
    """Return *name* in lower case with every run of white space, no-break spaces too, as one space."""
    return " ".join(name.lower().split())


def _shown(fill: str, at: datetime) -> Colour | None:
    meant = [colour for colour in COLOURS if colour.fill == fill and colour.start <= at]
    return meant[-1] if meant else None


def _opposed(said: str, shown: str) -> bool:
    sides = {_SIDES.get(said), _SIDES.get(shown)}
    return None not in sides and len(sides) == 2


@lru_cache(maxsize=4096)
def _said(name: str) -> str | None:
    """Return the code that a tidied name means, ``""`` for one known to mean none, else ``None``."""
    for pattern, code in _PATTERNS:
        if pattern.search(name):
            return code
    return None
