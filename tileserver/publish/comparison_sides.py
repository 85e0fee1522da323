"""A comparison by side: gains and losses by movement, and apart all land that was only drawn anew."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from tileserver.grid import Bounds
from tileserver.model import Moment
from tileserver.publish.gains import PER_KM2
from tileserver.publish.gains_document import holder_word
from tileserver.publish.turns import holders_of
from tileserver.shape.compare import Piece
from tileserver.shape.holders import Holders, Transfer, transfers
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Pool
from tileserver.store.measures import load_covering

_NOTHING = shapely.Polygon()


async def load_transfers(
    pool: Pool, stored: StoredLayer, before: Moment, after: Moment, pieces: Sequence[Piece]
) -> list[Transfer]:
    """Return the land of *pieces* that passed from holder to holder between two moments, EPSG:3857.

    Strips along coasts and borders are told by the areas around them, which are read once they are known.
    """
    holders = await asyncio.to_thread(holders_of, stored)
    wanted = await asyncio.to_thread(_boxes, pieces, holders)
    covered: dict[bool, BaseGeometry] = {}
    for was, moment in ((True, before), (False, after)):
        found: list[bytes] = []
        if wanted[was]:
            async with pool.acquire() as connection:
                found = await load_covering(connection, stored, moment, wanted[was])
        covered[was] = await asyncio.to_thread(lambda wkbs: shapely.union_all(shapely.from_wkb(wkbs)), found)

    def passed() -> list[Transfer]:
        return list(transfers(pieces, holders, lambda was, box: shapely.intersection(covered[was], box)))

    return await asyncio.to_thread(passed)


def _boxes(pieces: Sequence[Piece], holders: Holders) -> dict[bool, list[Bounds]]:
    """Return the boxes, EPSG:3857, in which the areas before (True) and after (False) have to be known."""
    asked: dict[bool, list[Bounds]] = {True: [], False: []}

    def note(was: bool, box: BaseGeometry) -> BaseGeometry:
        asked[was].append(Bounds(*box.bounds))
        return _NOTHING

    for _ in transfers(pieces, holders, note):
        pass
    return asked


def sides_fields(passed: Iterable[Transfer], sides: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return *passed* as fields of a document: by side, and by kind, holders and statuses; km2.

    *sides* are those of `sides_block`. Whole thousandths of a km2 are summed, so what a side gained and
    lost is the sum of its rows.
    """
    km2: defaultdict[tuple[str, str, str, str, str], float] = defaultdict(float)
    for each in passed:
        km2[each.kind, holder_word(each.before), holder_word(each.after), *each.statuses] += each.km2
    rows = {row: amount for row, exact in sorted(km2.items()) if (amount := round(exact * PER_KM2))}
    moved = {row: amount for row, amount in rows.items() if row[0] == "movement"}
    balances = []
    for side in sides:
        gained = sum(amount for row, amount in moved.items() if row[2] == side["id"])
        lost = sum(amount for row, amount in moved.items() if row[1] == side["id"])
        figures = {"gained": gained, "lost": lost, "net": gained - lost}
        balances.append({**side, **{name: amount / PER_KM2 for name, amount in figures.items()}})
    names = ("kind", "from_side", "to_side", "from", "to")
    passed_rows = [
        dict(zip(names, row, strict=True)) | {"km2": amount / PER_KM2} for row, amount in rows.items()
    ]
    return {"sides": balances, "passed": passed_rows}
