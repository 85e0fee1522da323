"""Audiences: the public, holders of keys, and classes of partners with an embargo of their own.

Each has a state of knowledge of its own, in which theatres are as declared for that audience. Whatever is
made from it obeys that embargo as everything obeys the public's; and since no service, memory or cache is
made from two of them, nothing of one can come out at another's door. Tiers outside of the process hold tiles
by their content, of all revisions and days, and are asked only for what an audience's own index names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeAlias

from msgspec import structs

from tileserver.declared import EmbargoClass
from tileserver.model import LayerRef, Theatre
from tileserver.store.marker import Marker
from tileserver.tiles.catalogue import Catalogue
from tileserver.tiles.current import Current
from tileserver.times import parse_duration

PUBLIC = None
HOLDERS = ""  # of any key; the public's embargo
Audience: TypeAlias = str | None  # else the name of an embargo class


class AudienceCurrent(Current):
    """The state of knowledge of an *audience*: the part of *whole* that the audience may have."""

    def __init__(self, whole: Current, audience: Audience) -> None:
        super().__init__(whole.pool, whole.clock, whole.background)
        self.lanes = whole.lanes
        self._whole = whole
        self._audience = audience
        whole.told.append(self._take)
        if whole.read is not None:
            self._take(whole.read)

    async def refresh(self) -> None:
        """Read the catalogue anew, for all audiences."""
        await self._whole.refresh()

    def set_aside(self, refs: Collection[LayerRef], reason: str) -> None:
        """Serve the layers *refs* to nobody, until the next reading."""
        self._whole.set_aside(refs, reason)

    def hold_to(self, marker: Marker | None, reason: str = "") -> None:
        """Serve no layer to anybody of which *marker* says that something else was promised."""
        self._whole.hold_to(marker, reason)

    @property
    def is_held(self) -> bool:
        """Whether layers are held to a marker."""
        return self._whole.is_held

    def _take(self, catalogue: Catalogue) -> None:
        self._replace(shown_to(self._audience, catalogue))


def shown_to(audience: Audience, catalogue: Catalogue) -> Catalogue:
    """Return *catalogue* as *audience* may know the theatres; the same where all is public, without a class.

    To the public no theatre exists whose access is by keys.
    """
    theatres = {
        name: declared_for(audience, each)
        for name, each in catalogue.theatres.items()
        if audience is not PUBLIC or each.access == "public"
    }
    if theatres == catalogue.theatres:
        return catalogue

    def kept(found: Mapping[LayerRef, Any]) -> dict[LayerRef, Any]:
        return {ref: _declared(each, theatres) for ref, each in found.items() if ref.theatre in theatres}

    behind = {ref: reason for ref, reason in catalogue.behind.items() if ref.theatre in theatres}
    layers, missing = kept(catalogue.layers), kept(catalogue.missing)
    return replace(catalogue, theatres=theatres, layers=layers, missing=missing, behind=behind)


def _declared(each: Any, theatres: Mapping[str, Theatre]) -> Any:
    """Return a layer, served or missing, as one of *theatres*."""
    stored = each.stored
    return replace(each, stored=replace(stored, theatre=theatres[stored.ref.theatre]))


def declared_for(audience: Audience, theatre: Theatre) -> Theatre:
    """Return *theatre* with the embargo that *audience* has there; a layer's own stays."""
    for each in theatre.embargo_classes:
        if each.name == audience:
            return structs.replace(theatre, embargo=each.embargo, correction_window=_window(theatre, each))
    return theatre


def _window(theatre: Theatre, early: EmbargoClass) -> str | None:
    """Return the correction window of *theatre* for an *early* class: as late as the public's, or later."""
    if theatre.correction_window is None:
        return None
    ahead = parse_duration(theatre.embargo) - parse_duration(early.embargo)
    return f"{-(-(parse_duration(theatre.correction_window) + ahead) // timedelta(days=1))}d"


def audience_of(embargo_class: str, theatre: Theatre) -> Audience:
    """Return the audience that whoever holds a key of *embargo_class* is in *theatre*."""
    if any(each.name == embargo_class for each in theatre.embargo_classes):
        return embargo_class
    return PUBLIC if theatre.access == "public" else HOLDERS
