"""Pages for links to an unknown theatre or revision: in the language of the reader, with a list of maps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request

from tileserver.languages import pick
from tileserver.model import Theatre
from tileserver.web.languages import language_of
from tileserver.web.page_link import PageLink


class _Words(NamedTuple):
    title: str
    said: str
    others: str
    none: str
    newer: str  # title for a revision that does not exist
    newer_said: str
    today: str  # of the link to the map as it is known now


_WORDS = {
    "en": _Words(
        "There is no such map here",
        "The address asks for “{asked}”. This server has no map of that name, or has it no longer.",
        "There is:",
        "There is no other map here either.",
        "There is no such state of this map",
        "The address asks for the map as known in revision {asked}. There is no such revision here,"
        " or not yet.",
        "The map as it is known now",
    ),
    "uk": _Words(
        "Такої карти тут немає",
        "Адреса вказує на «{asked}». На цьому сервері немає карти з такою назвою або її вже немає.",
        "Є:",
        "Інших карт тут теж немає.",
        "Такого стану цієї карти немає",
        "Адреса вказує на карту за редакцією {asked}. Такої редакції тут немає або ще немає.",
        "Карта за нинішніми даними",
    ),
    "ru": _Words(
        "Такой карты здесь нет",
        "Адрес указывает на «{asked}». На этом сервере нет карты с таким названием или её больше нет.",
        "Есть:",
        "Других карт здесь тоже нет.",
        "Такого состояния этой карты нет",
        "Адрес указывает на карту по редакции {asked}. Такой редакции здесь нет или ещё нет.",
        "Карта по нынешним данным",
    ),
    "de": _Words(
        "Diese Karte gibt es hier nicht",
        "Die Adresse nennt „{asked}“. Eine Karte dieses Namens hat dieser Server nicht oder nicht mehr.",
        "Es gibt:",
        "Auch eine andere Karte gibt es hier nicht.",
        "Diesen Stand der Karte gibt es nicht",
        "Die Adresse nennt die Karte nach Revision {asked}. Diese Revision gibt es hier nicht"
        " oder noch nicht.",
        "Die Karte nach heutigem Wissen",
    ),
    "fr": _Words(
        "Cette carte n’existe pas ici",
        "L’adresse demande « {asked} ». Ce serveur n’a pas, ou n’a plus, de carte de ce nom.",
        "Il y a :",
        "Il n’y a pas d’autre carte ici non plus.",
        "Cet état de la carte n’existe pas",
        "L’adresse demande la carte selon la révision {asked}. Cette révision n’existe pas ici,"
        " ou pas encore.",
        "La carte selon les connaissances actuelles",
    ),
}
_SHOWN = 60  # of what was asked: an address can be of any length


def missing_page(template: str, asked: str, there: Sequence[Theatre], request: Request) -> str:
    """Fill *template*, a file of the front end's build; everything of the request is escaped."""
    language = language_of(request)
    words = _WORDS[language]
    query = {"lang": request.query_params["lang"]} if "lang" in request.query_params else {}
    links = "".join(
        f'<li><a href="?{escape(urlencode({"theatre": each.id, **query}))}">'
        f"{escape(pick(each.title, language) or each.id)}</a></li>"
        for each in there
    )
    listed = f"<p>{words.others}</p><ul>{links}</ul>" if there else f"<p>{words.none}</p>"
    return _filled(template, request, words.title, words.said.format(asked=asked[:_SHOWN]), listed)


def unknown_revision_page(template: str, link: PageLink, request: Request) -> str:
    """Fill *template* for a *link* with a revision that does not exist; as `missing_page` does.

    The newest is not named: a refusal tells nothing of imports.
    """
    words = _WORDS[language_of(request)]
    now = f'<p><a href="?{escape(link._replace(revision=0).query())}">{words.today}</a></p>'
    said = words.newer_said.format(asked=link.revision)
    return _filled(template, request, words.newer, said, now)


def _filled(template: str, request: Request, title: str, said: str, listed: str) -> str:
    theme = request.query_params.get("theme", "")
    values = {
        "lang": language_of(request),
        "theme": f' data-theme="{theme}"' if theme in ("light", "dark") else "",
        "title": title,
        "said": escape(said),
        "list": listed,
    }
    return re.sub(r"\[\[([a-z]+)\]\]", lambda found: values[found[1]], template)
