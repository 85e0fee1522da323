"""The first page: the imports that wait for the desk, the last revisions, and the watched files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tileserver.desk.held import HeldReview, waiting
from tileserver.desk.layers import checked_layers
from tileserver.newsroom.errands import Running
from tileserver.newsroom.layout import desk_page
from tileserver.newsroom.room import Newsroom, second
from tileserver.picture.html import Html, element, table
from tileserver.store.revision_log import RevisionEntry, list_revisions
from tileserver.store.watching import WatchedEntry, WatchedFile, list_entries, list_files

_NEWEST = 12  # revisions


class StartRoute:
    """``/desk/``."""

    def __init__(self, room: Newsroom) -> None:
        self._room = room

    async def page(self, request: Request) -> Response:
        """Answer with the page."""
        if request.url.path == "/desk":
            return RedirectResponse("/desk/", 303)
        async with self._room.database() as connection:
            layers = await checked_layers(connection)
            queue = await waiting(connection, layers)
            revisions = await list_revisions(connection, layers, removed=True)
            entries, files = await list_entries(connection), await list_files(connection)
        body = [
            *_under_way(self._room.errands.under_way),
            *_queue(queue),
            *revisions_table(revisions[:_NEWEST], "The last revisions"),
            *_watched([each for each in entries if each.is_declared], files),
        ]
        return desk_page(request, "Desk", body)


def _under_way(running: Sequence[Running]) -> Iterator[Html]:
    if running:
        rows = [
            (link(f"/desk/errands/{each.id}", each.title), each.by, each.step.label, f"{each.seconds:.0f} s")
            for each in running
        ]
        yield table("Under way", ("what", "by", "now", "for"), rows)


def _queue(queue: Sequence[HeldReview]) -> Iterator[Html]:
    yield element("h2", f"Imports that wait: {len(queue):,}")
    if not queue:
        yield element("p", "None. An upload comes here, and what a rule holds back.", class_="empty")
        return
    rows = [
        (
            link(f"/desk/held/{each.found.id}", f"{each.found.id}: {each.found.origin}"),
            each.layer,
            second(each.found.kept_at),
            _why(each),
        )
        for each in queue
    ]
    yield table("Oldest first", ("import", "layer", "waits from", "why"), rows)


def _why(seen: HeldReview) -> str:
    """Return why an import waits: a time, other persons, or the rules that are broken."""
    if seen.found.plan.publish_at is not None and seen.found.plan.agreed_by is not None:
        return f"public from {second(seen.found.plan.publish_at)}"
    others = "another person" if seen.missing == 1 else f"{seen.missing} other persons"
    lacking = [f"{others} to approve it"] if seen.missing else []
    return "; ".join([*lacking, *(ruling.words for ruling in seen.rulings)]) or "no rule is broken"


def revisions_table(revisions: Sequence[RevisionEntry], caption: str) -> Iterator[Html]:
    """Yield a table of revisions, or a word where there is nothing to list."""
    yield element("h2", caption)
    if not revisions:
        yield element("p", "None yet.", class_="empty")
        return
    rows = [
        (
            link(f"/desk/revisions/{each.revision}", str(each.revision)),
            second(each.committed),
            each.summary,
            ", ".join(each.layers) or "-",
        )
        for each in revisions
    ]
    yield table("Newest first", ("revision", "committed", "what", "layers"), rows)


def _watched(entries: Sequence[WatchedEntry], files: Sequence[WatchedFile]) -> Iterator[Html]:
    yield element("h2", "Watched files")
    if not entries:
        yield element("p", "No files are watched.", class_="empty")
        return
    rows = [_watched_row(each, [file for file in files if file.entry == each.entry]) for each in entries]
    yield table("By entry", ("entry", "layer", "looked at", "newest", "result", "files"), rows)


def _watched_row(entry: WatchedEntry, own: Sequence[WatchedFile]) -> tuple[str, ...]:
    newest = max(own, key=lambda each: each.read_at, default=None)
    counts = Counter("gone" if each.gone_at else each.result for each in own)
    said = entry.trouble or (f"{newest.result}: {newest.said}" if newest else "")
    told: str = element("span", said, class_="bad") if entry.failing_from else said
    name = Path(newest.path).name if newest else ""
    number = ", ".join(f"{n:,} {state}" for state, n in sorted(counts.items())) or "none"
    return (entry.entry, entry.layer, second(entry.looked_at), name, told, number)


def link(path: str, text: str) -> Html:
    """Return a link to a path of ours."""
    return element("a", text, href=path)
