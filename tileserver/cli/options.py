"""Texts of options as typed values; a text that cannot be is a `BadParameter` naming the option."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from tileserver.config import read_settings
from tileserver.declared import Text
from tileserver.desk.reasons import check_words
from tileserver.errors import BadParameter
from tileserver.event_keys import BETWEEN, event_id
from tileserver.grid import BoundsLonLat
from tileserver.setting_values import one_line

_REMARK = re.compile(r"([a-z]{2,3})=(.*)\Z", re.DOTALL)

Ids = Annotated[
    list[int] | None, typer.Option("--id", help="Id of a feature, as tiles have it; may be repeated.")
]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        help="What the source knows an event by, in place of --id; may be repeated. Columns that are an id"
        f" together are written with {BETWEEN!r} between.",
    ),
]

Remarks = Annotated[
    list[str] | None,
    typer.Option(
        "--remark",
        metavar="[LANG=]WORDS",
        help="What readers are told of it where it corrects days they could see, in the list of corrections:"
        " public. For each language once, such as uk=..., en=...; without a language for all.",
    ),
]


PublishAt = Annotated[
    str,
    typer.Option(
        "--publish-at",
        metavar="INSTANT",
        help="Not public before this instant, 2026-12-01T18:00:00+02:00, or the beginning of a local day.",
    ),
]

By = Annotated[
    str,
    typer.Option(
        "--by",
        metavar="NAME",
        help="Who does it, for the audit log; else TILESERVER_BY, else the user of the operating system.",
    ),
]


def reason_of(text: str) -> str:
    """Return the *text* of an option that gives a reason; `BadParameter` for one too long to be read."""
    check_words(text)
    return text


Why = Annotated[
    str,
    typer.Option("--reason", callback=reason_of, help="Kept in the audit log, never shown to readers."),
]


def person(by: str) -> str:
    """Return the name of ``--by``, of the setting, or of the operating system's user, on one line."""
    return one_line(by) or read_settings().by


def remark_of(words: list[str] | None) -> Text:
    """Return the texts of ``--remark`` by language, '' for any.

    `BadParameter` for two of one language, and for more than readers are told.
    """
    found: Text = {}
    for each in words or ():
        named = _REMARK.match(each)
        language, text = (named[1], named[2]) if named else ("", each)
        if language in found:
            raise BadParameter(
                f"--remark says two things in {language or 'no language'}; name a language for each"
            )
        if text.strip():
            found[language] = text.strip()
    check_words("", found)
    return found


def named_ids(layer: str, ids: list[int] | None, keys: list[str] | None) -> list[int]:
    """Return the ids of the events of *layer* named by ``--id``, and by ``--key``."""
    return [*(ids or ()), *(event_id(layer, each) for each in keys or ())]


def bounds_lonlat(text: str) -> BoundsLonLat | None:
    """Return the degrees of ``--bounds``, west, south, east, north; ``None`` without a text."""
    if not text:
        return None
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError as error:
        raise BadParameter(f"--bounds {text[:60]!r} are not west,south,east,north in degrees") from error
    if not (-180 <= west < east <= 180 and -85.06 <= south < north <= 85.06):
        raise BadParameter(f"--bounds {text[:60]!r} are not west,south,east,north in degrees")
    return BoundsLonLat(west, south, east, north)
