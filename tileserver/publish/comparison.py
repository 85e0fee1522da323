"""Comparison of two states in square kilometres: gained, lost and net by status, from and to whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tileserver.compare.shapes import compared_cells
from tileserver.model import Moment
from tileserver.publish.measures import rounded
from tileserver.publish.regional import Region
from tileserver.shape.compare import Piece, Sieve, differing_pieces
from tileserver.shape.regions import Regions
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.store.measures import load_differing_faces


@dataclass(slots=True)
class Moved:
    """Land that went from one status to another, in km2 on the ellipsoid; ``km2`` is without slivers."""

    km2: float = 0.0
    slivers: float = 0.0


@dataclass(frozen=True, slots=True)
class Balance:
    """Gain and loss of a status in km2, without slivers; ``slivers`` is the balance of the slivers."""

    gained: float
    lost: float
    slivers: float

    @property
    def net(self) -> float:
        """Gained less lost, slivers included: the difference of the two areas."""
        return self.gained - self.lost + self.slivers


@dataclass(slots=True)
class Comparison:
    """Land that changed hands: (status before, status after) -> km2; ``''`` is no status."""

    moved: defaultdict[tuple[str, str], Moved] = field(default_factory=lambda: defaultdict(Moved))

    def add(self, piece: Piece, km2: float) -> None:
        """Add *km2* of *piece*: its whole area, or the share of a region."""
        own = self.moved[piece.before, piece.after]
        if piece.sliver:
            own.slivers += km2
        else:
            own.km2 += km2

    @property
    def slivers(self) -> float:
        """Km2 of all slivers, gained and lost alike."""
        return sum(own.slivers for own in self.moved.values())

    def balances(self) -> dict[str, Balance]:
        """Return the balance of each status that gained or lost anything, ascending by status."""
        found = {}
        for status in sorted({each for pair in self.moved for each in pair if each}):
            gains = [own for (_, after), own in self.moved.items() if after == status]
            losses = [own for (before, _), own in self.moved.items() if before == status]
            found[status] = Balance(
                sum(own.km2 for own in gains),
                sum(own.km2 for own in losses),
                sum(own.slivers for own in gains) - sum(own.slivers for own in losses),
            )
        return found


async def load_pieces(
    connection: Connection, stored: StoredLayer, before: Moment, after: Moment, sieve: Sieve
) -> list[Piece]:
    """Return the pieces of a measured layer that changed hands from *before* to *after*, slivers marked.

    Read from the faces of the layer's finest band; empty where both moments hold the same.
    """
    faces = await load_differing_faces(connection, stored, before, after)
    return differing_pieces(compared_cells(faces, stored.layer.bands[-1]), sieve)


def comparison_of(pieces: Iterable[Piece]) -> Comparison:
    """Return the sum of *pieces*."""
    comparison = Comparison()
    for piece in pieces:
        comparison.add(piece, piece.km2)
    return comparison


def comparison_by_region(pieces: Iterable[Piece], regions: Regions) -> dict[Region, Comparison]:
    """Return the sum of *pieces* region by region; land in no region goes under ``None``.

    Slivers are told from whole pieces before these are divided, so that the border of a region makes none.
    """
    found: dict[Region, Comparison] = {region: Comparison() for region in (*regions.names, None)}
    for piece in pieces:
        shares = regions.near(*piece.polygon.bounds).shares(piece.polygon, piece.km2)
        for region, km2 in shares.items():
            found[region].add(piece, km2)
    return found


def comparison_fields(comparison: Comparison) -> dict[str, Any]:
    """Return the totals of *comparison* as fields of a document: by status, and from whom to whom."""
    return {
        "statuses": {
            status: {
                "gained": rounded(own.gained),
                "lost": rounded(own.lost),
                "slivers": rounded(own.slivers),
                "net": rounded(own.net),
            }
            for status, own in comparison.balances().items()
        },
        "moved": [
            {"from": before, "to": after, "km2": rounded(own.km2), "slivers_km2": rounded(own.slivers)}
            for (before, after), own in sorted(comparison.moved.items())
        ],
        "slivers_km2": rounded(comparison.slivers),
    }


def balance_rows(compared: Mapping[Region, Comparison]) -> Iterator[tuple[Any, ...]]:
    """Yield rows of region, status, gained, lost, slivers on balance, net."""
    for region, comparison in compared.items():
        for status, own in comparison.balances().items():
            if any(figures := _figures(own)):
                yield region, status, *figures


def moved_rows(compared: Mapping[Region, Comparison]) -> Iterator[tuple[Any, ...]]:
    """Yield rows of region, status, other status, gained from and lost to the other, slivers on balance, net.

    The rows of a status add up to what it gained and lost.
    """
    for region, comparison in compared.items():
        for status in comparison.balances():
            for other in sorted(
                {each for pair in comparison.moved if status in pair for each in pair} - {status}
            ):
                gain, loss = (
                    comparison.moved.get(pair, Moved()) for pair in ((other, status), (status, other))
                )
                own = Balance(gain.km2, loss.km2, gain.slivers - loss.slivers)
                if any(figures := _figures(own)):
                    yield region, status, other, *figures


def _figures(own: Balance) -> tuple[float, ...]:
    return tuple(map(rounded, (own.gained, own.lost, own.slivers, own.net)))
