"""What changed hands between two states: gained, lost and net by status, and who had it before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tileserver.compare.shapes import cell_changes
from tileserver.publish.measures import rounded
from tileserver.publish.regional import Region
from tileserver.shape.compare import Piece, Sieve, changed_pieces
from tileserver.shape.regions import Regions
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.store.measures import Moment, load_differing_faces


@dataclass(slots=True)
class Moved:
    """Km2 that went from one status to another: what counts, and the slivers beside it."""

    km2: float = 0.0
    slivers: float = 0.0


@dataclass(frozen=True, slots=True)
class Balance:
    """What one status gained and lost, slivers left out; ``slivers`` is what these add on balance.

    ``net`` has everything in it, and so is the difference of the two areas.
    """

    gained: float
    lost: float
    slivers: float

    @property
    def net(self) -> float:
        """Gained less lost, slivers included."""
        return self.gained - self.lost + self.slivers


@dataclass(slots=True)
class Change:
    """What went from which status to which; ``''`` is no status."""

    moved: defaultdict[tuple[str, str], Moved] = field(default_factory=lambda: defaultdict(Moved))

    def add(self, piece: Piece, km2: float) -> None:
        """Count *km2* of *piece*."""
        own = self.moved[piece.before, piece.after]
        if piece.sliver:
            own.slivers += km2
        else:
            own.km2 += km2

    @property
    def slivers(self) -> float:
        """Km2 of all that was left out."""
        return sum(own.slivers for own in self.moved.values())

    def balances(self) -> dict[str, Balance]:
        """Return by status what it gained and lost, ascending by status."""
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
    """Return what changed hands in a measured layer between two moments, piece by piece."""
    faces = await load_differing_faces(connection, stored, before, after)
    return changed_pieces(cell_changes(faces, stored.layer.bands[-1]), sieve)


def change_of(pieces: Iterable[Piece]) -> Change:
    """Sum *pieces*."""
    change = Change()
    for piece in pieces:
        change.add(piece, piece.km2)
    return change


def change_by_region(pieces: Iterable[Piece], regions: Regions) -> dict[Region, Change]:
    """Sum *pieces* region by region; what lies in none goes under ``None``.

    A sliver is one before it is divided, so that the border of a region makes none.
    """
    found: dict[Region, Change] = {region: Change() for region in (*regions.names, None)}
    for piece in pieces:
        shares = regions.near(*piece.polygon.bounds).shares(piece.polygon, piece.km2)
        for region, km2 in shares.items():
            found[region].add(piece, km2)
    return found


def change_fields(change: Change) -> dict[str, Any]:
    """Return *change* as a document has it."""
    return {
        "statuses": {
            status: {
                "gained": rounded(own.gained),
                "lost": rounded(own.lost),
                "slivers": rounded(own.slivers),
                "net": rounded(own.net),
            }
            for status, own in change.balances().items()
        },
        "moved": [
            {"from": before, "to": after, "km2": rounded(own.km2), "slivers_km2": rounded(own.slivers)}
            for (before, after), own in sorted(change.moved.items())
        ],
        "slivers_km2": rounded(change.slivers),
    }


def balance_rows(changes: Mapping[Region, Change]) -> Iterator[tuple[Any, ...]]:
    """Yield rows of region, status, gained, lost, slivers on balance, net."""
    for region, change in changes.items():
        for status, own in change.balances().items():
            if any(figures := _figures(own)):
                yield region, status, *figures


def moved_rows(changes: Mapping[Region, Change]) -> Iterator[tuple[Any, ...]]:
    """Yield rows of region, status, other status, gained from it, lost to it, slivers on balance, net.

    The rows of a status add up to what it gained and lost.
    """
    for region, change in changes.items():
        for status in change.balances():
            for other in sorted(
                {each for pair in change.moved if status in pair for each in pair} - {status}
            ):
                gain, loss = (change.moved.get(pair, Moved()) for pair in ((other, status), (status, other)))
                own = Balance(gain.km2, loss.km2, gain.slivers - loss.slivers)
                if any(figures := _figures(own)):
                    yield region, status, other, *figures


def _figures(own: Balance) -> tuple[float, ...]:
    return tuple(map(rounded, (own.gained, own.lost, own.slivers, own.net)))
