"""Law: what a definition says of its files holds together, or is refused with what would do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shapes import layer, theatre
from tileserver.declared import Category, Dates
from tileserver.errors import BadParameter
from tileserver.model import Layer
from tileserver.theatres.check import check_theatre

STATUSES = tuple(Category(code, {"en": code}, "#d6553f", "#e8705a") for code in ("occupied", "liberated"))


def control(**changes: Any) -> Layer:
    return layer("control", category="status", categories=STATUSES, **changes)


@pytest.mark.parametrize(
    "declared",
    [
        control(whole_state=True, dates=Dates(file_name=r"control_(\d{8})", forms=("%Y%m%d",))),
        control(axes="latlon", join="; ", spellings={"Окуповано": "occupied", "ОКУПОВАНО ": "occupied"}),
        control(dates=Dates(forms=("iso", "epoch_s", "epoch_ms", "%d.%m.%y", "%d %b %Y %H:%M"))),
        control(dates=Dates(earliest="0001-01-02", latest="9999-12-29", ends="inclusive")),
        layer("events", "points", event_key=("id",)),
    ],
)
def test_what_a_layer_can_say_of_its_files_is_taken(declared: Layer) -> None:
    check_theatre(theatre(declared))


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (layer("events", "points", whole_state=True), "'events': whole_state is for states in GeoJSON"),
        (control(whole_state=True, reader="deepstate"), "whole_state is for states in GeoJSON"),
        (layer("notes", "points", spellings={"a": "b"}), "spellings need categories"),
        (control(event_key=("id",)), "'control': event_key is for points that happened"),
        (layer("events", "points", reader="uacontrolmap", event_key=("id",)), "a mapping has"),
        (control(spellings={"Occ": "ocupied"}), "'Occ' is of 'ocupied', .* there are liberated, occupied"),
        (control(spellings={" ": "occupied"}), "a spelling of 'occupied' is empty"),
        (
            control(spellings={"Red": "occupied", "red ": "liberated"}),
            "'red ' is a spelling of 'occupied'",
        ),
        (control(dates=Dates(forms=())), "forms name none"),
        (control(dates=Dates(forms=("epoch",))), "'epoch' is none of iso, epoch_s, epoch_ms, nor a pattern"),
        (control(dates=Dates(forms=("%d.%m",))), "nor a pattern that names a whole day"),
        (control(dates=Dates(forms=("%Y-%m-%d %Q",))), "nor a pattern"),
        (control(dates=Dates(earliest="0001-01-01")), "within 0001-01-02 and 9999-12-29"),
        (control(dates=Dates(latest="9999-12-31")), "within 0001-01-02 and 9999-12-29"),
        (control(dates=Dates(earliest="2024-01-01", latest="2023-01-01")), "have to ascend"),
        (control(dates=Dates(earliest="1.1.2024")), "'1.1.2024' is no date"),
        (control(dates=Dates(file_name=r"\d{8}")), "one group, the date"),
        (control(dates=Dates(file_name="(")), "one group, the date"),
    ],
)
def test_what_contradicts_itself_is_refused_with_what_would_do(declared: Layer, message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        check_theatre(theatre(declared))
