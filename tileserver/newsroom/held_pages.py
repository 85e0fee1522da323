"""A held import: reasons to wait, report with maps, and the forms to publish or reject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tileserver.desk.due import cancel
from tileserver.desk.held import HeldReview, publish_instant_of, reject, review
from tileserver.desk.layers import checked_layers
from tileserver.desk.reasons import LONGEST_REASON, check_words
from tileserver.errors import BadParameter
from tileserver.languages import LANGUAGES
from tileserver.newsroom.errand_messages import HeldAccount, LookAt, Publish
from tileserver.newsroom.errands import Running
from tileserver.newsroom.layout import button, desk_page, facts, field, filled, form, text_area, text_of
from tileserver.newsroom.room import Newsroom, second, visitor_of
from tileserver.newsroom.start_page import link
from tileserver.picture.html import Html, element, join
from tileserver.store.instance import database_time
from tileserver.store.scheduled import person_of

_LOOKED_AGAIN_S = 2
_REASON_HINT = "stays with the revision and in the audit log; readers do not see it"
_NOT_YOURS = "You brought it, and this theatre wants another person to publish it."
_AT_HINT = "2026-11-30T06:00:00Z, or a date, the beginning of that local day; without it at once"


class HeldRoutes:
    """``/desk/held/{number}`` and its forms."""

    def __init__(self, room: Newsroom) -> None:
        self._room = room

    @property
    def routes(self) -> list[Route]:
        """Every route."""
        at = "/desk/held/{number:int}"
        return [
            Route(at, self.page, methods=["GET"]),
            Route(f"{at}/look", self.look, methods=["POST"]),
            Route(f"{at}/publish", self.publish, methods=["POST"]),
            Route(f"{at}/reject", self.reject, methods=["POST"]),
            Route(f"{at}/cancel", self.cancel, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """Answer with the import; its report is drawn first, by an errand, where there is none yet."""
        number = request.path_params["number"]
        async with self._room.database() as connection:
            seen = await review(connection, await checked_layers(connection), number)
        account, looking = self._account(request, seen)
        body = [
            *_head(seen, is_told=account is not None),
            *(self._forms(request, seen) if seen.found.state == "waiting" else ()),
            *(_drawing(looking) if looking else ()),
            *([Html(account.body)] if account else ()),
        ]
        title = f"{seen.layer}: {seen.found.origin}"
        again = _LOOKED_AGAIN_S if looking and looking.result is None else 0
        maps = await self._room.maps(account.style) if account else None
        return desk_page(request, title, body, maps=maps, again=again)

    def _account(self, request: Request, seen: HeldReview) -> tuple[HeldAccount | None, Running | None]:
        """Return the account of an import, or the errand that makes the account; neither once decided."""
        errands, number = self._room.errands, seen.found.id
        account = errands.accounts.get(number)
        if account is not None or seen.found.state != "waiting":
            return account, None
        return None, errands.look_at(LookAt(number), visitor_of(request).name, _look_title(seen))

    def _forms(self, request: Request, seen: HeldReview) -> Iterator[Html]:
        number = seen.found.id
        at = f"/desk/held/{number}"
        refuse = [
            element("h2", "Reject"),
            field("Reason", "why", hint="kept with the account of it", maxlength=LONGEST_REASON),
            button("Reject", "danger"),
        ]
        if seen.approvals or seen.found.plan.publish_at is not None:
            yield element("div", form(request, f"{at}/cancel", *_taken_back(seen)), class_="box")
        again = form(request, f"{at}/look", button("Compare again with what is public now", "plain"))
        yield element(
            "div",
            element("div", _publish_form(request, seen), class_="box"),
            element("div", form(request, f"{at}/reject", *refuse), class_="box"),
            class_="columns",
        )
        yield again

    async def look(self, request: Request) -> Response:
        """Judge the import anew."""
        await filled(request)
        number = request.path_params["number"]
        self._room.errands.forget(number)
        return RedirectResponse(f"/desk/held/{number}", 303)

    async def publish(self, request: Request) -> Response:
        """Begin to publish."""
        given, number = await filled(request), request.path_params["number"]
        said = text_of(given, "reason"), remark_of(given), text_of(given, "at")
        errand = Publish(number, visitor_of(request).name, *said)
        begun = await begin_publishing(self._room, errand)
        return RedirectResponse(f"/desk/errands/{begun.id}", 303)

    async def cancel(self, request: Request) -> Response:
        """Take back time and approvals."""
        given, number = await filled(request), request.path_params["number"]
        check_words(text_of(given, "why_back"))
        async with self._room.database() as connection:
            await checked_layers(connection)
            await cancel(connection, number, visitor_of(request).name, text_of(given, "why_back"))
        return RedirectResponse(f"/desk/held/{number}", 303)

    async def reject(self, request: Request) -> Response:
        """Let the import go."""
        given, number = await filled(request), request.path_params["number"]
        check_words(text_of(given, "why"))
        async with self._room.database() as connection:
            await checked_layers(connection)
            await reject(connection, number, text_of(given, "why"), visitor_of(request).name)
        return RedirectResponse(f"/desk/held/{number}", 303)


async def begin_publishing(room: Newsroom, errand: Publish) -> Running:
    """Begin to publish a held import; `BadParameter` without a reason, `BadInstant` for words of no time."""
    if not errand.reason.strip():
        raise BadParameter("say why it is published: the reason stays with the revision, and it is blank")
    check_words(errand.reason, errand.remark)
    if errand.at:  # said at once, and not by the errand some seconds later
        async with room.database() as connection:
            layers = await checked_layers(connection)
            now = await database_time(connection)
            await publish_instant_of(connection, layers, errand.number, errand.at, now)
    return room.errands.begin(errand, errand.by, f"publish import {errand.number}")


def _publish_form(request: Request, seen: HeldReview) -> Html:
    """Return the form that publishes, or words for whoever may not, having brought the import."""
    title = element("h2", "Publish")
    if seen.missing and person_of(visitor_of(request).name) == person_of(seen.found.plan.imported_by):
        return join((title, element("p", _NOT_YOURS)))
    return form(
        request,
        f"/desk/held/{seen.found.id}/publish",
        title,
        field("Reason", "reason", hint=_REASON_HINT, required="", maxlength=LONGEST_REASON),
        field("Not before", "at", hint=_AT_HINT),
        remark_fields(seen.found.plan.remark),
        button("Publish"),
    )


def remark_of(given: Mapping[str, object]) -> dict[str, str]:
    """Return the remark of a form, by language."""
    return {code: said for code in LANGUAGES if (said := text_of(given, f"remark-{code}"))}


def remark_fields(written: Mapping[str, str]) -> Html:
    """Return fields for a remark on days that are corrected, a field for each language of readers."""
    told = "Public: it stands in the list of corrections, where days change that readers could see."
    fields = [
        text_area(name, f"remark-{code}", written.get(code, ""), rows=2) for code, name in LANGUAGES.items()
    ]
    return element(
        "details",
        element("summary", "Remark for readers"),
        element("p", told, class_="faint"),
        *fields,
        open="" if written else None,
    )


def _taken_back(seen: HeldReview) -> Iterator[Html]:
    """Yield the content of the form that takes back time and approvals."""
    yield element("h2", "Take back")
    at = seen.found.plan.publish_at
    said = [f"It is public from {second(at)}."] if at is not None else []
    if seen.approvals:
        said.append(f"Approved by {', '.join(each.by for each in seen.approvals)}.")
    yield element("p", " ".join([*said, "Taken back, it waits for the desk as before."]))
    yield field("Reason", "why_back", hint="kept in the audit log", maxlength=LONGEST_REASON)
    yield button("Take time and approvals back", "plain")


def _head(seen: HeldReview, *, is_told: bool) -> Iterator[Html]:
    """Yield the facts of an import, and the rulings unless the account says which."""
    found = seen.found
    rows = [("Layer", seen.layer), ("Waits from", second(found.kept_at)), ("State", found.state)]
    if found.decided is not None:
        rows.append(("Decided", second(found.decided)))
    if found.reason:
        rows.append(("Reason", found.reason))
    if found.revision is not None:
        yield element("p", link(f"/desk/revisions/{found.revision}", f"Revision {found.revision}"))
    if found.plan.imported_by:
        rows.append(("Imported by", found.plan.imported_by))
    rows += [("Approved by", f"{each.by}, {second(each.at)}: {each.reason}") for each in seen.approvals]
    if found.plan.publish_at is not None and found.state == "waiting":
        rows.append(("Public from", second(found.plan.publish_at)))
    yield facts(rows)
    if seen.missing:
        others = "One other person has" if seen.missing == 1 else f"{seen.missing} other persons have"
        yield element("p", f"{others} to approve it yet.", class_="lead")
    if seen.rulings and is_told:
        words = "A rule holds it back: the reasons are below, above the map."
        yield element("p", words, class_="bad")
    for ruling in () if is_told else seen.rulings:
        yield element("p", ruling.words, class_="bad")
    if not seen.rulings and found.state == "waiting":
        yield element("p", f"No rule holds it back: it waits for {_awaited(seen)}.", class_="lead")


def _awaited(seen: HeldReview) -> str:
    plan = seen.found.plan
    is_agreed = plan.publish_at is not None and plan.agreed_by is not None
    return f"its time, agreed to by {plan.agreed_by}" if is_agreed else "a person"


def _drawing(running: Running) -> Iterator[Html]:
    failure = running.result.failure if running.result else None
    if failure is not None:
        yield element("p", f"{failure.title}: {failure.detail}", class_="bad", role="alert")
    else:
        words = f"Its report is being made: {running.step.label} ({running.seconds:.0f} s)."
        yield element("p", words, role="status")


def _look_title(seen: HeldReview) -> str:
    return f"look at import {seen.found.id}, {seen.found.origin}"
