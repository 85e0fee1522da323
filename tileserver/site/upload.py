"""A site in an object store: new files are sent, names last, and files of before removed.

Files lie there as they are to be answered: with a type, the packed form of a text in its place, and how long
they may be kept. Credentials are those that obstore reads from the environment (``AWS_ACCESS_KEY_ID``, ...).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from tileserver.errors import BadParameter, Unavailable
from tileserver.site.folder import FILES, LIST, TILES, is_site
from tileserver.web.basemap import PMTILES
from tileserver.web.represent import HTML, JSON, MVT

Told: TypeAlias = Callable[[int, int], None]  # how many were sent, of how many

_AT_ONCE = 8
_FOREVER = "public, max-age=31536000, immutable"
_DAY = "public, max-age=86400"
_ASKED_EACH_TIME = "no-cache"  # kept, but asked about before each use
_NAMED_BY_BYTES = (f"{FILES}/", f"{TILES}/", "static/assets/")
_OURS = (*_NAMED_BY_BYTES, "static/", "method/", "corrections/")
_PAGES = ("index.", "embed.")
_KINDS = {
    ".html": HTML,
    ".json": JSON,
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".mvt": MVT,
    ".pmtiles": PMTILES,
}
_PLAIN = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Result of an upload, in files: sent, with their bytes; kept from before; removed as nameless."""

    sent: int
    bytes: int
    kept: int
    removed: int


@dataclass(frozen=True, slots=True)
class SiteFile:
    """A file of a site by its *path* there, and where its bytes lie, packed or not."""

    path: str
    body: Path

    @property
    def is_named_by_bytes(self) -> bool:
        """Whether another content would have another name."""
        return self.path.startswith(_NAMED_BY_BYTES)

    @property
    def turn(self) -> int:
        """Place in the order of sending: files that name nothing first, then the list, then the pages."""
        is_page = "/" not in self.path and self.path.startswith(_PAGES)
        return 2 if is_page and self.path.endswith(".html") else int(self.path == LIST)

    @property
    def attributes(self) -> dict[str, str]:
        """Headers of an answer with this file."""
        packed = {"Content-Encoding": "gzip"} if self.body.suffix == ".gz" else {}
        kept = _FOREVER if self.is_named_by_bytes else _ASKED_EACH_TIME
        kept = _DAY if self.path.startswith("static/basemap/") else kept
        return {
            "Content-Type": _KINDS.get(Path(self.path).suffix, _PLAIN),
            "Cache-Control": kept,
            **packed,
        }

    def is_there(self, found: Mapping[str, Any] | None) -> bool:
        """Whether the store has the file, as *found*: by name and size, and where names repeat by hash.

        Of one that was put there in one piece S3 says the MD5 as its tag.
        """
        if found is None or found["size"] != self.body.stat().st_size:
            return False
        if self.is_named_by_bytes:
            return True
        digest = hashlib.md5(self.body.read_bytes(), usedforsecurity=False).hexdigest()
        return str(found["e_tag"] or "").strip('"') == digest


def site_files(folder: Path) -> list[SiteFile]:
    """Return the files of the site *folder* in the order of sending, packed where possible."""
    found = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = path.relative_to(folder).as_posix()
        packed = path.with_name(f"{path.name}.gz")
        if path.suffix != ".gz":
            found.append(SiteFile(name, packed if packed.exists() else path))
    return sorted(found, key=lambda each: each.turn)


async def upload_site(folder: Path, url: str, told: Told) -> Uploaded:
    """Make the prefix *url* of an object store the site in *folder*.

    Raises
    ------
    BadParameter
        *folder* is no site, *url* names no store, or there is something there that is no site.
    Unavailable
        The store does not answer, or refuses. What was there is as whole as before.
    """
    if not is_site(folder):
        raise BadParameter(f"{folder} is no site; make one with tileserver site make")
    store = _store(url)
    try:
        there = {each["path"]: each async for some in store.list_async() for each in some}
        if there and LIST not in there:
            raise BadParameter(
                f"{url} holds {next(iter(there))} and no site; name an empty prefix, or a site"
            )
        files = site_files(folder)
        wanted = [each for each in files if not each.is_there(there.get(each.path))]
        await _send(store, wanted, told)
        gone = sorted(_gone(there, files))
        if gone:
            await obstore.delete_async(store, gone)
    except BaseError as error:
        raise Unavailable(f"the store {url} refused: {_first_line(error)}") from error
    sizes = sum(each.body.stat().st_size for each in wanted)
    return Uploaded(len(wanted), sizes, len(files) - len(wanted), len(gone))


def _store(url: str) -> ObjectStore:
    try:
        return from_url(url)
    except (BaseError, ValueError) as error:
        raise BadParameter(f"{url[:200]} names no object store: {_first_line(error)}") from error


async def _send(store: ObjectStore, files: Iterable[SiteFile], told: Told) -> None:
    """Send *files* turn by turn, in each some side by side."""
    every = list(files)
    places, done = asyncio.Semaphore(_AT_ONCE), 0

    async def send(file: SiteFile) -> None:
        nonlocal done
        async with places:
            await obstore.put_async(
                store, file.path, file.body, attributes=file.attributes, use_multipart=_in_parts(file)
            )
        told(done := done + 1, len(every))

    for _, turn in groupby(every, key=lambda each: each.turn):
        await asyncio.gather(*map(send, turn))


def _in_parts(file: SiteFile) -> bool | None:
    """Return whether *file* goes in parts: as obstore likes, but whole where the tag has to be the hash."""
    return None if file.is_named_by_bytes else False


def _gone(there: Iterable[str], files: Iterable[SiteFile]) -> Iterator[str]:
    """Yield paths *there* that are of a former site, and not among *files*; strangers' files stay."""
    named = {each.path for each in files}
    for path in there:
        is_ours = path.startswith(_OURS) or ("/" not in path and path.startswith(_PAGES))
        if is_ours and path not in named:
            yield path


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
