"""Which of a tileset's events are asked for: codes of the declared categories of its window layers.

A parameter is named as a category is, and its values are the codes of the legend: ``side=ru``,
``kind=battle,siege``. Layers that do not declare the category are not concerned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tileserver.errors import BadParameter
from tileserver.model import Layer
from tileserver.store.event_window import Selection

_NAME = "[a-z][a-z0-9_]*"
_CHOICE = rf"{_NAME}(?:\.{_NAME})+"
WRITTEN = f"{_CHOICE}(?:,{_CHOICE})*"  # a regular expression for the text of a selection


def selection_of(asked: Mapping[str, Iterable[str]]) -> Selection:
    """Return the selection of codes by category; the order of *asked* does not matter."""
    return Selection(tuple((category, tuple(sorted({*codes}))) for category, codes in sorted(asked.items())))


def selectable(layers: Iterable[Layer]) -> dict[str, tuple[str, ...]]:
    """Return the categories that can be chosen from among *layers*, each with its codes as declared."""
    found: dict[str, dict[str, None]] = {}
    for layer in layers:
        if layer.time == "window" and layer.categories:
            found.setdefault(layer.category, {}).update(dict.fromkeys(each.code for each in layer.categories))
    return {category: tuple(codes) for category, codes in found.items()}


def parse_selection(asked: Mapping[str, str], layers: Iterable[Layer]) -> Selection:
    """Parse the parameters *asked*, codes by category with commas between, in any order.

    `BadParameter` for a category that no window layer of *layers* declares, and for a code that is not in its
    vocabulary; it says which are.
    """
    there = selectable(layers)
    selection = selection_of({category: text.split(",") for category, text in asked.items()})
    for category, codes in selection.chosen:
        if category not in there:
            known = ", ".join(there) or "nothing"
            raise BadParameter(f"nothing can be chosen by {category[:40]!r} here; one can choose by: {known}")
        for code in codes:
            if code not in there[category]:
                known = ", ".join(there[category])
                raise BadParameter(f"{category} {code[:40]!r} is not known here; known are: {known}")
    return selection


def is_selectable(selection: Selection, layers: Iterable[Layer]) -> bool:
    """Whether window layers of *layers* declare every chosen category and code."""
    there = selectable(layers)
    return all({*codes} <= {*there.get(category, ())} for category, codes in selection.chosen)


def read_selection(text: str) -> Selection:
    """Parse the text of a selection in a version; whether any layer declares the codes is not checked."""
    parts = [part.split(".") for part in text.split(",")] if text else []
    return selection_of({category: codes for category, *codes in parts})
