"""Archives of newsrooms on other hosts, looked at as the browsers of readers do."""

from __future__ import annotations

from http.client import HTTPException
from urllib.request import Request, urlopen

from tileserver.errors import BadParameter
from tileserver.web.basemap_archive import HEAD_BYTES, check_head


def look_at_url(url: str) -> str:
    """Ask for the head of the archive at *url* as a browser on another host's page would; return a summary.

    `BadParameter` where it does not answer, answers without ranges, or to no page of others.
    """
    asked = {"Range": f"bytes=0-{HEAD_BYTES - 1}", "Origin": "https://example.org"}
    try:
        with urlopen(Request(url, headers=asked), timeout=10) as answer:  # noqa: S310 - the settings' http or https
            status, head = answer.status, answer.read(HEAD_BYTES)
            allowed = answer.headers.get("Access-Control-Allow-Origin")
    except (OSError, HTTPException) as error:
        raise BadParameter(f"{url} does not answer: {error}") from error
    if status != 206:
        raise BadParameter(f"{url} answers {status}, without ranges; its host has to serve ranges of bytes")
    if not allowed:
        raise BadParameter(f"{url} lets no page of another host read it (Access-Control-Allow-Origin)")
    check_head(head, 1 << 62)
    return f"{url}: it answers, zooms {head[100]}-{head[101]}"
