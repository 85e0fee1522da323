"""A tileset's name means a set of layers of one theatre: order and repetition are no part of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shapes import layer, theatre
from tileserver.errors import BadParameter, NotFound, UnknownLayer, UnknownTheatre, UnknownTileset
from tileserver.model import LayerId, LayerRef, Revision, Theatre
from tileserver.store.catalogue import Periods, StoredLayer
from tileserver.tiles.catalogue import MAX_LAYERS, Catalogue
from tileserver.tiles.tileset import ServedLayer, embargo_of

NOTHING = Periods(np.empty(0, np.int64), np.empty(0, np.int64))
NAMES = ("control", "frontline", "events")
DAY = datetime(2024, 1, 1, tzinfo=UTC)


def _served(whole: Theatre, name: str, revisions: tuple[int, ...], newest: datetime | None) -> ServedLayer:
    ref = LayerRef(whole.id, name)
    known = tuple(map(Revision, revisions))
    stored = StoredLayer(LayerId(hash(ref)), ref, whole, whole.layer(name), known, newest)
    return ServedLayer(stored, NOTHING)


def _catalogue() -> Catalogue:
    east = theatre(
        layer("control", minzoom=2, maxzoom=10, bounds=(-180.0, -80.0, 180.0, 85.0)),
        layer("frontline", "lines"),
        layer("events", "points"),
        id="east",
        bounds=(20.0, 40.0, 40.0, 60.0),
    )
    west = theatre(layer("control"), id="west")
    served = [
        _served(east, "control", (1, 4), DAY),
        _served(east, "frontline", (1,), DAY),
        _served(east, "events", (2,), DAY + timedelta(days=1)),
        _served(west, "control", (), None),
    ]
    return Catalogue({"east": east, "west": west}, {each.stored.ref: each for each in served})


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=MAX_LAYERS))
def test_order_and_repetition_change_nothing(asked: list[str]) -> None:
    tileset = _catalogue().tileset(",".join(f"east.{name}" for name in asked))
    assert [each.stored.layer.name for each in tileset.layers] == [name for name in NAMES if name in asked]
    assert _catalogue().tileset(tileset.name) == tileset


def test_all_layers_are_the_theatre() -> None:
    catalogue = _catalogue()
    whole = catalogue.tileset("east")
    for name in ("east.events,east.frontline,east.control", "east,east.events", "east,east"):
        assert catalogue.tileset(name) == whole
    assert whole.name == "east"


def test_a_part_keeps_the_order_of_the_definition_in_its_name() -> None:
    assert _catalogue().tileset("east.events,east.control").name == "east.control,east.events"


@pytest.mark.parametrize(
    "name",
    [
        "", ",", ".", "east,", "EAST", "east ", " east", "south", "east.", ".control", "east.control.x",
        "east.notes", "south.control", "east;west", "east\0", "еast", "east.control'--", "../east", "*",
        "x" * 10_000,
    ],
)  # fmt: skip
def test_what_is_not_there_is_unknown_in_few_words(name: str) -> None:
    with pytest.raises(NotFound) as refused:
        _catalogue().tileset(name)
    assert len(str(refused.value)) < 250


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("south", UnknownTheatre),
        ("south.control", UnknownTheatre),
        ("east,south", UnknownTheatre),
        ("east.notes", UnknownLayer),
        ("east.control,east.notes", UnknownLayer),
        ("east.", UnknownTileset),
        (".control", UnknownTileset),
        ("east.control.x", UnknownTileset),
    ],
)
def test_what_is_unknown_is_called_what_it_would_be(name: str, error: type[NotFound]) -> None:
    with pytest.raises(error):
        _catalogue().tileset(name)


def test_layers_of_two_theatres_do_not_mix() -> None:
    with pytest.raises(BadParameter, match="mixes theatres"):
        _catalogue().tileset("east.control,west.control")


def test_no_more_layers_can_be_asked_for_than_eight() -> None:
    assert MAX_LAYERS == 8
    with pytest.raises(BadParameter, match="at most 8"):
        _catalogue().tileset(",".join(["east.control"] * 9))


def test_bounds_reach_as_far_as_any_layer() -> None:
    assert _catalogue().tileset("east").bounds == (-180.0, -80.0, 180.0, 85.0)
    assert _catalogue().tileset("east.events").bounds == (20.0, 40.0, 40.0, 60.0)


def test_zooms_reach_as_far_as_any_layer() -> None:
    assert _catalogue().tileset("east").zooms == (0, 14)
    assert _catalogue().tileset("east.control").zooms == (2, 10)


@pytest.mark.parametrize(("asked", "known"), [(None, 4), (1, 1), (2, 2), (3, 2), (4, 4)])
def test_a_revision_is_the_newest_that_touched_the_tileset(asked: int | None, known: int) -> None:
    assert _catalogue().tileset("east").revision(asked) == known


@pytest.mark.parametrize("asked", [-1, 0, 5, 10**15])
def test_a_revision_that_does_not_exist_is_never_answered_as_another(asked: int) -> None:
    catalogue = _catalogue()
    for name in ("east", "east.events", "west"):
        with pytest.raises(BadParameter, match=f"revision {asked} does not exist, or not yet"):
            catalogue.tileset(name).revision(asked)


def test_before_its_first_revision_a_tileset_has_none() -> None:
    assert _catalogue().tileset("east.events").revision(1) == 0
    assert _catalogue().tileset("west").revision(4) == 0
    assert _catalogue().tileset("west").revision(None) == 0


def test_the_default_theatre_is_the_first_one_that_has_data() -> None:
    catalogue = _catalogue()
    assert catalogue.newest_import("east") == DAY + timedelta(days=1)
    assert catalogue.newest_import("west") is None
    assert catalogue.default_theatre() == "east"
    assert Catalogue({}, {}).default_theatre() is None


def test_a_layer_may_be_stricter_or_laxer_than_its_theatre() -> None:
    whole = theatre(layer("a", embargo="0s"), layer("b"), embargo="48h")
    assert embargo_of(_served(whole, "a", (), None).stored) == timedelta(0)
    assert embargo_of(_served(whole, "b", (), None).stored) == timedelta(hours=48)


def test_a_tileset_is_built_once_in_whatever_order_its_layers_are_asked_for() -> None:
    catalogue = _catalogue()
    whole = catalogue.tileset("east")
    assert catalogue.tileset("east") is whole
    assert catalogue.tileset(",".join(str(served.stored.ref) for served in reversed(whole.layers))) is whole
    assert catalogue.without((), "").tileset("east") is not whole
