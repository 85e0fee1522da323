"""One site: the public part of some theatres at one moment, in a folder, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tileserver.errors import BadParameter, UnknownTheatre
from tileserver.export.archive import Written
from tileserver.export.making import Show
from tileserver.export.workplace import place_of_work, workplace
from tileserver.site.asking import Asking
from tileserver.site.documents import TheatreFiles
from tileserver.site.folder import LIST, NewSite, check_target, replace_site
from tileserver.site.pages import MapPages
from tileserver.site.texts import TextPages
from tileserver.tiles.catalogue import Catalogue
from tileserver.times import format_instant
from tileserver.web.built import STATIC

_BUILT = ("assets", "basemap")  # folders of the build that pages load from
_UNREAD = (".br",)  # packed forms that neither plain servers nor object stores choose by themselves


@dataclass(frozen=True, slots=True)
class MadeSite:
    """A site on disk: number of files and bytes of all, and its archives of tiles."""

    path: Path
    files: int
    bytes: int
    archives: tuple[Written, ...]


async def make_site(
    asking: Asking, theatres: Sequence[str], zooms: Sequence[tuple[int, ...]], folder: Path, show: Show
) -> MadeSite:
    """Write the site of *theatres*, with tiles of the *zooms* of each, to *folder*, or leave that alone.

    The first theatre is the one that opens. `BadParameter` where *folder* holds anything but a site.
    """
    check_target(folder)
    with workplace(place_of_work(folder, is_folder=False)) as work:
        site = NewSite(work.folder / "site")
        site.folder.mkdir()
        archives: list[Written] = []
        pieces = {}
        for theatre, own in zip(theatres, zooms, strict=True):
            made, pieces[theatre] = await TheatreFiles(asking, site, theatre, show).write(own)
            archives += made
            await TextPages(asking, site, theatre).write()
        catalogue = msgspec.json.decode(await asking.needed("/tilesets"))
        site.keep_json("tilesets", _catalogue(catalogue, theatres))
        await MapPages(asking, site, theatres[0]).write()
        _copy_build(site.folder)
        made_at = format_instant(asking.moment.replace(microsecond=0))
        document = {"made": made_at, "theatres": list(theatres), "files": site.files, "events": pieces}
        site.put(LIST, msgspec.json.encode(document))
        replace_site(site.folder, folder)
    return MadeSite(folder, *_weight(folder), tuple(archives))


def chosen_theatres(catalogue: Catalogue, asked: Sequence[str], default: str) -> list[str]:
    """Return the ids of the theatres *asked* for, or of all public theatres; *default*, if any, opens."""
    unknown = [each for each in asked if each not in catalogue.theatres]
    if unknown:
        there = ", ".join(catalogue.theatres) or "none"
        raise UnknownTheatre(f"there is no public theatre {unknown[0][:60]!r}; there are: {there}")
    first = catalogue.default_theatre(default)
    found = list(asked) or sorted(catalogue.theatres, key=lambda each: each != first)
    if not found:
        raise BadParameter("no theatre is public, so there is no site to make")
    return found


def _catalogue(document: dict[str, Any], theatres: Sequence[str]) -> dict[str, Any]:
    """Return the catalogue *document* with *theatres* alone, in their order."""
    known = {each["id"]: each for each in document["theatres"]}
    return {"default": theatres[0], "theatres": [known[each] for each in theatres]}


def _copy_build(folder: Path) -> None:
    """Copy all of the front end's build that pages load."""
    for name in _BUILT:
        ignored = shutil.ignore_patterns(*(f"*{suffix}" for suffix in _UNREAD))
        shutil.copytree(STATIC / name, folder / "static" / name, ignore=ignored)
    for name in ("embed.js", "embed.js.gz"):
        shutil.copy(STATIC / name, folder / name)


def _weight(folder: Path) -> tuple[int, int]:
    """Return the number of files in *folder*, and their bytes."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)
