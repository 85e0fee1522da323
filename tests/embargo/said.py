"""What an answer says, and what of it may differ between a database with a secret and one without.

Declared, because it says that somebody imported something, and nothing of what:

* the number of the newest revision, in documents;
* when something was imported last.

That it says nothing else is a law of its own: between two databases that hold different secrets, imported
in equally many revisions, all that may differ is the time.
"""

from __future__ import annotations

import json
from typing import Any

from httpx2 import Response

from tests.embargo.exits import Ask

OF_THE_MOMENT = {"x-request-id", "cache-status", "request_id"}
TIME_OF_IMPORT = {"newest_import"}
DECLARED = {*TIME_OF_IMPORT, "revision"}


def said(answer: Response, ask: Ask, *, but_for: set[str]) -> object:
    """Return all that *answer* says: status, headers and body, but for the fields named."""
    headers = {name: value for name, value in answer.headers.items() if name not in OF_THE_MOMENT}
    kind = headers.get("content-type", "")
    if kind not in ("application/json", "application/problem+json") or not answer.content:
        body: object = answer.content
    else:
        body = without(json.loads(answer.content), but_for)
        if ask.part is not None:
            return ask.part(body)
    if kind == "application/json" or ask.method == "HEAD":
        # They say nothing that the body does not: another test sees to that.
        headers = {name: value for name, value in headers.items() if name not in ("etag", "content-length")}
    return answer.status_code, headers, body


def without(document: Any, fields: set[str]) -> Any:
    """Return *document* without *fields*; the revisions in which past changes became known stay."""
    if isinstance(document, list):
        return [without(each, fields) for each in document]
    if not isinstance(document, dict):
        return document
    return {
        name: value if name == "changes" else without(value, fields)
        for name, value in document.items()
        if name not in fields and name not in OF_THE_MOMENT
    }
