"""Withdrawals: first a look at the rows that are hit, then out of every revision."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tileserver.desk.corrections import Agree, Layers, Withdrawal, withdraw_features, withdraw_period
from tileserver.desk.layers import checked_layers, layers_of
from tileserver.desk.preview_page import areas_sections, withdrawal_sections
from tileserver.desk.preview_withdrawal import AreasHit, FeaturesHit, areas_hit, features_hit
from tileserver.desk.reasons import check_words
from tileserver.desk.said_times import period_between
from tileserver.desk.settled import copies_words, purge_words
from tileserver.errors import BadParameter
from tileserver.event_keys import event_id
from tileserver.model import LayerRef
from tileserver.newsroom.layout import button, choice, desk_page, facts, field, filled, form, text_of, void
from tileserver.newsroom.room import Newsroom, visitor_of
from tileserver.numerals import whole_number
from tileserver.picture.html import Html, element
from tileserver.store.catalogue import StoredLayer
from tileserver.store.connect import Connection
from tileserver.times import Period, format_instant

_FIELDS = ("layer", "ids", "keys", "from", "to", "reason")
_AGREED = "agreed"


class WithdrawalQuestion(NamedTuple):
    """A wish to withdraw from *layer*, with its reason: features by ids and keys, or a period in words."""

    layer: str
    reason: str
    ids: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()
    start: str = ""
    end: str = ""

    @classmethod
    def of(cls, given: Mapping[str, object]) -> WithdrawalQuestion:
        """Return the question of a form: ids by spaces or commas, a key a line."""
        ids = re.split(r"[\s,]+", text_of(given, "ids"))
        for each in ids:
            if each and whole_number(each) is None:
                raise BadParameter(
                    f"{each[:40]!r} is no id of a feature: ids are whole numbers, as tiles have them"
                )
        keys = [line.strip() for line in text_of(given, "keys").splitlines()]
        return cls(
            text_of(given, "layer"),
            text_of(given, "reason"),
            tuple(int(each) for each in ids if each),
            tuple(filter(None, keys)),
            text_of(given, "from"),
            text_of(given, "to"),
        )


class WithdrawalLook(NamedTuple):
    """A withdrawal before anybody has agreed: the rows, current features among the rows, and a hash."""

    stored: StoredLayer
    asked: Withdrawal | None
    hit: FeaturesHit
    hash: str
    areas: AreasHit | None = None


class WithdrawRoutes:
    """``/desk/withdraw``."""

    def __init__(self, room: Newsroom) -> None:
        self._room = room

    @property
    def routes(self) -> list[Route]:
        """Every route."""
        return [
            Route("/desk/withdraw", self.page, methods=["GET"]),
            Route("/desk/withdraw", self.withdraw, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """Answer with the form."""
        async with self._room.database() as connection:
            layers = [
                each for each in await checked_layers(connection) if each.layer.drawn_as != "face_lines"
            ]
        names = [(str(each.ref), str(each.ref)) for each in layers]
        asked = request.query_params
        words = (
            "Takes what should never have been public out of every revision, and so out of every address. It"
            " cannot be undone. To put a wrong day right, import it again or roll back."
        )
        body = form(
            request,
            "/desk/withdraw",
            element("p", words, class_="lead"),
            choice("From layer", "layer", names, asked.get("layer", "")),
            field("Ids", "ids", asked.get("ids", ""), "of events or notes, as tiles have them"),
            field(
                "Keys", "keys", asked.get("keys", ""), "in place of ids: what the source knows an event by"
            ),
            field("Or all from", "from", hint="a date, the start of that local day, or an instant in UTC"),
            field("to", "to", hint="not itself in the period; .. for all from then on"),
            field("Reason", "reason", hint="kept with the revision; readers do not see it", required=""),
            button("See what it hits"),
        )
        return desk_page(request, "Withdraw", [element("div", body, class_="box")])

    async def withdraw(self, request: Request) -> Response:
        """Show the rows that are hit, or withdraw just the rows that were agreed to."""
        given = await filled(request)
        question, agreed = WithdrawalQuestion.of(given), text_of(given, _AGREED)
        if agreed:
            done = await withdraw(self._room, question, agreed, visitor_of(request).name)
            if done is not None:
                return RedirectResponse(f"/desk/revisions/{done.revision}", 303)
        look = await looked_at(self._room, question)
        return await self._agree_page(
            request, look, {each: text_of(given, each) for each in _FIELDS}, again=bool(agreed)
        )

    async def _agree_page(
        self, request: Request, look: WithdrawalLook, kept: Mapping[str, str], *, again: bool
    ) -> Response:
        if look.asked is None:
            said = "Nothing is hit: there is nothing of that in any revision."
            return desk_page(request, "Withdraw", [element("p", said, class_="bad", role="alert")])
        if look.areas is not None:
            sections = areas_sections(look.stored, look.areas)
        else:
            sections = withdrawal_sections(look.stored, look.hit)
        hidden = [void("input", type="hidden", name=name, value=text) for name, text in kept.items()]
        agree = form(
            request,
            "/desk/withdraw",
            *hidden,
            void("input", type="hidden", name=_AGREED, value=look.hash),
            button("Withdraw this from every revision", "danger"),
        )
        changed = "Something was written meanwhile: look again." if again else ""
        body = [
            *([element("p", changed, class_="bad", role="alert")] if changed else ()),
            facts(_rows(look.asked, kept)),
            *_warnings(look),
            element("div", agree, class_="box"),
            sections.body,
        ]
        maps = await self._room.maps(sections.style)
        return desk_page(request, f"Withdraw from {look.stored.ref}?", body, maps=maps)


async def looked_at(room: Newsroom, question: WithdrawalQuestion) -> WithdrawalLook:
    """Return the rows that *question* would hit; nothing is written."""
    seen: list[Withdrawal] = []

    def refuse(asked: Withdrawal) -> bool:
        seen.append(asked)
        return False

    async with room.database() as connection:
        layers, stored = await _layers(connection, question)
        await _withdraw(connection, layers, stored, question, refuse)
        ids, period = _ids(question, stored), _period(question, stored)
        ends = (period.start, period.end) if period else (None, None)
        hit = await features_hit(connection, stored, ids, *ends) if seen else FeaturesHit((), None)
        is_of_areas = bool(seen) and stored.layer.has_faces
        areas = await areas_hit(connection, stored, *ends) if is_of_areas else None
    asked = seen[0] if seen else None
    return WithdrawalLook(stored, asked, hit, rows_hash(asked) if asked else "", areas)


async def withdraw(room: Newsroom, question: WithdrawalQuestion, agreed: str, by: str) -> Withdrawal | None:
    """Withdraw by a named person; ``None`` unless the hash of the rows is the *agreed* hash."""
    async with room.database() as connection:
        layers, stored = await _layers(connection, question)
        return await _withdraw(
            connection, layers, stored, question, lambda asked: rows_hash(asked) == agreed, by
        )


async def _layers(connection: Connection, question: WithdrawalQuestion) -> tuple[Layers, StoredLayer]:
    ref = LayerRef.parse(question.layer)
    layers = await layers_of(connection, ref.theatre, ref.layer)
    return layers, layers[ref.layer]


async def _withdraw(
    connection: Connection,
    layers: Layers,
    stored: StoredLayer,
    question: WithdrawalQuestion,
    agree: Agree,
    by: str = "",
) -> Withdrawal | None:
    check_words(question.reason)
    name, ids, period = stored.layer.name, _ids(question, stored), _period(question, stored)
    if bool(ids) == (period is not None):
        raise BadParameter("say what to withdraw: ids or keys of features, or a period with both its ends")
    if period is None:
        return await withdraw_features(connection, layers, name, ids, question.reason, agree, by)
    assert period.start is not None
    ends = period.start, period.end
    return await withdraw_period(connection, layers, name, *ends, question.reason, agree, by)


def _ids(question: WithdrawalQuestion, stored: StoredLayer) -> list[int]:
    return [*question.ids, *(event_id(stored.layer.name, each) for each in question.keys)]


def _period(question: WithdrawalQuestion, stored: StoredLayer) -> Period | None:
    """Return the half-open period of *question*; ``None`` without both of its ends."""
    if not question.start and not question.end:
        return None
    if not question.start or not question.end:
        raise BadParameter("a period has both its ends; .. is no end")
    return period_between(question.start, question.end, stored.theatre, ("from", "to"))


def rows_hash(asked: Withdrawal) -> str:
    """Return a hash, in hex, of the rows that a withdrawal takes: the same only for the same withdrawal."""
    taken = asked.taken
    said = (taken.features, taken.faces, sorted(map(format_instant, taken.snapshots)), sorted(taken.ids))
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _rows(asked: Withdrawal, kept: Mapping[str, str]) -> list[tuple[str, str]]:
    taken = asked.taken
    counts = (
        ("Versions of features", taken.features, ", of all revisions together"),
        ("Pieces of areas and lines", taken.faces, ""),
    )
    rows = [(name, f"{number:,}{more}") for name, number, more in counts if number]
    if taken.snapshots:
        rows.append(("Snapshots", ", ".join(map(format_instant, taken.snapshots))))
    return [*rows, ("Reason", kept["reason"])]


def _warnings(look: WithdrawalLook) -> list[Html]:
    found = []
    if look.asked is not None and look.asked.goes_on:
        found.append(
            "No snapshot begins where the period ends: what the last of these held goes on from there. To end"
            " it, let the period end where the next good snapshot begins, or .. where there is none yet."
        )
    if look.stored.theatre.correction_window:
        found.append(purge_words(look.stored.theatre).capitalize() + ".")
    if look.asked is not None:
        found.append(copies_words(look.asked.revision).capitalize() + ".")
    return [element("p", each, class_="bad") for each in found]
