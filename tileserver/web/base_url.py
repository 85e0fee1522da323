"""The address under which readers see the server: as the installation says, else as the request does."""

from __future__ import annotations

import re

from starlette.requests import Request

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?\Z|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?\Z")


def base_url(request: Request, public_url: str) -> str:
    """Return the beginning of absolute URLs: *public_url*, else from the Host header, "" where that is none.

    Where it repeats the Host header no shared cache may keep the answer unasked.
    """
    if public_url:
        return public_url
    host = request.headers.get("host", "")
    return f"{request.scope['scheme']}://{host}" if _HOST.match(host) else ""
