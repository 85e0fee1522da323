"""A file into the queue, uploaded or from a watched folder; and the page of an errand."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import BinaryIO

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tileserver.desk.layers import checked_layers
from tileserver.desk.reasons import check_words
from tileserver.disk import NO_ROOM
from tileserver.errors import BadParameter, TileserverError, TooManyAtOnce, Unavailable
from tileserver.ingest import READERS
from tileserver.ingest.mapping.load import shipped_mappings
from tileserver.ingest.report import printable
from tileserver.newsroom.errand_messages import ReadFile
from tileserver.newsroom.errands import Running
from tileserver.newsroom.held_pages import remark_fields, remark_of
from tileserver.newsroom.layout import (
    button,
    choice,
    desk_page,
    facts,
    field,
    filled,
    form,
    text_of,
    tick,
    void,
)
from tileserver.newsroom.room import Newsroom, visitor_of
from tileserver.newsroom.start_page import link
from tileserver.picture.html import Html, element, join
from tileserver.store.catalogue import StoredLayer
from tileserver.watch.declared import WatchEntry, load_watch
from tileserver.watch.looking import look_at, parts_of

_TEXTS = ("layer", "mapping", "reader", "axes", "at", "date_column", "end_column", "category_column")
_TICKS = ("whole_state", "complete")
_LISTED = 300  # watched files, the newest by name
_WHOLE_HINT = "of areas and lines: what it leaves out ends then; else it comes on top of what holds already"
_KEY_HINT = "by which an event is known again in the next file; several with commas between"
_LONGEST_NAME, _LONGEST_SUFFIX = 150, 60  # bytes, of the 255 that a file system takes


class ImportRoutes:
    """``/desk/import`` and ``/desk/errands/{id}``."""

    def __init__(self, room: Newsroom) -> None:
        self._room = room

    @property
    def routes(self) -> list[Route]:
        """Every route."""
        return [
            Route("/desk/import", self.page, methods=["GET"]),
            Route("/desk/import", self.upload, methods=["POST"]),
            Route("/desk/watched", self.watched, methods=["POST"]),
            Route("/desk/errands/{id}", self.errand, methods=["GET"]),
            Route("/desk/errands/{id}/end", self.end, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """Answer with the forms; ``?day=`` and ``?layer=`` fill in two fields for a correction."""
        async with self._room.database() as connection:
            layers = [
                each for each in await checked_layers(connection) if each.layer.drawn_as != "face_lines"
            ]
        columns = [element("div", self._upload_form(request, layers), class_="box")]
        if self._room.settings.watch:
            columns.append(element("div", self._watched_form(request), class_="box"))
        return desk_page(request, "Import", [element("div", *columns, class_="columns")])

    def _upload_form(self, request: Request, layers: Sequence[StoredLayer]) -> Html:
        names = [(str(each.ref), str(each.ref)) for each in layers]
        asked = request.query_params
        day = "of what says none, or to correct that day: 2023-11-09, or an instant in UTC"
        upload = [
            element("h2", "Upload a file"),
            _file_field(self._room.settings.desk_upload_mb),
            choice("Layer", "layer", names, asked.get("layer", "")),
            field("Day", "at", asked.get("day", ""), day),
            tick("The file is all that holds from its day on", "whole_state", _WHOLE_HINT),
            *_options(),
            remark_fields({}),
            button("Upload and compare"),
            element("p", "Nothing is published by this: you see the change first.", class_="faint"),
        ]
        return form(request, "/desk/import", *upload, is_upload=True)

    def _watched_form(self, request: Request) -> Html:
        try:
            found = [
                (f"{entry.name}\n{each.path}", f"{entry.name}: {each.path.name}")
                for entry in load_watch(Path(self._room.settings.watch))
                for each in look_at(entry.patterns)[: -_LISTED - 1 : -1]  # sorted by path
            ]
        except TileserverError as error:  # an upload goes on all the same
            told = element("p", f"TILESERVER_WATCH: {error}", class_="bad")
            return join((element("h2", "Pick a watched file"), told))
        if not found:
            words = "None is there now: no entry of TILESERVER_WATCH finds a file."
            return join((element("h2", "Pick a watched file"), element("p", words, class_="empty")))
        words = "It is read as its entry says, and compared with what is public."
        return form(
            request,
            "/desk/watched",
            element("h2", "Pick a watched file"),
            choice("File", "file", found),
            element("p", words, class_="faint"),
            button("Compare"),
        )

    async def upload(self, request: Request) -> Response:
        """Keep the file on disk, and begin to read."""
        by = visitor_of(request).name
        async with self.receiving(request):
            given = await filled(request)
            try:
                sent = given.get("file")
                if not isinstance(sent, UploadFile) or not sent.filename:
                    raise BadParameter("choose a file to upload")
                begun = await self.begin(sent.file, sent.filename, dict(given), by, remark_of(given))
            finally:
                await given.close()
        return RedirectResponse(f"/desk/errands/{begun.id}", 303)

    @asynccontextmanager
    async def receiving(self, request: Request) -> AsyncIterator[None]:
        """Keep a place for the file that *request* brings; without a place, read past the file and say so."""
        with ExitStack() as kept:
            try:
                kept.enter_context(self._room.errands.receiving(visitor_of(request).name))
            except TooManyAtOnce:
                async for _ in request.stream():
                    """Who still sends would see a lost connection, and not the words."""
                raise
            try:
                yield
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                raise Unavailable(
                    "the server's disk has no room for the file; tell whoever runs it, then send it again"
                ) from error

    async def begin(
        self, sent: BinaryIO, name: str, given: Mapping[str, object], by: str, remark: dict[str, str]
    ) -> Running:
        """Copy a file that was *sent* into a folder of its own, and begin to read as *given* says."""
        check_words("", remark)
        name, mapping = file_name(name), text_of(given, "mapping")
        if mapping and mapping not in shipped_mappings():  # any other name is a path on this machine
            raise BadParameter(
                f"there is no mapping {mapping[:80]!r}; there are {', '.join(shipped_mappings())}"
            )
        room = Path(mkdtemp(prefix="tileserver-desk-"))
        try:
            await asyncio.to_thread(_copy, sent, room / name)
            texts = {each: text_of(given, each) for each in _TEXTS}
            ticks = {each: text_of(given, each) in ("on", "true") for each in _TICKS}
            keys = tuple(filter(None, (each.strip() for each in text_of(given, "key_columns").split(","))))
            said = {**texts, **ticks, "key_columns": keys}
            errand = ReadFile(path=os.fsencode(room / name), by=by, remark=remark, **said)  # type: ignore[arg-type]
            errand.options()
        except BaseException:
            shutil.rmtree(room, ignore_errors=True)
            raise
        return self._room.errands.begin(errand, by, f"read {printable(name)}", room)

    async def watched(self, request: Request) -> Response:
        """Begin to read a copy of a watched file."""
        begun = await self.begin_watched(text_of(await filled(request), "file"), visitor_of(request).name)
        return RedirectResponse(f"/desk/errands/{begun.id}", 303)

    async def begin_watched(self, named: str, by: str) -> Running:
        """Begin to read a copy of the watched file that is *named* by its entry and its path, a line each."""
        name, _, wanted = named.replace("\r", "").partition("\n")
        entries = load_watch(Path(self._room.settings.watch)) if self._room.settings.watch else ()
        found = (each for each in entries if each.name == name)
        there = ((entry, each.path) for entry in found for each in look_at(entry.patterns))
        entry, path = next(((entry, path) for entry, path in there if str(path) == wanted), (None, None))
        if entry is None or path is None:
            raise BadParameter("that file is not watched any more; open the page again")
        with self._room.errands.receiving(by):
            room = Path(mkdtemp(prefix="tileserver-desk-"))
            await asyncio.to_thread(_copy_with_parts, path, room)
            errand = _as_watched(entry, room / path.name, by)
            return self._room.errands.begin(errand, by, f"read {printable(path.name)}", room)

    async def errand(self, request: Request) -> Response:
        """Answer with the present step of an errand, or lead to the outcome."""
        running = self._room.errands.running(request.path_params["id"])
        result = running.result
        if result is not None and result.failure is None:
            if result.revision is not None:
                return RedirectResponse(f"/desk/revisions/{result.revision}", 303)
            if result.held is not None:
                return RedirectResponse(f"/desk/held/{result.held}", 303)
        rows = facts([("By", running.by), ("For", f"{running.seconds:.0f} s")])
        if result is None:
            return desk_page(request, running.title, [rows, *_steps(request, running)], again=1)
        failure = result.failure
        said = f"{failure.title}: {failure.detail}" if failure else result.words
        is_bad = failure is not None or result.is_bad
        told = element("p", said, class_="bad" if is_bad else "good", role="alert" if is_bad else "status")
        back = [(f"/desk/held/{running.about}", "Back to the import")] if running.about is not None else []
        ways = [*back, ("/desk/import", "Another file"), ("/desk/", "First page")]
        on = element("p", join((link(*each) for each in ways), " \u00b7 "))
        body = [told, rows, on, Html(result.findings)]
        return desk_page(request, running.title, body)

    async def end(self, request: Request) -> Response:
        """End an errand; nothing is kept."""
        await filled(request)
        running = self._room.errands.running(request.path_params["id"])
        self._room.errands.end(running)
        return RedirectResponse(f"/desk/errands/{running.id}", 303)


def file_name(text: str) -> str:
    """Return *text*, which a browser or program sent, as the name of a file in a folder of its own."""
    name = text.replace("\\", "/").rpartition("/")[2].replace("\0", "").strip()
    stem, dot, suffix = name.rpartition(".")
    short = _shortened(stem if dot else suffix, _LONGEST_NAME).lstrip(".") or "file"
    return f"{short}.{_shortened(suffix, _LONGEST_SUFFIX)}" if dot else short


def _shortened(text: str, most: int) -> str:
    """Return the beginning of *text* that has at most *most* bytes as UTF-8."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def _copy(sent: BinaryIO, path: Path) -> None:
    sent.seek(0)
    with path.open("wb") as file:
        shutil.copyfileobj(sent, file, 1 << 20)


def _copy_with_parts(path: Path, room: Path) -> None:
    for each in (path, *parts_of(path)):
        shutil.copyfile(each, room / each.name)


def _as_watched(entry: WatchEntry, path: Path, by: str) -> ReadFile:
    same = (*(each for each in _TEXTS if each not in ("at", "layer")), *_TICKS)
    return ReadFile(entry.layer, os.fsencode(path), by=by, **{each: getattr(entry, each) for each in same})


def _file_field(most: int) -> Html:
    hint = element("small", f"in any common format, up to {most:,} MB", id="file-hint")
    control = void("input", type="file", id="file", name="file", required="", aria_describedby="file-hint")
    return element("p", element("label", "File", for_="file"), control, hint, class_="field")


def _options() -> list[Html]:
    mappings = [("", "as the layer says"), *((each, each) for each in shipped_mappings())]
    readers = [("", "as the layer says"), *((each, each) for each in READERS)]
    axes = [
        ("", "as the layer says"),
        ("auto", "found out"),
        ("lonlat", "longitude first"),
        ("latlon", "latitude first"),
    ]
    more = [
        choice("Mapping", "mapping", mappings, hint="says what the file means; leave out all below then"),
        choice("Reader", "reader", readers),
        field("Column of the date", "date_column"),
        field("Column of the end", "end_column"),
        field("Column of the status or side", "category_column"),
        field("Columns of the key", "key_columns", hint=_KEY_HINT),
        choice("Coordinates", "axes", axes),
        tick("The file is the whole layer", "complete", "what it does not hold ends"),
    ]
    return [element("details", element("summary", "How the file is read"), *more)]


def _steps(request: Request, running: Running) -> list[Html]:
    step = running.step
    known = {"value": step.done, "max": step.total} if step.total else {}
    number = f", {step.done:,}" + (f" of {step.total:,}" if step.total else "") if step.done else ""
    return [
        element("p", f"{step.label}{number}", role="status"),
        element("progress", aria_label=step.label, **known),
        form(request, f"/desk/errands/{running.id}/end", button("End it", "plain")),
    ]
