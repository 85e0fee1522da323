"""Declared parts of a layer: its source, its vocabulary, and the rules by which its files are read and held.

Each is a table of the definition in TOML and an object of its JSON; unknown keys are refused on every way in.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Text: TypeAlias = dict[str, str]  # language code -> words


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a layer's data comes from, and under which terms."""

    publisher: str
    licence: str
    attribution: str  # plain text, shown on every map that draws the layer
    url: str = ""


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value of a layer's vocabulary, with its label and colours."""

    code: str
    label: Text
    colour: str
    colour_dark: str
    pattern: Literal["none", "hatch", "dots", "pale"] = "none"  # pale: not to draw the eye
    priority: int = 0  # where two statuses overlap, the higher one holds
    side: str = ""  # who holds what has this status; '' is nobody: contested, unknown
    scope: Literal["theatre", "anywhere"] = "theatre"  # may it lie outside the theatre's bounds?


class Look(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Colours and pattern of a layer that has no vocabulary, in the legend under the layer's title."""

    colour: str
    colour_dark: str
    pattern: Literal["none", "hatch", "dots"] = "none"


class Derivation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a line layer follows from an area layer: the edge between the land of a side and others' land.

    The sides are those of the area layer's categories. What no area covers is held by whose land it is.
    """

    layer: str
    side: str  # the side from which changes are told: what it gained and lost
    land: dict[str, str]  # side -> file with its land, which it holds where no area covers it
    reach_m: float = 10000.0  # metres; as far sides face each other, over water or what is nobody's
    margin_m: float = 1500.0  # metres; uncovered land nowhere twice as wide is two outlines of one coast
    border_m: float = 500.0  # metres; as near to its own land the edge of a side's areas is a border
    seam_m: float = 100.0  # metres; held areas less than twice this apart touch
    outlines: dict[str, str] = msgspec.field(
        default_factory=dict
    )  # side -> land that was read from a file of one's own


class Direction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the front by which gains are told: around a point, or all of an area.

    Land within several areas goes by the first; outside all of them by the nearest point, as far as that
    reaches. What no direction has is told without one.
    """

    id: str
    title: Text
    point: tuple[float, float] | None = None  # longitude, latitude
    area: tuple[tuple[float, float], ...] = ()  # in place of a point: longitude, latitude of corners
    reach_km: float = 60.0  # as far from its point, on the ground, land belongs to it


class Method(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The desk's own words on how its map is made, by language; an empty line ends a paragraph."""

    text: Text = {}
    left_out: Text = {}  # what is left out on purpose, and why


class Dates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the files of a layer write dates, and which dates there can be.

    A form is ``iso`` (a plain date or an instant of RFC 3339), ``epoch_s`` or ``epoch_ms`` (seconds or
    milliseconds since 1970), or a pattern such as ``%d.%m.%Y``; the first one that fits is taken. A pattern
    with a time of day and no offset is local time in the theatre's day zone.
    """

    forms: tuple[str, ...] = ("iso",)
    # As written: a plain date as an end includes its day, an instant as an end is where the period ends.
    ends: Literal["as_written", "inclusive", "exclusive"] = "as_written"
    earliest: str = "1000-01-01"  # no date before it can be; so can none after the latest day
    latest: str = ""  # '': tomorrow by the clock
    file_name: str = ""  # regular expression whose first group is the date in the name of a file of one day


class Hold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits beyond which an import is held back until the desk has looked; shares as in `desk.judge`.

    The defaults let every day of the real archive pass (2022-04-03 to 2024-12-31). ``fall`` and ``growth``
    are shares of what a status had in the state before, ``small`` one of all that the layer had.
    """

    quarantined: float = 0.05  # of the features read of a layer of events; of a state none may be
    ended: float = 0.25  # of all events that there are, by a complete file that leaves them out
    fall: float = 0.25
    growth: float = 1.0
    small: float = 0.05  # a status may change by as much whatever its share
    vanish_after: str = "30d"  # a status that was on the map that long does not vanish at once


class EmbargoClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Partners who see a theatre earlier than the public does, by keys of the class of that *name*.

    ``embargo`` takes the place of the theatre's; a layer's own embargo stays.
    """

    name: str
    embargo: str
