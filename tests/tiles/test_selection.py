"""A choice of kinds has one spelling, and nothing that is not declared can be chosen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shapes import layer
from tileserver.declared import Category
from tileserver.errors import BadParameter
from tileserver.store.event_window import EVERYTHING
from tileserver.tiles.selection import is_selectable, parse_selection, read_selection, selectable


def _codes(*codes: str) -> tuple[Category, ...]:
    return tuple(Category(code, {"en": code}, "#000000", "#ffffff") for code in codes)


LAYERS = [
    layer("control", category="status", categories=_codes("occupied")),
    layer("events", "points", category="side", categories=_codes("ua", "ru")),
    layer("strikes", "points", category="side", categories=_codes("ru", "both")),
    layer("battles", "points", category="kind", categories=_codes("siege", "landing")),
    layer("notes", "points"),
]
THERE = {"side": ("ua", "ru", "both"), "kind": ("siege", "landing")}

asked = st.fixed_dictionaries(
    {}, optional={name: st.lists(st.sampled_from(codes), min_size=1) for name, codes in THERE.items()}
)


def test_only_categories_of_window_layers_can_be_chosen_by() -> None:
    assert selectable(LAYERS) == THERE
    assert selectable(LAYERS[:1]) == {}


@given(asked, st.randoms())
def test_order_and_repetition_change_nothing(codes: dict[str, list[str]], random: st.DataObject) -> None:
    once = parse_selection({name: ",".join(each) for name, each in codes.items()}, LAYERS)
    turned = {name: ",".join([*each[::-1], each[0]]) for name, each in reversed(codes.items())}
    assert parse_selection(turned, LAYERS[::-1]) == once
    assert read_selection(str(once)) == once
    assert is_selectable(once, LAYERS)
    assert {name: set(once.of(name)) for name in THERE} == {name: set(codes.get(name, ())) for name in THERE}


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("side", "", "known are: ua, ru, both"),
        ("side", "ru,", "known are: ua, ru, both"),
        ("side", "RU", "known are: ua, ru, both"),
        ("side", "ru ", "known are: ua, ru, both"),
        ("side", "siege", "known are: ua, ru, both"),
        ("kind", "x" * 10_000, "known are: siege, landing"),
        ("status", "occupied", "one can choose by: side, kind"),
        ("datetime", "ru", "one can choose by: side, kind"),
    ],
)
def test_what_is_not_declared_is_refused_with_what_is(name: str, text: str, says: str) -> None:
    with pytest.raises(BadParameter, match=says) as refused:
        parse_selection({name: text}, LAYERS)
    assert len(str(refused.value)) < 200


def test_where_nothing_can_be_chosen_nothing_is() -> None:
    assert parse_selection({}, LAYERS[:1]) == EVERYTHING
    assert not EVERYTHING
    with pytest.raises(BadParameter, match="one can choose by: nothing"):
        parse_selection({"side": "ru"}, LAYERS[:1])
    assert not is_selectable(read_selection("side.nobody"), LAYERS)
    assert not is_selectable(read_selection("status.occupied"), LAYERS)
