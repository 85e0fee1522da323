"""The sources of a feature, several with publisher and URL, as the one text that a tile can carry.

A property of a vector tile is a text, a number or a boolean (MVT 2.1, 4.4), so a list has to be spelled: as
JSON, which every partner's language reads, and which holds any address and any name without a convention of
our own. ``[{"publisher":"Example","url":"https://example.org/1"}]``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import msgspec

from tileserver.findings import Finding
from tileserver.markup import text_of

LENGTH = 4000  # characters of the whole text
PUBLISHER_LENGTH = 200
URL_LENGTH = 2000

Note: TypeAlias = Callable[[Finding, str], None]  # what was met, in which words

# To the next space, or the sign between two addresses; an address may hold another one, as archives' do.
_URL = re.compile(r"https?://(?:(?![,;]https?://)[^\s<>\"'|\\^`{}])+", re.IGNORECASE)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")


class CitedSource(msgspec.Struct, frozen=True, omit_defaults=True):
    """A publisher, and the address on the web of a publication, or no address."""

    publisher: str
    url: str = ""


def spell_sources(given: Any, note: Note) -> str:
    """Return the sources in *given* as JSON text, distinct and in their order; empty for none.

    *given* is a URL, a text with URLs in it, an object with ``publisher`` and ``url``, a list of any of
    these, or the JSON text of such a list. A URL without a publisher has its host; of other schemes than http
    and https, and of words where a URL should stand, nothing is kept. Every loss is told to *note*.
    """
    kept: dict[CitedSource, None] = {}
    for source in _sources(given, note):
        if any(source.url and source.url == other.url for other in kept):
            continue
        longer = msgspec.json.encode([*kept, source]).decode()
        if len(longer) > LENGTH:
            note(Finding.TEXT_CUT, f"sources: the first {len(kept)} are kept")
            break
        kept[source] = None
    return msgspec.json.encode(list(kept)).decode() if kept else ""


def _sources(given: Any, note: Note) -> Iterator[CitedSource]:
    match given:
        case None | "" | []:
            return
        case str():
            yield from _in_text(_words(given), note)
        case Mapping():
            yield from _in_object(given, note)
        case list():
            for each in given:
                if isinstance(each, list):
                    note(Finding.NESTED, "sources")
                else:
                    yield from _sources(each, note)
        case _:
            note(Finding.NO_LINK, str(given)[:40])


def _in_text(given: str, note: Note) -> Iterator[CitedSource]:
    if given.lstrip()[:1] in ("[", "{"):
        try:
            yield from _sources(msgspec.json.decode(given), note)
        except (msgspec.MsgspecError, RecursionError):
            pass
        else:
            return
    found = [each.rstrip(").,;") for each in _URL.findall(given)]
    sources = [CitedSource(host, url) for url in found if (host := host_of(url))]
    if len(sources) < max(1, len(found)):
        note(Finding.NO_LINK, given.strip()[:40])
    yield from sources


def _in_object(given: Mapping[str, Any], note: Note) -> Iterator[CitedSource]:
    publisher, url = (_words(given.get(name, "")) for name in ("publisher", "url"))
    publisher = text_of(publisher)[:PUBLISHER_LENGTH].strip()
    host = host_of(url)
    if url and not host:
        note(Finding.NO_LINK, url[:40])
    if publisher or host:
        yield CitedSource(publisher or host, url if host else "")


def host_of(url: str) -> str:
    """Return the host of a URL that a reader may follow, without ``www.``; empty for any other text.

    Neither a name and password before the host, which make one host look like another, nor a space passes.
    """
    if len(url) > URL_LENGTH or not _URL.fullmatch(url):
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:  # brackets that are no IPv6 address
        return ""
    return "" if "@" in parts.netloc else host.removeprefix("www.")


def _words(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return _UNSEEN.sub(" ", value.encode("utf-8", "ignore").decode()).strip()
