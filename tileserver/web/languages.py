"""The reader's language: as asked for, else as the browser prefers, of the languages of our pages."""

from __future__ import annotations

import re

from starlette.requests import Request

from tileserver.languages import LANGUAGES

_LANGUAGE = re.compile(r"\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9-]+)?\s*(?:;|\Z)")


def known_language(text: str) -> str:
    """Return the language of the tag *text*; "" where pages have no words in that language."""
    found = _LANGUAGE.match(text)
    code = found[1].lower() if found else ""
    return code if code in LANGUAGES else ""


def language_of(request: Request) -> str:
    """Return the language of a page that answers *request*."""
    asked = [request.query_params.get("lang", ""), *request.headers.get("accept-language", "").split(",")]
    return next(filter(None, map(known_language, asked[:20])), next(iter(LANGUAGES)))
