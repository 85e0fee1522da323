"""Places for names: a name is set where nothing stands yet, and holds its place against later names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tileserver.picture.html import Html
from tileserver.picture.palette import palette
from tileserver.picture.press.fonts import text_width
from tileserver.picture.press.ink import text
from tileserver.picture.press.view import View

Box: TypeAlias = tuple[float, float, float, float]  # west, north, east, south in pixels

LINE = 1.15  # the height of a line, in ems
_BASE = 0.78  # of that, above the baseline
_CYRILLIC = ("uk", "ru")
_LATIN = "\u0370"  # names in Latin letters come before it, Greek and Cyrillic ones after
PADDING = 3.0  # pixels beside a name; half as much above and below


@dataclass(frozen=True, slots=True)
class Lettering:
    """The look of a name; *size* in pixels, *spacing* in ems, *halo* a colour or none, *edge* ems wide."""

    size: float
    colour: str
    halo: str = ""
    weight: int = 400
    spacing: float = 0.0
    italic: bool = False
    edge: float = 0.24

    def extent(self, lines: Sequence[str]) -> tuple[float, float]:
        """Return width and height of *lines*."""
        width = max(text_width(line, self.size, self.weight, self.spacing) for line in lines)
        return width, len(lines) * self.size * LINE

    def drawn(self, lines: Sequence[str], x: float, top: float, anchor: str = "middle") -> list[Html]:
        """Return *lines*, the first with its top at *top*, each with its anchor at *x*."""
        return [
            self.line(line, x, top + (n + _BASE) * self.size * LINE, anchor) for n, line in enumerate(lines)
        ]

    def line(self, said: str, x: float, y: float, anchor: str = "middle", turn: float = 0.0) -> Html:
        """Return a line with its baseline at *y*, turned around its anchor by *turn* degrees."""
        return text(
            said, x, y, self.size, self.colour, weight=self.weight, anchor=anchor, halo=self.halo,
            edge=self.edge, spacing=self.spacing, italic=self.italic, turn=turn,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class NameStyle:
    """The circumstances of names: *day* as ``YYYY-MM-DD``, *factor* times the page's sizes in pixels."""

    theme: str
    language: str
    day: str
    factor: float

    def name(self, properties: Mapping[str, Any]) -> str:
        """Return the name in the language, else a local name in letters of the language, else the English."""
        reads_local = self.language in _CYRILLIC or (
            self.language != "en" and str(properties.get("name", _LATIN)) < _LATIN
        )
        others = ("name", "name_en") if reads_local else ("name_en", "name")
        return str(
            next((own for key in (f"name_{self.language}", *others) if (own := properties.get(key))), "")
        )

    def colour(self, name: str) -> str:
        """Return a colour of the palette."""
        return str(palette(self.theme)[name])


@dataclass
class Room:
    """The room for names in *view*, outside *marks*, boxes in pixels, and outside the names that are set."""

    view: View
    marks: tuple[Box, ...] = ()
    names: list[Box] = field(default_factory=list)

    def take(self, *boxes: Box, over_marks: bool = False) -> bool:
        """Take all of *boxes* if all are free of names, and of marks unless *over_marks*; else none."""
        taken = self.names if over_marks else (*self.marks, *self.names)
        if not all(self._is_inside(each) and _is_free(each, taken) for each in boxes):
            return False
        self.names += boxes
        return True

    def take_with_dot(self, box: Box, dot: Box, *, over_marks: bool = False) -> bool:
        """Take *box* and its *dot*, which may meet a mark: a town that is shelled keeps its name."""
        if not _is_free(dot, self.names) or not self.take(box, over_marks=over_marks):
            return False
        self.names.append(dot)
        return True

    def _is_inside(self, box: Box) -> bool:
        return box[0] >= 0 and box[1] >= 0 and box[2] <= self.view.width and box[3] <= self.view.height


def _is_free(box: Box, others: Sequence[Box]) -> bool:
    return not any(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3]
        for other in others
    )


def box_around(x: float, top: float, extent: tuple[float, float]) -> Box:
    """Return the box of a name with its middle at *x*, with a little room around."""
    width, height = extent
    return (
        x - width / 2 - PADDING,
        top - PADDING / 2,
        x + width / 2 + PADDING,
        top + height + PADDING / 2,
    )
