"""Pages of text for readers, in five languages: words, numbers and dates, and HTML that escapes all text.

The words are in ``page_words/``, one file a language. A page is a template of the front end's build, filled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from html import escape
from importlib import resources
from typing import Any
from urllib.parse import urlencode

import msgspec

from tileserver.declared import Text
from tileserver.languages import LANGUAGES, pick, written
from tileserver.model import Theatre
from tileserver.picture.html import Html, element, join

_PART = re.compile(r"\[\[([a-z]+)\]\]")
_PARAGRAPHS = re.compile(r"\n\s*\n")


def paragraphs(text: str) -> Html:
    """Return *text* as paragraphs, which an empty line ends."""
    return join(element("p", each.strip()) for each in _PARAGRAPHS.split(text) if each.strip())


@dataclass(frozen=True, slots=True)
class PageWords:
    """PageWords of one of `LANGUAGES`."""

    language: str

    def say(self, key: str, **parts: str) -> str:
        """Return the words *key*, with *parts* in their places."""
        found: str = _words(self.language)[key]
        return found.format(**parts)

    def pick(self, text: Text) -> str:
        """Return *text* in the language, or in another where there is none."""
        return pick(text, self.language)

    def number(self, value: float, decimals: int = 0) -> str:
        """Return *value* as the language writes numbers, without zeros at the end."""
        needed = len(f"{value:.{decimals}f}".partition(".")[2].rstrip("0"))
        return written(value, needed, self.language)

    def signed(self, value: float, decimals: int = 1) -> str:
        """Return *value* with its sign."""
        return ("+" if value > 0 else "\N{MINUS SIGN}") + self.number(abs(value), decimals)

    def day(self, day: date, key: str = "date") -> str:
        """Return a local *day* in words; without its year by the *key* ``day_month``."""
        month = _words(self.language)["months"][day.month - 1]
        number = "1er" if self.language == "fr" and day.day == 1 else str(day.day)
        return self.say(key, day=number, month=month, year=str(day.year))

    def days(self, first: date, last: date) -> str:
        """Return the local days from *first* to *last*, both included, in words."""
        if first == last:
            return self.day(first)
        start = self.day(first, "day_month" if first.year == last.year else "date")
        return self.say("days_range", first=start, last=self.day(last))

    def hours(self, length: timedelta) -> str:
        """Return *length* in hours."""
        return self.say("hours", number=self.number(length / timedelta(hours=1), 1))

    def quoted(self, words: str) -> str:
        """Return *words* in the quotation marks of the language."""
        return self.say("quote", words=words)


@cache
def _words(language: str) -> Mapping[str, Any]:
    file = resources.files(__package__).joinpath("page_words", f"{language}.json")
    found: Mapping[str, Any] = msgspec.json.decode(file.read_bytes())
    return found


@dataclass(frozen=True, slots=True)
class Dress:
    """Language and theme of a page and its links; an empty theme is the reader's."""

    language: str
    theme: str = ""

    @property
    def words(self) -> PageWords:
        """The words of the language."""
        return PageWords(self.language)

    def query(self, **first: str) -> str:
        """Return the query of a link to a page in the same dress, after the parameters *first*."""
        return "?" + urlencode(
            {**first, "lang": self.language, **({"theme": self.theme} if self.theme else {})}
        )


def theatre_page(
    template: str, theatre: Theatre, dress: Dress, own: str, body: Iterable[Html], head: str = ""
) -> str:
    """Return the page *own* of *theatre*, ``method`` or ``corrections``: heading and *body*.

    Its links lead to the map and to the other page.
    """
    words, other = dress.words, "corrections" if own == "method" else "method"
    name, title = words.pick(theatre.title) or theatre.id, words.say(f"to_{own}")
    links = (
        element("a", words.say("to_map"), href=f"../{dress.query(theatre=theatre.id)}"),
        element("a", words.say(f"to_{other}"), href=f"../{other}/{theatre.id}{dress.query()}"),
    )
    heading = element("p", name, class_="kicker"), element("h1", title)
    return _filled(template, dress, f"{title}: {name}", join(links), join((*heading, *body)), head)


def english_page(template: str, theme: str, title: str, links: Html, body: Iterable[Html]) -> str:
    """Return a page for developers, in English alone; its address has one part, as the root's has none."""
    below_root = template.replace('="../', '="')
    values = {
        "lang": "en",
        "theme": f' data-theme="{theme}"' if theme else "",
        "title": escape(title),
        "head": "",
        "links": links,
        "body": join((element("h1", title), *body)),
        "languages": "",
    }
    return _PART.sub(lambda found: values[found[1]], below_root)


def _filled(template: str, dress: Dress, title: str, links: Html, body: Html, head: str = "") -> str:
    """Return *template*, a file of the build, with the texts of a page; *links* lead to its neighbours."""
    others = [
        element("li", element("a", name, href=Dress(code, dress.theme).query(), lang=code, hreflang=code))
        if code != dress.language
        else element("li", element("span", name, aria_current="true"))
        for code, name in LANGUAGES.items()
    ]
    values = {
        "lang": dress.language,
        "theme": f' data-theme="{dress.theme}"' if dress.theme else "",
        "title": escape(title),
        "head": head,
        "links": links,
        "body": body,
        "languages": element("nav", element("ul", *others), aria_label=dress.words.say("languages")),
    }
    return _PART.sub(lambda found: values[found[1]], template)
