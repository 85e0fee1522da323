"""The page for a link that names a theatre we do not have: in the reader's language, with a list of ours."""

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


class _Words(NamedTuple):
    title: str
    said: str
    others: str
    none: str


_WORDS = {
    "en": _Words(
        "There is no such map here",
        "The address asks for “{asked}”. This server has no map of that name, or has it no longer.",
        "There is:",
        "There is no other map here either.",
    ),
    "uk": _Words(
        "Такої карти тут немає",
        "Адреса вказує на «{asked}». На цьому сервері немає карти з такою назвою або її вже немає.",
        "Є:",
        "Інших карт тут теж немає.",
    ),
    "ru": _Words(
        "Такой карты здесь нет",
        "Адрес указывает на «{asked}». На этом сервере нет карты с таким названием или её больше нет.",
        "Есть:",
        "Других карт здесь тоже нет.",
    ),
    "de": _Words(
        "Diese Karte gibt es hier nicht",
        "Die Adresse nennt „{asked}“. Eine Karte dieses Namens hat dieser Server nicht oder nicht mehr.",
        "Es gibt:",
        "Auch eine andere Karte gibt es hier nicht.",
    ),
    "fr": _Words(
        "Cette carte n’existe pas ici",
        "L’adresse demande « {asked} ». Ce serveur n’a pas, ou n’a plus, de carte de ce nom.",
        "Il y a :",
        "Il n’y a pas d’autre carte ici non plus.",
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
    theme = request.query_params.get("theme", "")
    values = {
        "lang": language,
        "theme": f' data-theme="{theme}"' if theme in ("light", "dark") else "",
        "title": words.title,
        "said": escape(words.said.format(asked=asked[:_SHOWN])),
        "list": f"<p>{words.others}</p><ul>{links}</ul>" if there else f"<p>{words.none}</p>",
    }
    return re.sub(r"\[\[([a-z]+)\]\]", lambda found: values[found[1]], template)
