"""The desk's API: all that its pages do, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tileserver.desk.audit import newest_entries, verify
from tileserver.desk.corrections import check_revision
from tileserver.desk.due import cancel
from tileserver.desk.held import reject, review, waiting
from tileserver.desk.layers import checked_layers
from tileserver.desk.reasons import check_words
from tileserver.desk.review_document import review_document
from tileserver.desk.settled import copies_words
from tileserver.errors import BadParameter
from tileserver.newsroom.api_bodies import (
    FORM_TOKEN,
    NoBody,
    PublishBody,
    RejectBody,
    RollbackBody,
    WithdrawBody,
    body_of,
    check_program,
)
from tileserver.newsroom.api_document import DeskApiRoute, api_document
from tileserver.newsroom.api_events import EventApi
from tileserver.newsroom.errand_messages import LookAt, Publish
from tileserver.newsroom.errands import Running
from tileserver.newsroom.held_pages import begin_publishing
from tileserver.newsroom.import_pages import ImportRoutes
from tileserver.newsroom.revision_pages import roll_back
from tileserver.newsroom.room import Newsroom, visitor_of
from tileserver.newsroom.servers import following, servers_document
from tileserver.newsroom.withdraw_pages import WithdrawalQuestion, looked_at, withdraw
from tileserver.store.revision_log import list_revisions, newest_revision
from tileserver.store.watching import list_entries
from tileserver.times import format_instant


class DeskApi:
    """``/desk/api`` and below."""

    def __init__(self, room: Newsroom, imports: ImportRoutes) -> None:
        self._room = room
        self._imports = imports

    @property
    def table(self) -> list[DeskApiRoute]:
        """Every route but that of the description."""
        return [*self._read(), *self._done(), *EventApi(self._room).table]

    def _read(self) -> list[DeskApiRoute]:
        """Return the routes that change nothing."""
        held, errand = "/desk/api/held/{number}", "How far an errand is, and what came of it"
        waiting_said = "Imports that wait; with all=true the decided, too"
        return [
            DeskApiRoute("GET", "/desk/api/me", "Who asks, and the token of forms beside a session", self.me),
            DeskApiRoute("GET", "/desk/api/errands/{id}", errand, self.errand),
            DeskApiRoute("GET", "/desk/api/held", waiting_said, self.queue, takes=_ALL),
            DeskApiRoute("GET", held, "One import, with the change that it would make", self.held),
            DeskApiRoute("GET", "/desk/api/revisions", "The revisions, newest first", self.revisions),
            DeskApiRoute("GET", "/desk/api/revisions/{number}", "Which processes serve it", self.revision),
            DeskApiRoute("GET", "/desk/api/audit", "The audit log, newest first", self.audit, takes=_AUDIT),
            DeskApiRoute("GET", "/desk/api/watched", "The watched entries, and their state", self.watched),
        ]

    def _done(self) -> list[DeskApiRoute]:
        """Return the routes that change something."""
        held, upload = (
            "/desk/api/held/{number}",
            "Upload a file, as the body, and compare it with what is public",
        )
        back, withdrawn = "Roll a layer or theatre back", "Withdraw, or say what is hit"
        return [
            DeskApiRoute("POST", "/desk/api/imports", upload, self.upload, takes=_UPLOAD, gives=202),
            DeskApiRoute("POST", f"{held}/look", "Judge it anew", self.look, NoBody, gives=202),
            DeskApiRoute("POST", f"{held}/publish", "Publish it", self.publish, PublishBody, gives=202),
            DeskApiRoute("POST", f"{held}/cancel", "Take time and approvals back", self.cancel, RejectBody),
            DeskApiRoute("POST", f"{held}/reject", "Let it go", self.reject, RejectBody),
            DeskApiRoute("POST", "/desk/api/rollbacks", back, self.roll_back, RollbackBody),
            DeskApiRoute("POST", "/desk/api/withdrawals", withdrawn, self.withdraw, WithdrawBody),
        ]

    @property
    def routes(self) -> list[Route]:
        """Every route."""
        own = [Route("/desk/api", self.described, methods=["GET"])]
        for each in self.table:
            path = each.path.replace("{number}", "{number:int}")
            own.append(Route(path, each.answer, methods=[each.method]))
        return own

    async def described(self, request: Request) -> Response:
        """Answer with the API as an OpenAPI document."""
        return _json(api_document(self.table, str(request.base_url).rstrip("/")))

    async def me(self, request: Request) -> Response:
        """Answer with the person's name, and the token that changes by a session have to bring."""
        visitor = visitor_of(request)
        return _json(
            {"name": visitor.name, "by": visitor.way, "form_token": visitor.form_token, "in": FORM_TOKEN}
        )

    async def upload(self, request: Request) -> Response:
        """Keep the body on disk while the body comes, and begin to read."""
        check_program(request)
        given = dict(request.query_params)
        if unknown := given.keys() - _UPLOAD.keys():
            raise BadParameter(f"there is no parameter {min(unknown)!r}; there are {', '.join(_UPLOAD)}")
        if not given.get("layer") or not given.get("name"):
            raise BadParameter("say the layer, and the name of the file, whose end may say its format")
        async with self._imports.receiving(request):
            with TemporaryFile(prefix="tileserver-desk-") as file:
                async for piece in request.stream():
                    file.write(piece)
                begun = await self._imports.begin(file, given["name"], given, visitor_of(request).name, {})
        return _begun(begun)

    async def errand(self, request: Request) -> Response:
        """Answer with the state of an errand."""
        return _json(_errand(self._room.errands.running(request.path_params["id"])))

    async def queue(self, request: Request) -> Response:
        """Answer with the imports that wait."""
        decided = request.query_params.get("all") == "true"
        async with self._room.database() as connection:
            found = await waiting(connection, await checked_layers(connection), decided=decided)
        return _json([review_document(each) for each in found])

    async def held(self, request: Request) -> Response:
        """Answer with an import; ``change`` is ``null`` until an errand has judged the import."""
        number = request.path_params["number"]
        async with self._room.database() as connection:
            seen = await review(connection, await checked_layers(connection), number)
        account = self._room.errands.accounts.get(number)
        return _json({**review_document(seen), "change": account.document if account else None})

    async def look(self, request: Request) -> Response:
        """Begin to judge an import anew."""
        await body_of(request, NoBody)
        number, by = request.path_params["number"], visitor_of(request).name
        self._room.errands.forget(number)
        return _begun(self._room.errands.look_at(LookAt(number), by, f"look at import {number}"))

    async def publish(self, request: Request) -> Response:
        """Begin to publish an import."""
        body = await body_of(request, PublishBody)
        number, by = request.path_params["number"], visitor_of(request).name
        errand = Publish(number, by, body.reason.strip(), body.remark, body.at)
        return _begun(await begin_publishing(self._room, errand))

    async def cancel(self, request: Request) -> Response:
        """Take back the time and the approvals of an import."""
        body, number = await body_of(request, RejectBody), request.path_params["number"]
        async with self._room.database() as connection:
            await checked_layers(connection)
            check_words(body.reason)
            await cancel(connection, number, visitor_of(request).name, body.reason)
        return _json({"id": number, "state": "waiting"})

    async def reject(self, request: Request) -> Response:
        """Let an import go."""
        body, number = await body_of(request, RejectBody), request.path_params["number"]
        async with self._room.database() as connection:
            await checked_layers(connection)
            check_words(body.reason)
            await reject(connection, number, body.reason, visitor_of(request).name)
        return _json({"id": number, "state": "rejected"})

    async def revisions(self, request: Request) -> Response:
        """Answer with all revisions."""
        async with self._room.database() as connection:
            found = await list_revisions(connection, await checked_layers(connection), removed=True)
        return _json(found)

    async def revision(self, request: Request) -> Response:
        """Answer with the processes that serve a revision."""
        number = request.path_params["number"]
        async with self._room.database() as connection:
            await checked_layers(connection)
            check_revision(number, await newest_revision(connection))
            found = await following(connection, number)
        committed = None if found.committed is None else format_instant(found.committed)
        return _json({**servers_document(found), "committed": committed})

    async def roll_back(self, request: Request) -> Response:
        """Roll back at once."""
        body = await body_of(request, RollbackBody)
        by = visitor_of(request).name
        done = await roll_back(self._room, body.layer, body.revision, body.reason.strip(), body.remark, by)
        return _json({"revision": done.revision, "rows": done.rows, "warning": done.settled})

    async def withdraw(self, request: Request) -> Response:
        """Say which rows are hit, or withdraw the rows that were agreed to."""
        body = await body_of(request, WithdrawBody)
        given = body.layer, body.reason, body.ids, body.keys, body.start, body.end
        question = WithdrawalQuestion(*given)
        if body.agreed:
            done = await withdraw(self._room, question, body.agreed, visitor_of(request).name)
            if done is None:
                raise BadParameter("the rows are others than those that were agreed to; look again")
            return _json({"revision": done.revision, "copies": copies_words(done.revision)})
        look = await looked_at(self._room, question)
        if look.asked is None:
            return _json({"agreed": None, "features": 0, "faces": 0, "snapshots": [], "ids": []})
        taken = look.asked.taken
        snapshots = [format_instant(at) for at in taken.snapshots]
        rows = {
            "features": taken.features,
            "faces": taken.faces,
            "snapshots": snapshots,
            "ids": sorted(taken.ids),
        }
        return _json({"agreed": look.hash, **rows, "goes_on": look.asked.goes_on})

    async def audit(self, request: Request) -> Response:
        """Answer with entries of the audit log, and whether the whole chain holds."""
        theatre, what, by = (request.query_params.get(name, "") for name in _AUDIT)
        async with self._room.database() as connection:
            await checked_layers(connection)
            checked = await verify(connection)
            found = await newest_entries(connection, theatre=theatre, what=what, by=by)
        chain = {"entries": checked.entries, "head": checked.head.hex(), "broken": checked.broken}
        return _json({"chain": chain, "entries": found})

    async def watched(self, request: Request) -> Response:
        """Answer with the watched entries, each with the watcher's last look."""
        async with self._room.database() as connection:
            await checked_layers(connection)
            return _json(await list_entries(connection))


_UPLOAD = {
    "layer": "theatre.layer, such as ukraine.control",
    "name": "the name of the file",
    "at": "the date of what says none, or the day to correct",
    "mapping": "a shipped mapping",
    "reader": "a format, where it is not the layer's own",
    "axes": "auto, lonlat or latlon",
    "date_column": "column with the date",
    "end_column": "column with the end",
    "category_column": "column with the status or side",
    "key_columns": "columns, with commas between, by which an event is known again in the next file",
    "whole_state": "true: each file is all that holds from its one date on",
    "complete": "true: what the file does not hold ends",
}
_AUDIT = {"theatre": "a theatre", "what": "a kind of act", "by": "a person"}
_ALL = {"all": "true: the decided ones, too"}


def _json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def _begun(running: Running) -> Response:
    return _json(_errand(running), 202, {"Location": f"/desk/api/errands/{running.id}"})


def _errand(running: Running) -> dict[str, Any]:
    result = running.result
    return {
        "id": running.id,
        "what": running.title,
        "by": running.by,
        "seconds": round(running.seconds, 1),
        "state": "under way" if result is None else "failed" if result.failure else "done",
        "step": msgspec.to_builtins(running.step),
        "words": result.words if result else "",
        "held": result.held if result else None,
        "revision": result.revision if result else None,
        "problem": msgspec.to_builtins(result.failure) if result and result.failure else None,
    }
