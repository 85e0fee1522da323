"""A newsroom's own archive as basemap: an attribute of pages, and bytes by ranges.

A file is served from here, so no other host is asked. A URL is the newsroom's own choice of a host: pages ask
there for that one address, which their policy names, and the server itself never does.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from tileserver.config import Settings
from tileserver.errors import BadParameter, NotFound, Unavailable
from tileserver.web.basemap_archive import BasemapArchive, read_archive
from tileserver.web.negotiate import etag_matches
from tileserver.web.params import read_query

log = structlog.get_logger()

PATH = "basemap/own.pmtiles"  # below the pages, wherever a proxy puts them
MOST_BYTES = 4 << 20  # of one answer; a tile is some hundred kilobytes, a directory less
_LOOK_S = 1.0  # for which a file counts as it was seen
_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{1,15})\Z")
PMTILES = "application/vnd.pmtiles"


@dataclass(frozen=True, slots=True)
class _FileLook:
    """The file at a look, an instant of the steady clock: an archive, or trouble."""

    at: float
    stamp: tuple[int, int]  # bytes, ns of its last change
    archive: BasemapArchive | None
    trouble: str = ""

    @property
    def tag(self) -> str:
        """Strong tag; another file, or a changed file, has another tag."""
        return '"{:x}-{:x}"'.format(*self.stamp)


class OwnBasemap:
    """The archive of `TILESERVER_BASEMAP`, if any: a file is looked at anew every few seconds.

    *path* is where a file is served, from the pages on.
    """

    def __init__(self, settings: Settings, path: str = PATH) -> None:
        self._at = path
        self._source = settings.basemap
        self._declared = settings.basemap_schema, settings.basemap_attribution
        self.url = self._source if "://" in self._source else ""
        self._path = Path(self._source) if self._source and not self.url else None
        self._seen: _FileLook | None = None

    @property
    def foreign(self) -> str:
        """The one address of another host that pages may ask, for their policy; empty without any."""
        return self.url and urlsplit(self.url)._replace(query="", fragment="").geturl()

    @property
    def trouble(self) -> str:
        """The reason why the build's own basemap is shown instead; empty for none."""
        return self._seen.trouble if self._seen else ""

    async def attribute(self) -> bytes:
        """Return the attribute that tells a page of the archive, as bytes of HTML; empty without any."""
        said = await self.said()
        return f' data-basemap="{escape(said)}"'.encode() if said else b""

    async def said(self) -> str:
        """Return URL, schema and credit of the archive, for a page, as JSON; empty without any."""
        if self.url:
            schema, attribution = self._declared
            return _said(self.url, schema, attribution)
        seen = await self._look()
        if seen is None or seen.archive is None:
            return ""
        return _said(self._at, seen.archive.schema, seen.archive.attribution)

    async def look(self) -> None:
        """Look at the file now, so that trouble is in the log from the beginning."""
        await self._look()

    async def _look(self) -> _FileLook | None:
        if self._path is None:
            return None
        before = self._seen
        if before is None or time.monotonic() - before.at > _LOOK_S:
            self._seen = await asyncio.to_thread(_file_look, self._path, self._declared, before)
            if self._seen.trouble and (before is None or before.trouble != self._seen.trouble):
                log.error("the basemap cannot be used", file=str(self._path), error=self._seen.trouble)
            elif before is not None and before.trouble and not self._seen.trouble:
                log.info("the basemap can be used again", file=str(self._path))
        return self._seen

    async def bytes_of(self, request: Request) -> Response:
        """``/basemap/own.pmtiles``: the bytes of one range, which is bounded (RFC 9110, 14).

        Of another archive than that of ``If-Range`` a range is passed over (13.1.5), and so nothing is left
        to answer with: the whole file is refused.
        """
        read_query(request, allowed=())
        seen = await self._look()
        if self._path is None or seen is None or seen.archive is None:
            raise NotFound("this server shows no archive of its own; TILESERVER_BASEMAP names one")
        headers = {"Accept-Ranges": "bytes", "ETag": seen.tag, "Cache-Control": "public, max-age=3600"}
        size = seen.stamp[0]
        condition = request.headers.get("if-none-match")
        if condition is not None and etag_matches(condition, seen.tag):
            return Response(None, 304, headers)
        if request.method == "HEAD" and "range" not in request.headers:
            return Response(None, 200, {**headers, "Content-Length": str(size), "Content-Type": PMTILES})
        if request.headers.get("if-range", seen.tag).strip() != seen.tag:
            raise BadParameter("the archive is another than that of If-Range; read it from the beginning")
        first, last = _range_of(request.headers.get("range", ""), size)
        if last < first:
            return Response(None, 416, {"Content-Range": f"bytes */{size}", "Cache-Control": "no-store"})
        body = await asyncio.to_thread(_read, self._path, first, last + 1 - first, seen.stamp)
        if body is None:
            self._seen = None
            raise Unavailable("the archive was replaced at this moment; ask again")
        told = {**headers, "Content-Range": f"bytes {first}-{last}/{size}"}
        return Response(body, 206, told, media_type=PMTILES)


def _file_look(path: Path, declared: tuple[str, str], before: _FileLook | None) -> _FileLook:
    now = time.monotonic()
    try:
        stamp = _stamp(path.stat())
        if before is not None and before.archive is not None and before.stamp == stamp:
            return _FileLook(now, stamp, before.archive)
        return _FileLook(now, stamp, read_archive(path, *declared))
    except OSError as error:
        return _FileLook(now, (0, 0), None, f"it cannot be read: {error.strerror}")
    except BadParameter as error:
        return _FileLook(now, (0, 0), None, str(error))


def _range_of(header: str, size: int) -> tuple[int, int]:
    """Return the first and the last byte of *header*, both inclusive; past the end the last is less.

    `BadParameter` for the whole file, for several ranges, and for more than `MOST_BYTES`.
    """
    found = _RANGE.match(header.strip())
    if not found:
        raise BadParameter("an archive is read by one range at a time, as Range: bytes=0-16383")
    first, last = int(found[1]), min(int(found[2]), size - 1)
    if int(found[2]) < int(found[1]):
        raise BadParameter("a range ends before it begins")
    if last - first >= MOST_BYTES:
        raise BadParameter(f"a range holds {last - first + 1:,} bytes; {MOST_BYTES:,} are the most")
    return first, last


def _read(path: Path, first: int, length: int, stamp: tuple[int, int]) -> bytes | None:
    """Return *length* bytes from *first* on; ``None`` where the file is another than that of *stamp*."""
    try:
        with path.open("rb") as stream:
            found = os.fstat(stream.fileno())
            return os.pread(stream.fileno(), length, first) if _stamp(found) == stamp else None
    except OSError:
        return None


def _stamp(found: os.stat_result) -> tuple[int, int]:
    """Return the same on every machine to which the file was copied with its time."""
    return found.st_size, found.st_mtime_ns


def _said(url: str, schema: str, attribution: str) -> str:
    return msgspec.json.encode({"url": url, "schema": schema, "attribution": attribution}).decode()
