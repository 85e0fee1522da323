"""Law: the shipped theatre takes the files of its publishers by the mappings that it names."""

from __future__ import annotations

import pytest

from tileserver.ingest.mapping.load import load_mapping
from tileserver.ingest.mapping.of_layer import check_mappings, declared_mapping
from tileserver.ingest.mapping.plan import IntakePlan
from tileserver.theatres import load_theatre

UKRAINE = load_theatre("ukraine")


def test_the_mappings_that_it_names_fit_their_layers() -> None:
    check_mappings(UKRAINE)
    named = {each.name: loaded.name for each in UKRAINE.layers if (loaded := declared_mapping(each))}
    tiers = ("assessed", "claimed", "advances", "counter_offensives", "infiltration")
    assert named == {"damage": "damage-monitor.toml", **dict.fromkeys(tiers, "evidence-layers.toml")}


@pytest.mark.parametrize(("mapping", "layer"), [("civilian-harm", "damage"), ("geoconfirmed", "events")])
def test_other_mappings_that_the_readme_gives_to_its_layers_fit_them(mapping: str, layer: str) -> None:
    IntakePlan.of(load_mapping(mapping), UKRAINE, UKRAINE.layer(layer))
