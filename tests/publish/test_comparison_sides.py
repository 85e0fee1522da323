"""Law: what a side gained and lost in a comparison is the sum of the rows, to the last digit."""

from __future__ import annotations

import shapely
from hypothesis import given
from hypothesis import strategies as st

from tileserver.publish.comparison_sides import sides_fields
from tileserver.shape.holders import KINDS, NOBODY, NOWHERE, Transfer

HOLDERS = ("invader", "defender", NOBODY, NOWHERE)
SIDES = [{"id": "invader", "title": {"en": "Invader"}}, {"id": "defender", "title": {"en": "Defender"}}]

passed = st.builds(
    Transfer,
    st.sampled_from(KINDS),
    st.sampled_from(HOLDERS),
    st.sampled_from(HOLDERS),
    st.just(shapely.Polygon()),
    st.floats(0, 5000),
    st.tuples(st.sampled_from(("", "taken", "freed")), st.sampled_from(("", "taken", "freed"))),
)


@given(st.lists(passed, max_size=40))
def test_gains_and_losses_are_sums_of_their_rows_and_only_movement_counts(transfers: list[Transfer]) -> None:
    document = sides_fields(transfers, SIDES)
    moved = [row for row in document["passed"] if row["kind"] == "movement"]
    for side in document["sides"]:
        gained = sum(round(row["km2"] * 1000) for row in moved if row["to_side"] == side["id"])
        lost = sum(round(row["km2"] * 1000) for row in moved if row["from_side"] == side["id"])
        figures = [round(side[name] * 1000) for name in ("gained", "lost", "net")]
        assert figures == [gained, lost, gained - lost]
