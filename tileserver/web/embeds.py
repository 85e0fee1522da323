"""Parts of the pages that depend on their link: titles, tags for other sites, and the picture before the map.

Everything is made of typed values, escaped where it becomes HTML, and needs no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from tileserver.declared import Category
from tileserver.languages import pick
from tileserver.markup import text_of
from tileserver.picture.press.ground import COARSE_FROM
from tileserver.web.map_words import MapWords
from tileserver.web.page_link import PageLink
from tileserver.web.page_view import CARD, OPENINGS, STILLS, PageView, PublicDays, StillSize

_LOCALES = {"en": "en_GB", "uk": "uk_UA", "ru": "ru_RU", "de": "de_DE", "fr": "fr_FR"}
_THEMES = ("light", "dark")


class Slots(NamedTuple):
    """The parts of a page that its link decides, HTML each, by the names of their places in the template."""

    language: str
    theme: str = ""  # attribute of the root
    centre: str = ""  # another one: where the theatre is, so that no map of elsewhere is loaded first
    ahead: str = ""  # links to the documents that the map is going to ask for
    dress: str = ""  # further classes of the body
    title: str = ""  # of the document
    head: str = ""
    heading: str = ""
    as_of: str = ""
    day: str = ""
    date: str = ""
    notice: str = ""
    sentence: str = ""
    still: str = ""
    unfixed: str = " hidden"
    span: str = "0"  # of the slider, in days
    place: str = "0"  # of the shown day on the slider
    first: str = ""  # attribute of the slider
    legend: str = ""
    credits: str = ""
    out: str = "./"  # address of the whole map
    source: str = ""  # of a picture that stands for itself


def slots_of(view: PageView, words: MapWords, base: str, sentence: str = "", *, embedded: bool) -> Slots:
    """Return the parts of a page that shows *view*, with a *sentence* on its day.

    *base* begins absolute URLs, "" where there is none.
    """
    title = title_of(view, words)
    slots = Slots(
        language=view.language,
        theme=f' data-theme="{view.link.theme}"' if view.link.theme else "",
        centre=' data-centre="{},{},{}"'.format(*view.theatre.centre),
        ahead="".join(_ahead(view.theatre.id)),
        title=escape(title),
        head="\n".join(_head(view, words, base, title, sentence, embedded=embedded)),
        heading=escape(view.heading),
        notice=escape(text_of(pick(view.theatre.notice, view.language))),
        credits="".join(f"<li>{escape(each)}</li>" for each in credits_of(view)),
    )
    if not view.days:
        return slots
    if embedded:
        slots = slots._replace(out=escape(out_of(view)), **_dress(view))
    else:
        slots = slots._replace(source=_image(view, title))
    if not _has_still(view.link, embedded=embedded):
        return slots
    early = _before_the_map(view, view.days, words, title, STILLS if embedded else OPENINGS)
    # On the reader's page the sentence stands under what is counted only later, and would be moved by it.
    return slots._replace(**early, sentence=escape(sentence) if embedded else "")


def _has_still(link: PageLink, *, embedded: bool) -> bool:
    """Return whether a picture stands for the map.

    A comparison has none, and a date is said over no empty map. Of the reader's page, on which each looks
    where he likes, there are pictures of the theatre alone: they are drawn once for all.
    """
    return not link.compare and link.facade != "0" and (embedded or link.camera is None)


def _ahead(theatre: str) -> Iterator[str]:
    tileset = f"tilesets/{quote(theatre, safe='')}"
    for document in ("tilesets", tileset, f"{tileset}/timeline"):
        yield f'<link rel="preload" as="fetch" crossorigin href="{document}">\n'


def _dress(view: PageView) -> dict[str, str]:
    """Return the slots that say whether an embed has time controls."""
    is_bare = view.is_fixed or view.link.controls == "0"
    return {"dress": " no-controls" if is_bare else "", "unfixed": "" if view.is_fixed else " hidden"}


def _before_the_map(
    view: PageView, days: PublicDays, words: MapWords, title: str, sizes: tuple[StillSize, ...]
) -> dict[str, str]:
    """Return the slots of a picture that stands for the map, and of the words beside the picture."""
    first, last, day = map(date.fromisoformat, (days.first, days.last, view.day))
    return {
        "as_of": escape(words.say("asOf")),
        "day": view.day,
        "date": escape(words.day(view.day)),
        "still": _still(view, words, title, sizes),
        "span": str((last - first).days),
        "place": str((day - first).days),
        "first": f' data-first="{days.first}"',
        "legend": "".join(_legend(view)),
    }


def title_of(view: PageView, words: MapWords) -> str:
    """Return the title of *view*: theatre and day."""
    heading = view.heading
    return f"{heading}, {words.day(view.day)}" if view.day else heading


def description_of(view: PageView, words: MapWords, sentence: str) -> str:
    """Return *view* in a few sentences: the day, the *sentence* of the day, and the theatre's notice."""
    notice = text_of(pick(view.theatre.notice, view.language))
    control = words.say("controlOf", day=words.day(view.day)).rstrip(".") + "." if view.day else ""
    return " ".join(filter(None, (control, sentence, notice)))


def credits_of(view: PageView) -> list[str]:
    """Return the credits of the layers of *view*, each once, as text."""
    return list(dict.fromkeys(text_of(each.source.attribution) for each in view.theatre.layers))


def page_of(link: PageLink, page: str = "./") -> str:
    """Return the address of the map of *link*, from where pages are, or below *page*."""
    return f"{page}?{link.query(dressed=False)}{link.fragment}"


def embed_of(link: PageLink, base: str) -> str:
    """Return the address of the embed of *link* below *base*."""
    return f"{base}/embed?{link.query()}{link.fragment}"


def out_of(view: PageView) -> str:
    """Return the way out of an embed: the whole map, on the same day."""
    return page_of(view.shown._replace(at=view.day))


def _head(
    view: PageView, words: MapWords, base: str, title: str, sentence: str, *, embedded: bool
) -> Iterator[str]:
    description = description_of(view, words, sentence)
    yield _meta("description", description)
    if not base:
        return
    page = page_of(view.shown, f"{base}/")
    yield f'<link rel="canonical" href="{escape(page)}">'
    own = embed_of(view.shown, base) if embedded else page
    api = f"{base}/oembed?url={quote(own, safe='')}&format=json"
    kind = "application/json+oembed"
    yield f'<link rel="alternate" type="{kind}" href="{escape(api)}" title="{escape(title)}">'
    for name, text in _shared(view, base, title, description):
        yield f'<meta property="{name}" content="{escape(text)}">'
    yield _meta("twitter:card", "summary_large_image" if view.day else "summary")


def _shared(view: PageView, base: str, title: str, description: str) -> Iterator[tuple[str, str]]:
    """Yield the properties that other sites show of a link to the page (ogp.me)."""
    yield "og:type", "website"
    yield "og:title", title
    yield "og:description", description
    yield "og:url", page_of(view.shown, f"{base}/")
    yield "og:locale", _LOCALES[view.language]
    if view.day:
        yield "og:image", f"{base}/{view.picture(CARD, view.link.theme or 'light')}"
        yield "og:image:type", "image/png"
        yield "og:image:width", str(CARD.width)
        yield "og:image:height", str(CARD.height)
        yield "og:image:alt", title


def _meta(name: str, text: str) -> str:
    return f'<meta name="{name}" content="{escape(text)}">'


def _still(view: PageView, words: MapWords, title: str, sizes: tuple[StillSize, ...]) -> str:
    """Return the picture before the map: in the reader's theme, of one of *sizes*, the narrowest first.

    Where its ground is drawn nearer than it is exact, that is said with it, as by the map.
    """
    themes = (view.link.theme,) if view.link.theme else tuple(reversed(_THEMES))
    sources = []
    for theme in themes:
        for size in sizes:
            media = [f"(max-width: {size.widest}px)"] if size.widest else []
            if theme == "dark" and len(themes) > 1:
                media.append("(prefers-color-scheme: dark)")
            sources.append((" and ".join(media), view.picture(size, theme, bare=True)))
    marked = "".join(
        f'<source media="{media}" srcset="{escape(picture)}">' for media, picture in sources if media
    )
    last = escape(sources[-1][1])
    picture = f'<picture>{marked}<img src="{last}" fetchpriority="high" alt="{escape(title)}"></picture>'
    # In a template, for the script knows the width of the page, and a browser that reads ahead does not.
    # Without scripts the reader's page has a picture of its own, with all that is said of the day.
    unscripted = f"<noscript>{picture}</noscript>" if sizes is STILLS else ""
    is_coarse = view.camera(sizes[-1]).zoom >= COARSE_FROM
    coarse = f'<p class="coarse">{escape(words.say("coarse"))}</p>' if is_coarse else ""
    return f'<main id="still"><template>{picture}</template>{unscripted}{coarse}</main>'


def _image(view: PageView, title: str) -> str:
    picture = escape(view.picture(CARD, view.link.theme or "light"))
    return f'<img src="{picture}" width="{CARD.width}" height="{CARD.height}" alt="{escape(title)}">'


def _legend(view: PageView) -> Iterator[str]:
    areas = view.theatre.by_role("areas")
    for category in areas.categories if areas else ():
        label = escape(text_of(pick(category.label, view.language)))
        yield f"<li>{_swatch(category)}<span>{label}</span></li>"


def _swatch(category: Category) -> str:
    """Return a status's colours, by day and by night, as style attributes are against the page's policy."""
    by_theme = zip(_THEMES, (category.colour, category.colour_dark), strict=True)
    squares = "".join(
        f'<rect class="{theme}" width="26" height="16" fill="{escape(colour)}"/>'
        for theme, colour in by_theme
    )
    return f'<svg class="swatch" viewBox="0 0 26 16" aria-hidden="true">{squares}</svg>'
