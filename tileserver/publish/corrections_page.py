"""Public corrections as a page, and as an Atom feed (RFC 4287)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from tileserver.picture.html import Html, element
from tileserver.publish.corrections import Correction, Km2Change, LayerCorrection
from tileserver.publish.corrections_document import PAGE, links
from tileserver.publish.page import Dress, PageWords, paragraphs, theatre_page
from tileserver.tiles.tileset import Tileset
from tileserver.times import format_instant

_FEW_DAYS = 3  # ranges of days that are told one by one
_FEED = 'type="application/atom+xml" rel="alternate"'


def corrections_page(template: str, whole: Tileset, chosen: Sequence[Correction], dress: Dress) -> str:
    """Return the newest `PAGE` of *chosen* as a page, with a link to the rest."""
    words, theatre = dress.words, whole.theatre
    feed = f"{theatre.id}.atom?lang={dress.language}"
    body = (
        element("p", words.say("lead")),
        *(_article(words, whole, each, dress) for each in chosen[:PAGE]),
        Html() if chosen else element("p", words.say("none"), class_="none"),
        *_beyond(words, chosen, dress, (feed, f"{theatre.id}.json")),
    )
    return theatre_page(template, theatre, dress, "corrections", body, f'<link {_FEED} href="{feed}">')


def _beyond(
    words: PageWords, chosen: Sequence[Correction], dress: Dress, others: tuple[str, str]
) -> Iterator[Html]:
    """Yield the links to older corrections, if any, and to the same as a feed and as data."""
    if rest := chosen[PAGE:]:
        older = dress.query(revision=str(rest[0].revision))
        yield element("p", element("a", words.say("older"), href=older, rel="next"))
    links_to = zip(("feed", "as_json"), others, strict=True)
    items = (element("li", element("a", words.say(key), href=href)) for key, href in links_to)
    yield element("ul", *items, class_="links")


def _article(words: PageWords, whole: Tileset, each: Correction, dress: Dress) -> Html:
    first, _, fragment = str(links(whole, each)["map"]).partition("#")
    href = first.partition("?")[0] + dress.query(theatre=whole.theatre.id) + "#" + fragment
    return element(
        "article",
        element("h2", days_text(words, each)),
        element("p", _published(words, whole, each), class_="when"),
        paragraphs(words.pick(each.remark)),
        element("ul", *(element("li", text) for text in _layers(words, whole, each))),
        element("p", element("a", words.say("see"), href=href)),
        id=f"r{each.revision}",
    )


def days_text(words: PageWords, each: Correction) -> str:
    """Return the local days that a correction changed, in words."""
    days = each.days
    if len(days) > _FEW_DAYS:
        first, last = words.day(days[0][0]), words.day(days[-1][1])
        return words.say("days_more", number=str(len(days)), first=first, last=last)
    return ", ".join(words.days(*each) for each in days)


def _published(words: PageWords, whole: Tileset, each: Correction) -> str:
    local = each.committed.astimezone(whole.zone)
    when = words.say(
        "published", date=words.day(local.date()), time=f"{local:%H:%M}", zone=whole.theatre.day_zone
    )
    return f"{when}, {words.say('revision', number=str(each.revision))}"


def _layers(words: PageWords, whole: Tileset, correction: Correction) -> Iterator[str]:
    """Yield, for each corrected layer, its name and the amount."""
    for each in correction.layers:
        layer = whole.theatre.layer(each.layer)
        said = (
            _km2(words, each.km2, {one.code: words.pick(one.label) for one in layer.categories})
            if each.km2
            else ", ".join(_counts(words, each))
        )
        yield f"{words.pick(layer.title) or layer.name}: {said}"


def _km2(words: PageWords, km2: Km2Change, labels: dict[str, str]) -> str:
    day = words.day(km2.day)
    grown = [
        f"{labels.get(status) or status or words.say('nobody')} {words.say('km2', number=words.signed(km2s))}"
        for status, km2s in km2.by_status.items()
        if abs(km2s) >= 0.05
    ]
    return (
        words.say("km2_on", date=day, list="; ".join(grown)) if grown else words.say("moved_only", date=day)
    )


def _counts(words: PageWords, each: LayerCorrection) -> Iterator[str]:
    for key, number in (("added", each.added), ("removed", each.removed), ("edited", each.edited)):
        if number:
            yield words.say(key, number=words.number(number))


def corrections_feed(
    whole: Tileset, chosen: Sequence[Correction], words: PageWords, base: str, told: str | None = None
) -> str:
    """Return the newest `PAGE` of *chosen* as Atom; addresses are absolute where *base*, a URL, is given.

    Ids are made of that, the theatre and the revision. Without corrections the feed is as old as *told*, the
    instant at which the newest public data came.
    """
    theatre = whole.theatre
    here = f"{base}/corrections/" if base else ""
    title = f"{words.say('to_corrections')}: {words.pick(theatre.title) or theatre.id}"
    publishers = dict.fromkeys(each.layer.source.publisher for each in whole.asked)
    shown = chosen[:PAGE]
    newest = max((each.updated for each in shown), default=None)
    updated = told or _NEVER if newest is None else format_instant(newest.replace(microsecond=0))
    entries = "".join(_entry(words, whole, each, base, here) for each in shown)
    own, page = (f"{here}{theatre.id}{end}?lang={words.language}" for end in (".atom", ""))
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{words.language}">\n'
        f"<id>{_urn(base, theatre.id)}</id>\n<title>{escape(title)}</title>\n"
        f"<updated>{updated}</updated>\n<author><name>{escape(', '.join(publishers))}</name></author>\n"
        f'<link rel="self" href={quoteattr(own)}/>\n'
        f'<link rel="alternate" type="text/html" href={quoteattr(page)}/>\n'
        f"{entries}</feed>\n"
    )


_NEVER = "1970-01-01T00:00:00Z"  # where nothing is public at all; a feed has to say something


def _entry(words: PageWords, whole: Tileset, each: Correction, base: str, here: str) -> str:
    name = whole.theatre.id
    said = "\n".join(filter(None, [words.pick(each.remark), *_layers(words, whole, each)]))
    updated, published = (format_instant(at.replace(microsecond=0)) for at in (each.updated, each.committed))
    page = f"{here}{name}?lang={words.language}&revision={each.revision}#r{each.revision}"
    return (
        f"<entry>\n<id>{_urn(base, name, str(each.revision))}</id>\n"
        f"<title>{escape(days_text(words, each))}</title>\n"
        f"<updated>{updated}</updated>\n<published>{published}</published>\n"
        f'<link rel="alternate" type="text/html" href={quoteattr(page)}/>\n'
        f'<link rel="related" type="text/html" href={quoteattr(here + str(links(whole, each)["map"]))}/>\n'
        f'<summary type="text">{escape(said)}</summary>\n</entry>\n'
    )


def _urn(*parts: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)).urn
