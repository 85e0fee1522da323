"""``tileserver gains``: gains and losses up to a day, net, by side and by direction, and in a sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

import typer

from tileserver.cli.measure import Csv, Layer, Revision
from tileserver.cli.session import Json, out, print_json, print_table, with_service
from tileserver.errors import BadParameter
from tileserver.languages import LANGUAGES
from tileserver.publish.gains import PER_KM2, Gains
from tileserver.publish.gains_document import balance, gains_rows, holder_word, sides_of
from tileserver.publish.gains_service import GainsService
from tileserver.publish.gains_text import gains_text
from tileserver.publish.measures import csv_text
from tileserver.publish.turns import Way
from tileserver.tiles.service import TileService
from tileserver.tiles.tileset import Tileset
from tileserver.times import parse_day

_MEMORY = 1 << 24
_NAMES = ("gained", "lost", "net")
_KIND_NAMES = ("kind", "from", "to", "km2")


def gains(
    layer: Layer,
    at: Annotated[
        str, typer.Option("--at", help="Last day, such as 2023-11-09. [the newest public one]")
    ] = "",
    days: Annotated[int, typer.Option(min=1, help="How many days up to that one.")] = 7,
    lang: Annotated[str, typer.Option(help=f"Language of the sentence: {', '.join(LANGUAGES)}.")] = "en",
    revision: Revision = None,
    json: Json = False,
    csv: Csv = False,
) -> None:
    """List gains and losses of some local days, net, by side and by direction, and in a sentence.

    Movement is told apart from what was only drawn anew: slivers, coasts and borders. Land without a status
    that is marked as contested is nobody's gain or loss. What passed on a day is summed, so land that went
    to and fro counts in both; the net is that of the two states, as [bold]tileserver change[/bold] has it.

    [bold]tileserver gains ukraine.control --at 2023-11-09 --days 30 --lang uk[/bold]
    """
    if json and csv:
        raise BadParameter("--json and --csv are two forms of one answer; choose one")
    asked = _Request(layer, at, days, lang, revision)
    answer = with_service(asked.answer)
    if csv:
        typer.echo(csv_text(*gains_rows(answer.gains)), nl=False)
    elif json:
        print_json(_document(answer))
    else:
        _print(answer)


@dataclass(frozen=True, slots=True)
class _Answer:
    tileset: Tileset
    revision: int
    gains: Gains  # of the days asked for
    sentences: tuple[str, ...]

    @property
    def passed(self) -> Mapping[Way, int]:
        return self.gains.between(self.gains.days[0], self.gains.days[-1])


@dataclass(frozen=True, slots=True)
class _Request:
    layer: str
    at: str
    days: int
    language: str
    revision: int | None

    async def answer(self, service: TileService) -> _Answer:
        tileset = (await service.current.catalogue()).tileset(self.layer)
        revision = tileset.revision(self.revision)
        found = await GainsService(service.current, _MEMORY).gains(tileset, revision)
        first, last = self._ends(found)
        text = gains_text(tileset, found, last, self.language)
        sentences = tuple(filter(None, (*text.windows.values(), text.directions)))
        return _Answer(tileset, revision, found.only(first, last), sentences)

    def _ends(self, found: Gains) -> tuple[date, date]:
        if not found.days:
            raise BadParameter("no whole day of this layer is public yet")
        last = parse_day(self.at) if self.at else found.days[-1]
        first = last - timedelta(self.days - 1)
        if first <= found.days[0] or last > found.days[-1]:
            raise BadParameter(
                f"{self.days} days up to {last}: gains are known of the days after {found.days[0]},"
                f" to {found.days[-1]}"
            )
        return first, last


def _print(answer: _Answer) -> None:
    for sentence in answer.sentences:
        out.print(sentence, highlight=False, markup=False, soft_wrap=True)
    days = answer.gains.days
    print_table(f"{answer.tileset.name}, {days[0]} to {days[-1]}, km2", ("side", *_NAMES), _sides(answer))
    print_table("by direction", ("direction", "side", *_NAMES), _directions(answer))
    print_table("all that passed", _KIND_NAMES, _kinds(answer.passed))


def _sides(answer: _Answer) -> list[tuple[Any, ...]]:
    return [(side, *_figures(answer.passed, side)) for side in sides_of(answer.tileset)]


def _directions(answer: _Answer) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for place in (*(each.id for each in answer.tileset.theatre.directions), None):
        there = {way: amount for way, amount in answer.passed.items() if way.direction == place}
        own = [(place or "(in none)", side, *_figures(there, side)) for side in sides_of(answer.tileset)]
        rows += [row for row in own if any(row[2:])]
    return rows


def _figures(passed: Mapping[Way, int], side: str) -> tuple[float, float, float]:
    gained, lost = balance(passed, side)
    return gained / PER_KM2, lost / PER_KM2, (gained - lost) / PER_KM2


def _kinds(passed: Mapping[Way, int]) -> list[tuple[Any, ...]]:
    found: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for way, amount in passed.items():
        found[way.kind, holder_word(way.before), holder_word(way.after)] += amount
    return [(*names, amount / PER_KM2) for names, amount in sorted(found.items())]


def _document(answer: _Answer) -> dict[str, Any]:
    days = answer.gains.days
    return {
        "layer": answer.tileset.name,
        "revision": answer.revision,
        "from": days[0].isoformat(),
        "to": days[-1].isoformat(),
        "sentences": answer.sentences,
        "sides": [dict(zip(("side", *_NAMES), row, strict=True)) for row in _sides(answer)],
        "directions": [
            dict(zip(("direction", "side", *_NAMES), row, strict=True)) for row in _directions(answer)
        ],
        "passed": [dict(zip(_KIND_NAMES, row, strict=True)) for row in _kinds(answer.passed)],
    }
